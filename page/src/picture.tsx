// The picture: whose face is where, drawn, moved and sized by hand or by figures; what of it the film shows.

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import * as api from "./api";
import { AddPicture } from "./addpicture";
import * as edits from "./edits";
import * as faces_ from "./faces";
import { FaceBox, live, sized, Tag, type Found, type Hold } from "./facebox";
import { clamp } from "./format";
import { Icon, Swatch } from "./icons";
import { panel, show } from "./views";
import {
  editable, film, itemsOf, keysOf, menu, pane, person, picture, pictureNames, pictureNow, plan, said, shotNow, shots, speakers, textOf,
} from "./state";
import { Typed } from "./typed";
import type { Box, Shot, Tree } from "./types";


const zoom = signal(1); // of what fits
const pan = signal({ x: 0, y: 0 });
const shown = signal(1); // pixels of the page in a pixel of the picture
const whose = signal<Box | null>(null); // a box that was drawn and is nobody's yet

const seeking = signal<string | null>(null); // whose face is to be drawn next

/** The next box that is drawn, or face that is clicked, is this person's. */
export function drawFor(who: string): void {
  show("Picture");
  seeking.value = who;
  said.value = `draw a box around the face of ${speakers.value.get(who)?.name ?? who}, or click the dashed one that is theirs`;
}

/** A box is somebody's: of whom it is known, else it is asked. */
function given(name: string, box: Box): void {
  const who = seeking.value;
  seeking.value = null;
  if (who === null) {
    whose.value = box;
    return;
  }
  said.value = null;
  person.value = who;
  void faces_.setFace(name, who, box);
}

/** Write down where a mouth is: its corners as they are guessed, to be dragged from there. */
export async function placeMouth(name: string, who: string): Promise<void> {
  const face = facesOf(name).find((one) => one.who === who);
  if (!face) return drawFor(who);
  const [x, y, w, h] = face.box;
  show("Picture");
  const guessed = face.mouth ?? [[x + w * 0.34, y + h * 0.78], [x + w * 0.66, y + h * 0.78]];
  if (await faces_.setFace(name, who, face.box, guessed.map((point) => point.map((side) => Math.round(side))))) {
    said.value = `drag the points to the corners of the mouth of ${speakers.value.get(who)?.name ?? who}`;
  }
}

/** The shot of the plan that shows a picture: the one under the playhead where it does. */
function shotOf(name: string): Shot | undefined {
  const now = shots.value[shotNow.value];
  return now?.picture === name ? now : shots.value.find((shot) => shot.picture === name);
}

/** Boxes in pixels of the picture: as written, else as the plan found them. */
export function facesOf(name: string): Found[] {
  const now = plan.value;
  const shot = shotOf(name);
  const scene = film.value?.scene;
  const back = (box: Box): Box => {
    const [vx, vy, vw, vh] = shot!.view;
    const [sx, sy] = [vw / now!.width, vh / now!.height];
    return [vx + box[0] * sx, vy + box[1] * sy, box[2] * sx, box[3] * sy];
  };
  const found: Found[] = [];
  for (const who of speakers.value.keys()) {
    const planned = now && shot?.faces.find((face) => face.speaker === who);
    const tree = scene ? faces_.facePaths(name, who)[0]!.reduce<Tree | undefined>((at, key) => childOf(at, key), scene) : undefined;
    const written = numbers(Array.isArray(tree) ? tree : keysOf(tree).box);
    const box = written.length === 4 ? (written as Box) : planned ? back(planned.box) : null;
    if (!box) continue;
    const points = itemsOf(keysOf(tree).mouth);
    const mouth = points.length === 2 && !points.some(Array.isArray) ? [numbers(points)] : points.map((point) => numbers(point));
    const seen = planned?.mouth ? [planned.mouth.left, planned.mouth.right].map(([x, y]) => back([x, y, 0, 0]).slice(0, 2)) : null;
    found.push({ who, box, region: planned ? back(planned.region) : null, mouth: mouth.length ? mouth : seen, own: mouth.length > 0 });
  }
  return found;
}

function childOf(tree: Tree | undefined, key: string | number): Tree | undefined {
  if (Array.isArray(tree)) return typeof key === "number" ? tree[key] : undefined;
  return typeof tree === "object" && tree ? tree[key] : undefined;
}

function numbers(tree: Tree | undefined): number[] {
  return Array.isArray(tree) ? tree.map((item) => Number(textOf(item))).filter((value) => Number.isFinite(value)) : [];
}

