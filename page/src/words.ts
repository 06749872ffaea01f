// The words of a turn at their times, where somebody has listened to them.

import { computed } from "@preact/signals";
import { turns } from "./state";
import type { Turn, Word } from "./types";

/** The word that is said at a time. */
export function wordAt(turn: Turn, seconds: number): Word | null {
  return turn.words?.find((word) => word.start <= seconds && seconds < word.end) ?? null;
}

/** All words of a line, which may be several turns, by the number of the line. */
const ofLines = computed<Map<number, Word[]>>(() => {
  const found = new Map<number, Word[]>();
  for (const turn of turns.value) {
    if (turn.line !== null && turn.words) found.set(turn.line, [...(found.get(turn.line) ?? []), ...turn.words]);
  }
  return found;
});

/**
 * A text in pieces, blanks between them kept, each word with its time. Null where they are not known word for word: nobody
 * has listened, or what was heard has other words.
 */
export function timedWords(text: string, turn: Turn | undefined): { text: string; word: Word | null }[] | null {
  const known = turn && (turn.line === null ? turn.words : ofLines.value.get(turn.line));
  if (!known?.length) return null;
  const pieces = text.split(/(\s+)/).filter((piece) => piece !== "");
  const said = pieces.filter((piece) => piece.trim() !== "");
  if (said.length !== known.length) return null;
  let next = 0;
  return pieces.map((piece) => ({ text: piece, word: piece.trim() === "" ? null : known[next++]! }));
}

/** How many of a text's words are said before a time; null where their times are not known. */
export function wordsBefore(text: string, turn: Turn | undefined, seconds: number): number | null {
  const pieces = timedWords(text, turn);
  return pieces === null ? null : pieces.filter(({ word }) => word !== null && (word.start + word.end) / 2 < seconds).length;
}
