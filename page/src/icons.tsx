import { FILLED, GLYPHS } from "./emotion";
import { initial } from "./format";
import { tones } from "./color";

/** A drawing of the sprite in index.html. */
export function Icon({ name, cls = "", size }: { name: string; cls?: string; size?: number }) {
  return (
    <svg class={`i ${cls}`} aria-hidden="true" style={size ? { width: `${size}px`, height: `${size}px` } : undefined}>
      <use href={`#${name}`} />
    </svg>
  );
}

export function Mouth({ name }: { name: string }) {
  return (
    <svg class="mo" viewBox="0 0 12 11" aria-hidden="true">
      <path d={GLYPHS[name] ?? GLYPHS.neutral} fill={FILLED.has(name) ? "currentColor" : "none"} />
    </svg>
  );
}

/** A person's initial on their colour; a question mark where nobody is known. */
export function Swatch({ name, color }: { name: string; color: string }) {
  if (!color) return <span class="sw none" aria-hidden="true">?</span>;
  return <span class="sw" aria-hidden="true" style={{ background: tones(color).solid }}>{initial(name)}</span>;
}

/** What became of a shot, as a shape with its words for those who do not see it. */
export function StateMark({ state, share = 0 }: { state: string; share?: number }) {
  const words = { made: "rendered", stale: "stale", new: "not rendered", running: "rendering", unknown: "" }[state] ?? "";
  if (!words) return <span class="slot" />;
  if (state === "running") {
    const turn = Math.max(0.04, share) * 2 * Math.PI;
    const [x, y] = [8 + 5 * Math.sin(turn), 8 - 5 * Math.cos(turn)];
    return (
      <svg class="i slot" viewBox="0 0 16 16" role="img" aria-label={words}>
        <circle cx="8" cy="8" r="5" class="ring" />
        <path d={`M8 3A5 5 0 ${turn > Math.PI ? 1 : 0} 1 ${x.toFixed(2)} ${y.toFixed(2)}`} stroke-width="2.5" stroke-linecap="butt" />
      </svg>
    );
  }
  if (state === "new") {
    return (
      <svg class="i slot t3" viewBox="0 0 16 16" role="img" aria-label={words}>
        <circle cx="8" cy="8" r="4.5" stroke-dasharray="2 2.7" />
      </svg>
    );
  }
  return (
    <svg class={`i slot ${state === "made" ? "t3" : ""}`} role="img" aria-label={words}>
      <use href={state === "made" ? "#check" : "#stale"} />
    </svg>
  );
}

export function Key({ children }: { children: string }) {
  return <kbd aria-hidden="true">{children}</kbd>;
}