/** Faces that were found and nobody has. */
function strangers(name: string, faces: Found[]): Box[] {
  const covered = (box: Box) => faces.some((face) => overlap(face.box, box) > 0.2);
  return (film.value?.pictures[name]?.faces ?? []).filter((box) => !covered(box));
}

function overlap(a: Box, b: Box): number {
  const w = Math.min(a[0] + a[2], b[0] + b[2]) - Math.max(a[0], b[0]);
  const h = Math.min(a[1] + a[3], b[1] + b[3]) - Math.max(a[1], b[1]);
  const both = Math.max(0, w) * Math.max(0, h);
  return both / (a[2] * a[3] + b[2] * b[3] - both);
}

export function PicturePane() {
  const names = pictureNames.value;
  const name = pictureNow.value;
  return (
    <section class="pane" {...panel("Picture")} aria-label="Picture" onFocusCapture={() => (pane.value = "Picture")}>
      <div class="ph">
        <div class="tabs" role="tablist" aria-label="Pictures">
          {names.map((one) => {
            const numbers = shots.value.flatMap((shot) => (shot.picture === one ? [shot.index + 1] : []));
            const many = numbers.length > 4 ? `${numbers.slice(0, 3).join(" ")} …` : numbers.join(" ");
            return (
              <button class="tab" role="tab" key={one} aria-selected={one === name} title={one} onClick={() => (picture.value = one)}>
                {one.split("/").pop()}
                {names.length > 1 || numbers.length > 1 ? <span class="xs">{numbers.length > 1 && one === name ? "shots " : ""}{many}</span> : null}
              </button>
            );
          })}
        </div>
        <AddPicture />
        <div class="grow" />
        <CropMenu />
      </div>
      {name ? <Stage name={name} key={name} /> : <div class="stage"><p class="t2 pad">The scene has no picture yet</p></div>}
      <Foot name={name} />
    </section>
  );
}

const SIZES = ["16:9", "9:16", "1:1"];

function CropMenu() {
  if (!editable.value) return null;
  const size = textOf(keysOf(film.value?.scene?.output).size);
  return (
    <label class="tab sm" title="The shape of the film">
      <span class="vh">The shape of the film</span>
      <select value={SIZES.includes(size) ? size : ""} onChange={(event) => event.currentTarget.value && void edits.setSize(event.currentTarget.value)}>
        <option value="">{size && !SIZES.includes(size) ? size : plan.value ? `${plan.value.width}×${plan.value.height}` : "as the picture"}</option>
        {SIZES.map((one) => <option key={one}>{one}</option>)}
      </select>
    </label>
  );
}

function Stage({ name }: { name: string }) {
  const now = film.value!;
  const info = now.pictures[name]!;
  const place = useRef<HTMLDivElement>(null);
  const [width, height] = info.width && info.height ? [info.width, info.height] : (sizes.value[`${now.id} ${name}`] ?? [0, 0]);
  useEffect(() => {
    const stage = place.current!; // kept: the observer may tell once more when it is gone
    const watch = new ResizeObserver(() => measure(stage, [width, height]));
    watch.observe(stage);
    return () => watch.disconnect();
  }, [name, width, height]);
  const factor = shown.value * zoom.value;
  const faces = facesOf(name);
  const shot = shotOf(name);
  const style = {
    width: `${width * factor}px`,
    height: `${height * factor}px`,
    transform: `translate(${pan.value.x}px, ${pan.value.y}px)`,
  };
  return (
    <div class="stage" ref={place} onWheel={(event) => event.ctrlKey && (event.preventDefault(), zoomBy(Math.exp(-event.deltaY / 300)))}>
      <div class="frame" style={style}>
        <img src={api.pictureUrl(now.id, info.id)} alt={`The picture ${name}`} draggable={false}
          onLoad={(event) => (sizes.value = { ...sizes.value, [`${now.id} ${name}`]: [event.currentTarget.naturalWidth, event.currentTarget.naturalHeight] })} />
        {width ? <Overlay name={name} size={[width, height]} factor={factor} faces={faces} strangers={strangers(name, faces)} shot={shot} /> : null}
      </div>
      {whose.value ? <Whose name={name} box={whose.value} factor={factor} /> : null}
    </div>
  );
}

const sizes = signal<Record<string, [number, number]>>({});

