// The timeline: names at the left, one drawing at the right, a list of the turns for those who do not see it.

import { effect, signal, untracked } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import * as edits from "./edits";
import { clock } from "./format";
import * as emotion from "./emotion";
import { Heads } from "./heads";
import { heard } from "./hearing";
import * as lanes from "./lanes";
import { mouths } from "./mouths";
import { theme } from "./color";
import type { Drag } from "./lanepaint";
import { paint, playhead } from "./paint";
import { onNews } from "./skin";
import { seek, stop } from "./player";
import { Tools } from "./tools";
import {
  editable, film, length, pane, picture, plan, playing, selected, shots, speakers, states, time, turnAt, turns,
} from "./state";

const hover = signal<number | null>(null);
const drag = signal<Drag | null>(null);
const cursor = signal("default");

export function Timeline() {
  return (
    <section id="time" aria-label="Timeline" onFocusCapture={() => (pane.value = "Timeline")}>
      <Tools />
      <div class="tg">
        <Heads />
        <Drawing />
      </div>
      <TurnList />
    </section>
  );
}

function Drawing() {
  const place = useRef<HTMLDivElement>(null);
  const lower = useRef<HTMLCanvasElement>(null);
  const upper = useRef<HTMLCanvasElement>(null);
  useEffect(() => mount(place.current!, lower.current!, upper.current!), []);
  return (
    <div class="draw" ref={place} style={{ height: `${lanes.bottom.value + lanes.MINI}px`, cursor: cursor.value }}
      onPointerDown={down} onPointerMove={moved} onPointerUp={up} onPointerCancel={up} onPointerLeave={() => (hover.value = null)}
      onDblClick={twice}>
      <canvas ref={lower} aria-hidden="true" />
      <canvas ref={upper} aria-hidden="true" />
      <Playhead />
    </div>
  );
}

/** For screen readers and keys: the playhead as a slider that says where it is, and what is said there. */
function Playhead() {
  const second = Math.floor(time.value * 10) / 10;
  const index = turnAt(time.value);
  const turn = index === null ? undefined : turns.value[index];
  const who = turn ? `, ${speakers.value.get(turn.speaker)?.name ?? turn.speaker}: ${turn.text ?? ""}` : "";
  return (
    <div class="vh" role="slider" tabIndex={0} aria-label="Playhead" aria-valuemin={0} aria-valuemax={length.value}
      aria-valuenow={second} aria-valuetext={`${clock(time.value)}${who}`} />
  );
}

function mount(place: HTMLElement, lower: HTMLCanvasElement, upper: HTMLCanvasElement): () => void {
  const contexts = [lower, upper].map((canvas, index) => canvas.getContext("2d", { alpha: index === 1 })!);
  let due = 0;
  let fresh = true;
  const resize = () => {
    lanes.size.value = { width: Math.max(200, place.clientWidth), low: innerHeight <= 840 };
    ask(true);
  };
  const draw = () => {
    due = 0;
    const [width, height] = [place.clientWidth, lanes.bottom.peek() + lanes.MINI];
    const ratio = devicePixelRatio || 1;
    for (const canvas of [lower, upper]) {
      if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
        canvas.width = Math.round(width * ratio);
        canvas.height = Math.round(height * ratio);
        canvas.style.width = `${width}px`;
        canvas.style.height = `${height}px`;
        fresh = true;
      }
    }
    untracked(() => {
      if (fresh) {
        contexts[0]!.setTransform(ratio, 0, 0, ratio, 0, 0);
        paint(contexts[0]!, width, height, hover.peek(), drag.peek());
      }
      contexts[1]!.setTransform(ratio, 0, 0, ratio, 0, 0);
      playhead(contexts[1]!, width, height);
    });
    fresh = false;
  };
  const ask = (whole: boolean) => {
    fresh ||= whole;
    if (!due) due = requestAnimationFrame(draw);
  };
  onNews(() => ask(true));
  const watch = new ResizeObserver(resize);
  watch.observe(place);
  addEventListener("resize", resize);
  place.addEventListener("wheel", wheel, { passive: false });
  let opened = "";
  const stops = [
    effect(() => {
      const id = film.value?.id ?? "";
      if (plan.value && opened !== id && lanes.size.value.width > 200) {
        opened = id;
        const seconds = untracked(() => length.value);
        untracked(() => lanes.fit(0, seconds > 40 ? 20 : seconds * 1.02));
      }
    }),
    effect(() => {
      // whatever the drawing shows
      void [film.value, states.value, lanes.lanes.value, lanes.from.value, lanes.scale.value, lanes.size.value, selected.value];
      void [hover.value, drag.value, lanes.overlaps.value, mouths.value, heard.value, theme.value, document.documentElement.dataset.theme];
      ask(true);
    }),
    effect(() => {
      const turn = selected.value === null ? undefined : turns.value[selected.value];
      void drag.value;
      if (turn && !grip) lanes.focused.value = turn.speaker; // not while it is held: lanes would move under the hand
    }),
    effect(() => {
      const at = time.value;
      if (playing.value) untracked(() => lanes.reveal(at, true));
      ask(false);
    }),
  ];
  resize();
  return () => {
    stops.forEach((end) => end());
    watch.disconnect();
    removeEventListener("resize", resize);
    cancelAnimationFrame(due);
  };
}

