// The film: what is made plays here; what is not yet is its picture with the sound it will have.

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import * as api from "./api";
import { tones } from "./color";
import { clock } from "./format";
import { Icon } from "./icons";
import { looped, muted, play, playStretch, rate, seek, shuttle, stop, toggle, video } from "./player";
import { preview, takeName } from "./takes";
import { Settings } from "./settings";
import { wiped, Wipe, WipeTransport } from "./wipe";
import { panel } from "./views";
import { card, film, frameAt, length, pane, plan, playing, selected, shotNow, shots, speakers, states, time, turnAt, turns } from "./state";

const broken = signal<string | null>(null); // why the film is not shown

export function FilmPane() {
  const now = film.value;
  const at = turnAt(time.value);
  const where = [
    shots.value.length ? `shot ${shotNow.value + 1}` : "",
    at !== null && turns.value[at]!.line !== null ? `line ${turns.value[at]!.line! + 1}` : "",
  ].filter(Boolean).join(", ");
  const old = now?.film && ["stale", "new", "running"].includes(states.value[shotNow.value] ?? "");
  return (
    <section class="pane" {...panel("Film")} aria-label="Film" onFocusCapture={() => (pane.value = "Film")}>
      <div class="ph">
        <b class="h">Film</b>
        <span class="sm t2 ell where">{where}</span>
        <div class="grow" />
        {old ? <span class="sm t2 em" title="This shot is shown as it was before the last change"><Icon name="stale" size={12} /> as before the change</span> : null}
        <Settings />
      </div>
      <div class="stage">{wiped.value ? <Wipe /> : preview.value ? <Preview /> : now?.film && now.plan ? <Movie /> : <Still />}{now?.job?.state === "running" ? <Coming /> : null}</div>
      {wiped.value ? <WipeTransport /> : <Transport />}
    </section>
  );
}

function Movie() {
  const now = film.value!;
  const place = useRef<HTMLVideoElement>(null);
  const stamp = now.film!.stamp;
  useEffect(() => {
    broken.value = null;
    video.value = place.current;
    return () => {
      video.value = null;
    };
  }, [now.id, stamp]);
  const size = { aspectRatio: `${now.plan!.width} / ${now.plan!.height}`, "--ratio": String(now.plan!.width / now.plan!.height) };
  return (
    <div class="screen" style={size}>
      <video ref={place} key={`${now.id} ${stamp}`} src={api.movieUrl(now.id, stamp)} preload="auto" playsInline
        aria-label={`The film at ${clock(time.value)}`} onClick={toggle}
        onLoadedMetadata={(event) => {
          if (!event.currentTarget.videoWidth) broken.value = "this browser plays no video of this kind";
          seek(time.value);
        }}
        onError={() => (broken.value = "the film cannot be played; render it again")} />
      {broken.value ? <p class="veil">{broken.value}</p> : null}
    </div>
  );
}

/** A take by itself, with its sound; Esc goes back to the film. */
function Preview() {
  const now = film.value!;
  const { shot, number } = preview.value!;
  const size = { aspectRatio: `${now.plan!.width} / ${now.plan!.height}`, "--ratio": String(now.plan!.width / now.plan!.height) };
  return (
    <div class="screen" style={size}>
      <video src={api.takeUrl(now.id, shot + 1, number, now.shots[shot]?.key ?? "")} controls autoPlay loop playsInline aria-label={`Take ${number} of shot ${shot + 1}`} />
      <button class="btn back" onClick={() => (preview.value = null)}>{takeName(shot, number)}: back to the film</button>
    </div>
  );
}

