// The status bar: problems in numbers, what is being done, the keys of the pane that has the focus.

import { view } from "./batch";
import { duration } from "./format";
import { Icon, Key } from "./icons";
import { setTheme, theme } from "./color";
import { film, lost, menu, pane, plan, said } from "./state";

const KEYS: Record<string, [string[], string][]> = {
  Timeline: [[["J", "K", "L"], "play"], [["←", "→"], "frame"], [["↑", "↓"], "turn"], [["S"], "split"], [["E"], "emotion"]],
  Picture: [[["←", "→"], "move"], [["⇧"], "ten"], [["Alt"], "size"], [["Del"], "remove"]],
  Film: [[["Space"], "play"], [["←", "→"], "frame"]],
  Script: [[["Enter"], "edit words"], [["E"], "emotion"], [["N"], "new line"], [["/"], "find"]],
  Problems: [[["F8"], "next problem"], [["Enter"], "go there"]],
};

export function Status() {
  const now = film.value;
  const errors = now?.problems.filter((problem) => problem.severity === "error").length ?? 0;
  const warnings = (now?.problems.length ?? 0) - errors;
  const job = now?.job;
  const running = job?.state === "running";
  const ended = job?.ended;
  return (
    <footer>
      {now ? (
        <span class="row some">
          {errors ? <><span class="bad"><Icon name="err" /></span>{errors} {errors === 1 ? "error" : "errors"}</> : null}
          {warnings ? <><Icon name="warn" />{warnings} {warnings === 1 ? "warning" : "warnings"}</> : null}
          {!errors && !warnings ? <><Icon name="check" />No problems</> : null}
        </span>
      ) : <span>Everything stays on this machine.</span>}
      {plan.value ? <span class="wide">{plan.value.generator}</span> : null}
      <span role="status" class="ell">
        {lost.value ? "The server does not answer: start `dialogue studio` again" : said.value ? said.value : now?.doing ? `${now.doing} …`
          : running ? `${job.step?.doing.split(": ")[0] ?? "Starting"}${job.step ? `, ${Math.round(job.step.share * 100)} %` : ""}${job.step?.left ? `, ${duration(job.step.left)} left` : ""}`
          : ended?.kind === "failed" ? `The last render failed: ${ended.problems?.[0] ?? ""}` : ended?.kind === "stopped" ? "The last render was cancelled; finished shots are kept"
          : job?.state === "broken" ? "The last render ended without a word; render again, finished shots are kept" : ""}
      </span>
      <span class="grow" />
      {view.value === "room" ? <span class="k wide strong">{pane.value}</span> : null}
      {((view.value === "room" ? KEYS[pane.value] : null) ?? []).map(([keys, words], index) => (
        <span class={`k ${index > 2 ? "wide" : "mid"}`} key={words}>{keys.map((key) => <Key key={key}>{key}</Key>)} {words}</span>
      ))}
      <button class="k" onClick={() => setTheme(theme.value === "dark" ? "light" : "dark")} title="Dark or light">{theme.value === "dark" ? "Light" : "Dark"}</button>
      <button class="k" onClick={() => (menu.value = "keys")}><Key>?</Key> all keys</button>
    </footer>
  );
}
