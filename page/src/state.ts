// What the page holds: the film as the server tells it, what is selected, where the playhead is. And the one way to edit.

import { batch, computed, effect, signal } from "@preact/signals";
import * as api from "./api";
import type { Edit, Film, Keys, Listed, Shot, ShotState, Speaker, Tree, Turn } from "./types";

export const list = signal<{ name: string; films: Listed[]; batch: boolean }>({ name: "", films: [], batch: false });
export const film = signal<Film | null>(null);
export const said = signal<string | null>(null); // the last thing that was refused or done, for the status bar
export const lost = signal(false); // the server does not answer

export const time = signal(0); // of the playhead
export const playing = signal(false);
export const selected = signal<number | null>(null); // index of a turn
export const person = signal<string | null>(null); // whose face is selected in the picture
export const picture = signal<string | null>(null); // the tab of the picture pane; null: that of the playhead
export const menu = signal<string | null>(null); // which menu is open
export const pane = signal<"Picture" | "Film" | "Timeline" | "Script" | "Problems">("Timeline");

export const plan = computed(() => film.value?.plan ?? null);
export const turns = computed<Turn[]>(() => plan.value?.turns ?? []);
export const shots = computed<Shot[]>(() => plan.value?.shots ?? []);
export const length = computed(() => (plan.value ? plan.value.frames / plan.value.rate : 0));
export const editable = computed(() => film.value?.kind === "scene" && film.value.scene !== null);

export const speakers = computed<Map<string, Speaker>>(
  () => new Map((plan.value?.speakers ?? castOf(film.value?.scene ?? null)).map((one) => [one.id, one])),
);

const PALETTE = ["#e69f00", "#56b4e9", "#009e73", "#cc79a7", "#f0e442", "#0072b2", "#d55e00"];

/** The cast as written, while there is no plan. */
function castOf(scene: Keys | null): Speaker[] {
  return Object.entries(keysOf(scene?.cast)).map(([id, member], index) => ({
    id,
    name: textOf(keysOf(member).name) || id,
    color: textOf(keysOf(member).color) || PALETTE[index % PALETTE.length]!,
    emotions: [],
  }));
}

export function keysOf(tree: Tree | undefined | null): Keys {
  return tree && typeof tree === "object" && !Array.isArray(tree) ? tree : {};
}

export function itemsOf(tree: Tree | undefined | null): Tree[] {
  return Array.isArray(tree) ? tree : [];
}

export function textOf(tree: Tree | undefined | null): string {
  return typeof tree === "string" ? tree : "";
}

/** A line of the script as written. */
export interface Line {
  index: number;
  speaker: string;
  text: string;
  keys: Keys;
}

const LINE_KEYS = new Set(["audio", "from", "to", "after", "gap", "emotion", "pause"]);

export const lines = computed<Line[]>(() =>
  itemsOf(film.value?.scene?.lines).flatMap((item, index) => {
    const keys = keysOf(item);
    const speaker = Object.keys(keys).find((key) => !LINE_KEYS.has(key));
    return speaker === undefined ? [] : [{ index, speaker, text: textOf(keys[speaker]), keys }];
  }),
);

/** What stands in the script: every line, or every turn where the scene has no lines. `turn`: the first of its turns. */
export interface Card {
  id: string;
  line: Line | null;
  turn: number | null;
  speaker: string;
  text: string;
}

export const cards = computed<Card[]>(() => {
  const first = new Map<number, number>();
  const loose: Card[] = [];
  turns.value.forEach((turn, index) => {
    if (turn.line !== null && lines.value.length) {
      if (!first.has(turn.line)) first.set(turn.line, index);
    } else loose.push({ id: `t${index}`, line: null, turn: index, speaker: turn.speaker, text: turn.text ?? "" });
  });
  const own: Card[] = lines.value.map((line) => ({
    id: `l${line.index}`,
    line,
    turn: first.get(line.index) ?? null,
    speaker: line.speaker,
    text: line.text,
  }));
  const start = (card: Card) => (card.turn === null ? Infinity : turns.value[card.turn]!.start);
  return loose.length && own.length ? [...own, ...loose].sort((a, b) => start(a) - start(b)) : [...own, ...loose];
});

/** The card of the selected turn, which may be one of several turns of a line. */
export const card = computed<Card | null>(() => {
  const index = selected.value;
  const turn = index === null ? undefined : turns.value[index];
  if (!turn) return null;
  return cards.value.find((one) => one.turn === index || (one.line !== null && one.line.index === turn.line)) ?? null;
});

export const shotNow = computed<number>(() => {
  const frame = frameAt(time.value);
  const found = shots.value.findIndex((shot) => frame >= shot.start && frame < shot.end);
  return found < 0 ? Math.max(0, shots.value.length - 1) : found;
});

export const pictureNow = computed<string | null>(() => {
  const names = pictureNames.value;
  if (picture.value !== null && names.includes(picture.value)) return picture.value;
  return shots.value[shotNow.value]?.picture ?? names[0] ?? null;
});

export const pictureNames = computed<string[]>(() => {
  const scene = film.value?.scene;
  const named = shots.value.map((shot) => shot.picture);
  named.push(textOf(scene?.picture), ...itemsOf(scene?.shots).map((shot) => textOf(keysOf(shot).picture))); // also where no plan shows them yet
  return [...new Set(named.filter((name) => name && film.value?.pictures[name]))];
});

