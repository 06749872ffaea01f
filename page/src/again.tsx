// A line made again alone: it gets a shot of its own, cut in the pauses around it, and of that another take.

import { timed, timedEdits } from "./edits";
import { Icon, Key } from "./icons";
import { edit, editable, film, plan, said, selected, shots, shotsOf, turns } from "./state";
import { anotherTake } from "./takes";
import type { Turn } from "./types";

const MARGIN = 1; // seconds of a long pause that a line's shot takes at either side

/** A turn, all turns of its line, and whoever speaks over them: what cannot be cut apart. */
function together(index: number): Turn[] {
  const own = turns.value[index]!;
  const found = turns.value.filter((turn) => turn === own || (own.line !== null && turn.line === own.line));
  for (let grown = true; grown; ) {
    const start = Math.min(...found.map((turn) => turn.start));
    const end = Math.max(...found.map((turn) => turn.end));
    const more = turns.value.filter((turn) => !found.includes(turn) && turn.start < end && turn.end > start);
    found.push(...more);
    grown = more.length > 0;
  }
  return found;
}

/** Where the scene's shot is to be cut, so that these turns are alone in theirs; none where they are. */
function cutsAround(found: Turn[], from: number, to: number): number[] {
  const rate = plan.value!.rate;
  const start = Math.min(...found.map((turn) => turn.start));
  const end = Math.max(...found.map((turn) => turn.end));
  const others = turns.value.filter((turn) => !found.includes(turn) && turn.end > from && turn.start < to);
  const before = Math.max(from, ...others.filter((turn) => turn.end <= start).map((turn) => turn.end));
  const after = Math.min(to, ...others.filter((turn) => turn.start >= end).map((turn) => turn.start));
  const cuts: number[] = [];
  if (others.some((turn) => turn.end <= start)) cuts.push(Math.max((before + start) / 2, start - MARGIN));
  if (others.some((turn) => turn.start >= end)) cuts.push(Math.min((end + after) / 2, end + MARGIN));
  return cuts.map((cut) => Math.round(cut * rate) / rate).filter((cut) => cut > from + 1 / rate && cut < to - 1 / rate);
}

/** The edits that give the line of a turn a shot of its own; empty where it has one. Null where there is no plan. */
function ownShot(index: number) {
  const now = timed();
  const turn = turns.value[index];
  if (!now || !turn) return null;
  const middle = (turn.start + turn.end) / 2;
  const spec = now.ends.findIndex((end) => middle < end);
  if (spec < 0) return null;
  const cuts = cutsAround(together(index), spec > 0 ? now.ends[spec - 1]! : 0, now.ends[spec]!);
  if (!cuts.length) return [];
  const { until: _until, lines: _lines, take: _take, locked: _locked, ...same } = now.shots[spec]!;
  const parts = [now.shots[spec]!, ...cuts.map(() => same)];
  return timedEdits(
    [...now.shots.slice(0, spec), ...parts, ...now.shots.slice(spec + 1)],
    [...now.ends.slice(0, spec), ...cuts, ...now.ends.slice(spec)],
  );
}

async function planned(): Promise<boolean> {
  for (let waited = 0; waited < 120_000 && film.value?.doing; waited += 50) await new Promise((done) => setTimeout(done, 50));
  return film.value !== null && !film.value.doing && !film.value.plan_old;
}

/** Once the plan is of the scene with that shot: right after an edit the page still shows the plan of before. */
async function cutOut(index: number): Promise<boolean> {
  const ready = () => film.value !== null && !film.value.doing && !film.value.plan_old && ownShot(index)?.length === 0;
  const wrong = (waited: number) => waited > 5_000 && !film.value?.doing && film.value?.plan_old;
  for (let waited = 0; waited < 120_000 && !ready() && !wrong(waited); waited += 50) await new Promise((done) => setTimeout(done, 50));
  return ready();
}

/** Make the line of a turn again: its stretch alone, with the next seed. */
export async function lineAgain(index: number): Promise<void> {
  const turn = turns.value[index];
  if (!turn || !editable.value || film.value?.job?.state === "running") return;
  if (shotsOf(turn).some((shot) => film.value?.shots[shot]?.locked)) {
    said.value = "the shot of this line is locked: unlock it to make the line again";
    return;
  }
  if (!(await planned())) return;
  const edits = ownShot(index);
  if (edits === null) return;
  const name = turn.line === null ? "this turn" : `line ${turn.line + 1}`;
  if (edits.length && !(await edit(edits, `a shot of its own for ${name}`))) return;
  if (edits.length && !(await cutOut(index))) {
    said.value = "the scene has an error now; undo, or mend it";
    return;
  }
  const rate = plan.value!.rate;
  const middle = (turn.start + turn.end) / 2;
  const shot = shots.value.findIndex((one) => middle >= one.start / rate && middle < one.end / rate);
  if (shot >= 0) anotherTake(shot);
}

export function LineAgain() {
  const index = selected.value;
  if (index === null || !editable.value) return null;
  const cut = (ownShot(index)?.length ?? 0) > 0;
  return (
    <div class="r3">
      <button class="tab sm" disabled={film.value?.job?.state === "running"}
        title={cut ? "Cuts the shot in the pauses around the line, and makes the line's part with the next seed" : "Makes the line's own shot with the next seed"}
        onClick={(event) => { event.stopPropagation(); void lineAgain(index); }}>
        <Icon name="stale" size={14} /> This line again <Key>⇧ T</Key>
      </button>
      {cut ? <span class="t3">in a shot of its own</span> : null}
    </div>
  );
}
