// Draws the lanes of the timeline: turns with words and sound, emotions, mouths, and where two speak at once.

import * as api from "./api";
import { tones } from "./color";
import * as emotion from "./emotion";
import * as lanes from "./lanes";
import type { Lane } from "./lanes";
import { mouths } from "./mouths";
import { FONT, hatch, redraw, round, type Ink, type Skin } from "./skin";
import { film, length, plan, selected, shots, states, turns } from "./state";
import type { Turn } from "./types";

export interface Drag {
  turn: number | null;
  cut: number | null;
  start: number;
  end: number;
}

const glyphs = Object.fromEntries(Object.entries(emotion.GLYPHS).map(([name, path]) => [name, new Path2D(path)]));


// Outlines of sound, fetched when first seen

const outlines = new Map<string, api.Outline | null>();
function outline(turn: Turn): api.Outline | null {
  const now = film.value;
  const media = now?.media[turn.audio.source];
  if (!now || !media) return null;
  const channel = turn.audio.channel ?? 0;
  const key = `${now.id} ${media} ${channel}`;
  const found = outlines.get(key);
  if (found !== undefined) return found;
  outlines.set(key, null);
  const long = (now.recordings[turn.audio.source]?.duration ?? 0) > 1200;
  api.peaks(now.id, media, channel, long ? 1 : 0).then(
    (data) => {
      outlines.set(key, data);
      redraw();
    },
    () => undefined,
  );
  return null;
}

export function laneRow(g: Ink, s: Skin, lane: Lane, width: number, hover: number | null, drag: Drag | null): void {
  g.fillStyle = s.line;
  g.fillRect(0, lane.top, width, 1);
  if (lane.kind === "voice") {
    const voice = film.value?.voices.find((one) => one.label === lane.id);
    for (const [start, end] of voice?.turns ?? []) voiceRegion(g, s, lane, start, end, width);
    return;
  }
  const tone = tones(lane.color);
  const full = lane.kind === "seen" && !lanes.dense.value;
  if (full) {
    emotions(g, s, lane, tone.solid, tone.edge, width);
    mouthRow(g, s, lane, tone.edge, width);
  }
  const list = lane.turns;
  for (let at = lanes.firstFrom(list, lanes.from.value, lanes.longest.value); at < list.length; at++) {
    const index = list[at]!;
    const turn = turns.value[index]!;
    if (lanes.xOf(turn.start) > width) break;
    const moved = drag?.turn === index ? drag : null;
    region(g, s, lane, index, turn, moved?.start ?? turn.start, moved?.end ?? turn.end, width, hover === index);
  }
}

function region(
  g: Ink, s: Skin, lane: Lane, index: number, turn: Turn, start: number, end: number, width: number, hover: boolean,
): void {
  const tone = tones(lane.color);
  const [x0, x1] = [lanes.xOf(start), lanes.xOf(end)];
  if (x1 < -2 || x0 > width + 2) return;
  const y = lanes.regionTop(lane);
  const h = lanes.dense.value ? 34 : lanes.region.value;
  const w = Math.max(1, x1 - x0);
  const on = selected.value === index;
  const pps = lanes.scale.value;
  if (pps < 3) {
    g.fillStyle = on ? tone.solid : tone.edge;
    g.fillRect(x0, y + 6, Math.max(1, w), h - 12);
    return;
  }
  g.save();
  round(g, x0, y, w, h, Math.min(5, w / 2));
  g.fillStyle = on ? tone.solid : tone.fill;
  g.fill();
  if (hover && !on) {
    g.globalAlpha = 0.09;
    g.fillStyle = s.ink;
    g.fill();
    g.globalAlpha = 1;
  }
  g.strokeStyle = tone.edge;
  g.globalAlpha = on ? 1 : 0.7;
  g.lineWidth = on ? 1.5 : 1;
  g.stroke();
  g.globalAlpha = 1;
  g.clip();
  const shown = shots.value.findIndex((shot) => shot.start / plan.value!.rate < turn.end && shot.end / plan.value!.rate > turn.start);
  if (!on && states.value[shown] === "stale") {
    g.fillStyle = hatch(g, s.panel, 7, 2);
    g.globalAlpha = 0.7;
    g.fillRect(x0, y, w, h);
    g.globalAlpha = 1;
  }
  g.fillStyle = on ? "rgba(0,0,0,.4)" : tone.edge;
  g.fillRect(x0, y, 3, h);
  const words = pps >= 12 && w >= 40 && (turn.text ?? "") !== "";
  if (pps >= 12 && w > 6) wave(g, turn, start, x0, y + (words ? 17 : 4), w, h - (words ? 19 : 8), on ? "rgba(21,23,26,.8)" : tone.edge, width);
  if (words && pps >= 20) {
    g.font = `500 11.5px ${FONT}`;
    g.textBaseline = "alphabetic";
    g.fillStyle = on ? "#15171a" : s.ink;
    fading(g, turn.text!, Math.max(x0, 0) + 8, y + 13, x1 - 4 - Math.max(x0, 0) - 8, on ? tone.solid : tone.fill);
  }
  if (on && w > 16) {
    g.fillStyle = "rgba(0,0,0,.55)";
    round(g, x1 - 7, y + 8, 3, h - 16, 2);
    g.fill();
  }
  g.restore();
  if (on) {
    g.strokeStyle = s.ink;
    g.lineWidth = 2;
    round(g, x0 - 2, y - 2, w + 4, h + 4, 7);
    g.stroke();
  }
}

