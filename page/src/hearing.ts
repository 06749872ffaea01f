// Whom one hears while the film plays: lanes muted, lanes alone. Of the page, not of the scene: nothing of it is written.

import { computed, signal } from "@preact/signals";
import { speakers } from "./state";

export const quiet = signal<ReadonlySet<string>>(new Set()); // muted
export const alone = signal<ReadonlySet<string>>(new Set()); // solo: whoever is not is not heard

function turned(set: ReadonlySet<string>, who: string): ReadonlySet<string> {
  const next = new Set(set);
  if (!next.delete(who)) next.add(who);
  return next;
}

export const mute = (who: string) => (quiet.value = turned(quiet.value, who));
export const solo = (who: string) => (alone.value = turned(alone.value, who));

/** The ids of those who are heard; null: everybody is, and so is what lies under the film. */
export const heard = computed<string[] | null>(() => {
  const all = [...speakers.value.keys()];
  const some = all.some((who) => alone.value.has(who));
  const left = all.filter((who) => (some ? alone.value.has(who) : !quiet.value.has(who)));
  return left.length === all.length && !some ? null : left;
});

export const silent = (who: string) => heard.value !== null && !heard.value.includes(who);
