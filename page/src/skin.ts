// What every part of the drawn timeline draws with: its colours, hatches, letters and corners.

import { theme } from "./color";

export type Ink = CanvasRenderingContext2D;
export const FONT = 'system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",Cantarell,sans-serif';
export interface Skin {
  panel: string;
  raise: string;
  hover: string;
  line: string;
  edge: string;
  ink: string;
  ink2: string;
  ink3: string;
  tick: string;
  bad: string;
  fo: number;
}
let skin: Skin | null = null;
let skinOf = "";

export function skinNow(): Skin {
  if (skin && skinOf === theme.value) return skin;
  const style = getComputedStyle(document.documentElement);
  const get = (name: string) => style.getPropertyValue(`--${name}`).trim();
  skinOf = theme.value;
  hatches.clear();
  skin = {
    panel: get("panel"), raise: get("raise"), hover: get("hover"), line: get("line"), edge: get("edge"), ink: get("ink"),
    ink2: get("ink2"), ink3: get("ink3"), tick: get("tick"), bad: get("bad"), fo: Number(get("fo")) || 0.26,
  };
  return skin;
}

export let redraw: () => void = () => undefined;
export function onNews(draw: () => void): void {
  redraw = draw;
}


const hatches = new Map<string, CanvasPattern>();

export function hatch(g: Ink, color: string, step: number, thick: number): CanvasPattern {
  const key = `${color} ${step} ${thick}`;
  let found = hatches.get(key);
  if (!found) {
    const tile = document.createElement("canvas");
    tile.width = tile.height = step * 2;
    const t = tile.getContext("2d")!;
    t.scale(2, 2);
    t.strokeStyle = color;
    t.lineWidth = thick;
    t.beginPath();
    for (const at of [-step, 0, step]) {
      t.moveTo(at, step);
      t.lineTo(at + step, 0);
    }
    t.stroke();
    found = g.createPattern(tile, "repeat")!;
    found.setTransform(new DOMMatrix().scale(0.5));
    hatches.set(key, found);
  }
  return found;
}

export function round(g: Ink, x: number, y: number, w: number, h: number, r: number): void {
  g.beginPath();
  g.roundRect(x, y, Math.max(0, w), h, r);
}

export function fitting(g: Ink, text: string, room: number): string {
  if (g.measureText(text).width <= room) return text;
  let end = text.length;
  while (end > 1 && g.measureText(text.slice(0, end)).width + 8 > room) end--;
  return `${text.slice(0, end)}…`;
}
