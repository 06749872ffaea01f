// A batch: its episodes with their state, who is who where that is asked, and going on with those that wait.

import { effect, signal } from "@preact/signals";
import * as api from "./api";
import { clock, count, duration } from "./format";
import { Icon, Key, StateMark, Swatch } from "./icons";
import { hearAt, stop } from "./player";
import { open, said } from "./state";
import type { Ask, Batch, Episode } from "./types";

export const batch = signal<Batch | null>(null);
export const view = signal<"room" | "batch">("room"); // what fills the page: one film, or the list of episodes
const PALETTE = ["#e69f00", "#56b4e9", "#009e73", "#cc79a7"];
const NAMES = { done: "done", running: "being made", asks: "asks who is who", waiting: "waiting", failed: "failed" };

export async function loadBatch(): Promise<void> {
  try {
    batch.value = await api.batch();
  } catch (error) {
    said.value = error instanceof Error ? error.message : String(error);
  }
}

async function ask(what: Promise<unknown>): Promise<void> {
  try {
    await what;
    said.value = null;
  } catch (error) {
    said.value = error instanceof Error ? error.message : String(error);
  }
  await loadBatch();
}

const answered = (name: string, label: string, who: string | null) => ask(api.answerVoice(name, label, who));
const goOn = (only: string[]) => ask(api.goOn(only));
const waiting = (now: Batch) => now.episodes.filter((one) => one.state === "waiting").map((one) => one.name);

export async function openEpisode(id: string): Promise<void> {
  stop();
  await open(id);
  view.value = "room";
}

/** The button of the top bar: go on with what waits, or what is being done and a way to stop it. */
export function GoOn() {
  const now = batch.value;
  if (!now) return null;
  const own = now.job?.state === "running" ? now.job : null;
  if (own) {
    const step = own.step;
    return (
      <div class="split">
        <button class="go calm" onClick={() => void ask(api.stopBatch())} title="Finished shots are kept">
          {step ? `${Math.round(step.share * 100)} %` : "Starting"} <span class="sm">{step?.left ? `${duration(step.left)} left` : ""}</span> Stop
        </button>
      </div>
    );
  }
  if (now.busy) return <span class="sm t2">at work, started from the command line</span>;
  const names = waiting(now);
  const asks = now.episodes.filter((one) => one.state === "asks").length;
  if (!names.length) return <span class="sm t2">{asks ? "Answer who is who to go on" : "Every episode has been gone through"}</span>;
  return <div class="split"><button class="go" onClick={() => void goOn(names)}>Go on with {count(names.length, "episode")}</button></div>;
}

export function Episodes() {
  const now = batch.value;
  if (!now) return <main class="episodes"><p class="t2 pad">Reading the episodes …</p></main>;
  const sums = (["done", "running", "asks", "waiting", "failed"] as const).map((state) => [state, now.episodes.filter((one) => one.state === state).length] as const);
  const first = now.episodes.flatMap((one) => one.asks.filter((asked) => !asked.who).map((asked) => `${one.name} ${asked.label}`))[0];
  return (
    <main class="episodes" aria-label="Episodes">
      <div class="ph">
        <h2 class="h">{count(now.episodes.length, "episode")}</h2>
        <span class="sm t2" role="status">{sums.filter(([, number]) => number).map(([state, number]) => `${number} ${NAMES[state]}`).join(", ")}</span>
      </div>
      <div class="eps" role="list" aria-label="Episodes">
        {now.episodes.map((one) => <Row key={one.name} one={one} first={first} />)}
      </div>
    </main>
  );
}

