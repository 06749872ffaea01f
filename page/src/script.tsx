// The script: every line in order, its words, its emotion, its recording. And the question that waits above it.

import { signal, useSignalEffect } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { tones } from "./color";
import * as edits from "./edits";
import * as emotion from "./emotion";
import { clamp, clock, count, duration } from "./format";
import { Icon, Key, Mouth, StateMark } from "./icons";
import * as lanes from "./lanes";
import { playStretch, seek, stop } from "./player";
import {
  card, cards, editable, film, keysOf, menu, pane, selected, shotsOf, speakers, states, textOf, time, turns, type Card,
} from "./state";
import type { Emotion, Tree, Turn } from "./types";
import { LineAgain } from "./again";
import { Question } from "./question";
import { Takes } from "./takes";
import { panel } from "./views";
import { timedWords } from "./words";
import { Typed } from "./typed";

const CHUNK = 40; // cards that come and go together
const TALL = 58; // pixels a card is about

export const finding = signal<string | null>(null);

export function Script() {
  const all = cards.value;
  const needle = finding.value?.trim().toLowerCase();
  const some = needle ? all.filter((one) => `${speakers.value.get(one.speaker)?.name} ${one.text}`.toLowerCase().includes(needle)) : all;
  const last = card.value?.line?.index ?? null;
  return (
    <section class="script" {...panel("Script")} aria-label="Script" onFocusCapture={() => (pane.value = "Script")}>
      <div class="ph">
        <b class="h">Script</b>
        <span class="sm t3 where">{count(all.length, film.value?.scene?.lines ? "line" : "turn")}</span>
        <div class="grow" />
        <button class="ib" aria-label="Find (/)" title="Find (/)" aria-pressed={finding.value !== null}
          onClick={() => (finding.value = finding.value === null ? "" : null)}><Icon name="find" /></button>
        {editable.value ? (
          <button class="ib" aria-label="Add a line (N)" title="Add a line (N)"
            onClick={() => void edits.addLine(last, card.value?.speaker ?? [...speakers.value.keys()][0] ?? "")}><Icon name="plus" /></button>
        ) : null}
      </div>
      {finding.value !== null ? <Find /> : null}
      <Question />
      <Lines some={some} />
    </section>
  );
}

function Find() {
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => box.current?.focus(), []);
  return (
    <div class="findbar">
      <input ref={box} type="search" aria-label="Find in the script" placeholder="Words or a name" value={finding.value ?? ""}
        onInput={(event) => (finding.value = event.currentTarget.value)}
        onKeyDown={(event) => { if (event.key === "Escape") finding.value = null; }} />
    </div>
  );
}

/** Cards in chunks; those far from what is in sight are left out, and keep their room. */
function Lines({ some }: { some: Card[] }) {
  const place = useRef<HTMLDivElement>(null);
  const chunks: Card[][] = [];
  for (let at = 0; at < some.length; at += CHUNK) chunks.push(some.slice(at, at + CHUNK));
  const on = card.value?.id;
  useEffect(() => {
    if (!on || !place.current) return;
    const chunk = Math.floor(some.findIndex((one) => one.id === on) / CHUNK);
    place.current.children[chunk]?.dispatchEvent(new Event("wanted"));
    requestAnimationFrame(() => place.current?.querySelector(".ln.sel")?.scrollIntoView({ block: "nearest" }));
  }, [on, some.length]);
  return (
    <div class="lines" role="list" aria-label="Lines" ref={place}>
      {chunks.map((chunk, index) => <Chunk key={index} some={chunk} first={index === 0} />)}
      {some.length ? null : <p class="t2 sm pad">{finding.value ? "Nothing found" : film.value?.doing ? `${film.value.doing} …` : "No lines yet"}</p>}
    </div>
  );
}

function Chunk({ some, first }: { some: Card[]; first: boolean }) {
  const place = useRef<HTMLDivElement>(null);
  const near = useSignalOnce(first);
  const tall = useRef(some.length * TALL);
  useEffect(() => {
    const element = place.current!;
    const want = () => (near.value = true);
    element.addEventListener("wanted", want);
    const watch = new IntersectionObserver(
      ([entry]) => {
        if (!entry!.isIntersecting && near.peek() && element.firstChild) tall.current = element.offsetHeight || tall.current;
        near.value = entry!.isIntersecting;
      },
      { root: element.parentElement, rootMargin: "900px" },
    );
    watch.observe(element);
    return () => {
      watch.disconnect();
      element.removeEventListener("wanted", want);
    };
  }, []);
  return (
    <div ref={place} role="presentation" style={near.value ? undefined : { height: `${tall.current}px` }}>
      {near.value ? some.map((one) => <LineCard key={one.id} one={one} />) : null}
    </div>
  );
}

