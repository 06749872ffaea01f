// Draws the lanes of the timeline: turns with words and sound, emotions, mouths, and where two speak at once.

import * as api from "./api";
import { tones } from "./color";
import { emotions } from "./emotionpaint";
import { silent } from "./hearing";
import * as lanes from "./lanes";
import type { Lane } from "./lanes";
import { mouths } from "./mouths";
import { FONT, hatch, redraw, round, type Ink, type Skin } from "./skin";
import { film, length, plan, selected, shots, speakers, states, turns } from "./state";
import type { Turn } from "./types";
import { wordAt } from "./words";

export interface Drag {
  turn: number | null;
  cut: number | null;
  start: number;
  end: number;
}

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
  if (lane.full) {
    const tone = tones(lane.color);
    emotions(g, s, lane, tone.solid, tone.edge, width);
    mouthRow(g, s, lane, tone.edge, width);
  }
  const list = lane.turns;
  for (let at = lanes.firstFrom(list, lanes.from.value, lanes.longest.value); at < list.length; at++) {
    const index = list[at]!;
    const turn = turns.value[index]!;
    if (lanes.xOf(turn.start) > width) break;
    const moved = drag?.turn === index ? drag : null;
    g.globalAlpha = 1;
    region(g, s, lane, index, turn, moved?.start ?? turn.start, moved?.end ?? turn.end, width, hover === index);
  }
}

function region(
  g: Ink, s: Skin, lane: Lane, index: number, turn: Turn, start: number, end: number, width: number, hover: boolean,
): void {
  const tone = tones(speakers.value.get(turn.speaker)?.color ?? lane.color);
  const [x0, x1] = [lanes.xOf(start), lanes.xOf(end)];
  if (x1 < -2 || x0 > width + 2) return;
  const { y, h } = lanes.placeOf(lane, index);
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
  const low = h < 24;
  if (pps >= 12 && w > 6 && !(low && words)) {
    if (silent(turn.speaker)) g.globalAlpha = 0.3;
    wave(g, turn, start, x0, y + (words ? 17 : 4), w, h - (words ? 19 : 8), on ? "rgba(21,23,26,.8)" : tone.edge, width);
    g.globalAlpha = 1;
  }
  if (words && pps >= 20 && h > 14) {
    g.font = `500 11.5px ${FONT}`;
    g.textBaseline = "alphabetic";
    const ink = on ? "#15171a" : s.ink;
    const under = on ? tone.solid : tone.fill;
    if (turn.words?.length && pps >= APART) spoken(g, turn, start - turn.start, y, x1, ink, under, width);
    else {
      g.fillStyle = ink;
      fading(g, turn.text!, Math.max(x0, 0) + 8, y + 13, x1 - 4 - Math.max(x0, 0) - 8, under);
    }
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

const APART = 110; // pixels per second from which words have room to stand where they are said

/** Each word where it is said, with a tick at its beginning; one that is longer than its time fades out. */
function spoken(g: Ink, turn: Turn, moved: number, y: number, right: number, ink: string, under: string, width: number): void {
  turn.words!.forEach((word, index) => {
    const next = turn.words![index + 1];
    const x = lanes.xOf(word.start + moved);
    const end = next ? lanes.xOf(next.start + moved) : right - 4;
    if (end < 0 || x > width) return;
    g.fillStyle = ink;
    g.globalAlpha = 0.45;
    g.fillRect(Math.round(x), y + 3, 1, 11);
    g.globalAlpha = 1;
    fading(g, word.text, x + 4, y + 13, end - x - 5, under);
  });
}

/** The word under the playhead, underlined in its region; on the layer of the playhead. */
export function wordNow(g: Ink, s: Skin, seconds: number): void {
  if (lanes.scale.value < APART) return;
  for (const lane of lanes.lanes.value) {
    for (let at = lanes.firstFrom(lane.turns, seconds, lanes.longest.value); at < lane.turns.length; at++) {
      const index = lane.turns[at]!;
      const turn = turns.value[index]!;
      if (turn.start > seconds) break;
      const word = wordAt(turn, seconds);
      if (!word) continue;
      const { y, h } = lanes.placeOf(lane, index);
      if (h <= 14) continue;
      g.fillStyle = selected.value === index ? "#15171a" : s.ink;
      g.fillRect(lanes.xOf(word.start) + 3, y + 15, Math.max(4, lanes.xOf(word.end) - lanes.xOf(word.start) - 4), 2);
    }
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
  const [a, b] = [one.a, one.b].map((index) => lanes.laneOf.value.get(turns.value[index]!.speaker));
  if (!a || !b || a === b) return;
  const [upper, lower] = a.top < b.top ? [a, b] : [b, a];
  const y0 = lanes.regionTop(upper);
  const y1 = lanes.regionTop(lower) + (lower.full || !lanes.dense.value ? lanes.region.value : 34);
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
