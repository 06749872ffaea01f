// What each mouth of the film does: under its turns, red where it should not move.

import { effect, signal } from "@preact/signals";
import { film, plan, speakers } from "./state";
import { clock } from "./format";
import type { Problem } from "./types";

interface Mouth {
  speaker: string;
  movement: number[]; // of every frame; -1 where it is not seen
  wrong: { start: number; end: number; fault: string }[]; // frames
}

export const mouths = signal<Mouth[]>([]);
let stamp = "";

effect(() => {
  const now = film.value;
  const key = now?.mouths ? `${now.id} ${now.mouths}` : "";
  if (key === stamp) return;
  stamp = key;
  if (!now?.mouths) {
    mouths.value = [];
    return;
  }
  void fetch(`/api/film/${now.id}/mouths`).then(async (answer) => {
    if (answer.ok && stamp === key) mouths.value = ((await answer.json()) as { mouths: Mouth[] }).mouths;
  });
});

/** The faults of the film, as rows among the problems. */
export function faults(): Problem[] {
  const rate = plan.value?.rate ?? 25;
  return mouths.value.flatMap((mouth) =>
    mouth.wrong.map((one): Problem => {
      const shot = plan.value?.shots.findIndex((shot) => one.start >= shot.start && one.start < shot.end) ?? -1;
      const name = speakers.value.get(mouth.speaker)?.name ?? mouth.speaker;
      return {
        severity: "error", fault: true, file: `shot ${shot + 1}`, line: null, column: null, hint: null, path: null, at: one.start / rate,
        message: `${name} ${one.fault}, ${clock(one.start / rate)} to ${clock(one.end / rate)}`,
      };
    }),
  );
}