/** Before there is a film: the shot's picture as the film will frame it, and who speaks. */
function Still() {
  const now = film.value;
  const shot = shots.value[shotNow.value];
  if (!now?.plan || !shot) return <p class="t2 pad">{now?.doing ? `${now.doing} …` : "No film yet"}</p>;
  const info = now.pictures[shot.picture];
  const { width, height } = now.plan;
  const [vx, vy, vw, vh] = shot.view;
  const at = time.value;
  const speaking = new Set(turns.value.filter((turn) => turn.start <= at && at < turn.end).map((turn) => turn.speaker));
  const ratio = { aspectRatio: `${width} / ${height}`, "--ratio": String(width / height) };
  return (
    <div class="screen" style={ratio}>
      <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={`The picture of shot ${shotNow.value + 1}; the film is not made yet`}>
        {info?.width ? (
          <image href={api.pictureUrl(now.id, info.id)} x={(-vx * width) / vw} y={(-vy * height) / vh} width={(info.width * width) / vw} height={(info.height! * height) / vh} preserveAspectRatio="none" />
        ) : null}
        {shot.faces.filter((face) => speaking.has(face.speaker)).map((face) => (
          <rect key={face.speaker} x={face.box[0]} y={face.box[1]} width={face.box[2]} height={face.box[3]} rx={width / 60} fill="none"
            stroke={tones(speakers.value.get(face.speaker)?.color ?? "#888888").solid} stroke-width={width / 130} />
        ))}
      </svg>
      <span class="badge still">not rendered</span>
    </div>
  );
}

/** The newest frame of the shot that is being made, over a corner of the film. */
function Coming() {
  const now = film.value!;
  const job = now.job!;
  if (!job.frame) return null;
  return (
    <figure class="coming">
      <img src={api.frameUrl(now.id, job.number, job.line)} alt={`Frame ${job.frame.frame} of shot ${job.frame.shot}, being made`} />
      <figcaption class="xs">shot {job.frame.shot}, frame {job.frame.frame}</figcaption>
    </figure>
  );
}

/** The edge points of the film: where turns begin. */
function neighbour(direction: 1 | -1): void {
  const starts = turns.value.map((turn) => turn.start);
  const found = direction > 0 ? starts.find((start) => start > time.value + 0.03) : starts.findLast((start) => start < time.value - 0.2);
  stop();
  seek(found ?? (direction > 0 ? length.value : 0));
}

function Transport() {
  const now = plan.value;
  const on = card.value;
  return (
    <div class="pf">
      <div class="count">
        <div class="tc">{clock(time.value)}</div>
        <div class="xs t3">{now ? `frame ${Math.min(frameAt(time.value), Math.max(0, now.frames - 1))} of ${now.frames}` : ""}</div>
      </div>
      <div class="grow" />
      <div class="tp" role="group" aria-label="Playing">
        <button class="ib roomy" aria-label="Turn before" title="Turn before" onClick={() => neighbour(-1)}><Icon name="prev" cls="f" /></button>
        <button class="ib" aria-label="Backwards (J)" aria-pressed={rate.value < 0} onClick={() => shuttle(-1)}><Icon name="back" cls="f" /><span class="jl">J</span></button>
        <button class="ib play" aria-label={playing.value ? "Stop (K)" : "Play (Space)"} onClick={toggle}><Icon name={playing.value ? "pause" : "play"} cls="f" /><span class="jl">K</span></button>
        <button class="ib" aria-label="Forwards, again: faster (L)" aria-pressed={rate.value > 1} onClick={() => shuttle(1)}><Icon name="fwd" cls="f" /><span class="jl">L</span></button>
        <button class="ib roomy" aria-label="Next turn" title="Next turn" onClick={() => neighbour(1)}><Icon name="next" cls="f" /></button>
      </div>
      <div class="grow" />
      <div class="row ends">
        <button class="ib" aria-label="Loop the line" title="Loop the line" aria-pressed={looped.value}
          onClick={() => {
            looped.value = !looped.value;
            const turn = selected.value === null ? undefined : turns.value[selected.value];
            if (looped.value && turn && on) playStretch(turn.start, turn.end);
          }}><Icon name="loop" /></button>
        <button class="ib" aria-label={muted.value ? "Sound on" : "Sound off"} aria-pressed={muted.value}
          onClick={() => { muted.value = !muted.value; if (playing.value) play(); }}><Icon name={muted.value ? "mute" : "vol"} /></button>
        <span class="sm t2 speed">{rate.value && rate.value !== 1 ? `${rate.value}×` : "1×"}</span>
      </div>
    </div>
  );
}
