// What a gesture in the page means in the scene file. Each returns edits of its own places alone.

import { clamp, written } from "./format";
import { edit, editTurn, film, frameAt, itemsOf, keysOf, lines, plan, said, shots, textOf, time, turns } from "./state";
import type { Line } from "./state";
import type { Edit, Emotion, Keys, Path } from "./types";
import { wordsBefore } from "./words";

const scene = (): Keys => film.value?.scene ?? {};

// Lines

export function setText(line: Line, text: string): Promise<boolean> {
  return edit([{ do: "set", path: ["lines", line.index, line.speaker], value: text }], `the words of line ${line.index + 1}`, true);
}

/** An emotion as it is written: a name alone where its strength is 1, and nothing for none. */
export function setEmotion(line: Line, weights: Record<string, number> | null, strength: number): Promise<boolean> {
  const path: Path = ["lines", line.index, "emotion"];
  const label = `the emotion of line ${line.index + 1}`;
  if (weights === null) return line.keys.emotion === undefined ? Promise.resolve(false) : edit([{ do: "remove", path }], label);
  const names = Object.keys(weights);
  const one = names.length === 1;
  const strong = Math.abs(strength - 1) > 0.001;
  const rounded = Math.round(strength * 100) / 100;
  let value: unknown = names[0];
  if (!one) value = strong ? { blend: weights, strength: rounded } : { blend: weights };
  else if (strong) value = { name: names[0], strength: rounded };
  return edit([{ do: "set", path, value }], label);
}

export function setSpeaker(line: Line, who: string): Promise<boolean> {
  return edit([{ do: "rename", path: ["lines", line.index, line.speaker], name: who }], `line ${line.index + 1} is ${who}'s`);
}

export function setAudio(line: Line, file: string): Promise<boolean> {
  const path: Path = ["lines", line.index, "audio"];
  return edit([file ? { do: "set", path, value: file } : { do: "remove", path }], `the recording of line ${line.index + 1}`);
}

export function removeLine(line: Line): Promise<boolean> {
  return edit([{ do: "remove", path: ["lines", line.index] }, ...shifted(line.index, -1)], `line ${line.index + 1} removed`);
}

export function addLine(after: number | null, who: string): Promise<boolean> {
  const items = itemsOf(scene().lines);
  const value = { [who]: "…" };
  if (!items.length) return edit([{ do: "set", path: ["lines"], value: [value] }], "a new line");
  const index = after === null ? items.length : after + 1;
  return edit([{ do: "insert", path: ["lines", index], value }, ...shifted(index, 1)], "a new line");
}

/** Shots and sounds name lines by number: those after an inserted or removed line move along. */
function shifted(from: number, by: 1 | -1): Edit[] {
  return [...shiftedShots(from, by), ...shiftedSounds(from, by)];
}

/** A sound on a line that goes is on the one that takes its place. */
function shiftedSounds(from: number, by: 1 | -1): Edit[] {
  const last = itemsOf(scene().lines).length + by;
  return itemsOf(scene().sound).flatMap((sound, index): Edit[] =>
    ["from", "to"].flatMap((key): Edit[] => {
      const number = Number(textOf(keysOf(keysOf(sound)[key]).line));
      if (!number || last < 1) return [];
      const moved = number > from + (by > 0 ? 0 : 1) ? number + by : Math.min(number, last);
      if (moved === number) return [];
      return [{ do: "set", path: ["sound", index, key, "line"], value: moved }];
    }),
  );
}

function shiftedShots(from: number, by: 1 | -1): Edit[] {
  return itemsOf(scene().shots).flatMap((shot, index): Edit[] => {
    const named = itemsOf(keysOf(shot).lines);
    if (!named.length) return [];
    const numbers = named.map(Number);
    const moved = numbers
      .filter((number) => by > 0 || number !== from + 1)
      .map((number) => (number > from ? number + by : number));
    if (String(moved) === String(numbers)) return [];
    const path: Path = ["shots", index, "lines"];
    return [moved.length ? { do: "set", path, value: moved } : { do: "remove", path }];
  });
}

// Turns in time

type Made = { edits: Edit[]; label: string } | string;
const NO_LINE = "this turn is of no line of the script";

/** The lines that the turns are, where the scene has none yet: written down once, so that one can be changed. */
export function linesOfTurns(): Edit[] {
  if (lines.value.length) return [];
  const value = turns.value.map((turn) => ({
    [turn.speaker]: turn.text ?? "",
    from: written(turn.start),
    to: written(turn.end),
  }));
  return [{ do: "set", path: ["lines"], value }];
}

