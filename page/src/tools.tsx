// The tools above the timeline: what the mouse does, and what can be done with the selected turn and the cut at the playhead.

import * as edits from "./edits";
import { clock, written } from "./format";
import { Icon } from "./icons";
import * as lanes from "./lanes";
import { seek } from "./player";
import { editable, film, length, plan, selected, shotNow, shots, speakers, time, turns } from "./state";
import { Typed } from "./typed";

export function Tools() {
  const end = Math.min(length.value, lanes.timeOf(lanes.size.value.width));
  const share = Math.log(lanes.scale.value / 2) / Math.log(400);
  const tool = (on: boolean, split: boolean, name: string) => (
    <button class="tab" aria-pressed={on} onClick={() => (lanes.splitting.value = split)}>{name}</button>
  );
  return (
    <div class="tb" role="toolbar" aria-label="Timeline tools">
      {tool(!lanes.splitting.value, false, "Select")}
      {tool(lanes.splitting.value, true, "Split")}
      <button class="ib" aria-pressed={lanes.snapping.value} aria-label="Snap to turns and cuts (G)" title="Snap to turns and cuts (G)"
        onClick={() => (lanes.snapping.value = !lanes.snapping.value)}><Icon name="mag" /></button>
      <span class="sep" />
      <TurnTools />
      <div class="grow" />
      <span class="sm t3 wide range">{clock(lanes.from.value, 1)} to {clock(end, 1)}</span>
      <button class="ib" aria-label="Zoom out (-)" title="Zoom out (-)" onClick={() => lanes.zoom(1 / 1.4)}><Icon name="minus" /></button>
      <input class="zoom" type="range" min="0" max="1" step="0.01" aria-label="Zoom of the timeline" value={share}
        onInput={(event) => lanes.zoom((2 * 400 ** Number(event.currentTarget.value)) / lanes.scale.value)} />
      <button class="ib" aria-label="Zoom in (+)" title="Zoom in (+)" onClick={() => lanes.zoom(1.4)}><Icon name="plus" /></button>
      <button class="tab sm" onClick={() => lanes.fit()} title="The whole film (Z)">Fit</button>
    </div>
  );
}

/** What can be done with the selected turn, and with the cut at the playhead. */
function TurnTools() {
  const index = selected.value;
  if (!editable.value) return null;
  const turn = index === null ? undefined : turns.value[index];
  const rate = plan.value?.rate ?? 25;
  const shot = shots.value[shotNow.value];
  const at = shot && shotNow.value > 0 && Math.abs(time.value - shot.start / rate) < 0.5 / rate;
  const spec = film.value?.shots[shotNow.value]?.spec ?? null;
  return (
    <>
      {turn && index !== null ? (
        <>
          <button class="tab sm" title="Split at the playhead (S)" onClick={() => void edits.splitAt(index, time.value)}>Split here</button>
          <button class="tab sm" title="One line with their next turn" onClick={() => void edits.joinNext(index)}>Join next</button>
          <label class="tab sm">
            <span class="vh">Whose turn it is</span>
            <select value={turn.speaker} onChange={(event) => void edits.giveTurn(index, event.currentTarget.value)}>
              {[...speakers.value.values()].map((who) => <option key={who.id} value={who.id}>{who.name}</option>)}
            </select>
          </label>
        </>
      ) : null}
      {at && spec !== null && spec > 0 ? (
        <>
          <label class="num" title="When the cut is, in seconds"><i>cut</i>
            <Typed class="at" inputMode="decimal" aria-label="When the cut is, in seconds" now={written(shot!.start / rate)}
              done={(typed) => {
                const at = Number(typed);
                if (Number.isFinite(at)) void edits.moveCut(spec - 1, at).then((done) => { if (done) seek(at); });
              }} />
          </label>
          <button class="tab sm" onClick={() => void edits.removeCut(spec - 1)}>Remove this cut</button>
        </>
      ) : (
        <button class="tab sm" title="Cut to another shot at the playhead (C)" onClick={() => void edits.addCut()}>Cut here</button>
      )}
    </>
  );
}