function measure(place: HTMLElement, [width, height]: [number, number]): void {
  if (!width || !place.clientWidth) return;
  shown.value = Math.min((place.clientWidth - 24) / width, (place.clientHeight - 20) / height);
}

export function zoomBy(factor: number): void {
  zoom.value = clamp(zoom.value * factor, 1, 12);
  if (zoom.value === 1) pan.value = { x: 0, y: 0 };
}

function Overlay({ name, size, factor, faces, strangers, shot }: {
  name: string; size: [number, number]; factor: number; faces: Found[]; strangers: Box[]; shot: Shot | undefined;
}) {
  const hold = useRef<{ hold: Hold; x: number; y: number; far: boolean } | null>(null);
  const svg = useRef<SVGSVGElement>(null);
  const [width, height] = size;
  const px = 1 / factor; // a pixel of the page, in pixels of the picture
  const at = (event: PointerEvent) => {
    const box = svg.current!.getBoundingClientRect();
    return { x: (event.clientX - box.left) / factor, y: (event.clientY - box.top) / factor };
  };
  const take = (event: PointerEvent, what: Hold) => {
    if (event.button !== 0) return;
    event.stopPropagation();
    svg.current!.setPointerCapture(event.pointerId);
    whose.value = null;
    const { x, y } = at(event);
    hold.current = { hold: what, x, y, far: false };
    if ("who" in what) person.value = what.who;
  };
  const moved = (event: PointerEvent) => {
    const held = hold.current;
    if (!held) return;
    const { x, y } = at(event);
    const [dx, dy] = [x - held.x, y - held.y];
    held.far ||= Math.hypot(dx, dy) > 3 * px;
    if (!held.far) return;
    const what = held.hold;
    if (what.kind === "move") {
      const box: Box = [clamp(what.box[0] + dx, 0, width - what.box[2]), clamp(what.box[1] + dy, 0, height - what.box[3]), what.box[2], what.box[3]];
      const by = [box[0] - what.box[0], box[1] - what.box[1]];
      live.value = { who: what.who, box, mouth: what.mouth?.map((point) => [point[0]! + by[0]!, point[1]! + by[1]!]) ?? null };
    } else if (what.kind === "size") {
      live.value = { who: what.who, box: sized(what.box, what.x, what.y, dx, dy, size), mouth: what.mouth };
    } else if (what.kind === "mouth") {
      const mouth = what.mouth.map((point, index) => (index === what.point ? [clamp(point[0]! + dx, 0, width), clamp(point[1]! + dy, 0, height)] : point));
      live.value = { who: what.who, box: what.box, mouth };
    } else if (what.kind === "draw") {
      const box: Box = [clamp(Math.min(held.x, x), 0, width), clamp(Math.min(held.y, y), 0, height), 0, 0];
      box[2] = clamp(Math.max(held.x, x), 0, width) - box[0];
      box[3] = clamp(Math.max(held.y, y), 0, height) - box[1];
      live.value = { who: "", box, mouth: null };
    } else pan.value = { x: what.x + dx * factor, y: what.y + dy * factor };
  };
  const up = () => {
    const held = hold.current;
    const now = live.value;
    hold.current = null;
    if (!held?.far) {
      live.value = null;
      if (held?.hold.kind === "draw") person.value = null;
      return;
    }
    if (held.hold.kind === "draw") {
      live.value = null;
      if (now && now.box[2] > 8 && now.box[3] > 8 && editable.value) given(name, now.box);
    } else if (now && held.hold.kind !== "pan") {
      const own = held.hold.kind === "mouth" || faces.find((face) => face.who === now.who)?.own;
      const mouth = own ? now.mouth?.map((point) => point.map((value) => Math.round(value))) : undefined;
      void faces_.setFace(name, now.who, now.box, mouth?.length === 1 ? mouth[0] : mouth).finally(() => (live.value = null));
    } else live.value = null;
  };
  const back: Hold = zoom.value > 1 ? { kind: "pan", ...pan.value } : { kind: "draw" };
  const view = shot?.view;
  const cropped = view && (view[0] > 1 || view[1] > 1 || view[0] + view[2] < width - 1 || view[1] + view[3] < height - 1);
  return (
    <svg class="over" ref={svg} viewBox={`0 0 ${width} ${height}`} onPointerMove={moved} onPointerUp={up} onPointerCancel={up}
      onPointerDown={(event) => take(event, event.altKey ? { kind: "draw" } : back)} role="group" aria-label={`Faces in ${name}`}>
      {cropped ? (
        <>
          <path class="shade" fill-rule="evenodd" d={`M0 0H${width}V${height}H0zM${view[0]} ${view[1]}v${view[3]}h${view[2]}v${-view[3]}z`} />
          <rect class="crop" x={view[0]} y={view[1]} width={view[2]} height={view[3]} stroke-width={px} />
        </>
      ) : null}
      {strangers.map((box) => (
        <g key={box.join()} class="stranger" role="button" tabIndex={0} aria-label={`A face that is nobody's, x ${Math.round(box[0])}, y ${Math.round(box[1])}`}
          onPointerDown={(event) => { event.stopPropagation(); if (editable.value) given(name, box); }}
          onKeyDown={(event) => { if ((event.key === "Enter" || event.key === " ") && editable.value) { event.preventDefault(); event.stopPropagation(); given(name, box); } }}>
          <rect x={box[0]} y={box[1]} width={box[2]} height={box[3]} stroke-width={1.5 * px} stroke-dasharray={`${4 * px} ${3 * px}`} rx={3 * px} />
        </g>
      ))}
      {faces.map((face) => <FaceBox key={face.who} face={face} px={px} size={size} take={take} name={name} />)}
      {live.value && live.value.who === "" ? (
        <rect class="drawn" x={live.value.box[0]} y={live.value.box[1]} width={live.value.box[2]} height={live.value.box[3]} stroke-width={1.5 * px} />
      ) : null}
      {strangers.map((box) => <Tag key={box.join()} text="nobody: stays still" x={box[0]} y={box[1] + box[3]} px={px} size={size} top={box[1]} fill="#1c1e21" ink="#d5d8dc" />)}
    </svg>
  );
}

