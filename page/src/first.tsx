// The first run: a picture, recordings, a script, in any order; the scene is written from them.

import { signal } from "@preact/signals";
import { useRef } from "preact/hooks";
import * as api from "./api";
import { Icon, Key } from "./icons";
import { film, list, load, open, said } from "./state";

const pictures = signal<string[]>([]);
const recordings = signal<string[]>([]);
const script = signal("");
const busy = signal<string | null>(null);
const cast = signal<string[]>([]);

async function bring(files: Iterable<File>): Promise<void> {
  const now = film.value;
  if (!now) return;
  const all = [...files]; // the list of an input is emptied with it
  for (const file of all) {
    busy.value = `Bringing in ${file.name}`;
    try {
      const name = await api.upload(now.id, file);
      const target = /\.(png|jpe?g|webp|avif|bmp|tiff?)$/i.test(name) ? pictures : recordings;
      target.value = [...target.value, name];
      said.value = null;
    } catch (error) {
      said.value = error instanceof Error ? error.message : String(error);
    }
  }
  busy.value = null;
}

async function start(order: object): Promise<void> {
  const now = film.value;
  if (!now) return;
  busy.value = "Writing the scene";
  try {
    await api.begun(now.id, order);
    list.value = await api.films();
    const made = list.value.films.find((one) => one.id === now.id) ?? list.value.films[0]!;
    await open(made.id);
    await load(made.id);
  } catch (error) {
    said.value = error instanceof Error ? error.message : String(error);
  }
  busy.value = null;
}

export const begin = () => start({ pictures: pictures.value, recordings: recordings.value, script: script.value });

export function First() {
  const now = film.value!;
  const some = pictures.value.length + recordings.value.length > 0 || script.value.trim() !== "";
  const drop = (event: DragEvent) => {
    event.preventDefault();
    void bring(event.dataTransfer?.files ?? []);
  };
  return (
    <main class="firstrun" onDragOver={(event) => event.preventDefault()} onDrop={drop}>
      <section class={`zone ${pictures.value.length ? "" : "hot"}`} aria-label="Pictures">
        <svg class="il" viewBox="0 0 150 68" width="150" height="68" aria-hidden="true">
          <rect class="edge" x="1" y="1" width="148" height="66" rx="7" /><rect class="one" x="26" y="14" width="36" height="42" rx="3" /><rect class="two" x="88" y="14" width="36" height="42" rx="3" />
          <path class="soft" d="M36 44h16M98 43q8 6 16 0M39 28v2M49 28v2M101 28v2M111 28v2" />
        </svg>
        <h2>{pictures.value.length ? pictures.value.join(", ") : "Drop a picture of everybody who speaks"}</h2>
        <p>One picture is enough. Faces are found by themselves; you say whose they are.</p>
        <Choose label="Choose pictures" accept="image/*" keys="P" strong={!pictures.value.length} />
        <Sample />
        <div class="ready">
          <div class="sm t2">or begin with ready characters: choose one to four</div>
          <div class="row">
            {now.characters.map((name) => (
              <button key={name} class="sm t2 face" aria-pressed={cast.value.includes(name)}
                onClick={() => (cast.value = cast.value.includes(name) ? cast.value.filter((one) => one !== name) : [...cast.value, name].slice(-4))}>
                <img src={`/api/portrait/${name}`} alt="" />{name[0]!.toUpperCase() + name.slice(1)}
              </button>
            ))}
          </div>
          {cast.value.length ? <button class="btn" onClick={() => void start({ characters: cast.value })}>Begin with {cast.value.map((name) => name[0]!.toUpperCase() + name.slice(1)).join(" and ")}</button> : null}
        </div>
      </section>
      <section class="zone tall" aria-label="Script">
        <h2>Paste a script</h2>
        <p>A line per turn, the name first. Without recordings it is spoken by draft voices.</p>
        <textarea aria-label="The script" placeholder={"ana: Did you hear that?\nben: Hear what?\nana: The lighthouse."} value={script.value}
          onInput={(event) => (script.value = event.currentTarget.value)} onKeyDown={(event) => event.stopPropagation()} />
        <button class={`btn ${some ? "pri" : ""}`} disabled={!some || busy.value !== null} onClick={() => void begin()}>{busy.value ?? "Write the scene"}</button>
      </section>
      <section class="zone" aria-label="Recordings">
        <svg class="il" viewBox="0 0 300 60" width="300" height="60" aria-hidden="true">
          <rect class="fill1" x="0" y="2" width="74" height="24" rx="4" /><rect class="fill1" x="150" y="2" width="74" height="24" rx="4" />
          <rect class="fill2" x="82" y="32" width="74" height="24" rx="4" /><rect class="fill2" x="232" y="32" width="68" height="24" rx="4" />
        </svg>
        <h2>{recordings.value.length ? recordings.value.join(", ") : "Drop recordings"}</h2>
        <p>One per person, or one of everybody talking. Whose voice is whose is worked out, and asked where it is not sure.</p>
        <Choose label="Choose recordings" accept="audio/*,video/*" keys="V" strong={false} />
      </section>
    </main>
  );
}

const folder = signal("sample");

/** A scene to try, copied into a folder of one's choice. */
function Sample() {
  return (
    <form class="sample" aria-label="A sample" onSubmit={(event) => { event.preventDefault(); void start({ sample: folder.value }); }}>
      <img src="/api/portrait/asha" alt="" /><img src="/api/portrait/leon" alt="" />
      <div class="grow">
        <div class="strong">Asha and Leon, a short talk</div>
        <label class="sm t2">into the folder <input aria-label="The sample's folder" value={folder.value} size={12}
          onInput={(event) => (folder.value = event.currentTarget.value)} onKeyDown={(event) => event.stopPropagation()} /></label>
      </div>
      <button class="btn" disabled={busy.value !== null || !folder.value.trim()}>Try this one</button>
    </form>
  );
}

function Choose({ label, accept, keys, strong }: { label: string; accept: string; keys: string; strong: boolean }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button class={`btn ${strong ? "pri" : ""}`} data-choose={keys} onClick={() => input.current?.click()}><Icon name={keys === "P" ? "pic" : "mic"} />{label}<Key>{keys}</Key></button>
      <input ref={input} class="vh" type="file" multiple accept={accept} tabIndex={-1} aria-label={label} onChange={(event) => { void bring(event.currentTarget.files ?? []); event.currentTarget.value = ""; }} />
    </>
  );
}
