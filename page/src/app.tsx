// The cutting room: one page, one order of panes.

import { render } from "preact";
import { effect } from "@preact/signals";
import * as api from "./api";
import { batch, Episodes, loadBatch, view } from "./batch";
import { setTheme, theme } from "./color";
import { FilmPane } from "./filmpane";
import { First } from "./first";
import { runsOf } from "./emotionpaint";
import { heard } from "./hearing";
import { KeySheet, keyDown } from "./keys";
import { PicturePane } from "./picture";
import { Problems } from "./problems";
import { Script } from "./script";
import { film, list, load, lost, menu, open, said, time } from "./state";
import * as state from "./state";
import * as player from "./player";
import * as lanes from "./lanes";
import { Status } from "./status";
import { Timeline } from "./timeline";
import { Top } from "./top";
import { Views, narrow } from "./views";

function Room() {
  const now = film.value;
  return (
    <div id="app" class={now?.kind === "new" ? "first" : narrow.value ? "narrow" : ""}>
      <Top />
      {view.value === "batch" ? (
        <Episodes />
      ) : now?.kind === "new" ? (
        <First />
      ) : (
        <>
          <Views />
          <main id="mon">
            <PicturePane />
            <FilmPane />
            {narrow.value ? <Script /> : null}
          </main>
          <Timeline />
          <Problems />
          {narrow.value ? null : <Script />}
        </>
      )}
      <Status />
      <KeySheet />
    </div>
  );
}

async function refreshList(): Promise<void> {
  list.value = await api.films();
}

async function begin(): Promise<void> {
  setTheme(theme.value);
  addEventListener("keydown", keyDown);
  addEventListener("click", (event) => {
    if (menu.value && !(event.target as HTMLElement).closest(".pop, .menu, .sheet, footer")) menu.value = null;
  });
  try {
    await api.begin();
    await refreshList();
  } catch (error) {
    said.value = error instanceof Error ? error.message : String(error);
    document.getElementById("root")!.textContent = "";
    render(<p class="veil">Open the room by the address that `dialogue studio` printed: {said.value}</p>, document.getElementById("root")!);
    return;
  }
  const asked = new URLSearchParams(location.search).get("film");
  const first = list.value.films.find((one) => one.id === asked) ?? list.value.films[0];
  if (list.value.batch) {
    await loadBatch();
    if (!asked) view.value = "batch";
  }
  if (first && view.value === "room") await open(first.id);
  render(<Room />, document.getElementById("root")!);
  api.listen((news) => {
    lost.value = false;
    if (news.kind === "batch") void Promise.all([loadBatch(), refreshList()]);
    if (news.film === film.value?.id) void load(news.film);
  });
  let stamp = 0;
  effect(() => {
    const now = film.value?.film?.stamp ?? 0;
    if (now !== stamp) void refreshList();
    stamp = now;
  });
}

// For the tests and the screenshots of the page: what it shows, and a way to stand at a moment.
Object.assign(window, { room: { batch, state, player, lanes, heard, runsOf, at: (seconds: number) => (player.seek(seconds), time.value) } });

void begin();
