// Who has a lane in the timeline, how high each is, and what stands where in it.

import { computed, signal } from "@preact/signals";
import { clamp } from "./format";
import { film, length, plan, shots, speakers, turns } from "./state";
import type { Turn } from "./types";

export interface Lane {
  id: string;
  name: string;
  under: string; // the small words below the name
  color: string;
  kind: "seen" | "heard" | "shared" | "voice"; // in the picture, off screen, all who are off screen, or nobody's yet
  people: string[]; // whose turns stand in it
  full: boolean; // with emotions above and mouths below
  top: number;
  height: number;
  turns: number[]; // indices, in order of time
}

export const RULER = 22;
export const SHOTS = 44;
export const MINI = 34;
export const EMOTION = 18;
export const MOUTH = 12;

export const size = signal({ width: 800, low: false }); // of the drawn timeline; low: a window of little height
export const from = signal(0); // seconds at its left edge
export const scale = signal(60); // pixels per second
export const snapping = signal(true);
export const splitting = signal(false);

export const region = computed(() => (size.value.low ? 34 : 38));

export const focused = signal<string | null>(null); // whose lane is full where there are many

const MANY = 4; // people with full lanes
const CROWD = 8; // beyond them those off screen share one lane

/**
 * Voices of the mix that are nobody's: their longest turns are known, and stand in a lane of their own. Where there are
 * many, only the lane that has the focus shows emotions and mouths; in a crowd those off screen share one.
 */
export const lanes = computed<Lane[]>(() => {
  const seen = new Set(shots.value.flatMap((shot) => shot.faces.map((face) => face.speaker)));
  const people = [...speakers.value.values()];
  const voices = film.value?.voices ?? [];
  const many = people.length + voices.length;
  const dense = many > MANY;
  const off = people.filter((who) => plan.value && !seen.has(who.id));
  const shared = many > CROWD && off.length > 1 ? new Set(off.map((who) => who.id)) : new Set<string>();
  let top = RULER + SHOTS;
  const found: Lane[] = people.filter((who) => !shared.has(who.id)).map((who) => {
    const on = seen.has(who.id) || !plan.value;
    const full = on && (!dense || focused.value === who.id);
    const height = full ? EMOTION + region.value + MOUTH + 8 : dense ? 44 : region.value + 10;
    const own = turns.value.flatMap((turn, index) => (turn.speaker === who.id ? [index] : []));
    const sources = [...new Set(own.map((index) => turns.value[index]!.audio.source.split("/").pop()))];
    const under = sources.length === 1 ? sources[0]! : sources.length ? `${sources.length} recordings` : "only listens";
    const lane: Lane = {
      id: who.id,
      name: who.name,
      under: on ? under : `off screen, ${under}`,
      color: who.color,
      kind: on ? "seen" : "heard",
      people: [who.id],
      full,
      top,
      height,
      turns: own,
    };
    top += height;
    return lane;
  });
  if (shared.size) {
    const own = turns.value.flatMap((turn, index) => (shared.has(turn.speaker) ? [index] : []));
    const names = off.map((who) => who.name).join(", ");
    found.push({ id: "", name: `${off.length} off screen`, under: names, color: "", kind: "shared", people: [...shared], full: false, top, height: 44, turns: own });
    top += 44;
  }
  for (const voice of voices) {
    found.push({ id: voice.label, name: voice.label, under: "nobody's yet", color: "", kind: "voice", people: [], full: false, top, height: region.value + 10, turns: [] });
    top += region.value + 10;
  }
  return found;
});

export const bottom = computed(() => {
  const last = lanes.value[lanes.value.length - 1];
  return last ? last.top + last.height : RULER + SHOTS;
});

export const dense = computed(() => lanes.value.length > MANY);

/** In which lane somebody's turns stand. */
export const laneOf = computed<Map<string, Lane>>(() => new Map(lanes.value.flatMap((lane) => lane.people.map((who) => [who, lane]))));

