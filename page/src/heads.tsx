// The names beside the lanes, and whom one hears: each lane can be muted, or heard alone.

import { clock } from "./format";
import { alone, mute, quiet, silent, solo } from "./hearing";
import { Swatch } from "./icons";
import * as lanes from "./lanes";
import type { Lane } from "./lanes";
import { length, plan } from "./state";

export function Heads() {
  return (
    <div class="heads">
      <div class="th" style={{ height: `${lanes.RULER}px` }} />
      <div class="th" style={{ height: `${lanes.SHOTS}px` }}>
        <span class="sm t2">Shots</span>
        <span class="rl m wide">windows</span>
      </div>
      {lanes.lanes.value.map((lane, index) => <Head key={lane.id} lane={lane} first={index === 0} />)}
      <div class="th" style={{ height: `${lanes.MINI}px` }}>
        <span class="xs t3">{plan.value ? `${clock(length.value)}, whole film` : "no plan yet"}</span>
      </div>
    </div>
  );
}

function Head({ lane, first }: { lane: Lane; first: boolean }) {
  const off = lane.people.length > 0 && lane.people.every(silent);
  return (
    <div class={`th ${off ? "off" : ""}`} style={{ height: `${lane.height}px` }} title={lane.kind === "shared" ? lane.under : undefined}
      onClick={() => { if (lane.kind === "seen") lanes.focused.value = lane.id; }}>
      {lane.kind === "shared" ? <span class="sw none" aria-hidden="true">{lane.people.length}</span> : <Swatch name={lane.name} color={lane.color} />}
      <div class="grow">
        <div class={`ell who ${first && lane.full ? "short" : ""}`}>{lane.kind === "shared" ? "off screen" : lane.name}</div>
        {lanes.dense.value && !lane.full ? null : <div class="xs t3 ell">{off ? "not heard" : lane.under}</div>}
      </div>
      {lane.people.length ? <Hearing lane={lane} /> : null}
      {first && lane.full ? (
        <>
          <span class="rl e">emotion</span>
          <span class="rl m">mouth</span>
        </>
      ) : null}
    </div>
  );
}

/** Of a lane that several share, all of them at once. */
function Hearing({ lane }: { lane: Lane }) {
  const [muted, only] = [quiet, alone].map((set) => lane.people.every((who) => set.value.has(who)));
  const each = (set: typeof quiet, turn: (who: string) => void, on: boolean) =>
    lane.people.filter((who) => set.value.has(who) === on).forEach(turn);
  return (
    <div class={`ms ${muted || only ? "on" : ""}`} role="group" aria-label={`Hearing ${lane.name}`}>
      <button aria-pressed={muted} aria-label={`Mute ${lane.name}`} title="Mute (M)"
        onClick={(event) => { event.stopPropagation(); each(quiet, mute, muted!); }}>M</button>
      <button aria-pressed={only} aria-label={`${lane.name} alone`} title="Alone (Shift M)"
        onClick={(event) => { event.stopPropagation(); each(alone, solo, only!); }}>S</button>
    </div>
  );
}