export function frameAt(seconds: number): number {
  return Math.floor(seconds * (plan.value?.rate ?? 25) + 1e-6);
}

/** running, made, stale or new; and the reason in a sentence. */
export type State = "running" | "made" | "stale" | "new" | "unknown";

export function stateOf(state: ShotState | undefined, number: number): State {
  const job = film.value?.job;
  if (job?.state === "running" && job.due.includes(number) && (job.order.generator ?? "") === "") {
    return state && state.known && state.reason === null ? "made" : "running";
  }
  if (!state || !state.known) return "unknown";
  if (state.reason === null) return "made";
  return state.reason === "it is new" ? "new" : "stale";
}

export const states = computed<State[]>(() => shots.value.map((_, index) => stateOf(film.value?.shots[index], index + 1)));

export function shotsOf(turn: Turn): number[] {
  const rate = plan.value?.rate ?? 25;
  return shots.value.flatMap((shot, index) =>
    shot.start / rate < turn.end && shot.end / rate > turn.start ? [index] : [],
  );
}

/** The turn at a time, of a person where one is named; the one that began last. */
export function turnAt(seconds: number, speaker?: string): number | null {
  let found: number | null = null;
  turns.value.forEach((turn, index) => {
    if (turn.start <= seconds && seconds < turn.end && (speaker === undefined || turn.speaker === speaker)) found = index;
  });
  return found;
}

// Loading

let wanted: string | null = null;
let loading = false;

export async function load(id: string): Promise<void> {
  wanted = id;
  if (loading) return;
  loading = true;
  try {
    while (wanted !== null) {
      const asked: string = wanted;
      wanted = null;
      const found = await api.film(asked);
      lost.value = false;
      keep(found);
    }
  } catch (error) {
    lost.value = !(error instanceof api.Refused);
    if (error instanceof api.Refused) said.value = error.message;
    setTimeout(() => void load(id), 1500);
  } finally {
    loading = false;
  }
}

function keep(found: Film): void {
  batch(() => {
    const old = film.value;
    const line = selected.value === null ? null : (turns.value[selected.value] ?? null);
    film.value = found;
    if (old?.id !== found.id) {
      selected.value = null;
      picture.value = null;
      person.value = null;
      time.value = 0;
    } else if (line) {
      const again = turns.value.findIndex((turn) =>
        line.line !== null ? turn.line === line.line : turn.speaker === line.speaker && Math.abs(turn.start - line.start) < 0.5,
      );
      selected.value = again < 0 ? null : again;
    }
  });
}

export async function open(id: string): Promise<void> {
  if (film.value?.id !== id) history.replaceState(null, "", `?film=${id}`);
  await load(id);
}

// Editing

let chain: Promise<unknown> = Promise.resolve();

/** Write edits to the scene, one after the other, each against what the page then shows. */
export function edit(edits: Edit[], label: string, typing = false): Promise<boolean> {
  const mine = chain.then(async () => {
    const now = film.value;
    if (!now || now.revision === null || !edits.length) return false;
    try {
      await api.edit(now.id, now.revision, edits, label, typing);
      said.value = null;
      return true;
    } catch (error) {
      said.value = error instanceof Error ? error.message : String(error);
      return false;
    } finally {
      await load(now.id);
    }
  });
  chain = mine;
  return mine;
}

/**
 * An edit of a turn. What the page shows of turns is of the file as it was planned: where an edit before this one is not
 * planned yet it waits, and finds the turn again.
 */
export function editTurn(index: number, made: (index: number) => { edits: Edit[]; label: string } | string): Promise<boolean> {
  const turn = turns.value[index];
  const mine = chain.then(async () => {
    for (let waited = 0; waited < 10_000 && film.value?.doing; waited += 50) await new Promise((done) => setTimeout(done, 50));
    const now = film.value;
    if (!turn || !now || now.revision === null) return false;
    if (now.plan_old) {
      said.value = "mend the error first: the turns shown are of before it";
      return false;
    }
    const again = same(turn);
    const found = again === null ? "this turn is not there any more" : made(again);
    if (typeof found === "string") {
      said.value = found;
      return false;
    }
    try {
      await api.edit(now.id, now.revision, found.edits, found.label, false);
      said.value = null;
      return true;
    } catch (error) {
      said.value = error instanceof Error ? error.message : String(error);
      return false;
    } finally {
      await load(now.id);
    }
  });
  chain = mine;
  return mine;
}

/** Where a turn of before is now. */
function same(turn: Turn): number | null {
  let best: number | null = null;
  turns.value.forEach((other, index) => {
    if (other.speaker !== turn.speaker) return;
    const before = best === null ? Infinity : Math.abs(turns.value[best]!.start - turn.start);
    if (Math.abs(other.start - turn.start) < Math.min(before, 1)) best = index;
  });
  return best;
}

export function history_(redo: boolean): Promise<void> {
  const mine = chain.then(async () => {
    const now = film.value;
    if (!now) return;
    try {
      const { label } = await api.go(now.id, redo);
      said.value = label === null ? `nothing to ${redo ? "redo" : "undo"}` : `${redo ? "redone" : "undone"}: ${label}`;
    } catch (error) {
      said.value = error instanceof Error ? error.message : String(error);
    }
    await load(now.id);
  });
  chain = mine;
  return mine;
}

effect(() => {
  const name = film.value?.plan?.title || film.value?.name;
  document.title = name ? `${name}: cutting room` : "Cutting room";
});
