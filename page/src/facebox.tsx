// One face over the picture: its box with handles, its mouth, its name.

import { signal } from "@preact/signals";
import { tones } from "./color";
import * as faces_ from "./faces";
import { clamp } from "./format";
import { editable, person, speakers } from "./state";
import type { Box } from "./types";

export interface Found {
  who: string;
  box: Box;
  region: Box | null;
  mouth: number[][] | null; // its centre, or its two corners
  own: boolean; // the mouth is written in the scene
}

export type Hold =
  | { kind: "move"; who: string; box: Box; mouth: number[][] | null }
  | { kind: "size"; who: string; box: Box; x: -1 | 0 | 1; y: -1 | 0 | 1; mouth: number[][] | null }
  | { kind: "mouth"; who: string; box: Box; mouth: number[][]; point: number }
  | { kind: "draw" }
  | { kind: "pan"; x: number; y: number };

export const live = signal<{ who: string; box: Box; mouth: number[][] | null } | null>(null); // while it is dragged

const HANDLES = [[-1, -1], [0, -1], [1, -1], [-1, 0], [1, 0], [-1, 1], [0, 1], [1, 1]] as const;

export function sized(box: Box, hx: number, hy: number, dx: number, dy: number, [width, height]: [number, number]): Box {
  let [x0, y0, x1, y1] = [box[0], box[1], box[0] + box[2], box[1] + box[3]];
  if (hx < 0) x0 = clamp(x0 + dx, 0, x1 - 8);
  if (hx > 0) x1 = clamp(x1 + dx, x0 + 8, width);
  if (hy < 0) y0 = clamp(y0 + dy, 0, y1 - 8);
  if (hy > 0) y1 = clamp(y1 + dy, y0 + 8, height);
  return [x0, y0, x1 - x0, y1 - y0];
}

export function FaceBox({ face, px, size, take, name }: {
  face: Found; px: number; size: [number, number]; take: (event: PointerEvent, hold: Hold) => void; name: string;
}) {
  const who = speakers.value.get(face.who)!;
  const color = tones(who.color).solid;
  const held = live.value?.who === face.who ? live.value : null;
  const box = held?.box ?? face.box;
  const mouth = held?.mouth ?? face.mouth;
  const on = person.value === face.who;
  const grab = (event: PointerEvent) => (editable.value ? take(event, { kind: "move", who: face.who, box: face.box, mouth: face.mouth }) : (person.value = face.who));
  const keyed = (event: KeyboardEvent) => {
    const by = event.shiftKey ? 10 : 1;
    const ways: Record<string, [number, number]> = { ArrowLeft: [-by, 0], ArrowRight: [by, 0], ArrowUp: [0, -by], ArrowDown: [0, by] };
    const way = ways[event.key];
    if (event.key === "Delete" && editable.value) {
      event.preventDefault();
      event.stopPropagation();
      void faces_.removeFace(name, face.who);
    }
    if (!way || !editable.value) return;
    event.preventDefault();
    event.stopPropagation();
    const next: Box = event.altKey
      ? sized(face.box, 1, 1, way[0], way[1], size)
      : [clamp(face.box[0] + way[0], 0, size[0] - face.box[2]), clamp(face.box[1] + way[1], 0, size[1] - face.box[3]), face.box[2], face.box[3]];
    void faces_.setFace(name, face.who, next);
  };
  const label = `Face of ${who.name}, x ${Math.round(box[0])}, y ${Math.round(box[1])}, ${Math.round(box[2])} wide, ${Math.round(box[3])} high`;
  return (
    <g class={`fbox ${on ? "sel" : ""}`} tabIndex={0} role="button" aria-label={label} aria-pressed={on} data-who={face.who}
      onFocus={() => (person.value = face.who)} onKeyDown={keyed}>
      {face.region && on && !held ? <rect class="padded" x={face.region[0]} y={face.region[1]} width={face.region[2]} height={face.region[3]} stroke-width={px} stroke-dasharray={`${px} ${3 * px}`} rx={4 * px} /> : null}
      <rect class="dark" x={box[0]} y={box[1]} width={box[2]} height={box[3]} stroke-width={4 * px} rx={3 * px} />
      <rect class="body" x={box[0]} y={box[1]} width={box[2]} height={box[3]} stroke={color} stroke-width={(on ? 2 : 1.5) * px} rx={3 * px} onPointerDown={grab} />
      {mouth ? <MouthPoints face={face} mouth={mouth} box={box} px={px} color={color} take={take} on={on} /> : null}
      <Tag text={who.name} x={box[0]} y={box[1] + box[3]} top={box[1]} px={px} size={size} fill={color} ink="#15171a" />
      {on && editable.value
        ? HANDLES.map(([hx, hy]) => {
            const [x, y] = [box[0] + (box[2] * (hx + 1)) / 2, box[1] + (box[3] * (hy + 1)) / 2];
            return (
              <g key={`${hx}${hy}`} style={{ cursor: hx * hy > 0 ? "nwse-resize" : hx * hy < 0 ? "nesw-resize" : hx ? "ew-resize" : "ns-resize" }}
                onPointerDown={(event) => take(event, { kind: "size", who: face.who, box: face.box, x: hx, y: hy, mouth: face.mouth })}>
                <rect class="reach" x={x - 12 * px} y={y - 12 * px} width={24 * px} height={24 * px} />
                <rect class="handle" x={x - 4.5 * px} y={y - 4.5 * px} width={9 * px} height={9 * px} stroke-width={1.5 * px} rx={2 * px} />
              </g>
            );
          })
        : null}
    </g>
  );
}

/** The mouth: its centre, or its two corners on a lip line. */
function MouthPoints({ face, mouth, box, px, color, take, on }: {
  face: Found; mouth: number[][]; box: Box; px: number; color: string; take: (event: PointerEvent, hold: Hold) => void; on: boolean;
}) {
  const [a, b] = [mouth[0]!, mouth[1]];
  return (
    <g>
      {b ? <path d={`M${a[0]} ${a[1]}L${b[0]} ${b[1]}`} stroke={color} stroke-width={1.5 * px} fill="none" /> : null}
      {mouth.map((point, index) => (
        <circle key={index} class="pt" cx={point[0]} cy={point[1]} r={(on ? 4 : 3) * px} fill={color} stroke="#15171a" stroke-width={1.5 * px}
          onPointerDown={(event) => take(event, { kind: "mouth", who: face.who, box, mouth, point: index })} />
      ))}
    </g>
  );
}

const ruler = document.createElement("canvas").getContext("2d")!;

function widthOf(text: string): number {
  ruler.font = `600 11px ${getComputedStyle(document.body).fontFamily}`;
  return ruler.measureText(text).width;
}

/** A name below the chin, above where there is no room. */
export function Tag({ text, x, y, top, px, size, fill, ink }: {
  text: string; x: number; y: number; top: number; px: number; size: [number, number]; fill: string; ink: string;
}) {
  const wide = (widthOf(text) + 12) * px;
  const below = y + 25 * px < size[1];
  const ty = below ? y + 6 * px : Math.max(0, top - 24 * px);
  const tx = clamp(x - px, 0, size[0] - wide);
  return (
    <g class="tag" aria-hidden="true">
      <rect x={tx} y={ty} width={wide} height={18 * px} rx={4 * px} fill={fill} />
      <text x={tx + 6 * px} y={ty + 13 * px} font-size={11 * px} fill={ink}>{text}</text>
    </g>
  );
}
