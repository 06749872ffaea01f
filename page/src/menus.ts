// The keyboard in menus, tabs and choices: arrows go through them, a menu takes the focus and gives it back.

import { effect } from "@preact/signals";
import { menu } from "./state";

const ITEMS = "[role^=menuitem]:not(:disabled), [role=tab]:not(:disabled), [role=radio]:not(:disabled)";
const WAYS: Record<string, Record<string, number>> = {
  menu: { ArrowDown: 1, ArrowUp: -1 },
  tablist: { ArrowRight: 1, ArrowLeft: -1 },
  radiogroup: { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 1, ArrowUp: -1 },
};

/** Whether a key has moved the focus within a menu, tabs or choices. A tab is chosen with it; a choice is not: it writes. */
export function wentThrough(event: KeyboardEvent): boolean {
  const list = (event.target as HTMLElement).closest<HTMLElement>("[role=menu], [role=tablist], [role=radiogroup]");
  if (!list || (event.target as HTMLElement).closest("input, select")) return false;
  const items = [...list.querySelectorAll<HTMLElement>(ITEMS)];
  const at = items.indexOf(document.activeElement as HTMLElement);
  const by = WAYS[list.getAttribute("role")!]![event.key];
  const next = by !== undefined ? (at + by + items.length) % items.length : event.key === "Home" ? 0 : event.key === "End" ? items.length - 1 : null;
  if (next === null || !items.length) return false;
  items[next]!.focus();
  if (list.getAttribute("role") === "tablist") items[next]!.click();
  return true;
}

let opener: HTMLElement | null = null;

effect(() => {
  const name = menu.value;
  if (name !== null) {
    opener = document.activeElement as HTMLElement | null;
    requestAnimationFrame(() => {
      const list = document.querySelector<HTMLElement>(".menu[role=menu]");
      if (menu.value === name && list && !list.contains(document.activeElement)) {
        (list.querySelector<HTMLElement>("[aria-checked=true]") ?? list.querySelector<HTMLElement>(ITEMS))?.focus({ preventScroll: true });
      }
    });
  } else if (opener) {
    const back = opener;
    opener = null;
    requestAnimationFrame(() => {
      const lost = document.activeElement === null || document.activeElement === document.body;
      if (lost && back.isConnected) back.focus({ preventScroll: true });
    });
  }
});
