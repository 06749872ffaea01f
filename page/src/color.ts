// A person's colour as three tokens: solid carries dark ink, edge draws lines on a panel, fill lies under light or dark ink.

import { signal } from "@preact/signals";

export type Theme = "dark" | "light";
export interface Tones {
  solid: string;
  edge: string;
  fill: string;
}
type Rgb = [number, number, number];

const INK: Rgb = [0x15, 0x17, 0x1a];
const PANEL: Record<Theme, Rgb> = { dark: [0x19, 0x1b, 0x1e], light: [0xf7, 0xf7, 0xf5] };
const KNOWN: Record<string, Record<Theme, [string, string]>> = {
  "#e69f00": { dark: ["#e69f00", "#4a3711"], light: ["#a87200", "#fbe3b0"] },
  "#56b4e9": { dark: ["#56b4e9", "#243f52"], light: ["#1e7fb6", "#cfe8f8"] },
  "#009e73": { dark: ["#009e73", "#123f34"], light: ["#006e50", "#c5e8dc"] },
  "#cc79a7": { dark: ["#cc79a7", "#46303d"], light: ["#993f78", "#f3dce8"] },
};

export const theme = signal<Theme>(chosenTheme());

function chosenTheme(): Theme {
  const kept = localStorage.getItem("theme");
  if (kept === "dark" || kept === "light") return kept;
  return matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
}

export function setTheme(name: Theme): void {
  theme.value = name;
  localStorage.setItem("theme", name);
  document.documentElement.dataset.theme = name;
}

const made = new Map<string, Tones>();

export function tones(color: string, name: Theme = theme.value): Tones {
  const key = `${name} ${color}`;
  let found = made.get(key);
  if (!found) {
    found = computed(color.toLowerCase(), name);
    made.set(key, found);
  }
  return found;
}

function computed(color: string, name: Theme): Tones {
  const rgb = parse(color);
  const solid = until(rgb, [255, 255, 255], (c) => contrast(c, INK) >= 4.5);
  const known = KNOWN[color];
  if (known) return { solid: hex(solid), edge: known[name][0], fill: known[name][1] };
  const panel = PANEL[name];
  const edge = until(rgb, name === "dark" ? [255, 255, 255] : [0, 0, 0], (c) => contrast(c, panel) >= 3.4);
  const fill = mix(panel, rgb, name === "dark" ? 0.26 : 0.3);
  return { solid: hex(solid), edge: hex(edge), fill: hex(fill) };
}

function until(rgb: Rgb, towards: Rgb, good: (c: Rgb) => boolean): Rgb {
  for (let share = 0; share <= 1; share += 0.04) {
    const tried = mix(rgb, towards, share);
    if (good(tried)) return tried;
  }
  return towards;
}

function parse(color: string): Rgb {
  const digits = color.replace("#", "");
  const value = parseInt(digits.length === 3 ? digits.replace(/./g, "$&$&") : digits, 16) || 0;
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

function hex(rgb: Rgb): string {
  return `#${rgb.map((c) => Math.round(c).toString(16).padStart(2, "0")).join("")}`;
}

function mix(from: Rgb, to: Rgb, share: number): Rgb {
  return from.map((c, i) => c + (to[i]! - c) * share) as Rgb;
}

function luminance(rgb: Rgb): number {
  const [r, g, b] = rgb.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4)) as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: Rgb, b: Rgb): number {
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}