function useSignalOnce(value: boolean) {
  const kept = useRef<ReturnType<typeof signal<boolean>> | null>(null);
  kept.current ??= signal(value);
  return kept.current as { value: boolean; peek(): boolean };
}

function LineCard({ one }: { one: Card }) {
  const on = card.value?.id === one.id;
  const turn = one.turn === null ? undefined : turns.value[one.turn];
  const who = speakers.value.get(one.speaker);
  const color = who ? tones(who.color).edge : undefined;
  const shot = turn ? shotsOf(turn)[0] : undefined;
  const state = shot === undefined ? "unknown" : states.value[shot]!;
  const reason = shot === undefined ? null : film.value?.shots[shot]?.reason;
  const job = film.value?.job;
  const pick = () => {
    if (one.turn !== null) {
      selected.value = one.turn;
      if (turn && (time.value < turn.start || time.value >= turn.end)) {
        stop();
        seek(turn.start);
      }
      if (turn) lanes.reveal(turn.start);
    }
  };
  const recording = textOf(one.line?.keys.audio) || turn?.audio.source || "";
  return (
    <div class={`ln ${on ? "sel" : ""}`} role="listitem" style={{ "--pe": color ?? "var(--ink3)" }} onClick={on ? undefined : pick} data-line={one.line?.index}
      aria-current={on ? "true" : undefined}>
      <div class="r1">
        <button class="pick" onClick={pick} aria-label={`${who?.name ?? one.speaker}, ${one.text}`}><b>{who?.name ?? one.speaker}</b></button>
        <span class={on ? "" : "t3"}>{turn ? (on ? `${clock(turn.start)} to ${clock(edits.extentOf(one.turn!).end)}` : clock(turn.start)) : "no time yet"}</span>
        {one.line ? null : <span class="badge">heard</span>}
        <span class="grow" />
        {on ? (
          <>
            {turn ? <button class="ib low" aria-label="Play this line (Enter)" title="Play this line"
              onClick={(event) => { event.stopPropagation(); playStretch(turn.start, edits.extentOf(one.turn!).end); }}><Icon name="play" cls="f" /></button> : null}
            {editable.value && one.line ? <button class="ib low" aria-label="Remove this line" title="Remove this line" onClick={(event) => { event.stopPropagation(); void edits.removeLine(one.line!); }}><Icon name="bin" /></button> : null}
          </>
        ) : turn && Object.keys(turn.emotion.weights).length ? (
          <span class="em"><Mouth name={emotion.glyph(turn.emotion)} />{emotion.label(turn.emotion)}</span>
        ) : null}
        <StateMark state={state} share={job?.step?.share} />
      </div>
      <Words one={one} on={on} />
      {on ? (
        <div class="row chips">
          {one.line ? <EmotionChip one={one} now={turn?.emotion} /> : null}
          <span class="grow" />
          <Recording one={one} now={recording} />
        </div>
      ) : null}
      {on && turn?.felt !== undefined ? <Felt index={one.turn!} /> : null}
      {on && shot !== undefined ? <><Takes shot={shot} /><LineAgain /></> : null}
      {state === "stale" && reason ? <div class="r3"><Icon name="stale" size={12} /> Stale: {reason}</div> : null}
      {state === "running" && on && job?.step ? (
        <div class="r3">
          <div class="bar"><i style={{ width: `${job.step.share * 100}%` }} /></div>
          Rendering {Math.round(job.step.share * 100)} %{job.step.left === null ? "" : `, ${duration(job.step.left)} left`}
        </div>
      ) : null}
    </div>
  );
}

