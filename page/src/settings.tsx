// What the whole film has: how loud it is, what lies under it, its seed and the shot's, what is written on the picture.

import { signal } from "@preact/signals";
import * as api from "./api";
import { clock } from "./format";
import { Icon } from "./icons";
import { edit, editable, film, itemsOf, keysOf, menu, plan, shotNow, textOf } from "./state";
import { Typed } from "./typed";
import type { Edit, Path, Tree } from "./types";

const recordings = signal<string[]>([]);

/** Set a key, or take it away where nothing is typed; a mapping that is not there yet comes with it. */
function write(path: Path, value: string | number | null, label: string): void {
  const above = path.slice(0, -1);
  const there = above.reduce<Tree | undefined>((tree, key) => at(tree, key), film.value?.scene ?? undefined);
  const old = at(there, path[path.length - 1]!);
  let made: Edit = { do: "set", path, value };
  if (value === null) {
    if (old === undefined) return;
    made = { do: "remove", path };
  } else if (there === undefined) made = { do: "set", path: above, value: { [path[path.length - 1]!]: value } };
  void edit([made], label);
}

function at(tree: Tree | undefined, key: string | number): Tree | undefined {
  if (Array.isArray(tree)) return typeof key === "number" ? tree[key] : undefined;
  return typeof tree === "object" && tree ? tree[key] : undefined;
}

function Figure({ path, name, label, hint, now }: { path: Path; name: string; label: string; hint: string; now: string }) {
  return (
    <label class="krow"><span>{name}</span>
      <Typed class="figure" inputMode="decimal" aria-label={label} placeholder={hint} now={now}
        done={(text) => {
          const typed = text.trim();
          write(path, typed === "" ? null : Number.isFinite(Number(typed)) ? Number(typed) : typed, label);
        }} />
    </label>
  );
}

export function Settings() {
  const shown = menu.value === "settings";
  if (!editable.value) return null;
  const open = () => {
    menu.value = shown ? null : "settings";
    const now = film.value;
    if (!shown && now) void api.files(now.id).then((found) => (recordings.value = found.recordings), () => undefined);
  };
  return (
    <div class="pop">
      <button class="tab sm" aria-expanded={shown} title="Loudness, sounds, seeds, labels" onClick={open}>Sound and seeds <Icon name="chev" size={12} /></button>
      {shown ? <Sheet /> : null}
    </div>
  );
}

function Sheet() {
  const scene = film.value?.scene ?? {};
  const output = keysOf(scene.output);
  const spec = film.value?.shots[shotNow.value]?.spec ?? null;
  const shot = spec === null ? {} : keysOf(itemsOf(scene.shots)[spec]);
  return (
    <div class="menu settings" role="group" aria-label="Sound and seeds" onKeyDown={(event) => { if (event.key === "Escape") menu.value = null; event.stopPropagation(); }}>
      <Figure path={["output", "loudness"]} name="Loudness, LUFS" label="Loudness of the film" hint="as it comes" now={textOf(output.loudness)} />
      <label class="krow"><span>On the picture of an animatic</span>
        <select aria-label="Labels" value={textOf(output.labels)} onChange={(event) => write(["output", "labels"], event.currentTarget.value || null, "the labels")}>
          <option value="">rims, names, emotions</option><option value="names">names</option><option value="none">nothing</option>
        </select>
      </label>
      <Figure path={["seed"]} name="Seed of the film" label="Seed of the film" hint="0" now={textOf(scene.seed)} />
      {spec === null ? null : (
        <Figure path={["shots", spec, "seed"]} name={`Seed of shot ${shotNow.value + 1}`} label="Seed of this shot" hint={textOf(scene.seed) || "0"} now={textOf(shot.seed)} />
      )}
      <hr />
      <Beds />
    </div>
  );
}

/** Beds and effects under the film, as written; when each is heard, where the plan knows. */
function Beds() {
  const beds = itemsOf(film.value?.scene?.sound).map(keysOf);
  const heard = plan.value?.sounds ?? [];
  const add = (file: string) =>
    void edit([beds.length ? { do: "insert", path: ["sound", beds.length], value: { file, gain: -18 } } : { do: "set", path: ["sound"], value: [{ file, gain: -18 }] }], `${file} under the film`);
  return (
    <>
      {beds.map((bed, index) => {
        const one = heard.length === beds.length ? heard[index] : undefined;
        const name = textOf(bed.file);
        const set = (key: string, value: string | number | null) => write(["sound", index, key], value, `${key} of ${name}`);
        return (
          <div class="bed" role="group" aria-label={`Sound ${name}`} key={index}>
            <span class="grow ell" title={name}>{name}<span class="xs t3"> {one ? `${clock(one.start, 1)} to ${clock(one.end, 1)}` : ""}</span></span>
            <label class="num"><Typed inputMode="decimal" aria-label={`Gain of ${name}, dB`} now={textOf(bed.gain)} placeholder="0"
              done={(typed) => set("gain", typed.trim() === "" ? null : Number(typed))} /><i>dB</i></label>
            <label class="xs"><input type="checkbox" aria-label={`${name} makes room for speech`} checked={!["", "no"].includes(textOf(bed.duck))} onChange={(event) => set("duck", event.currentTarget.checked ? "yes" : null)} />duck</label>
            <label class="xs"><input type="checkbox" aria-label={`${name} begins again`} checked={textOf(bed.loop) === "yes"} onChange={(event) => set("loop", event.currentTarget.checked ? "yes" : null)} />loop</label>
            <button class="ib" aria-label={`Take ${name} away`} onClick={() => void edit([{ do: "remove", path: beds.length === 1 ? ["sound"] : ["sound", index] }], `no ${name}`)}><Icon name="bin" /></button>
          </div>
        );
      })}
      <label class="krow"><span>{beds.length ? "Another sound" : "A sound under the film"}</span>
        <select aria-label="Add a sound" value="" onChange={(event) => { if (event.currentTarget.value) add(event.currentTarget.value); event.currentTarget.value = ""; }}>
          <option value="">choose a recording</option>
          {recordings.value.map((file) => <option key={file} value={file}>{file}</option>)}
        </select>
      </label>
    </>
  );
}
