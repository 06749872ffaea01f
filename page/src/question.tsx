// The question that waits above the script: whose voice is this? One at a time, answered by a click or a key.

import { signal } from "@preact/signals";
import * as edits from "./edits";
import { Icon, Key, Swatch } from "./icons";
import { hear } from "./player";
import { editable, film, keysOf, speakers, textOf } from "./state";

const later = signal(new Set<string>());

/** One voice at a time that is nobody's: played, then answered by a click that writes the scene. */
export function Question() {
  const now = film.value;
  const voice = now?.voices.find((one) => !later.value.has(one.label));
  const mix = textOf(now?.scene?.audio).split("#")[0] || textOf(keysOf(now?.scene?.audio).file);
  if (!now || !voice || !editable.value) return null;
  const media = now.media[mix];
  const free = Object.entries(keysOf(now.scene?.cast)).filter(([, member]) => keysOf(member).voice === undefined && keysOf(member).track === undefined);
  const [start, end] = voice.turns[0] ?? [0, 3];
  return (
    <div class="q" role="group" aria-label={`Who is ${voice.label}?`} aria-live="polite">
      <div class="row">
        <button class="pl" aria-label={`Play ${voice.label}`} disabled={!media} onClick={() => media && hear(media, start, Math.min(end, start + 6))}><Icon name="play" cls="f" /></button>
        <div class="grow">
          <h3>Who is {voice.label}?</h3>
          <div class="sm t2 ell">{voice.seconds.toFixed(1)} s of speech, nobody's yet</div>
        </div>
        <button class="tab sm" onClick={() => (later.value = new Set([...later.value, voice.label]))}>Later</button>
      </div>
      <div class="who">
        {free.map(([id], index) => {
          const who = speakers.value.get(id);
          return (
            <button key={id} onClick={() => void edits.nameVoice(voice.label, id)} data-answer={index + 1}>
              <Swatch name={who?.name ?? id} color={who?.color ?? "#999999"} /><span class="grow ell">{who?.name ?? id}</span><Key>{String(index + 1)}</Key>
            </button>
          );
        })}
        <button data-answer={free.length + 1} onClick={() => {
          const name = prompt(`Who is ${voice.label}? Their name:`)?.trim();
          if (name) void edits.newPerson(voice.label, name);
        }}>
          <Swatch name="+" color="#cc79a7" /><span class="grow ell">Somebody new</span><Key>{String(free.length + 1)}</Key>
        </button>
      </div>
    </div>
  );
}

export function answer(number: number): boolean {
  const button = document.querySelector<HTMLElement>(`[data-answer="${number}"]`);
  button?.click();
  return button !== null;
}
