// Draws the timeline: ruler, shots, lanes, overlaps, the whole film below. Only what is in sight is looked at.

import * as api from "./api";
import { tones } from "./color";
import { clock } from "./format";
import { laneRow, overlap, wordNow, type Drag } from "./lanepaint";
import * as lanes from "./lanes";
import { mouths } from "./mouths";
import { FONT, fitting, redraw, round, skinNow, type Ink, type Skin } from "./skin";
import { film, length, plan, shots, speakers, states, time, turns } from "./state";

// Pictures of shots

const pictures = new Map<string, HTMLImageElement>();

function pictureOf(name: string): HTMLImageElement | null {
  const now = film.value;
  const media = now?.media[name];
  if (!now || !media) return null;
  const key = `${now.id} ${media}`;
  let found = pictures.get(key);
  if (!found) {
    found = new Image();
    found.onload = () => redraw();
    found.src = api.pictureUrl(now.id, media);
    pictures.set(key, found);
  }
  return found.complete && found.naturalWidth ? found : null;
}

/** Everything but the playhead. */
export function paint(g: Ink, width: number, height: number, hover: number | null, drag: Drag | null): void {
  const s = skinNow();
  g.fillStyle = s.panel;
  g.fillRect(0, 0, width, height);
  ruler(g, s, width);
  shotRow(g, s, width, drag);
  cutLines(g, s);
  for (const lane of lanes.lanes.value) laneRow(g, s, lane, width, hover, drag);
  for (const one of lanes.overlaps.value) overlap(g, s, one, width);
  minimap(g, s, width);
}

const STEPS = [0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600];

function ruler(g: Ink, s: Skin, width: number): void {
  const pps = lanes.scale.value;
  const step = STEPS.find((one) => one * pps >= 54) ?? 3600;
  const small = step >= 1 ? step / 5 : step / 2;
  g.font = `11px ${FONT}`;
  g.textBaseline = "alphabetic";
  const first = Math.floor(lanes.from.value / small);
  const last = Math.ceil(lanes.timeOf(width) / small);
  for (let n = first; n <= last; n++) {
    const at = n * small;
    const x = Math.round(lanes.xOf(at));
    const large = Math.abs(at / step - Math.round(at / step)) < 1e-6;
    g.fillStyle = s.tick;
    g.globalAlpha = large ? 1 : 0.6;
    g.fillRect(x, large ? 13 : 18, 1, large ? 9 : 4);
    g.globalAlpha = 1;
    if (large && x < width - 34 && x > -30) {
      g.fillStyle = s.ink3;
      g.fillText(clock(at, step < 1 ? 1 : 0), x + 4, 11);
    }
  }
}

function shotRow(g: Ink, s: Skin, width: number, drag: Drag | null): void {
  const now = plan.value;
  const top = lanes.RULER;
  g.fillStyle = s.line;
  g.fillRect(0, top, width, 1);
  if (!now) return;
  const job = film.value?.job;
  shots.value.forEach((shot, index) => {
    const x0 = lanes.xOf(shot.start / now.rate) + (index ? 5 : 1);
    const x1 = lanes.xOf(shot.end / now.rate) - (index < shots.value.length - 1 ? 5 : 1);
    if (x1 < 0 || x0 > width || x1 - x0 < 1) return;
    const y = top + 5;
    g.save();
    round(g, x0, y, x1 - x0, 29, 5);
    g.fillStyle = s.raise;
    g.fill();
    g.strokeStyle = s.line;
    g.lineWidth = 1;
    g.stroke();
    g.clip();
    const left = Math.max(x0, 0);
    const image = pictureOf(shot.picture);
    let text = left + 8;
    if (image && x1 - x0 > 44) {
      const side = Math.min(shot.view[2], shot.view[3]);
      const [vx, vy] = [shot.view[0] + (shot.view[2] - side) / 2, shot.view[1] + (shot.view[3] - side) / 2];
      g.drawImage(image, Math.max(0, vx), Math.max(0, vy), side, side, left, y, 29, 29);
      text = left + 36;
    }
    const state = states.value[index]!;
    if (x1 - text > 12) {
      g.font = `600 12px ${FONT}`;
      g.fillStyle = s.ink;
      g.textBaseline = "middle";
      const number = String(index + 1);
      g.fillText(number, text, y + 15);
      g.font = `12px ${FONT}`;
      g.fillStyle = s.ink2;
      const name = shot.picture.split("/").pop()!;
      const room = x1 - text - 46;
      if (room > 24) g.fillText(fitting(g, name, room), text + 9 + number.length * 7, y + 15);
    }
    const right = Math.min(x1, width);
    if (right - left > 60) mark(g, s, state, right - 22, y + 7, job?.step?.share ?? 0, image !== null);
    if (state === "running" && job?.step) {
      g.fillStyle = s.hover;
      g.fillRect(x0, y + 26, x1 - x0, 3);
      const current = job.step.doing.match(/^shot (\d+).*frame (\d+) of (\d+)/);
      if (current && Number(current[1]) === index + 1) {
        g.fillStyle = s.ink;
        g.fillRect(x0, y + 26, ((x1 - x0) * Number(current[2])) / Number(current[3]), 3);
      }
    }
    if (state === "stale") {
      g.fillStyle = s.ink2;
      for (let x = x0; x < x1; x += 10) g.fillRect(x, y + 26, 6, 3);
    }
    g.restore();
    ticks(g, s, index, shot.start / now.rate, shot.end / now.rate, width);
    if (index) {
      const at = drag?.cut === index - 1 ? drag.end : shot.start / now.rate;
      const x = Math.round(lanes.xOf(at));
      g.fillStyle = s.edge;
      g.fillRect(x, top + 2, 1, 33);
      g.fillStyle = s.ink2;
      round(g, x - 2, top + 13, 5, 13, 2);
      g.fill();
    }
  });
}

