// Two takes of a shot in one frame, a divider between them: dragged, or moved by arrow keys; in step to a frame.

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import * as api from "./api";
import { clamp, clock } from "./format";
import { Icon } from "./icons";
import { stop } from "./player";
import { film, plan, shots } from "./state";
import { takeName } from "./takes";

export const wiped = signal<{ shot: number; a: number; b: number } | null>(null);
const divider = signal(50); // percent of the width, from the left: A before it, B behind
const frame = signal(0); // of the shot
const going = signal(false);

/** Compare the first two takes of a shot, or put the comparison away. */
export function wipe(shot: number): void {
  const takes = (film.value?.shots[shot]?.takes ?? []).filter((take) => take.made);
  if (wiped.value || takes.length < 2) {
    wiped.value = null;
    return;
  }
  stop();
  frame.value = 0;
  wiped.value = { shot, a: takes[0]!.number, b: takes[1]!.number };
}

let pair: HTMLVideoElement[] = []; // A, which is heard, and B

const rateOf = () => plan.value?.rate ?? 25;
const lastOf = (shot: number) => Math.max(0, (shots.value[shot]?.end ?? 1) - (shots.value[shot]?.start ?? 0) - 1);

/** Both stand still on one frame, in its middle. */
function show(wanted: number): void {
  going.value = false;
  frame.value = clamp(Math.round(wanted), 0, lastOf(wiped.value?.shot ?? 0));
  for (const one of pair) {
    one.pause();
    one.currentTime = (frame.value + 0.5) / rateOf();
  }
}

function run(): void {
  const [one, other] = pair;
  if (!one || !other) return;
  if (frame.value >= lastOf(wiped.value?.shot ?? 0)) show(0);
  other.muted = true;
  other.currentTime = one.currentTime;
  going.value = true;
  void Promise.all([one.play(), other.play()]).catch(() => show(frame.value));
}

export const playBoth = () => (going.value ? show(frame.value) : run());
export const stepBoth = (frames: number) => show(frame.value + frames);

export function Wipe() {
  const now = film.value!;
  const { shot, a, b } = wiped.value!;
  const left = useRef<HTMLVideoElement>(null);
  const right = useRef<HTMLVideoElement>(null);
  const rate = rateOf();
  const last = lastOf(shot);

  useEffect(() => {
    const [one, other] = [left.current, right.current];
    if (!one || !other) return;
    pair = [one, other];
    show(Math.min(frame.value, last));
    let ended = false;
    // B follows A: a little faster or slower while it is off by less than a quarter second, else put where A is.
    const told = (_now: number, data: { mediaTime: number }) => {
      if (ended) return;
      if (going.value) {
        frame.value = Math.min(last, Math.floor(data.mediaTime * rate + 1e-3));
        const off = one.currentTime - other.currentTime;
        if (Math.abs(off) > 0.25) other.currentTime = one.currentTime;
        other.playbackRate = Math.abs(off) < 0.25 / rate ? 1 : clamp(1 + off * 4, 0.8, 1.25);
      }
      one.requestVideoFrameCallback(told);
    };
    one.requestVideoFrameCallback(told);
    const stopped = () => show(last);
    one.addEventListener("ended", stopped);
    return () => {
      ended = true;
      going.value = false;
      pair = [];
      one.removeEventListener("ended", stopped);
    };
  }, [now.id, shot, a, b]);

  const size = { aspectRatio: `${plan.value!.width} / ${plan.value!.height}`, "--ratio": String(plan.value!.width / plan.value!.height) };
  const drag = (event: PointerEvent) => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    divider.value = clamp(((event.clientX - box.left) / box.width) * 100, 0, 100);
  };
  const key = now.shots[shot]?.key ?? "";
  const address = (number: number) => api.takeUrl(now.id, shot + 1, number, key);
  return (
    <div class="screen wipe" style={size} role="group" aria-label={`Takes of shot ${shot + 1} side by side`}
      onPointerDown={(event) => {
        if ((event.target as HTMLElement).closest("select")) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        drag(event);
      }}
      onPointerMove={(event) => { if (event.currentTarget.hasPointerCapture(event.pointerId)) drag(event); }}>
      <video ref={left} src={address(a)} preload="auto" playsInline aria-label={takeName(shot, a)} />
      <video ref={right} src={address(b)} preload="auto" muted playsInline aria-label={takeName(shot, b)} style={{ clipPath: `inset(0 0 0 ${divider.value}%)` }} />
      <div class="divider" style={{ left: `${divider.value}%` }} role="slider" tabIndex={0} aria-label="Divider between the takes" aria-valuemin={0} aria-valuemax={100}
        aria-valuenow={Math.round(divider.value)} aria-valuetext={`${Math.round(divider.value)} % ${takeName(shot, a)}, the rest ${takeName(shot, b)}`}
        onKeyDown={(event) => {
          const step = event.shiftKey ? 10 : 1;
          const moved = { ArrowLeft: -step, ArrowRight: step, Home: -100, End: 100 }[event.key];
          if (moved === undefined) return;
          event.preventDefault();
          event.stopPropagation();
          divider.value = clamp(divider.value + moved, 0, 100);
        }} />
      <Side shot={shot} side="a" /><Side shot={shot} side="b" />
    </div>
  );
}

/** In place of the film's buttons while two takes are compared. */
export function WipeTransport() {
  const { shot } = wiped.value!;
  return (
    <div class="pf both">
      <button class="ib" aria-label="A frame back" title="A frame back (←)" onClick={() => stepBoth(-1)}><Icon name="prev" cls="f" /></button>
      <button class="ib play" aria-label={going.value ? "Stop both" : "Play both"} onClick={playBoth}><Icon name={going.value ? "pause" : "play"} cls="f" /></button>
      <button class="ib" aria-label="A frame on" title="A frame on (→)" onClick={() => stepBoth(1)}><Icon name="next" cls="f" /></button>
      <input type="range" class="zoom grow" min="0" max={lastOf(shot)} step="1" value={frame.value} aria-label="Frame of the shot" onKeyDown={(event) => event.stopPropagation()}
        onInput={(event) => show(Number(event.currentTarget.value))} />
      <span class="xs t2">{clock(frame.value / rateOf())}<span class="wide">, frame {frame.value}</span></span>
      <button class="btn" title="Esc" onClick={() => (wiped.value = null)}>Back<span class="wide"> to the film</span></button>
    </div>
  );
}

/** Which take is on a side; any that is made may be chosen. */
function Side({ shot, side }: { shot: number; side: "a" | "b" }) {
  const takes = (film.value?.shots[shot]?.takes ?? []).filter((take) => take.made);
  return (
    <label class={`side ${side}`}><span class="l">{side.toUpperCase()}</span>
      <select aria-label={`Take ${side.toUpperCase()}`} value={wiped.value![side]} onChange={(event) => (wiped.value = { ...wiped.value!, [side]: Number(event.currentTarget.value) })}>
        {takes.map((take) => <option key={take.number} value={take.number}>{takeName(shot, take.number)}</option>)}
      </select>
    </label>
  );
}
