// Draws the emotions of a lane: a curve of strength in which each goes over into the next, and a chip with its name.

import * as emotion from "./emotion";
import * as lanes from "./lanes";
import type { Lane } from "./lanes";
import { FONT, round, type Ink, type Skin } from "./skin";
import { length, turns } from "./state";
import type { Emotion } from "./types";

const FADE = 0.2; // seconds in which one goes over into the next, as the film does it
const glyphs = Object.fromEntries(Object.entries(emotion.GLYPHS).map(([name, path]) => [name, new Path2D(path)]));

/** A stretch of one emotion: `felt` where it was told from voice or words, and is not written. */
export interface Run {
  start: number;
  end: number;
  emotion: Emotion;
  felt: boolean;
}

/** The emotions of a lane that are in sight; each holds until the next, also where the course of a turn brings it. */
export function runsOf(lane: Lane, width: number): Run[] {
  const runs: Run[] = [];
  const first = Math.max(0, lanes.firstFrom(lane.turns, lanes.from.value, lanes.longest.value) - 1);
  for (let at = first; at < lane.turns.length; at++) {
    const turn = turns.value[lane.turns[at]!]!;
    if (lanes.xOf(turn.start) > width) {
      const last = runs[runs.length - 1];
      if (last) last.end = turn.start;
      break;
    }
    for (const feeling of turn.course?.length ? turn.course : [{ at: 0, emotion: turn.emotion }]) {
      const last = runs[runs.length - 1];
      const felt = turn.felt !== undefined;
      if (last && last.felt === felt && emotion.label(last.emotion) === emotion.label(feeling.emotion)) continue;
      const start = at === 0 && feeling.at === 0 ? Math.min(0, turn.start) : turn.start + feeling.at;
      if (last) last.end = start;
      runs.push({ start, end: length.value, emotion: feeling.emotion, felt });
    }
  }
  return runs;
}

/** A curve of strength; each emotion goes into the next over 0.2 s, so that two of them cross. */
export function emotions(g: Ink, s: Skin, lane: Lane, solid: string, edge: string, width: number): void {
  const base = lane.top + lanes.EMOTION;
  const tall = (run: Run) => base - 1 - (Math.min(emotion.level(run.emotion), 1.5) / 1.5) * (lanes.EMOTION - 4);
  const runs = runsOf(lane, width);
  const ramp = FADE / 2;
  for (const run of runs) {
    const y = tall(run);
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
    if (!Object.keys(run.emotion.weights).length) continue;
    const x = Math.max(5, lanes.xOf(run.start + ramp) + 4, free);
    const end = lanes.xOf(run.end);
    const label = emotion.label(run.emotion);
    g.font = `500 10.5px ${FONT}`;
    const named = lanes.scale.value >= 40;
    const wide = named ? g.measureText(label).width + 27 : 22;
    if (x + Math.min(wide, 30) > end || x > width) continue;
    chip(g, s, emotion.glyph(run.emotion), named ? label : "", x, lane.top + 4, wide, edge, run.felt);
    free = x + wide + 4;
  }
}

function chip(g: Ink, s: Skin, name: string, label: string, x: number, y: number, wide: number, edge: string, told: boolean): void {
  round(g, x, y, wide, 15, 7.5);
  g.fillStyle = s.panel;
  g.fill();
  g.globalAlpha = told ? 1 : 0.55;
  g.strokeStyle = edge;
  g.lineWidth = 1;
  g.setLineDash(told ? [3, 2] : []);
  g.stroke();
  g.setLineDash([]);
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
