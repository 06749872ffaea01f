// The keyboard: single letters outside text, and a sheet that tells them all.

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { lineAgain } from "./again";
import { batch, view } from "./batch";
import * as edits from "./edits";
import { mute, solo } from "./hearing";
import { Key } from "./icons";
import * as lanes from "./lanes";
import { playStretch, run, seek, shuttle, step, stop, toggle } from "./player";
import { nextProblem } from "./problems";
import { answer } from "./question";
import { emotionNames, finding } from "./script";
import { wentThrough } from "./menus";
import { card, editable, film, history_, length, list, menu, plan, said, selected, shotNow, shots, speakers, time, turnAt, turns } from "./state";
import { anotherTake, chooseTake, lockShot, preview } from "./takes";
import { render } from "./top";
import { playBoth, stepBoth, wipe, wiped } from "./wipe";
import { show, type View } from "./views";

const letters = signal(localStorage.getItem("letters") !== "off");

const SHEET: [string, [string, string][]][] = [
  ["Playing", [["Space", "play, stop"], ["J K L", "back, stop, forward; again: faster"], ["← →", "a frame; with Shift ten"], ["Home End", "the film's ends"]]],
  ["Turns", [["↑ ↓", "the turn before, the next"], ["[ ]", "begin, end at the playhead"], ["Alt ← →", "a recording earlier, later"], ["S", "split at the playhead"], ["C", "cut to another shot"], ["PgUp PgDn", "the cut before, the next"], ["E, then 1 to 9", "emotion"], ["Delete", "remove the line"], ["M, Shift M", "mute them, hear them alone"], ["G", "snap on, off"]]],
  ["Room", [["R, Shift R", "render what changed, this shot"], ["T, U", "another take, lock"], ["Shift T", "this line again, alone"], ["A B W", "the first take, the second, both"], ["Ctrl Z, Ctrl Shift Z", "undo, redo"], ["Enter, Esc", "edit words, back out"], ["F6, F8", "next pane, next problem"], ["+ - Z", "zoom, the whole film"], ["N", "a new line"], ["O", "films"], ["/", "find"]]],
  ["Picture", [["arrows", "move a face by 1 pixel; Shift 10"], ["Alt arrows", "its size"], ["Delete", "no face"]]],
];

export function KeySheet() {
  const place = useRef<HTMLDivElement>(null);
  const shown = menu.value === "keys";
  useEffect(() => {
    if (shown) place.current?.focus();
  }, [shown]);
  if (!shown) return null;
  return (
    <div class="sheet" role="dialog" aria-modal="true" aria-label="Keys" tabIndex={-1} ref={place} onKeyDown={(event) => { if (event.key === "Escape") menu.value = null; }}>
      {SHEET.map(([name, rows]) => (
        <div key={name}>
          <h2>{name}</h2>
          {rows.map(([keys, words]) => <div class="krow" key={words}><span>{keys.split(" ").map((key) => <Key key={key}>{key}</Key>)}</span><span class="t2">{words}</span></div>)}
        </div>
      ))}
      <label class="krow"><span><input type="checkbox" checked={letters.value} onChange={(event) => { letters.value = event.currentTarget.checked; localStorage.setItem("letters", letters.value ? "on" : "off"); }} /> single letters</span><span class="t2">turn them off where they clash with a reader</span></label>
      <button class="btn" onClick={() => (menu.value = null)}>Close</button>
    </div>
  );
}

function goTurn(direction: 1 | -1): void {
  const list = turns.value;
  if (!list.length) return;
  let index = selected.value ?? turnAt(time.value);
  if (index === null) {
    const later = list.findIndex((turn) => turn.start >= time.value);
    index = direction > 0 ? (later < 0 ? list.length - 1 : later) : (later < 0 ? list.length : later) - 1;
  } else if (selected.value !== null) index += direction;
  index = Math.min(Math.max(index, 0), list.length - 1);
  selected.value = index;
  stop();
  seek(list[index]!.start);
  lanes.reveal(list[index]!.start);
}

