// What check and plan say, in the page: each leads to its place.

import { signal } from "@preact/signals";
import { Icon } from "./icons";
import * as lanes from "./lanes";
import { faults } from "./mouths";
import { seek, stop } from "./player";
import { film, keysOf, lines, pane, person, picture, plan, selected, shots, textOf, turns } from "./state";
import type { Problem } from "./types";

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
    <button class="pr" onClick={() => goTo(problem)}
      title={problem.hint ? `${problem.message} (${problem.hint})` : problem.message}>
      <span class={bad ? "bad" : "t2"}><Icon name={bad ? "err" : "warn"} /><span class="vh">{problem.fault ? "Fault" : bad ? "Error" : "Warning"}</span></span>
      <span class="mono loc ell">{place}</span>
      <span class="grow ell">{problem.message}{problem.hint ? <span class="t2"> ({problem.hint})</span> : null}</span>
    </button>
  );
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
  requestAnimationFrame(() => document.querySelectorAll<HTMLElement>("#prob .pr:not(.more)")[last]?.focus());
}

void lines;
