// Emotions in a word, and as mouths.

import type { Emotion } from "./types";

export const NAMES = ["neutral", "joy", "sadness", "anger", "fear", "surprise", "disgust"];

/** Mouths, 12 x 11. */
export const GLYPHS: Record<string, string> = {
  neutral: "M2 5.5h8",
  joy: "M1.8 3.7Q6 10 10.2 3.7",
  fear: "m1.3 6.7 1.9-2.4 1.9 2.4L7 4.3l1.9 2.4 1.8-2.4",
  surprise: "M2.4 4.2h7.2c0 3.2-1.6 4.8-3.6 4.8s-3.6-1.6-3.6-4.8z",
  anger: "M1.8 7.7 3.8 4h4.4l2 3.7",
  disgust: "M1.5 6.2q2.25-3.6 4.5-.7t4.5-.7",
  sadness: "M1.8 7.6Q6 1.6 10.2 7.6",
};
export const FILLED = new Set(["surprise"]);

/** The emotion that weighs most besides neutral. */
export function main(emotion: Emotion): string {
  const ranked = Object.entries(emotion.weights).sort((a, b) => b[1] - a[1]);
  return (ranked.find(([name]) => name !== "neutral") ?? ranked[0])?.[0] ?? "neutral";
}

export function glyph(emotion: Emotion): string {
  const name = main(emotion);
  return GLYPHS[name] ? name : "neutral";
}

/** fear; fear 60 %; anger 1.2 */
export function label(emotion: Emotion): string {
  const name = main(emotion);
  const share = emotion.weights[name] ?? 1;
  const parts = [name];
  if (share < 0.995) parts.push(`${Math.round(share * 100)} %`);
  if (Math.abs(emotion.strength - 1) > 0.005) parts.push(String(Math.round(emotion.strength * 100) / 100));
  return parts.join(" ");
}

/** neutral 40 %, fear 60 % */
export function words(emotion: Emotion): string {
  const names = Object.entries(emotion.weights);
  return names.length === 1 ? label(emotion) : names.map(([name, share]) => `${name} ${Math.round(share * 100)} %`).join(", ");
}

/** How high its curve stands: 0 to 1.5. */
export function level(emotion: Emotion): number {
  const name = main(emotion);
  return name === "neutral" ? 0.1 : (emotion.weights[name] ?? 1) * emotion.strength;
}