/** The number of the line of a turn in a scene in which the turns have been written down. */
function lineOf(index: number): number | null {
  return lines.value.length ? (turns.value[index]?.line ?? null) : index;
}

/** The whole of a line in time: a line may be several turns. */
export function extentOf(index: number): { start: number; end: number } {
  const turn = turns.value[index]!;
  const same = turn.line === null ? [turn] : turns.value.filter((other) => other.line === turn.line);
  return { start: Math.min(...same.map((one) => one.start)), end: Math.max(...same.map((one) => one.end)) };
}

/**
 * A line from `start` to `end` of the film. One in a track or the mix gets from and to; one with a recording of its own is
 * trimmed in it, and moved where only its start has been dragged along with its end.
 */
export function setTimes(index: number, start: number, end: number): Promise<boolean> {
  return editTurn(index, (now) => times(now, start, end));
}

function times(index: number, start: number, end: number): Made {
  const turn = turns.value[index]!;
  const item = lineOf(index);
  if (item === null) return NO_LINE;
  const keys = keysOf(itemsOf(scene().lines)[item]);
  const was = extentOf(index);
  const label = `the time of line ${item + 1}`;
  const path = (key: string): Path => ["lines", item, key];
  if (keys.audio === undefined) {
    const edits: Edit[] = [
      ...linesOfTurns(),
      { do: "set", path: path("from"), value: written(start) },
      { do: "set", path: path("to"), value: written(end) },
    ];
    return { edits, label };
  }
  const edits: Edit[] = [];
  const moved = Math.abs(end - start - (was.end - was.start)) < 0.002;
  const begin = turn.audio.start;
  if (!moved) {
    if (Math.abs(start - was.start) > 0.001) edits.push({ do: "set", path: path("from"), value: written(begin + start - was.start) });
    if (Math.abs(end - was.end) > 0.001) edits.push({ do: "set", path: path("to"), value: written(begin + end - was.start) });
  }
  if (moved || Math.abs(start - was.start) > 0.001) edits.push(...placedAt(item, index, start));
  return { edits, label };
}

/** A line with its own recording begins at `start`: by `gap` after all before it, or `after` where it interrupts. */
function placedAt(item: number, index: number, start: number): Edit[] {
  const turn = turns.value[index]!;
  const before = turns.value.filter((other) => other.line !== null && turn.line !== null && other.line < turn.line);
  const last = before.length ? Math.max(...before.map((one) => one.end)) : 0;
  const items = itemsOf(scene().lines);
  const edits: Edit[] = [];
  const keys = keysOf(items[item]);
  let at = item;
  if (item > 0 && keysOf(items[item - 1]).pause !== undefined) {
    edits.push({ do: "remove", path: ["lines", item - 1] }, ...shifted(item - 1, -1));
    at = item - 1;
  }
  const wanted = written(start - last);
  const key = wanted < 0 && before.length ? "after" : "gap";
  const other = key === "gap" ? "after" : "gap";
  if (keys[other] !== undefined) edits.push({ do: "remove", path: ["lines", at, other] });
  const nearest = key === "after" ? before.reduce((a, b) => ((b.line ?? 0) >= (a.line ?? 0) ? b : a)).end : last;
  edits.push({ do: "set", path: ["lines", at, key], value: written(start - nearest) });
  return edits;
}

/** Two lines from one, at the playhead; the words are shared by where it stands. */
export function splitAt(index: number, seconds: number): Promise<boolean> {
  return editTurn(index, (now) => split(now, seconds));
}