const PANES: [string, View | null][] = [["[aria-label=Picture].pane", "Picture"], ["[aria-label=Film].pane", "Film"], ["#time", null], ["#prob", null], [".script", "Script"]];

function nextPane(back: boolean): void {
  const found = PANES.flatMap(([name, view]) => {
    const place = document.querySelector<HTMLElement>(name);
    return place ? [{ place, view }] : [];
  });
  const at = found.findIndex(({ place }) => place.contains(document.activeElement));
  const { place, view } = found[(at + (back ? -1 : 1) + found.length) % found.length]!;
  if (view) show(view);
  requestAnimationFrame(() => place.querySelector<HTMLElement>('[role=slider], [aria-current] .pick, button:not(:disabled), [tabindex="0"], input')?.focus());
}

function trim(side: "start" | "end"): void {
  const index = selected.value;
  if (index === null || !editable.value) return;
  const whole = edits.extentOf(index);
  if (side === "start" && time.value < whole.end - 0.04) void edits.setTimes(index, time.value, whole.end);
  if (side === "end" && time.value > whole.start + 0.04) void edits.setTimes(index, whole.start, time.value);
}

/** A turn with a recording of its own a frame earlier or later, as a drag does it. */
function nudge(frames: number): void {
  const index = selected.value;
  const turn = index === null ? undefined : turns.value[index];
  if (!turn || index === null || !editable.value || !plan.value) return;
  if (!turn.origin.includes("its own recording")) {
    said.value = "what is said in a track stays where it is heard; [ and ] move its ends";
    return;
  }
  const whole = edits.extentOf(index);
  const by = frames / plan.value.rate;
  if (whole.start + by >= 0) void edits.setTimes(index, whole.start + by, whole.end + by);
}

/** The cut before or after the playhead. */
function goCut(direction: 1 | -1): void {
  const rate = plan.value?.rate ?? 25;
  const cuts = shots.value.slice(1).map((shot) => shot.start / rate);
  const found = direction > 0 ? cuts.find((cut) => cut > time.value + 0.5 / rate) : cuts.findLast((cut) => cut < time.value - 0.5 / rate);
  if (found === undefined) return;
  stop();
  seek(found);
  lanes.reveal(found);
}

function pickTake(index: number): void {
  const take = (film.value?.shots[shotNow.value]?.takes ?? []).filter((one) => one.made)[index];
  if (take && !take.chosen && editable.value && !film.value?.shots[shotNow.value]?.locked) void chooseTake(shotNow.value, take.number);
}

function emotionMenu(): void {
  if (!card.value?.line && selected.value === null) {
    const at = turnAt(time.value);
    if (at !== null) selected.value = at;
  }
  const one = card.value;
  show("Script");
  if (one?.line) menu.value = `emotion ${one.id}`;
}

function digit(number: number): void {
  const one = card.value;
  if (menu.value?.startsWith("emotion ") && one?.line) {
    const name = emotionNames(one.speaker)[number - 1];
    menu.value = null;
    if (name) void edits.setEmotion(one.line, { [name]: 1 }, 1);
  } else answer(number);
}

