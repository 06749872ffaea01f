// Another picture into a scene that is there: a file of its folder, or one brought in; then where it is shown.

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import * as api from "./api";
import * as edits from "./edits";
import { replacePicture, setPicture } from "./faces";
import { clock } from "./format";
import { Icon } from "./icons";
import { editable, film, frameAt, menu, picture, pictureNames, pictureNow, plan, said, shotNow, shots, time } from "./state";

import { show } from "./views";

const files = signal<string[]>([]);
const chosen = signal<string | null>(null);
const busy = signal<string | null>(null);

async function look(): Promise<void> {
  const now = film.value;
  if (!now) return;
  chosen.value = null;
  files.value = await api.files(now.id).then((found) => found.pictures, () => []);
}

async function bring(list: FileList | null): Promise<void> {
  const now = film.value;
  const file = list?.[0];
  if (!now || !file) return;
  busy.value = `Bringing in ${file.name}`;
  try {
    choose(await api.upload(now.id, file));
    said.value = null;
  } catch (error) {
    said.value = error instanceof Error ? error.message : String(error);
  }
  busy.value = null;
}

/** The first picture of a scene needs no question. */
function choose(name: string): void {
  if (pictureNames.value.length) chosen.value = name;
  else put(name, () => setPicture(null, name));
}

function put(name: string, how: () => Promise<boolean>): void {
  menu.value = null;
  chosen.value = null;
  void how().then((done) => {
    if (!done) return;
    picture.value = name;
    show("Picture");
    said.value = "click a dashed box to say whose face it is, or draw one";
  });
}

/** Where it can be shown: each with what it does to the scene. */
function ways(name: string): { label: string; how: () => Promise<boolean> }[] {
  const rate = plan.value?.rate ?? 25;
  const spec = film.value?.shots[shotNow.value]?.spec ?? null;
  const start = (shots.value[shotNow.value]?.start ?? 0) / rate;
  const at = frameAt(time.value) / rate;
  const old = pictureNow.value;
  const found = [];
  if (plan.value && at > start + 0.02) found.push({ label: `From ${clock(at)} on, as a new shot`, how: () => edits.addCut(at, name) });
  if (spec !== null) found.push({ label: `In shot ${shotNow.value + 1}`, how: () => setPicture(spec, name) });
  if (old !== null && old !== name) found.push({ label: `Wherever ${old.split("/").pop()} is`, how: () => replacePicture(old, name) });
  return found;
}

export function AddPicture() {
  const input = useRef<HTMLInputElement>(null);
  const shown = menu.value === "add picture";
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (shown) list.current?.querySelector("button")?.focus();
  }, [shown, chosen.value, files.value]);
  if (!editable.value) return null;
  const used = new Set(pictureNames.value);
  const some = [...files.value].sort((a, b) => Number(used.has(a)) - Number(used.has(b)));
  const where = chosen.value === null ? [] : ways(chosen.value);
  return (
    <div class="pop">
      <button class="ib" aria-label="Add a picture" title="Add a picture" aria-haspopup="menu" aria-expanded={shown}
        onClick={() => { menu.value = shown ? null : "add picture"; if (!shown) void look(); }}><Icon name="plus" /></button>
      {shown ? (
        <div class="menu small wider" role="menu" aria-label={chosen.value === null ? "Pictures of the folder" : `Where is ${chosen.value} shown?`} ref={list}>
          {chosen.value === null ? (
            <>
              <button role="menuitem" disabled={busy.value !== null} onClick={() => input.current?.click()}><Icon name="plus" /><span class="grow ell">{busy.value ?? "Bring a picture …"}</span></button>
              {some.map((name) => (
                <button role="menuitem" key={name} onClick={(event) => { event.stopPropagation(); choose(name); }}>
                  <Icon name="pic" /><span class="grow ell">{name}</span>{used.has(name) ? <span class="xs t3">in the film</span> : null}
                </button>
              ))}
            </>
          ) : (
            <>
              <div class="sm t2 ask" aria-hidden="true">Where is {chosen.value} shown?</div>
              {where.map((one) => (
                <button role="menuitem" key={one.label} onClick={() => put(chosen.value!, one.how)}><span class="grow ell">{one.label}</span></button>
              ))}
              {where.length ? null : <p class="sm t2 ask">Put the playhead where it is to begin</p>}
            </>
          )}
        </div>
      ) : null}
      <input ref={input} class="vh" type="file" accept="image/*" tabIndex={-1} aria-label="Bring a picture" onChange={(event) => { void bring(event.currentTarget.files); event.currentTarget.value = ""; }} />
    </div>
  );
}