function split(index: number, seconds: number): Made {
  const turn = turns.value[index]!;
  const item = lineOf(index);
  if (item === null) return NO_LINE;
  const { start, end } = extentOf(index);
  if (seconds <= start + 0.04 || seconds >= end - 0.04) return "put the playhead inside the turn to split it there";
  const old = keysOf(itemsOf(scene().lines)[item]);
  const line = lines.value.find((one) => one.index === item);
  const words = (line?.text ?? turn.text ?? "").split(/(?<=\s)/);
  const known = wordsBefore(line?.text ?? turn.text ?? "", turn, seconds);
  const share = known ?? Math.round((words.length * (seconds - start)) / (end - start));
  const cut = clamp(share, Math.min(1, words.length), words.length - 1);
  const [first, second] = [words.slice(0, cut).join("").trim(), words.slice(cut).join("").trim()];
  const own = old.audio !== undefined;
  const offset = own ? turn.audio.start - start : 0;
  const rest: Record<string, unknown> = { [turn.speaker]: second };
  if (own) rest.audio = old.audio;
  rest.from = written(seconds + offset);
  rest.to = written(end + offset);
  if (old.emotion !== undefined) rest.emotion = old.emotion;
  const edits: Edit[] = [
    ...linesOfTurns(),
    { do: "set", path: ["lines", item, turn.speaker], value: first },
    { do: "set", path: ["lines", item, "from"], value: written(start + offset) },
    { do: "set", path: ["lines", item, "to"], value: written(seconds + offset) },
    { do: "insert", path: ["lines", item + 1], value: rest },
    ...shifted(item + 1, 1),
  ];
  return { edits, label: `line ${item + 1} split` };
}

/** Write an emotion down that was told from voice or words; its shares in hundredths, as a blend where there are several. */
export function writeFelt(index: number, told: Emotion): Promise<boolean> {
  return editTurn(index, (now) => {
    const item = lineOf(now);
    if (item === null) return NO_LINE;
    const shares = Object.entries(told.weights).map(([name, share]): [string, number] => [name, Math.round(share * 100) / 100]);
    const strength = Math.round(told.strength * 100) / 100;
    const strong = Math.abs(strength - 1) > 0.001 ? { strength } : {};
    const one = shares.length === 1 ? shares[0]![0] : null;
    let value: unknown = { blend: Object.fromEntries(shares), ...strong };
    if (one !== null) value = strong.strength === undefined ? one : { name: one, ...strong };
    const edits: Edit[] = [...linesOfTurns(), { do: "set", path: ["lines", item, "emotion"], value }];
    return { edits, label: `the emotion of line ${item + 1}` };
  });
}

/** One line from a turn's line and the speaker's next. */
export function joinNext(index: number): Promise<boolean> {
  return editTurn(index, joined);
}

function joined(index: number): Made {
  const turn = turns.value[index]!;
  const item = lineOf(index);
  if (item === null) return NO_LINE;
  const next = turns.value.findIndex((other, at) => at > index && other.speaker === turn.speaker && lineOf(at) !== item);
  const other = next < 0 ? null : lineOf(next);
  if (other === null) return "there is no later turn of theirs to join it with";
  const items = itemsOf(scene().lines);
  if (keysOf(items[item]).audio !== undefined || keysOf(items[other]).audio !== undefined) {
    return "two lines with recordings of their own cannot be one";
  }
  const text = (at: number, fallback: number) => lines.value.find((one) => one.index === at)?.text ?? turns.value[fallback]?.text ?? "";
  const words = [text(item, index), text(other, next)].filter(Boolean).join(" ");
  const edits: Edit[] = [
    ...linesOfTurns(),
    { do: "set", path: ["lines", item, turn.speaker], value: words },
    { do: "set", path: ["lines", item, "from"], value: written(extentOf(index).start) },
    { do: "set", path: ["lines", item, "to"], value: written(extentOf(next).end) },
    { do: "remove", path: ["lines", other] },
    ...shifted(other, -1),
  ];
  return { edits, label: `line ${item + 1} joined with ${other + 1}` };
}

export function giveTurn(index: number, who: string): Promise<boolean> {
  return editTurn(index, (now) => {
    const item = lineOf(now);
    if (item === null) return NO_LINE;
    const speaker = turns.value[now]!.speaker;
    const edits: Edit[] = [...linesOfTurns(), { do: "rename", path: ["lines", item, speaker], name: who }];
    return speaker === who ? "it is theirs already" : { edits, label: `line ${item + 1} is ${who}'s` };
  });
}

export function removeTurn(index: number): Promise<boolean> {
  return editTurn(index, (now) => {
    const item = lineOf(now);
    if (item === null) return NO_LINE;
    const edits: Edit[] = [...linesOfTurns(), { do: "remove", path: ["lines", item] }, ...shifted(item, -1)];
    return { edits, label: `line ${item + 1} removed` };
  });
}

// Shots

