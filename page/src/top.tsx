// The top bar: which film, undo, what rendering costs, and the button that does it.

import * as api from "./api";
import { batch, GoOn, openEpisode, view } from "./batch";
import { count, duration, memory } from "./format";
import { Icon, Key } from "./icons";
import { editable, film, history_, list, load, menu, plan, said, shotNow, shots, states } from "./state";
import { goTo } from "./problems";
import { anotherTake, freeTake } from "./takes";

export function Top() {
  const now = film.value;
  return (
    <header>
      <svg class="mark" viewBox="0 0 20 20" aria-hidden="true"><use href="#lips" /></svg>
      <Switch />
      {now?.kind === "scene" && view.value === "room" ? (
        <div class="row">
          <button class="ib" aria-label={now.undo ? `Undo: ${now.undo}` : "Undo"} title={now.undo ? `Undo: ${now.undo} (Ctrl+Z)` : "Nothing to undo"} disabled={!now.undo} onClick={() => void history_(false)}><Icon name="undo" /></button>
          <button class="ib" aria-label={now.redo ? `Redo: ${now.redo}` : "Redo"} title={now.redo ? `Redo: ${now.redo} (Ctrl+Shift+Z)` : "Nothing to redo"} disabled={!now.redo} onClick={() => void history_(true)}><Icon name="redo" /></button>
        </div>
      ) : null}
      <span class="t3 sm wide ell">{now && view.value === "room" ? (editable.value ? `Saved in ${now.file}` : now.kind === "plan" ? `${now.file}: a plan is shown as it is` : now.file) : ""}</span>
      <div class="grow" />
      {view.value === "batch" ? <GoOn /> : <><Cost /><RenderButton /></>}
    </header>
  );
}

function Switch() {
  const now = film.value;
  const { name, films } = list.value;
  const title = plan.value?.title || now?.name || "New scene";
  if (view.value === "batch") return <b class="title ell">{batch.value?.name ?? name}</b>;
  if (films.length < 2 && !batch.value) return <b class="title ell">{title}</b>;
  const at = films.findIndex((one) => one.id === now?.id) + 1;
  const shown = menu.value === "films";
  return (
    <div class="pop">
      <button class="switch" aria-haspopup="menu" aria-expanded={shown} title="Films (O)" onClick={() => (menu.value = shown ? null : "films")}>
        <span class="t2 wide">{name}</span><span class="t3 wide">/</span><b class="ell">{title}</b><span class="t3 sm">{at} of {films.length}</span><Icon name="chev" cls="t2" />
      </button>
      {shown ? (
        <div class="menu left" role="menu" aria-label="Films">
          {batch.value ? <><button role="menuitem" onClick={() => { menu.value = null; view.value = "batch"; history.replaceState(null, "", location.pathname); }}><span class="grow strong">All episodes</span></button><hr /></> : null}
          {films.map((one) => (
            <button role="menuitemradio" aria-checked={one.id === now?.id} key={one.id} onClick={() => { menu.value = null; void openEpisode(one.id); }}>
              <span class="grow ell">{one.name}</span><span class="sm t3">{one.made ? "has a film" : one.kind === "plan" ? "planned" : ""}</span>
            </button>
          ))}
        </div>
      ) : null}
    </div>
  );
}

function Cost() {
  const now = film.value;
  const due = now?.costs?.due;
  if (!now || !due || !plan.value) return null;
  if (!due.shots) return <div class="row cost sm"><span>every shot is made</span></div>;
  return (
    <div class="row cost sm" role="group" aria-label="What rendering will cost">
      {due.windows ? <span><b>{due.windows}</b> {due.windows === 1 ? "window" : "windows"}</span> : <span><b>{plan.value.generator}</b></span>}
      <span>about <b>{duration(due.seconds)}</b></span>
      <span><b>{memory(now.costs!.memory)}</b> memory</span>
    </div>
  );
}

export async function render(order: { shot?: number; take?: number; generator?: string }): Promise<void> {
  const now = film.value;
  menu.value = null;
  if (!now) return;
  try {
    await api.render(now.id, order);
    said.value = null;
  } catch (error) {
    said.value = error instanceof Error ? error.message : String(error);
  }
  await load(now.id);
}

export async function cancelRender(): Promise<void> {
  const now = film.value;
  if (now) await api.cancel(now.id).catch(() => undefined);
}

function RenderButton() {
  const now = film.value;
  if (!now || now.kind === "new") return null;
  const errors = now.problems.filter((problem) => problem.severity === "error");
  const job = now.job?.state === "running" ? now.job : null;
  const shown = menu.value === "render";
  if (job) {
    return (
      <div class="split">
        <button class="go calm" onClick={() => void cancelRender()} title="Finished shots are kept">
          {job.step ? `${Math.round(job.step.share * 100)} %` : "Starting"} <span class="sm">{job.step?.left ? `${duration(job.step.left)} left` : ""}</span> Cancel
        </button>
      </div>
    );
  }
  if (errors.length || now.plan_old || !now.plan) {
    return (
      <div class="split">
        <button class="go" disabled={!errors.length} onClick={() => goTo(errors[0]!)}>{errors.length ? `Fix ${count(errors.length, "error")}` : "Planning"}</button>
      </div>
    );
  }
  const due = now.costs?.due;
  const words = !due ? "Render" : due.shots ? `Render ${due.shots === shots.value.length ? (due.shots === 1 ? "the film" : `${due.shots} shots`) : count(due.shots, "shot")}` : now.film ? "Render again" : "Join the film";
  const one = now.shots[shotNow.value];
  return (
    <div class="split pop">
      <button class="go" onClick={() => void render({})}>{words}<Key>R</Key></button>
      <button class="more" aria-label="More ways to render" aria-haspopup="menu" aria-expanded={shown} onClick={() => (menu.value = shown ? null : "render")}><Icon name="chev" /></button>
      {shown ? (
        <div class="menu" role="menu" aria-label="Ways to render">
          <Way title={due?.shots ? `${count(due.shots, "shot")} that changed` : "The whole film"} cost={cost(due?.windows, due?.seconds)} keys="R" go={() => void render({})} />
          {one ? <Way title={`Shot ${shotNow.value + 1} only`} cost={states.value[shotNow.value] === "made" ? "made already" : cost(one.windows, one.seconds)} keys="⇧ R" go={() => void render({ shot: shotNow.value + 1 })} /> : null}
          {one && editable.value && !one.locked ? <Way title={`Another take of shot ${shotNow.value + 1}`} cost={`seed ${(one.takes.find((take) => take.chosen)?.seed ?? 0) - one.take + freeTake(shotNow.value)}: ${cost(one.windows, one.seconds)}`} keys="T" go={() => anotherTake(shotNow.value)} /> : null}
          {plan.value?.generator !== "animatic" ? (
            <>
              <hr />
              <Way title="Animatic of the whole film" cost={`no windows, about ${duration(Math.max(2, (plan.value!.frames / 25) * 0.15))}`} go={() => void render({ generator: "animatic" })} />
            </>
          ) : null}
        </div>
      ) : null}
    </div>
  );
}

function cost(windows = 0, seconds = 0): string {
  return `${windows ? count(windows, "window") : "no windows"}, about ${duration(seconds)}`;
}

function Way({ title, cost: under, keys, go }: { title: string; cost: string; keys?: string; go: () => void }) {
  return (
    <button role="menuitem" onClick={go}>
      <div class="grow"><div class="strong">{title}</div><div class="sm t2">{under}</div></div>
      {keys ? <Key>{keys}</Key> : null}
    </button>
  );
}