/** The words: a text box when the line is selected, written to the scene while they are typed. */
function Words({ one, on }: { one: Card; on: boolean }) {
  const place = useRef<HTMLDivElement>(null);
  const typing = useRef<number>(0);
  const open = on && editable.value && one.line !== null;
  const said = useRef(one.text);
  useLayoutEffect(() => {
    // at once: a box that took the focus while it was still empty would be saved empty
    const box = place.current;
    if (box && open && document.activeElement !== box && box.textContent !== one.text) box.textContent = one.text;
    if (box && document.activeElement !== box) said.current = one.text;
  });
  useUnderline(place, one, open);
  const save = () => {
    clearTimeout(typing.current);
    const text = (place.current?.textContent ?? "").replace(/\s+/g, " ").trim();
    if (!one.line || text === said.current) return;
    said.current = text;
    void edits.setText(one.line, text);
  };
  if (!open) return <div class="w"><Spoken one={one} /></div>;
  return (
    <div class="w" ref={place} contentEditable role="textbox" aria-multiline="false" aria-label={`The words of line ${one.line!.index + 1}`} spellcheck={false}
      onInput={() => {
        clearTimeout(typing.current);
        typing.current = window.setTimeout(save, 450);
      }}
      onBlur={save}
      onPaste={(event) => {
        event.preventDefault();
        document.execCommand("insertText", false, (event.clipboardData?.getData("text/plain") ?? "").replace(/\s+/g, " "));
      }}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Enter" || event.key === "Escape") {
          event.preventDefault();
          save();
          event.currentTarget.blur();
          document.querySelector<HTMLElement>("#time [role=slider]")?.focus({ preventScroll: true });
        }
      }} />
  );
}

/** The word under the playhead: where it is known when each is said, else by its share of the time. */
function Spoken({ one }: { one: Card }) {
  const turn = one.turn === null ? undefined : turns.value[one.turn];
  if (!turn || !one.text) return <>{one.text || <span class="t3">no words</span>}</>;
  const whole = edits.extentOf(one.turn!);
  if (time.value < whole.start || time.value >= whole.end) return <>{one.text}</>;
  const at = nowIn(one.text, turn, whole);
  return at === null ? <>{one.text}</> : <>{one.text.slice(0, at[0])}<span class="now">{one.text.slice(at[0], at[1])}</span>{one.text.slice(at[1])}</>;
}

/** Where in a text its word under the playhead stands: from and to. */
function nowIn(text: string, turn: Turn, whole: { start: number; end: number }): [number, number] | null {
  const known = timedWords(text, turn);
  const share = (time.value - whole.start) / (whole.end - whole.start);
  let passed = 0;
  for (const piece of known ?? text.split(/(\s+)/).map((word) => ({ text: word, word: null }))) {
    const begin = passed;
    passed += piece.text.length;
    const here = piece.word ? piece.word.start <= time.value && time.value < piece.word.end : known === null && share >= begin / text.length && share < passed / text.length;
    if (here && piece.text.trim() !== "") return [begin, passed];
  }
  return null;
}

/** Underlines the word under the playhead in a text box, without touching what is typed there. */
function useUnderline(place: { current: HTMLElement | null }, one: Card, open: boolean): void {
  useSignalEffect(() => {
    const now = time.value; // read in any case, so that it is listened to
    const turn = one.turn === null ? undefined : turns.value[one.turn];
    const text = place.current?.firstChild;
    if (!open || !turn || !("highlights" in CSS)) return;
    const at = text instanceof Text ? nowIn(text.data, turn, edits.extentOf(one.turn!)) : null;
    if (at === null || now < turn.start) CSS.highlights.delete("now");
    else {
      const range = new Range();
      range.setStart(text!, at[0]);
      range.setEnd(text!, at[1]);
      CSS.highlights.set("now", new Highlight(range));
    }
  });
}

/** The emotion as it is written in the scene, or as the plan has it. */
function writtenEmotion(tree: Tree | undefined, now: Emotion | undefined): { weights: Record<string, number>; strength: number } {
  const name = textOf(tree) === "auto" ? "" : textOf(tree);
  if (name) return { weights: { [name]: 1 }, strength: 1 };
  const keys = keysOf(tree);
  const strength = Number(textOf(keys.strength) || 1);
  if (textOf(keys.name)) return { weights: { [textOf(keys.name)]: 1 }, strength };
  const blend = Object.fromEntries(Object.entries(keysOf(keys.blend)).map(([key, value]) => [key, Number(textOf(value))]));
  return Object.keys(blend).length ? { weights: blend, strength } : { weights: now?.weights ?? {}, strength: now?.strength ?? 1 };
}

export function emotionNames(who: string): string[] {
  const own = Object.keys(keysOf(keysOf(keysOf(film.value?.scene?.cast)[who]).emotions));
  return [...new Set([...own, ...emotion.NAMES])];
}