/** The scene's shots with times, as edits: cuts are dragged in time, whatever the shots said before. */
export function timed(): { shots: Keys[]; ends: number[] } | null {
  const now = plan.value;
  if (!now) return null;
  const written_ = itemsOf(scene().shots).map(keysOf);
  if (!written_.length) {
    const name = textOf(scene().picture);
    return { shots: [name ? { picture: name } : {}], ends: [now.frames / now.rate] };
  }
  const ends = written_.map((_, spec) => {
    const own = shots.value.filter((_, index) => film.value?.shots[index]?.spec === spec);
    return own.length ? own[own.length - 1]!.end / now.rate : 0;
  });
  return { shots: written_, ends };
}

/** Only what differs from the shots as written. */
export function timedEdits(wanted: Keys[], ends: number[]): Edit[] {
  const value = wanted.map((shot, index) => {
    const { until: _until, lines: _lines, ...rest } = shot;
    return index < wanted.length - 1 ? { ...rest, until: written(ends[index]!) } : rest;
  });
  return [{ do: "set", path: ["shots"], value }];
}

/** Move the cut at the end of shot `spec` of the scene. */
export function moveCut(spec: number, seconds: number): Promise<boolean> {
  const now = timed();
  if (!now || spec >= now.shots.length - 1) return Promise.resolve(false);
  const rate = plan.value!.rate;
  const least = (spec ? now.ends[spec - 1]! : 0) + 1 / rate;
  const ends = now.ends.with(spec, Math.round(clamp(seconds, least, now.ends[spec + 1]! - 1 / rate) * rate) / rate);
  const simple = now.shots.every((shot, index) => shot.lines === undefined && (index === now.shots.length - 1 || shot.until !== undefined));
  const edits: Edit[] = simple ? [{ do: "set", path: ["shots", spec, "until"], value: written(ends[spec]!) }] : timedEdits(now.shots, ends);
  return edit(edits, `the cut after shot ${spec + 1}`);
}

/** Cut at the playhead, to `picture` or the same one. */
export function addCut(seconds = time.value, picture?: string): Promise<boolean> {
  const now = timed();
  if (!now) return Promise.resolve(false);
  const at = frameAt(seconds) / plan.value!.rate;
  const spec = now.ends.findIndex((end) => at < end);
  const start = spec > 0 ? now.ends[spec - 1]! : 0;
  if (spec < 0 || at <= start + 0.02) {
    said.value = "put the playhead where the cut is to be";
    return Promise.resolve(false);
  }
  const { until: _until, lines: _lines, take: _take, locked: _locked, ...same } = now.shots[spec]!;
  const second: Keys = picture ? { picture } : same;
  const wanted = [...now.shots.slice(0, spec), now.shots[spec]!, second, ...now.shots.slice(spec + 1)];
  return edit(timedEdits(wanted, [...now.ends.slice(0, spec), at, ...now.ends.slice(spec)]), `a cut at ${written(at)} s`);
}

/** Remove the cut at the end of shot `spec`: the shot before it goes on. */
export function removeCut(spec: number): Promise<boolean> {
  const now = timed();
  if (!now || spec >= now.shots.length - 1) return Promise.resolve(false);
  if (now.shots.length === 2) {
    const only = now.shots[0]!;
    const { until: _until, lines: _lines, ...rest } = only;
    const plain = Object.keys(rest).every((key) => key === "picture" && textOf(rest.picture) === textOf(scene().picture));
    return edit(plain ? [{ do: "remove", path: ["shots"] }] : timedEdits([only], []), "a cut removed");
  }
  const wanted = now.shots.filter((_, index) => index !== spec + 1);
  const ends = now.ends.filter((_, index) => index !== spec);
  return edit(timedEdits(wanted, ends), `the cut after shot ${spec + 1} removed`);
}

// Who is who

export function nameVoice(label: string, who: string): Promise<boolean> {
  return edit([{ do: "set", path: ["cast", who, "voice"], value: { speaker: label } }], `${label} is ${who}`);
}

export function newPerson(label: string, name: string): Promise<boolean> {
  const cast = keysOf(scene().cast);
  const plain = name.toLowerCase().replace(/[^\p{L}\p{N}_.-]+/gu, "_").replace(/^[^\p{L}\p{N}_]+/u, "") || "guest";
  let id = plain;
  for (let n = 2; cast[id] !== undefined; n++) id = `${plain}${n}`;
  return edit([{ do: "set", path: ["cast", id], value: { name, voice: { speaker: label } } }], `${label} is ${name}`);
}

export function setSize(size: string): Promise<boolean> {
  return edit([{ do: "set", path: scene().output === undefined ? ["output"] : ["output", "size"], value: scene().output === undefined ? { size } : size }], "the size of the film");
}