function voiceRegion(g: Ink, s: Skin, lane: Lane, start: number, end: number, width: number): void {
  const [x0, x1] = [lanes.xOf(start), lanes.xOf(end)];
  if (x1 < 0 || x0 > width) return;
  g.save();
  round(g, x0, lane.top + 5, Math.max(2, x1 - x0), lanes.region.value, 5);
  g.fillStyle = s.raise;
  g.fill();
  g.setLineDash([4, 3]);
  g.lineWidth = 1.5;
  g.strokeStyle = s.edge;
  g.stroke();
  g.restore();
}

/** The sound of a turn, in bars that stay where they are while the view moves. */
function wave(g: Ink, turn: Turn, start: number, x0: number, y: number, w: number, h: number, color: string, width: number): void {
  const found = outline(turn);
  g.fillStyle = color;
  if (!found) {
    g.globalAlpha = 0.4;
    g.fillRect(x0 + 8, y + h / 2, Math.max(0, w - 16), 1);
    g.globalAlpha = 1;
    return;
  }
  const pps = lanes.scale.value;
  const offset = turn.audio.start - turn.start;
  const first = Math.ceil((Math.max(x0 + 4, 0) + lanes.from.value * pps) / 3);
  const last = Math.floor((Math.min(x0 + w - 3, width) + lanes.from.value * pps) / 3);
  const { data, rate } = found;
  void start;
  for (let n = first; n < last; n++) {
    const at = (n * 3) / pps + offset;
    const a = Math.max(0, Math.floor(at * rate));
    const b = Math.max(a + 1, Math.floor((at + 3 / pps) * rate));
    let most = 0;
    for (let k = a; k < b; k++) most = Math.max(most, -data[2 * k]! || 0, data[2 * k + 1]! || 0);
    const tall = Math.max(1.5, (most / 127) ** 0.62 * h);
    g.fillRect(n * 3 - lanes.from.value * pps, y + (h - tall) / 2, 1.8, tall);
  }
}