/** The windows of the generator under a shot. */
function ticks(g: Ink, s: Skin, index: number, start: number, end: number, width: number): void {
  const count = film.value?.shots[index]?.windows ?? 0;
  if (!count || ((end - start) * lanes.scale.value) / count < 4) return;
  g.fillStyle = s.tick;
  g.globalAlpha = 0.75;
  for (let k = 0; k <= count; k++) {
    const x = Math.round(lanes.xOf(start + ((end - start) * k) / count));
    if (x >= 0 && x < width) g.fillRect(x, lanes.RULER + lanes.SHOTS - 6, 1, 5);
  }
  g.globalAlpha = 1;
}

const CHECK = new Path2D("m3.5 8.3 3 3 6-6.6");
const STALE = new Path2D("M13 8a5 5 0 1 1-1.6-3.7M13 2.6v2.6h-2.600");

function mark(g: Ink, s: Skin, state: string, x: number, y: number, share: number, _image: boolean): void {
  g.save();
  g.translate(x, y);
  g.lineWidth = 1.5;
  g.lineCap = "round";
  g.strokeStyle = s.ink2;
  if (state === "made") g.stroke(CHECK);
  else if (state === "stale") g.stroke(STALE);
  else if (state === "new") {
    g.setLineDash([2, 2.7]);
    g.beginPath();
    g.arc(8, 8, 4.5, 0, 7);
    g.stroke();
  } else if (state === "running") {
    g.lineWidth = 2.5;
    g.strokeStyle = s.line;
    g.beginPath();
    g.arc(8, 8, 5, 0, 7);
    g.stroke();
    g.strokeStyle = s.ink;
    g.beginPath();
    g.arc(8, 8, 5, -Math.PI / 2, -Math.PI / 2 + Math.max(0.05, share) * 2 * Math.PI);
    g.stroke();
  }
  g.restore();
}

function cutLines(g: Ink, s: Skin): void {
  const now = plan.value;
  if (!now) return;
  g.fillStyle = s.line;
  const top = lanes.RULER + lanes.SHOTS;
  for (const shot of shots.value.slice(1)) g.fillRect(Math.round(lanes.xOf(shot.start / now.rate)), top, 1, lanes.bottom.value - top);
}

function minimap(g: Ink, s: Skin, width: number): void {
  const top = lanes.bottom.value;
  g.fillStyle = s.line;
  g.fillRect(0, top, width, 1);
  if (!length.value) return;
  const X = (seconds: number) => (seconds / length.value) * width;
  const rows = lanes.lanes.value.filter((lane) => lane.kind !== "voice");
  const tall = Math.min(6.5, 20 / Math.max(1, rows.length));
  rows.forEach((lane, row) => {
    if (lane.kind !== "shared") g.fillStyle = tones(lane.color).edge;
    for (const index of lane.turns) {
      const turn = turns.value[index]!;
      if (lane.kind === "shared") g.fillStyle = tones(speakers.value.get(turn.speaker)?.color ?? "#888888").edge;
      g.fillRect(X(turn.start), top + 5 + row * tall, Math.max(1, X(turn.end) - X(turn.start)), Math.max(1, tall - 2));
    }
  });
  const rate = plan.value?.rate ?? 25;
  shots.value.forEach((shot, index) => {
    g.fillStyle = states.value[index] === "made" ? s.ink3 : s.line;
    g.fillRect(X(shot.start / rate) + 1, top + 28, Math.max(1, X((shot.end - shot.start) / rate) - 2), 2.5);
  });
  g.fillStyle = s.bad;
  for (const mouth of mouths.value) for (const one of mouth.wrong) g.fillRect(X(one.start / rate), top + 25, Math.max(3, X((one.end - one.start) / rate)), 2.5);
  const [x0, x1] = [X(lanes.from.value), X(Math.min(length.value, lanes.timeOf(width)))];
  round(g, x0 + 0.5, top + 2.5, Math.max(6, x1 - x0 - 1), 29, 4);
  g.globalAlpha = 0.07;
  g.fillStyle = s.ink;
  g.fill();
  g.globalAlpha = 1;
  g.strokeStyle = s.ink2;
  g.lineWidth = 1;
  g.stroke();
}

/** The playhead, on a layer of its own. */
export function playhead(g: Ink, width: number, height: number): void {
  g.clearRect(0, 0, width, height);
  const s = skinNow();
  const x = lanes.xOf(time.value);
  const bottom = lanes.bottom.value;
  wordNow(g, s, time.value);
  g.fillStyle = s.ink;
  if (x >= -6 && x <= width + 6) {
    g.fillRect(x - 0.75, 11, 1.5, bottom - 11);
    g.beginPath();
    g.moveTo(x - 5.5, 11);
    g.lineTo(x + 5.5, 11);
    g.lineTo(x + 5.5, 18);
    g.lineTo(x, 23);
    g.lineTo(x - 5.5, 18);
    g.fill();
  }
  if (length.value) g.fillRect((time.value / length.value) * width - 0.75, bottom + 1, 1.5, lanes.MINI - 1);
}
