// A narrow window: picture, film and script are three tabs over the timeline. Which of them is shown.

import { signal } from "@preact/signals";

export type View = "Picture" | "Film" | "Script";
const VIEWS: View[] = ["Picture", "Film", "Script"];

const query = matchMedia("(max-width: 1099px)");
export const narrow = signal(query.matches);
query.addEventListener("change", (event) => (narrow.value = event.matches));

const view = signal<View>("Picture");

/** Bring a pane to the front, where only one has room. */
export function show(name: View): void {
  view.value = name;
}

/** Whether a pane is behind another. */
export const hidden = (name: View): boolean => narrow.value && view.value !== name;

/** What makes a pane the panel of its tab. */
export function panel(name: View): { hidden: boolean; id?: string; role?: "tabpanel" } {
  return narrow.value ? { hidden: hidden(name), id: `view-${name}`, role: "tabpanel" } : { hidden: false };
}

export function Views() {
  if (!narrow.value) return null;
  return (
    <nav id="views" aria-label="Panes">
      <div class="tabs" role="tablist" aria-label="Panes">
        {VIEWS.map((name) => (
          <button class="tab" role="tab" key={name} id={`tab-${name}`} aria-selected={view.value === name} aria-controls={`view-${name}`}
            tabIndex={view.value === name ? 0 : -1} onClick={() => show(name)}>{name}</button>
        ))}
      </div>
    </nav>
  );
}