/** Whose face is this? Answered by a click, which writes the scene. */
function Whose({ name, box, factor }: { name: string; box: Box; factor: number }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => place.current?.querySelector("button")?.focus(), []);
  void factor;
  return (
    <div class="whose menu" role="menu" aria-label="Whose face is this?" ref={place}
      onKeyDown={(event) => { if (event.key === "Escape") { event.stopPropagation(); whose.value = null; } }}>
      <div class="sm t2 ask">Whose face is this?</div>
      {[...speakers.value.values()].map((who) => (
        <button role="menuitem" key={who.id} onClick={() => { whose.value = null; person.value = who.id; void faces_.setFace(name, who.id, box); }}>
          <Swatch name={who.name} color={who.color} /> <span class="grow">{who.name}</span>
        </button>
      ))}
      <button role="menuitem" onClick={() => (whose.value = null)}><span class="grow t2">Nobody: it stays still</span></button>
    </div>
  );
}

function Foot({ name }: { name: string | null }) {
  const who = person.value ? speakers.value.get(person.value) : undefined;
  const face = name && who ? facesOf(name).find((one) => one.who === who.id) : undefined;
  const box = live.value && live.value.who === who?.id ? live.value.box : face?.box;
  const set = (index: number, value: number) => {
    if (!name || !who || !face || !Number.isFinite(value)) return;
    void faces_.setFace(name, who.id, face.box.map((side, at) => (at === index ? Math.max(at > 1 ? 1 : 0, value) : side)) as Box);
  };
  return (
    <div class="pf">
      <div class="row">
        <button class="ib" aria-label="Zoom out of the picture" onClick={() => zoomBy(1 / 1.5)}><Icon name="minus" /></button>
        <span class="sm t2 percent">{Math.round(shown.value * zoom.value * 100)} %</span>
        <button class="ib" aria-label="Zoom into the picture" onClick={() => zoomBy(1.5)}><Icon name="plus" /></button>
        <button class="tab sm" onClick={() => zoomBy(0)}>Fit</button>
      </div>
      <div class="grow" />
      {who && box ? (
        <>
          <Swatch name={who.name} color={who.color} />
          {["x", "y", "w", "h"].map((letter, index) => (
            <label class="num" key={letter}>
              <i>{letter}</i>
              <Typed inputMode="numeric" aria-label={`${{ x: "left", y: "top", w: "width", h: "height" }[letter]} of ${who.name}'s face`} disabled={!editable.value}
                now={Math.round(box[index]!)} done={(typed) => set(index, Math.round(Number(typed)))} />
            </label>
          ))}
        </>
      ) : (
        <span class="sm t3">{editable.value && name && menu.value === null ? "Draw a box around a face" : ""}</span>
      )}
    </div>
  );
}