function Row({ one, first }: { one: Episode; first: string | undefined }) {
  const now = batch.value!;
  const busy = now.busy || now.job?.state === "running";
  const told = one.state === "running" && one.shots ? `being made: ${one.made} of ${count(one.shots, "shot")}`
    : one.state === "waiting" && one.asks.length ? "answered, waiting" : NAMES[one.state];
  return (
    <div class={`ep ${one.state}`} role="listitem" data-episode={one.name}>
      <div class="line">
        <Mark one={one} />
        <b class="ell name">{one.name}</b>
        <span class="sm state">{told}</span>
        <span class="sm t2 ell grow">{one.people.join(", ")}</span>
        {one.warnings.length ? <span class="sm t2 em" title={one.warnings.join("\n")}><Icon name="warn" size={14} />{count(one.warnings.length, "warning")}</span> : null}
        {one.seconds ? <span class="sm t2">{clock(one.seconds, 0)}</span> : null}
        {one.shots ? <span class="sm t3 shots">{count(one.shots, "shot")}</span> : null}
        {one.state === "failed" && !busy ? <button class="btn" onClick={() => void goOn([one.name])}>Try again</button> : null}
        {one.film ? <button class="btn" onClick={() => void openEpisode(one.film!)}>Open<span class="vh"> {one.name}</span></button> : null}
      </div>
      {one.state === "failed" ? one.problems.map((problem) => <p class="why" key={problem}><span class="bad"><Icon name="err" size={14} /></span><span>{problem}</span></p>) : null}
      {one.asks.map((asked) => <Who key={asked.label} one={one} asked={asked} keys={first === `${one.name} ${asked.label}`} />)}
    </div>
  );
}

function Mark({ one }: { one: Episode }) {
  if (one.state === "done") return <StateMark state="made" />;
  if (one.state === "running") return <StateMark state="running" share={one.shots ? one.made / one.shots : 0} />;
  if (one.state === "failed") return <span class="slot bad"><Icon name="err" /></span>;
  if (one.state === "asks") return <span class="sw none" aria-hidden="true">?</span>;
  return <StateMark state="new" />;
}

/** Who is this? Played, then answered by a click that writes the cast; an answer can be taken back. */
function Who({ one, asked, keys }: { one: Episode; asked: Ask; keys: boolean }) {
  const [start, end] = asked.turns[0] ?? [0, 4];
  const chosen = asked.people.find((person) => person.id === asked.who);
  if (chosen) {
    return (
      <div class="row answer sm"><Icon name="check" size={14} /><span>{asked.label} is {chosen.name}</span>
        <button class="tab sm" onClick={() => void answered(one.name, asked.label, null)}>Take it back</button></div>
    );
  }
  return (
    <div class="q" role="group" aria-label={`Who is ${asked.label} in ${one.name}?`}>
      <div class="row">
        <button class="pl" aria-label={`Play ${asked.label}`} onClick={() => hearAt(api.recordingUrl(one.name), start, Math.min(end, start + 6))}><Icon name="play" cls="f" /></button>
        <div class="grow">
          <h3>Who is {asked.label}?</h3>
          <div class="sm t2">{asked.seconds.toFixed(1)} s of speech, no voice of the cast is surely theirs</div>
        </div>
        <div class="row hear">
          {asked.turns.slice(1).map(([from, to]) => (
            <button class="tab sm" key={from} aria-label={`Play ${asked.label} at ${clock(from, 0)}`} onClick={() => hearAt(api.recordingUrl(one.name), from, Math.min(to, from + 6))}>{clock(from, 0)}</button>
          ))}
        </div>
      </div>
      <div class="who">
        {asked.people.map((person, index) => (
          <button key={person.id} data-answer={keys ? index + 1 : undefined} onClick={() => void answered(one.name, asked.label, person.id)}>
            <Swatch name={person.name} color={person.id === "guest" ? "" : (person.color ?? PALETTE[index % PALETTE.length]!)} />
            <span class="grow ell">{person.name}</span>
            {person.alike === null ? null : <span class="xs t2" title="How alike the voices are; 1 is the same">{person.alike.toFixed(2)}</span>}
            {keys ? <Key>{String(index + 1)}</Key> : null}
          </button>
        ))}
      </div>
    </div>
  );
}

effect(() => {
  if (view.value === "batch") document.title = `${batch.value?.name ?? "Episodes"}: cutting room`;
});
