// Whose face is where in which picture, and which picture is shown when: what a gesture in the picture means in the file.

import { edit, film, itemsOf, keysOf, said, textOf } from "./state";
import type { Box, Edit, Keys, Path, Tree } from "./types";

const scene = (): Keys => film.value?.scene ?? {};

/** The pictures of the scene's shots, as written; of a scene without shots its picture. */
function shown(): string[] {
  const shots = itemsOf(scene().shots);
  const common = textOf(scene().picture);
  return shots.length ? shots.map((shot) => textOf(keysOf(shot).picture) || common) : [common];
}

/**
 * Where the box of a person's face in a picture is written: of the cast for the first picture, with the shots for others
 * and wherever shots of that picture give faces.
 */
export function facePaths(name: string, who: string): Path[] {
  const here = shown().flatMap((picture, index) => (picture === name ? [index] : []));
  const shots = itemsOf(scene().shots).map(keysOf);
  const own = here.filter((index) => Object.keys(keysOf(shots[index]?.faces)).length);
  const first = textOf(scene().picture) || shown()[0];
  const some = own.length ? own : name !== first && shots.length ? here : [];
  return some.length ? some.map((index): Path => ["shots", index, "faces", who]) : [["cast", who, "face"]];
}

export function setFace(name: string, who: string, box: Box, mouth?: number[] | number[][]): Promise<boolean> {
  const value = box.map((side) => Math.round(side));
  const edits = facePaths(name, who).map((path): Edit => {
    const old = path.reduce<Tree | undefined>((tree, key) => child(tree, key), scene());
    const kept = mouth ?? keysOf(old).mouth;
    const face = kept === undefined ? value : { box: value, mouth: kept };
    const above = path.slice(0, -1);
    const there = above.reduce<Tree | undefined>((tree, key) => child(tree, key), scene());
    return there === undefined ? { do: "set", path: above, value: { [who]: face } } : { do: "set", path, value: face };
  });
  return edit(edits, `the face of ${who}`);
}

export function removeFace(name: string, who: string): Promise<boolean> {
  const edits = facePaths(name, who).map((path): Edit => ({ do: "remove", path }));
  return edit(edits, `no face of ${who}`);
}

function child(tree: Tree | undefined, key: string | number): Tree | undefined {
  if (Array.isArray(tree)) return typeof key === "number" ? tree[key] : undefined;
  return typeof tree === "object" && tree ? tree[key] : undefined;
}

/** Show a picture in one shot of the scene; in the whole film where it has no shots. */
export function setPicture(spec: number | null, name: string): Promise<boolean> {
  const path: Path = spec === null ? ["picture"] : ["shots", spec, "picture"];
  return edit([{ do: "set", path, value: name }], spec === null ? "the picture" : `the picture of shot ${spec + 1}`);
}

/** Show a picture wherever another one was shown. */
export function replacePicture(old: string, name: string): Promise<boolean> {
  const edits: Edit[] = textOf(scene().picture) === old ? [{ do: "set", path: ["picture"], value: name }] : [];
  itemsOf(scene().shots).forEach((shot, index) => {
    if (textOf(keysOf(shot).picture) === old) edits.push({ do: "set", path: ["shots", index, "picture"], value: name });
  });
  if (edits.length) return edit(edits, `${name} in place of ${old}`);
  said.value = `the scene does not name ${old}`;
  return Promise.resolve(false);
}
