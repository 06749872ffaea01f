// Takes of a shot: side by side, played, kept, locked; another one made. The choice is written into the scene.

import { signal } from "@preact/signals";
import * as api from "./api";
import { Icon, Key } from "./icons";
import { stop } from "./player";
import { edit, editable, film, keysOf, load, plan, said, shots, textOf, turns } from "./state";
import { render } from "./top";
import { wipe } from "./wipe";
import { Typed } from "./typed";
import type { Edit } from "./types";

/** A take that is looked at in the film's pane: of which shot, which number. */
export const preview = signal<{ shot: number; number: number } | null>(null);

/** The edits that set keys of the scene's shot that a shot of the plan is cut from. */
function shotEdits(shot: number, keys: Record<string, unknown>): Edit[] {
  const spec = film.value?.shots[shot]?.spec ?? null;
  if (spec !== null) {
    return Object.entries(keys).map(([key, value]): Edit =>
      value === null ? { do: "remove", path: ["shots", spec, key] } : { do: "set", path: ["shots", spec, key], value },
    );
  }
  const set = Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== null));
  const named = textOf(film.value?.scene?.picture) !== "";
  return [{ do: "set", path: ["shots"], value: [named ? set : { picture: shots.value[shot]!.picture, ...set }] }];
}

export function chooseTake(shot: number, number: number): Promise<boolean> {
  return edit(shotEdits(shot, { take: number }), `take ${number} of shot ${shot + 1}`);
}

export function lockShot(shot: number, on: boolean): Promise<boolean> {
  const spec = film.value?.shots[shot]?.spec ?? null;
  const written = spec !== null && keysOf(Array.isArray(film.value?.scene?.shots) ? film.value.scene.shots[spec] : undefined).locked !== undefined;
  if (!on && !written) return Promise.resolve(false);
  return edit(shotEdits(shot, { locked: on ? true : null }), `shot ${shot + 1} ${on ? "locked" : "unlocked"}`);
}

/** The number of a take that is not there yet. */
export function freeTake(shot: number): number {
  const taken = new Set((film.value?.shots[shot]?.takes ?? []).filter((take) => take.made || take.chosen).map((take) => take.number));
  let number = 1;
  while (taken.has(number)) number++;
  return number;
}

/** What a take is called. */
export function takeName(shot: number, number: number): string {
  return film.value?.shots[shot]?.takes.find((take) => take.number === number)?.name ?? `take ${number}`;
}

async function call(shot: number, number: number, name: string): Promise<void> {
  const now = film.value;
  if (!now) return;
  try {
    await api.nameTake(now.id, shot + 1, number, name);
    said.value = null;
  } catch (error) {
    said.value = error instanceof Error ? error.message : String(error);
  }
  await load(now.id);
}

export function anotherTake(shot: number): void {
  if (film.value?.job?.state !== "running") void render({ shot: shot + 1, take: freeTake(shot) });
}

export function Takes({ shot }: { shot: number }) {
  const now = film.value;
  const state = now?.shots[shot];
  const takes = (state?.takes ?? []).filter((take) => take.made);
  if (!now || !state || !editable.value || (!takes.length && !state.locked)) return null;
  const turn = turns.value.find((one) => one.end * (plan.value?.rate ?? 25) > (shots.value[shot]?.start ?? 0));
  const at = turn ? Math.max(0.1, (turn.start + turn.end) / 2 - (shots.value[shot]!.start / plan.value!.rate)) : 0.5;
  const busy = now.job?.state === "running";
  return (
    <>
      <div class="takes" role="radiogroup" aria-label={`Takes of shot ${shot + 1}`}>
        {takes.slice(0, 7).map((take, index) => (
          <div class={`take ${take.chosen ? "on" : ""}`} key={take.number}>
            <button class="pick" role="radio" aria-checked={take.chosen} disabled={state.locked && !take.chosen}
              aria-label={`${take.name ?? `Take ${take.number}`}, seed ${take.seed}${take.faults === null ? "" : take.faults.length ? `: ${take.faults.join("; ")}` : ", as planned"}`}
              title={take.faults?.length ? take.faults.join("; ") : `Take ${take.number}, seed ${take.seed}`}
              onClick={(event) => { event.stopPropagation(); if (!take.chosen) void chooseTake(shot, take.number); }}>
              <video src={`${api.takeUrl(now.id, shot + 1, take.number, state.key ?? "")}#t=${at.toFixed(2)}`} preload="metadata" muted playsInline tabIndex={-1} />
              {index < 2 ? <span class="l">{"AB"[index]}</span> : null}
              {take.faults?.length ? <span class="bad flaw"><Icon name="err" size={14} /></span> : null}
            </button>
            <div class="xs">
              <Typed class="called" aria-label={`Name of take ${take.number}`} title="Click to name this take" placeholder={`take ${take.number}`} now={take.name ?? ""} maxLength={60}
                onClick={(event) => event.stopPropagation()} onKeyDown={(event) => { event.stopPropagation(); if (event.key === "Enter") event.currentTarget.blur(); if (event.key === "Escape") { event.currentTarget.value = take.name ?? ""; event.currentTarget.blur(); } }}
                done={(typed) => void call(shot, take.number, typed)} />
              <button class="see" aria-label={`Play ${take.name ?? `take ${take.number}`}`} onClick={(event) => { event.stopPropagation(); stop(); preview.value = { shot, number: take.number }; }}><Icon name="play" cls="f" size={11} /></button>
            </div>
          </div>
        ))}
        {state.locked ? null : (
          <button class="take new" aria-label={`Another take of shot ${shot + 1} (T)`} title="Another take, with the next seed (T)" disabled={busy}
            onClick={(event) => { event.stopPropagation(); anotherTake(shot); }}><Icon name="plus" /></button>
        )}
      </div>
      {takes.some((take) => take.chosen && take.faults?.length) ? (
        <div class="r3 bad">{takes.find((take) => take.chosen)!.faults!.join("; ")}</div>
      ) : null}
      <div class="r3">
        <button class="tab sm" aria-pressed={state.locked} title="A locked shot is never made again (U)"
          onClick={(event) => { event.stopPropagation(); void lockShot(shot, !state.locked); }}>
          <Icon name={state.locked ? "lock" : "open"} size={14} /> {state.locked ? "Locked" : `Lock ${takeName(shot, state.take)}`}
        </button>
        {takes.length > 1 ? (
          <button class="tab sm" title="Two takes in one frame, a divider between them" onClick={(event) => { event.stopPropagation(); wipe(shot); }}>Compare A and B <Key>W</Key></button>
        ) : null}
      </div>
    </>
  );
}