/** A curve of strength; each emotion goes into the next over 0.2 s, so that two of them cross. */
function emotions(g: Ink, s: Skin, lane: Lane, solid: string, edge: string, width: number): void {
  const list = lane.turns;
  const base = lane.top + lanes.EMOTION;
  const first = Math.max(0, lanes.firstFrom(list, lanes.from.value, lanes.longest.value) - 1);
  const tall = (one: Turn) => base - 1 - (Math.min(emotion.level(one.emotion), 1.5) / 1.5) * (lanes.EMOTION - 4);
  const runs: { start: number; end: number; turn: Turn }[] = [];
  for (let at = first; at < list.length; at++) {
    const turn = turns.value[list[at]!]!;
    const last = runs[runs.length - 1];
    if (last && emotion.label(last.turn.emotion) === emotion.label(turn.emotion)) continue;
    const start = at === 0 ? Math.min(0, turn.start) : turn.start;
    if (last) last.end = start;
    if (lanes.xOf(start) > width) break;
    runs.push({ start, end: length.value, turn });
  }
  const ramp = 0.1;
  for (const run of runs) {
    const y = tall(run.turn);
    const path = new Path2D();
    path.moveTo(lanes.xOf(run.start - ramp), base);
    path.lineTo(lanes.xOf(run.start + ramp), y);
    path.lineTo(lanes.xOf(run.end - ramp), y);
    path.lineTo(lanes.xOf(run.end + ramp), base);
    g.globalAlpha = s.fo;
    g.fillStyle = solid;
    g.fill(path);
    g.globalAlpha = 0.8;
    g.strokeStyle = edge;
    g.lineWidth = 1;
    g.stroke(path);
    g.globalAlpha = 1;
  }
  if (lanes.scale.value < 3) return;
  let free = -Infinity;
  for (const run of runs) {
    if (!Object.keys(run.turn.emotion.weights).length) continue;
    const x = Math.max(5, lanes.xOf(run.start + ramp) + 4, free);
    const end = lanes.xOf(run.end);
    const label = emotion.label(run.turn.emotion);
    g.font = `500 10.5px ${FONT}`;
    const named = lanes.scale.value >= 40;
    const wide = named ? g.measureText(label).width + 27 : 22;
    if (x + Math.min(wide, 30) > end || x > width) continue;
    chip(g, s, emotion.glyph(run.turn.emotion), named ? label : "", x, lane.top + 4, wide, edge);
    free = x + wide + 4;
  }
}

function chip(g: Ink, s: Skin, name: string, label: string, x: number, y: number, wide: number, edge: string): void {
  round(g, x, y, wide, 15, 7.5);
  g.fillStyle = s.panel;
  g.fill();
  g.globalAlpha = 0.55;
  g.strokeStyle = edge;
  g.lineWidth = 1;
  g.stroke();
  g.globalAlpha = 1;
  g.save();
  g.translate(x + 5, y + 2);
  g.strokeStyle = g.fillStyle = s.ink;
  g.lineWidth = 1.5;
  g.lineCap = g.lineJoin = "round";
  g.stroke(glyphs[name]!);
  if (emotion.FILLED.has(name)) g.fill(glyphs[name]!);
  g.restore();
  if (label) {
    g.fillStyle = s.ink;
    g.font = `500 10.5px ${FONT}`;
    g.textBaseline = "middle";
    g.fillText(label, x + 21, y + 8);
  }
}

/** Measured movement of a mouth, where the film has been looked at; dotted where nothing is known. */
function mouthRow(g: Ink, s: Skin, lane: Lane, edge: string, width: number): void {
  const y = lane.top + lane.height - 3;
  const known = mouths.value.find((one) => one.speaker === lane.id);
  if (known) {
    measured(g, s, lane, known, edge, width, y);
    return;
  }
  g.save();
  g.strokeStyle = s.tick;
  g.setLineDash([1, 4]);
  g.beginPath();
  g.moveTo(Math.max(0, lanes.xOf(0)), y);
  g.lineTo(Math.min(width, lanes.xOf(length.value)), y);
  g.stroke();
  g.restore();
}