function wheel(event: WheelEvent): void {
  event.preventDefault();
  const place = event.currentTarget as HTMLElement;
  if (event.ctrlKey || event.metaKey) {
    lanes.zoom(Math.exp(-event.deltaY / 200), event.clientX - place.getBoundingClientRect().left);
    return;
  }
  const by = Math.abs(event.deltaX) > Math.abs(event.deltaY) ? event.deltaX : event.deltaY;
  lanes.move(lanes.from.value + by / lanes.scale.value);
}

// Pointing

type Grip =
  | { kind: "scrub" }
  | { kind: "mini"; offset: number }
  | { kind: "edge"; turn: number; side: "start" | "end" }
  | { kind: "body"; turn: number; grabbed: number; y: number }
  | { kind: "cut"; cut: number };
let grip: Grip | null = null;
let began = { x: 0, y: 0 };
let far = false;

const EDGE = 7;

interface Spot {
  kind: "ruler" | "cut" | "shot" | "edge" | "turn" | "lane" | "mini" | "none";
  turn?: number;
  side?: "start" | "end";
  cut?: number;
  shot?: number;
}

/** What stands at a point of the drawing. */
function spotAt(x: number, y: number): Spot {
  const rate = plan.value?.rate ?? 25;
  if (y < lanes.RULER) return { kind: "ruler" };
  if (y >= lanes.bottom.value) return { kind: "mini" };
  const seconds = lanes.timeOf(x);
  if (y < lanes.RULER + lanes.SHOTS) {
    const cut = shots.value.findIndex((shot, index) => index > 0 && Math.abs(lanes.xOf(shot.start / rate) - x) < 12);
    if (cut > 0) return { kind: "cut", cut: cut - 1 };
    const shot = shots.value.findIndex((one) => seconds >= one.start / rate && seconds < one.end / rate);
    return shot < 0 ? { kind: "none" } : { kind: "shot", shot };
  }
  const lane = lanes.lanes.value.find((one) => y >= one.top && y < one.top + one.height);
  if (!lane || lane.kind === "voice") return { kind: "lane" };
  const reach = EDGE / lanes.scale.value;
  let best: Spot = { kind: "lane" };
  const apart = (index: number) => {
    const { y: top, h } = lanes.placeOf(lane, index);
    return lane.kind === "shared" && (y < top || y > top + h);
  };
  for (let at = lanes.firstFrom(lane.turns, seconds, lanes.longest.value + reach); at < lane.turns.length; at++) {
    const index = lane.turns[at]!;
    const turn = turns.value[index]!;
    if (turn.start > seconds + reach) break;
    if (turn.end < seconds - reach || apart(index)) continue;
    const wide = (turn.end - turn.start) * lanes.scale.value > 24;
    if (wide && selected.value === index && Math.abs(turn.start - seconds) < reach) return { kind: "edge", turn: index, side: "start" };
    if (wide && Math.abs(turn.end - seconds) < reach) best = { kind: "edge", turn: index, side: "end" };
    else if (wide && Math.abs(turn.start - seconds) < reach) best = { kind: "edge", turn: index, side: "start" };
    else if (turn.start <= seconds && seconds < turn.end) best = { kind: "turn", turn: index };
  }
  return best;
}

