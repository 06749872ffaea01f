// What check and plan say, in the page: each leads to its place.

import { signal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { Icon } from "./icons";
import * as lanes from "./lanes";
import { faults } from "./mouths";
import { seek, stop } from "./player";
import { drawFor, placeMouth } from "./picture";
import { edit, editable, film, keysOf, lines, menu, pane, person, picture, plan, said, selected, shots, textOf, turns } from "./state";
import { show } from "./views";
import type { Mend, Problem } from "./types";

const all = signal(false);

export function Problems() {
  const found = problems();
  if (!found.length) return <div class="vh" role="status">No problems</div>;
  const low = lanes.size.value.low;
  const room = all.value ? found.length : low ? 1 : 3;
  return (
    <section id="prob" aria-label="Problems" class={all.value ? "all" : ""} onFocusCapture={() => (pane.value = "Problems")}>
      {found.slice(0, room).map((problem, index) => <Row key={index} problem={problem} />)}
      {found.length > (low ? 1 : 3) ? (
        <button class="pr more sm t2" aria-expanded={all.value} onClick={() => (all.value = !all.value)}>
          {all.value ? "Fewer" : `${found.length - room} more`}
        </button>
      ) : null}
    </section>
  );
}

/** Errors first, then faults of the film, then warnings. */
function problems(): Problem[] {
  const said = film.value?.problems ?? [];
  const errors = said.filter((problem) => problem.severity === "error");
  return [...errors, ...faults(), ...said.filter((problem) => problem.severity !== "error")];
}

function Row({ problem }: { problem: Problem }) {
  const bad = problem.severity === "error";
  const place = [problem.file, problem.line, problem.column].filter((part) => part !== null).join(":");
  return (
    <div class="pr">
    <button class="go-there" onClick={() => goTo(problem)}
      title={problem.hint ? `${problem.message} (${problem.hint})` : problem.message}>
      <span class={bad ? "bad" : "t2"}><Icon name={bad ? "err" : "warn"} /><span class="vh">{problem.fault ? "Fault" : bad ? "Error" : "Warning"}</span></span>
      <span class="mono loc ell">{place}</span>
      <span class="grow ell">{problem.message}{problem.hint ? <span class="t2"> ({problem.hint})</span> : null}</span>
    </button>
      <Mends problem={problem} place={place} />
    </div>
  );
}

/** What mends it: a button where there is one way, a menu where there are several. */
function Mends({ problem, place }: { problem: Problem; place: string }) {
  const mends = editable.value ? (problem.mends ?? []) : (problem.mends ?? []).filter((one) => one.copy);
  const name = `mends ${place} ${problem.message}`;
  const open = menu.value === name;
  const button = useRef<HTMLButtonElement>(null);
  const at = button.current?.getBoundingClientRect();
  const place_ = at ? { right: `${innerWidth - at.right}px`, bottom: `${innerHeight - at.top + 4}px` } : undefined;
  if (!mends.length) return null;
  const sure = mends.length === 1 || mends[0]!.label.startsWith("Write "); // what was meant is known
  const first = <button class="fix ell" title={mends[0]!.label} onClick={() => void mend(mends[0]!, problem)}>{mends[0]!.label}</button>;
  if (mends.length === 1) return first;
  const close = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    menu.value = null;
    button.current?.focus();
  };
  return (
    <div class="pop row" onKeyDown={close}>
      {sure ? first : null}
      <button class="fix" ref={button} aria-haspopup="menu" aria-expanded={open} aria-label={sure ? "Other ways to mend it" : undefined}
        onClick={() => (menu.value = open ? null : name)}>{sure ? "…" : "Mend …"}</button>
      {open ? (
        <div class="menu small up" role="menu" aria-label="Ways to mend it" style={place_}>
          {mends.map((one, index) => (
            <button role="menuitem" key={one.label} ref={index ? undefined : (item) => item?.focus({ preventScroll: true })}
              onClick={() => { menu.value = null; void mend(one, problem); }}><span class="grow ell">{one.label}</span></button>
          ))}
        </div>
      ) : null}
    </div>
  );
}

async function mend(one: Mend, problem: Problem): Promise<void> {
  if (one.edits) {
    goTo(problem);
    await edit(one.edits, `mended: ${problem.message}`.slice(0, 90));
  } else if (one.copy) {
    const copied = await navigator.clipboard.writeText(one.copy).then(() => true, () => false);
    said.value = copied ? `copied: ${one.copy}; run it in a terminal` : `run in a terminal: ${one.copy}`;
  } else if (one.picture) {
    picture.value = one.picture;
    show("Picture");
    const who = one.face ?? one.mouth ?? null;
    person.value = who;
    if (one.mouth) await placeMouth(one.picture, one.mouth);
    else if (one.face) drawFor(one.face);
    else said.value = "a dashed box is a face that nobody has: a click names it";
    requestAnimationFrame(() => document.querySelector<SVGElement>(who ? `[data-who="${CSS.escape(who)}"]` : ".stranger")?.focus());
  }
}

/** Select what a problem is about, in timeline, script and picture. */
export function goTo(problem: Problem): void {
  if (problem.at !== undefined) {
    stop();
    seek(problem.at);
    lanes.reveal(problem.at);
    return;
  }
  const [first, second, third] = problem.path ?? [];
  if (first === "lines" && typeof second === "number") {
    show("Script");
    const index = turns.value.findIndex((turn) => turn.line === second);
    if (index >= 0) {
      selected.value = index;
      stop();
      seek(turns.value[index]!.start);
      lanes.reveal(turns.value[index]!.start);
    }
    const item = document.querySelector<HTMLElement>(`[data-line="${second}"]`);
    item?.scrollIntoView({ block: "nearest" });
    item?.querySelector<HTMLElement>(".pick")?.focus();
    return;
  }
  if (first === "cast" && typeof second === "string") {
    person.value = second;
    show("Picture");
    if (third === "face" || third === undefined || third === "name") document.querySelector<SVGElement>(`[data-who="${CSS.escape(second)}"]`)?.focus();
    return;
  }
  if (first === "shots" && typeof second === "number") {
    const index = (film.value?.shots ?? []).findIndex((shot) => shot.spec === second);
    const shot = shots.value[index];
    if (shot && plan.value) {
      stop();
      seek(shot.start / plan.value.rate);
      lanes.reveal(shot.start / plan.value.rate);
    }
    picture.value = textOf(keysOf(shotTree(second)).picture) || picture.value;
  }
  if (first === "picture") picture.value = textOf(film.value?.scene?.picture);
}

function shotTree(index: number) {
  const found = film.value?.scene?.shots;
  return Array.isArray(found) ? found[index] : undefined;
}

let last = -1;

/** F8: the next problem. */
export function nextProblem(): void {
  const found = problems();
  if (!found.length) return;
  last = (last + 1) % found.length;
  if (last >= 1) all.value = last >= 3 || all.value;
  goTo(found[last]!);
  requestAnimationFrame(() => document.querySelectorAll<HTMLElement>("#prob .go-there")[last]?.focus());
}

void lines;
