// The clock of the room: the film where it is made, else the sound it will have. The playhead follows what is heard, to a frame.

import { effect, signal, untracked } from "@preact/signals";
import * as api from "./api";
import { clamp } from "./format";
import { film, frameAt, length, plan, playing, time, turns } from "./state";

export const rate = signal(0); // 0 stands still, 1 plays, 2 4 8 faster, negative backwards
export const muted = signal(false);
export const looped = signal(false);
export const video = signal<HTMLVideoElement | null>(null);

const sound = new Audio();
sound.preload = "auto";
let source = ""; // of the sound
let shown = 0; // frame callback
let until: number | null = null; // where a piece that is played ends
let last = 0;

/** What is heard now: the film's own sound, or the mix. */
function medium(): HTMLMediaElement {
  const found = video.value;
  return found && found.readyState > 0 && found.videoWidth ? found : sound;
}

/** The middle of the frame at a time: a player shows the frame before when it is asked for a frame's very start. */
function middle(seconds: number): number {
  const fps = plan.value?.rate ?? 25;
  return (frameAt(seconds) + 0.5) / fps;
}

export function seek(seconds: number): void {
  const fps = plan.value?.rate ?? 25;
  const last_ = Math.max(0, (plan.value?.frames ?? 1) - 1) / fps;
  time.value = clamp(seconds, 0, last_);
  for (const one of [video.value, sound]) if (one && one.readyState > 0) one.currentTime = middle(time.value);
}

export function step(frames: number): void {
  stop();
  const fps = plan.value?.rate ?? 25;
  seek((frameAt(time.value + 1e-3) + frames) / fps);
}

export function play(from?: number, to?: number): void {
  if (from !== undefined) seek(from);
  until = to ?? null;
  if (time.value >= length.value - 0.06) seek(0);
  run(1);
}

export function run(speed: number): void {
  rate.value = speed;
  playing.value = speed !== 0;
  const one = medium();
  const other = one === sound ? video.value : sound;
  other?.pause();
  if (speed <= 0) one.pause();
  if (speed > 0) {
    one.muted = muted.value;
    one.playbackRate = Math.min(speed, 8);
    if (Math.abs(one.currentTime - time.value) > 0.05) one.currentTime = middle(time.value);
    void one.play().catch(() => {
      if (!one.src) return;
      stop();
    });
  }
  last = performance.now();
  cancelAnimationFrame(shown);
  if (speed !== 0) shown = requestAnimationFrame(tick);
}

export function stop(): void {
  until = null;
  if (rate.value !== 0) run(0);
}

export const toggle = () => (playing.value ? stop() : play());

/** J and L: again is faster. */
export function shuttle(direction: 1 | -1): void {
  const now = rate.value;
  run(now * direction > 0 ? clamp(now * 2, -8, 8) : direction);
}

function tick(now: number): void {
  const one = medium();
  if (rate.value < 0 || one.readyState === 0) {
    time.value = clamp(time.value + ((now - last) / 1000) * rate.value, 0, length.value);
    if (video.value && rate.value < 0) video.value.currentTime = middle(time.value);
    if (time.value <= 0 && rate.value < 0) return stop();
    if (time.value >= length.value) return stop();
  } else {
    if (one === sound || !framed) time.value = Math.min(one.currentTime, length.value);
    if (one.ended) return stop();
    if (until !== null && one.currentTime >= until) {
      if (looped.value && begun !== null) {
        seek(begun);
        until = until;
      } else {
        const end = until;
        stop();
        seek(end);
        return;
      }
    }
  }
  last = now;
  if (rate.value !== 0) shown = requestAnimationFrame(tick);
}

let begun: number | null = null;

/** Play one stretch of the film: a turn, or a line. */
export function playStretch(start: number, end: number): void {
  begun = start;
  play(start, end);
}

// What the film itself says is on the screen is truer than its clock.
let framed = false;

effect(() => {
  const one = video.value;
  framed = false;
  if (!one || !("requestVideoFrameCallback" in one)) return;
  const told = (_now: number, data: { mediaTime: number }) => {
    if (video.value !== one) return;
    if (untracked(() => playing.value) && rate.value > 0) {
      framed = true;
      time.value = data.mediaTime + 1e-4;
    }
    one.requestVideoFrameCallback(told);
  };
  one.requestVideoFrameCallback(told);
});

effect(() => {
  const now = film.value;
  const key = now?.plan ? `${now.id} ${JSON.stringify([turns.value.map((turn) => turn.audio), now.plan.duration])}` : "";
  if (key === source) return;
  source = key;
  untracked(() => {
    stop();
    if (now?.plan) sound.src = api.soundUrl(now.id, now.revision ?? "plan");
    else sound.removeAttribute("src");
    sound.addEventListener("loadedmetadata", () => (sound.currentTime = middle(time.value)), { once: true });
  });
});

/** A piece of a recording by itself: whose voice is this? */
const sample = new Audio();

export function hear(media: string, start: number, end: number): void {
  const now = film.value;
  if (!now) return;
  stop();
  sample.src = `${api.mediaUrl(now.id, media)}#t=${start},${end}`;
  sample.currentTime = start;
  void sample.play().catch(() => undefined);
  sample.ontimeupdate = () => {
    if (sample.currentTime >= end) sample.pause();
  };
}