/** What told the emotion of a line that names none, and its course; a click writes it down. */
function Felt({ index }: { index: number }) {
  const turn = turns.value[index]!;
  const course = turn.course ?? [];
  const button = (told: Emotion, label: string, title: string) => (
    <button class="chip told" title={title} aria-label={title} disabled={!editable.value} onClick={(event) => { event.stopPropagation(); void edits.writeFelt(index, told); }}>
      <Mouth name={emotion.glyph(told)} />{label}
    </button>
  );
  return (
    <div class="felt" role="group" aria-label="Told emotion">
      <div class="sm t2">told by {turn.felt}; a click writes it</div>
      <div class="row chips">
        {button(turn.emotion, emotion.words(turn.emotion), `Write ${emotion.words(turn.emotion)} for the whole line`)}
        {course.map((one) => (
          <span class="row course" key={one.at}><span class="xs t3">{clock(turn.start + one.at, 1)}</span>
            {button(one.emotion, emotion.label(one.emotion), `Write ${emotion.words(one.emotion)}, as from ${clock(turn.start + one.at, 1)} on`)}</span>
        ))}
      </div>
    </div>
  );
}

function EmotionChip({ one, now }: { one: Card; now: Emotion | undefined }) {
  const line = one.line!;
  const { weights, strength } = writtenEmotion(line.keys.emotion, now);
  const shown: Emotion = { weights, strength: 1 };
  const open = menu.value === `emotion ${one.id}`;
  const own = new Set(Object.keys(keysOf(keysOf(keysOf(film.value?.scene?.cast)[one.speaker]).emotions)));
  const named = Object.keys(weights).length > 0;
  const byItself = textOf(line.keys.emotion) === "auto";
  const choose = (name: string) => {
    menu.value = null;
    void edits.setEmotion(line, { [name]: 1 }, strength);
  };
  return (
    <div class="pop">
      <button class="chip" aria-haspopup="menu" aria-expanded={open} disabled={!editable.value} data-emotion
        onClick={(event) => { event.stopPropagation(); menu.value = open ? null : `emotion ${one.id}`; }}>
        <Mouth name={emotion.glyph(shown)} />{named ? emotion.label(shown) : "emotion"}<Icon name="chev" size={12} />
      </button>
      <label class="chip" title="How strongly, 0 to 1.5">
        strength
        <Typed class="strength" type="number" min="0" max="1.5" step="0.1" aria-label="Strength of the emotion" now={Math.round(strength * 100) / 100}
          disabled={!editable.value || !named} onKeyDown={(event) => event.stopPropagation()}
          done={(typed) => void edits.setEmotion(line, weights, clamp(Number(typed) || 0, 0, 1.5))} />
      </label>
      {open ? (
        <div class="menu small" role="menu" aria-label="Emotion">
          {emotionNames(one.speaker).map((name, index) => (
            <button role="menuitemradio" aria-checked={weights[name] !== undefined} key={name} onClick={(event) => { event.stopPropagation(); choose(name); }}>
              <Mouth name={name} /><span class="grow">{name}</span>{own.has(name) ? null : <span class="xs t3">no picture</span>}{index < 9 ? <Key>{String(index + 1)}</Key> : null}
            </button>
          ))}
          <button role="menuitemradio" aria-checked={byItself} onClick={(event) => { event.stopPropagation(); menu.value = null; void edits.setEmotion(line, { auto: 1 }, 1); }}>
            <span class="grow t2">By itself: told from words and voice</span>
          </button>
          {line.keys.emotion !== undefined ? (
            <button role="menuitem" onClick={(event) => { event.stopPropagation(); menu.value = null; void edits.setEmotion(line, null, 1); }}><span class="grow t2">As the picture is</span></button>
          ) : null}
        </div>
      ) : null}
    </div>
  );
}

/** Which recording a line is in; another may be chosen from those beside the scene. */
function Recording({ one, now }: { one: Card; now: string }) {
  const own = textOf(one.line?.keys.audio);
  const files = Object.keys(film.value?.recordings ?? {});
  const name = now.split("/").pop() ?? "";
  if (!editable.value || !one.line || files.length < 2) return <span class="sm t2 em" title={now}><Icon name="mic" />{name}</span>;
  return (
    <label class="sm t2 em rec" title="The recording of this line">
      <Icon name="mic" /><span class="vh">The recording of this line</span>
      <select value={own} onClick={(event) => event.stopPropagation()} onChange={(event) => void edits.setAudio(one.line!, event.currentTarget.value)}>
        <option value="">{own ? "from the track" : name}</option>
        {files.map((file) => <option key={file} value={file}>{file}</option>)}
      </select>
    </label>
  );
}