export function keyDown(event: KeyboardEvent): void {
  const target = event.target as HTMLElement;
  const typing = target.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName);
  const control = event.ctrlKey || event.metaKey;
  if (control && event.key.toLowerCase() === "z" && !(typing && !/range/.test((target as HTMLInputElement).type ?? ""))) {
    event.preventDefault();
    void history_(event.shiftKey);
    return;
  }
  if (control && event.key.toLowerCase() === "y" && !typing) {
    event.preventDefault();
    void history_(true);
    return;
  }
  if (event.key === "F6") {
    event.preventDefault();
    nextPane(event.shiftKey);
    return;
  }
  if (event.key === "F8") {
    event.preventDefault();
    nextProblem();
    return;
  }
  if (event.key === "Escape") {
    if (menu.value) {
      menu.value = null;
      return;
    }
    if (wiped.value) wiped.value = null;
    else if (preview.value) preview.value = null;
    else if (!typing) selected.value = null;
    return;
  }
  if (!control && !event.altKey && wentThrough(event)) {
    event.preventDefault();
    return;
  }
  if (event.altKey && /^Arrow(Left|Right)$/.test(event.key) && !typing) {
    event.preventDefault();
    nudge(event.key === "ArrowLeft" ? -1 : 1);
    return;
  }
  if (typing || control || event.altKey || menu.value === "keys") return;
  if (view.value === "batch" && !/^[1-9?]$/.test(event.key)) return;
  const pressed = target.closest("button, [role=button], [role=menuitem], [role=tab]") !== null;
  if (pressed && (event.key === "Enter" || event.key === " ")) return;
  const named: Record<string, () => void> = {
    " ": wiped.value ? playBoth : toggle,
    ArrowLeft: () => (wiped.value ? stepBoth : step)(event.shiftKey ? -10 : -1),
    ArrowRight: () => (wiped.value ? stepBoth : step)(event.shiftKey ? 10 : 1),
    ArrowUp: () => goTurn(-1),
    ArrowDown: () => goTurn(1),
    Home: () => (stop(), seek(0), lanes.reveal(0)),
    End: () => (stop(), seek(length.value), lanes.reveal(length.value)),
    PageUp: () => goCut(-1),
    PageDown: () => goCut(1),
    Enter: () => {
      show("Script");
      const words = document.querySelector<HTMLElement>(".ln.sel [contenteditable]");
      if (words) words.focus();
      else if (selected.value !== null) playStretch(turns.value[selected.value]!.start, turns.value[selected.value]!.end);
    },
    Delete: () => {
      if (selected.value !== null && editable.value) void edits.removeTurn(selected.value);
    },
  };
  const single: Record<string, () => void> = {
    j: () => shuttle(-1),
    k: () => (run(0), stop()),
    l: () => shuttle(1),
    s: () => {
      if (selected.value === null) selected.value = turnAt(time.value);
      if (selected.value !== null && editable.value) void edits.splitAt(selected.value, time.value);
    },
    c: () => { if (editable.value) void edits.addCut(); },
    g: () => { lanes.snapping.value = !lanes.snapping.value; },
    m: () => {
      const who = turns.value[selected.value ?? turnAt(time.value) ?? -1]?.speaker;
      if (who !== undefined) (event.shiftKey ? solo : mute)(who);
    },
    "[": () => trim("start"),
    "]": () => trim("end"),
    e: emotionMenu,
    t: () => {
      if (event.shiftKey && selected.value !== null) void lineAgain(selected.value);
      else if (editable.value && !film.value?.shots[shotNow.value]?.locked) anotherTake(shotNow.value);
    },
    u: () => { if (editable.value && shots.value.length) void lockShot(shotNow.value, !film.value?.shots[shotNow.value]?.locked); },
    a: () => pickTake(0),
    b: () => pickTake(1),
    w: () => wipe(shotNow.value),
    p: () => document.querySelector<HTMLElement>('[data-choose="P"]')?.click(),
    v: () => document.querySelector<HTMLElement>('[data-choose="V"]')?.click(),
    r: () => { if (plan.value && film.value?.job?.state !== "running") void render(event.shiftKey ? { shot: shotNow.value + 1 } : {}); },
    z: () => lanes.fit(),
    "+": () => lanes.zoom(1.4),
    "=": () => lanes.zoom(1.4),
    "-": () => lanes.zoom(1 / 1.4),
    n: () => { if (editable.value) void edits.addLine(card.value?.line?.index ?? null, card.value?.speaker ?? [...speakers.value.keys()][0] ?? ""); },
    o: () => { if (list.value.films.length > 1 || batch.value) menu.value = "films"; },
    "/": () => { show("Script"); finding.value = ""; },
    "?": () => { menu.value = "keys"; },
  };
  const act = named[event.key] ?? (letters.value ? single[event.key.toLowerCase()] : undefined);
  if (act) {
    event.preventDefault();
    act();
  } else if (/^[1-9]$/.test(event.key) && letters.value) digit(Number(event.key));
  void shots;
}