/** In the person's colour while they speak, grey while they listen, red in a frame with words where it is wrong. */
function measured(g: Ink, s: Skin, lane: Lane, known: (typeof mouths.value)[number], edge: string, width: number, base: number): void {
  const rate = plan.value?.rate ?? 25;
  const pps = lanes.scale.value;
  g.fillStyle = s.line;
  g.fillRect(Math.max(0, lanes.xOf(0)), base, Math.min(width, lanes.xOf(length.value)) - Math.max(0, lanes.xOf(0)), 1);
  const spoken = lane.turns.map((index) => turns.value[index]!);
  if (pps >= 12) {
    const first = Math.max(0, Math.floor(lanes.from.value * rate));
    const last = Math.min(known.movement.length, Math.ceil(lanes.timeOf(width) * rate));
    const step = Math.max(1, Math.round((3 * rate) / pps));
    for (let frame = Math.floor(first / step) * step; frame < last; frame += step) {
      let most = -1;
      for (let k = frame; k < Math.min(frame + step, known.movement.length); k++) most = Math.max(most, known.movement[k]!);
      if (most <= 0) continue;
      const tall = Math.max(1, Math.min(1, most / 600) ** 0.6 * (lanes.MOUTH - 2));
      const at = frame / rate;
      const on = spoken.some((turn) => at >= turn.start - 0.05 && at <= turn.end + 0.1);
      const bad = known.wrong.some((one) => frame >= one.start && frame < one.end);
      g.fillStyle = bad ? s.bad : on ? edge : s.tick;
      g.fillRect(lanes.xOf(at), base - tall, Math.min(2, Math.max(1, (step * pps) / rate - 1)), tall);
    }
  }
  for (const one of known.wrong) {
    const [x0, x1] = [lanes.xOf(one.start / rate) - 2, lanes.xOf(one.end / rate) + 2];
    if (x1 < 0 || x0 > width) continue;
    g.strokeStyle = s.bad;
    g.lineWidth = 1;
    round(g, x0, base - lanes.MOUTH + 1, x1 - x0, lanes.MOUTH + 1, 2);
    g.stroke();
    if (pps < 12) continue;
    g.font = `11px ${FONT}`;
    const text = `✕ ${one.fault}`;
    g.fillStyle = s.panel;
    g.fillRect(x1 + 3, base - 11, g.measureText(text).width + 8, 12);
    g.fillStyle = s.bad;
    g.textBaseline = "middle";
    g.fillText(text, x1 + 7, base - 4);
  }
}

export function overlap(g: Ink, s: Skin, one: lanes.Overlap, width: number): void {
  const [x0, x1] = [lanes.xOf(one.start), lanes.xOf(one.end)];
  if (x1 < 0 || x0 > width || lanes.scale.value < 12) return;
  const [a, b] = [one.a, one.b].map((index) => lanes.lanes.value.find((lane) => lane.id === turns.value[index]!.speaker));
  if (!a || !b) return;
  const [upper, lower] = a.top < b.top ? [a, b] : [b, a];
  const y0 = lanes.regionTop(upper);
  const y1 = lanes.regionTop(lower) + (lanes.dense.value ? 34 : lanes.region.value);
  g.fillStyle = hatch(g, s.ink, 6, 1);
  g.globalAlpha = 0.2;
  g.fillRect(x0, y0, x1 - x0, y1 - y0);
  g.globalAlpha = 1;
  g.fillStyle = s.edge;
  g.fillRect(Math.round(x0), y0, 1, y1 - y0);
  g.fillRect(Math.round(x1), y0, 1, y1 - y0);
  if (lanes.scale.value < 40) return;
  const text = `${(one.end - one.start).toFixed(2)} s at once`;
  g.font = `11px ${FONT}`;
  const wide = g.measureText(text).width + 10;
  const y = upper.top + upper.height - 6;
  round(g, x1 + 5, y, wide, 13, 6.5);
  g.fillStyle = s.panel;
  g.fill();
  g.strokeStyle = s.edge;
  g.lineWidth = 1;
  g.stroke();
  g.fillStyle = s.ink2;
  g.textBaseline = "middle";
  g.fillText(text, x1 + 10, y + 7);
}

/** Words that fade out at the end of their room. */
function fading(g: Ink, text: string, x: number, y: number, room: number, under: string): void {
  if (room < 8) return;
  const shown = text.slice(0, Math.ceil(room / 4));
  g.fillText(shown, x, y);
  if (g.measureText(shown).width > room) {
    const fade = g.createLinearGradient(x + room - 14, 0, x + room, 0);
    fade.addColorStop(0, `${under}00`);
    fade.addColorStop(1, under);
    g.fillStyle = fade;
    g.fillRect(x + room - 14, y - 12, 30, 16);
  }
}