/** In a lane that several share: in which row of how many each turn stands, so that those at once are all seen. */
const rows = computed<Map<number, { row: number; of: number }>>(() => {
  const found = new Map<number, { row: number; of: number }>();
  for (const lane of lanes.value) {
    if (lane.kind !== "shared") continue;
    let group: number[] = [];
    let ends: number[] = [];
    const settle = () => {
      for (const index of group) found.get(index)!.of = ends.length;
      group = [];
      ends = [];
    };
    for (const index of lane.turns) {
      const turn = turns.value[index]!;
      if (ends.every((end) => end <= turn.start)) settle();
      let row = ends.findIndex((end) => end <= turn.start);
      if (row < 0) row = ends.length;
      ends[row] = turn.end;
      group.push(index);
      found.set(index, { row, of: 1 });
    }
    settle();
  }
  return found;
});

/** Where a turn's region stands: its upper edge, and how high it is. */
export function placeOf(lane: Lane, index: number): { y: number; h: number } {
  const h = lane.full || !dense.value ? region.value : 34;
  const y = regionTop(lane);
  const own = rows.value.get(index);
  if (!own || own.of < 2) return { y, h };
  const tall = h / own.of;
  return { y: y + own.row * tall, h: tall - 1 };
}

export const xOf = (seconds: number) => (seconds - from.value) * scale.value;
export const timeOf = (x: number) => x / scale.value + from.value;

/** Where a region stands in its lane. */
export function regionTop(lane: Lane): number {
  return lane.top + (lane.full ? EMOTION + 5 : 5);
}

export function move(seconds: number): void {
  const most = Math.max(0, length.value - (size.value.width - 24) / scale.value);
  from.value = clamp(seconds, 0, most);
}

export function zoom(factor: number, x = size.value.width / 2): void {
  const at = timeOf(x);
  const least = size.value.width / Math.max(1, length.value) * 0.98;
  scale.value = clamp(scale.value * factor, Math.min(least, 60), 800);
  move(at - x / scale.value);
}

export function fit(start = 0, end = length.value): void {
  scale.value = clamp(size.value.width / Math.max(0.5, end - start), 0.05, 800);
  move(start);
}

/** Keep a time in sight. */
export function reveal(seconds: number, page = false): void {
  const x = xOf(seconds);
  const width = size.value.width;
  if (x >= 0 && x <= width - (page ? 20 : 60)) return;
  move(seconds - (page ? 0.06 : 0.35) * (width / scale.value));
}

/** The first turn that may reach into a stretch; turns are sorted by start, none is longer than `longest`. */
export function firstFrom(list: number[], seconds: number, longest: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (turns.value[list[middle]!]!.start < seconds - longest) low = middle + 1;
    else high = middle;
  }
  return low;
}

export const longest = computed(() => turns.value.reduce((most, turn) => Math.max(most, turn.end - turn.start), 0));

/** Stretches in which two people speak, by the later of the two turns. */
export interface Overlap {
  start: number;
  end: number;
  a: number;
  b: number;
}

export const overlaps = computed<Overlap[]>(() => {
  const found: Overlap[] = [];
  let open: number[] = [];
  turns.value.forEach((turn, index) => {
    open = open.filter((other) => turns.value[other]!.end > turn.start);
    for (const other of open) {
      const before: Turn = turns.value[other]!;
      if (before.speaker !== turn.speaker) {
        found.push({ start: turn.start, end: Math.min(before.end, turn.end), a: other, b: index });
      }
    }
    open.push(index);
  });
  return found.filter((overlap) => overlap.end - overlap.start > 0.02);
});

/** The nearest edge of a turn or a cut within a few pixels, else the nearest frame. */
export function snapped(seconds: number, own: number | null): number {
  const rate = plan.value?.rate ?? 25;
  const frame = Math.round(seconds * rate) / rate;
  if (!snapping.value) return frame;
  let best = frame;
  let reach = 6 / scale.value;
  const tried = (at: number) => {
    if (Math.abs(at - seconds) < reach) {
      reach = Math.abs(at - seconds);
      best = at;
    }
  };
  turns.value.forEach((turn, index) => {
    if (index === own) return;
    tried(turn.start);
    tried(turn.end);
  });
  for (const word of turns.value[own ?? -1]?.words ?? []) {
    tried(word.start);
    tried(word.end);
  }
  for (const shot of shots.value) tried(shot.end / rate);
  return best;
}
