// The clock of the room: the film where it is made, else the sound it will have. The playhead follows what is heard, to a frame.

import { effect, signal, untracked } from "@preact/signals";
import * as api from "./api";
import { clamp } from "./format";
import { heard } from "./hearing";
import { film, frameAt, length, plan, playing, time, turns } from "./state";

export const rate = signal(0); // 0 stands still, 1 plays, 2 4 8 faster, negative backwards
export const muted = signal(false);
export const looped = signal(false);
export const video = signal<HTMLVideoElement | null>(null);

export const sound = new Audio();
sound.preload = "auto";
let source = ""; // of the sound
let shown = 0; // frame callback
let until: number | null = null; // where a piece that is played ends
let last = 0;

/** Whose clock it is: the film, or the mix. Where some of the speakers are heard alone, the mix goes beside the film. */
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
  sound.muted = muted.value;
  if (speed > 0) {
    one.muted = muted.value || (one !== sound && heard.value !== null);
    one.playbackRate = Math.min(speed, 8);
    if (Math.abs(one.currentTime - time.value) > 0.05) one.currentTime = middle(time.value);
    void one.play().catch(() => {
      if (!one.src) return;
      stop();
    });
  }
  beside();
  last = performance.now();
  cancelAnimationFrame(shown);
  if (speed !== 0) shown = requestAnimationFrame(tick);
}

/** Keep the sound in step where it goes beside the film, or was changed while it played. */
function beside(): void {
  if (sound.readyState === 0 || rate.value <= 0 || !sound.src) return;
  const along = medium() !== sound;
  if (along && heard.value === null) {
    sound.pause();
    return;
  }
  const off = Math.abs(sound.currentTime - time.value);
  if (along && off > 0.12) sound.currentTime = time.value;
  if (sound.paused && time.value < sound.duration - 0.1) {
    sound.playbackRate = Math.min(rate.value, 8);
    if (!along && off > 0.05) sound.currentTime = time.value;
    void sound.play().catch(() => undefined);
  }
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
  beside();
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
  const planned = now?.plan ? `${now.id} ${JSON.stringify([turns.value.map((turn) => turn.audio), now.plan.duration])}` : "";
  const who = heard.value;
  const key = `${planned} ${who === null ? "" : who.join(" ")}`;
  if (key === source) return;
  const other = !source.startsWith(`${planned} `);
  source = key;
  untracked(() => {
    if (other) stop();
    if (now?.plan && (who === null || who.length)) sound.src = api.soundUrl(now.id, now.revision ?? "plan", who);
    else {
      sound.removeAttribute("src");
      sound.load();
    }
    const one = medium();
    if (one !== sound) one.muted = muted.value || who !== null;
    sound.addEventListener("loadedmetadata", () => (sound.currentTime = middle(time.value)), { once: true });
  });
});

/** A piece of a recording by itself: whose voice is this? */
const sample = new Audio();

export function hear(media: string, start: number, end: number): void {
  if (film.value) hearAt(api.mediaUrl(film.value.id, media), start, end);
}

export function hearAt(address: string, start: number, end: number): void {
  stop();
  sample.src = `${address}#t=${start},${end}`;
  sample.currentTime = start;
  void sample.play().catch(() => undefined);
  sample.ontimeupdate = () => {
    if (sample.currentTime >= end) sample.pause();
  };
}