function point(event: PointerEvent | MouseEvent): { x: number; y: number } {
  const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}

function down(event: PointerEvent): void {
  if (event.button !== 0 || !plan.value) return;
  (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
  (event.currentTarget as HTMLElement).querySelector<HTMLElement>("[role=slider]")?.focus({ preventScroll: true });
  const { x, y } = point(event);
  began = { x, y };
  far = false;
  const spot = spotAt(x, y);
  const rate = plan.value.rate;
  if (spot.kind === "ruler" || spot.kind === "lane" || spot.kind === "none") {
    grip = { kind: "scrub" };
    stop();
    seek(lanes.timeOf(x));
    if (spot.kind === "lane") selected.value = null;
  } else if (spot.kind === "mini") {
    const seconds = (x / lanes.size.value.width) * length.value;
    const span = lanes.size.value.width / lanes.scale.value;
    const inside = seconds >= lanes.from.value && seconds <= lanes.from.value + span;
    grip = { kind: "mini", offset: inside ? seconds - lanes.from.value : span / 2 };
    lanes.move(seconds - grip.offset);
  } else if (spot.kind === "cut") {
    const cut = spot.cut!;
    const at = shots.value[cut + 1]!.start / rate;
    stop();
    seek(at);
    if (editable.value && specOfCut(cut) !== null) {
      grip = { kind: "cut", cut };
      drag.value = { turn: null, cut, start: at, end: at };
    }
  } else if (spot.kind === "shot") {
    const shot = shots.value[spot.shot!]!;
    picture.value = shot.picture;
    stop();
    seek(lanes.timeOf(x));
    grip = { kind: "scrub" };
  } else {
    const index = spot.turn!;
    const turn = turns.value[index]!;
    if (lanes.splitting.value) {
      lanes.splitting.value = false;
      selected.value = index;
      void edits.splitAt(index, lanes.snapped(lanes.timeOf(x), index));
      return;
    }
    selected.value = index;
    if (!editable.value) return seek(turn.start);
    grip = spot.kind === "edge" ? { kind: "edge", turn: index, side: spot.side! } : { kind: "body", turn: index, grabbed: lanes.timeOf(x), y };
  }
}

/** The scene's shot that ends at a cut; null where the planner has cut inside a shot. */
function specOfCut(cut: number): number | null {
  const state = film.value?.shots;
  const [before, after] = [state?.[cut]?.spec ?? null, state?.[cut + 1]?.spec ?? null];
  return before !== null && after !== null && before !== after ? before : null;
}

function moved(event: PointerEvent): void {
  const { x, y } = point(event);
  if (!grip) {
    const spot = spotAt(x, y);
    hover.value = spot.turn ?? null;
    cursor.value = spot.kind === "edge" || spot.kind === "cut" ? "ew-resize" : lanes.splitting.value && spot.turn !== undefined ? "crosshair" : "default";
    return;
  }
  far ||= Math.abs(x - began.x) > 3 || Math.abs(y - began.y) > 6;
  const seconds = lanes.timeOf(x);
  if (grip.kind === "scrub") seek(seconds);
  else if (grip.kind === "mini") lanes.move((x / lanes.size.value.width) * length.value - grip.offset);
  else if (!far) return;
  else if (grip.kind === "cut") {
    const at = lanes.snapped(seconds, null);
    drag.value = { turn: null, cut: grip.cut, start: at, end: at };
    seek(at);
  } else {
    const turn = turns.value[grip.turn]!;
    if (grip.kind === "edge") {
      const at = lanes.snapped(seconds, grip.turn);
      const start = grip.side === "start" ? Math.max(0, Math.min(at, turn.end - 0.08)) : turn.start;
      const end = grip.side === "end" ? Math.max(at, turn.start + 0.08) : turn.end;
      drag.value = { turn: grip.turn, cut: null, start, end };
      seek(grip.side === "start" ? start : end);
    } else if (ownRecording(grip.turn)) {
      const start = Math.max(0, lanes.snapped(turn.start + seconds - grip.grabbed, grip.turn));
      drag.value = { turn: grip.turn, cut: null, start, end: start + turn.end - turn.start };
    }
  }
}

function ownRecording(index: number): boolean {
  return turns.value[index]?.origin.includes("its own recording") ?? false;
}

function up(event: PointerEvent): void {
  const held = grip;
  const now = drag.value;
  grip = null;
  if (!held) return;
  const chosen = selected.value === null ? undefined : turns.value[selected.value];
  const { y } = point(event);
  const done = (work: Promise<unknown>) => void work.finally(() => (drag.value = null));
  if (held.kind === "cut") {
    const spec = specOfCut(held.cut);
    if (far && now && spec !== null) done(edits.moveCut(spec, now.end));
    else drag.value = null;
  } else if (held.kind === "edge" && far && now) {
    const whole = edits.extentOf(held.turn);
    const turn = turns.value[held.turn]!;
    done(edits.setTimes(held.turn, turn.start === whole.start ? now.start : whole.start, turn.end === whole.end ? now.end : whole.end));
  } else if (held.kind === "body") {
    const lane = lanes.lanes.value.find((one) => y >= one.top && y < one.top + one.height);
    const turn = turns.value[held.turn]!;
    if (far && lane && lane.people.length === 1 && lane.id !== turn.speaker) done(edits.giveTurn(held.turn, lane.id));
    else if (far && now) done(edits.setTimes(held.turn, now.start, now.end));
    else {
      drag.value = null;
      if (!far) seek(turn.start);
    }
  } else drag.value = null;
  if (chosen) lanes.focused.value = chosen.speaker;
}

function twice(event: MouseEvent): void {
  const { x, y } = point(event);
  const spot = spotAt(x, y);
  if (spot.kind === "shot" && editable.value) void edits.addCut(lanes.snapped(lanes.timeOf(x), null));
  if (spot.kind === "turn") document.querySelector<HTMLElement>(".ln.sel [contenteditable]")?.focus();
}

/** The turns as a list: one stop of the tab key, arrows go through them. About forty are in the page at a time. */
function TurnList() {
  const now = selected.value ?? turnAt(time.value) ?? 0;
  const first = Math.max(0, now - 20);
  const some = turns.value.slice(first, first + 40);
  return (
    <div class="vh" role="listbox" aria-label="Turns" tabIndex={0}
      aria-activedescendant={selected.value !== null ? `turn-${selected.value}` : undefined}>
      {some.map((turn, offset) => {
        const index = first + offset;
        const state = states.value[shots.value.findIndex((shot) => shot.end / (plan.value?.rate ?? 25) > turn.start)] ?? "unknown";
        const together = lanes.overlaps.value.find((one) => one.a === index || one.b === index);
        const other = together ? turns.value[together.a === index ? together.b : together.a]! : null;
        const words = [
          turn.line !== null ? `Line ${turn.line + 1}` : `Turn ${index + 1}`, speakers.value.get(turn.speaker)?.name ?? turn.speaker,
          clock(turn.start), `${(turn.end - turn.start).toFixed(2)} seconds`, emotion.label(turn.emotion),
          { made: "rendered", stale: "stale", new: "not rendered", running: "rendering", unknown: "" }[state],
          other ? `with ${speakers.value.get(other.speaker)?.name} for ${(together!.end - together!.start).toFixed(2)} seconds` : "",
        ].filter(Boolean).join(", ");
        return (
          <div role="option" id={`turn-${index}`} key={index} aria-selected={selected.value === index}
            aria-setsize={turns.value.length} aria-posinset={index + 1}>{`${words}: ${turn.text ?? "no words"}`}</div>
        );
      })}
    </div>
  );
}
