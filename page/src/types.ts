// What the server tells of a film. Times in seconds, boxes x, y, width, height; shots in frames.

export type Key = string | number;
export type Path = Key[];
export type Box = [number, number, number, number];
export type Tree = string | Tree[] | { [key: string]: Tree };
export type Keys = { [key: string]: Tree };

export interface Edit {
  do: "set" | "insert" | "remove" | "rename";
  path: Path;
  value?: unknown;
  name?: string;
}

export interface Problem {
  severity: "error" | "warning";
  file: string;
  line: number | null;
  column: number | null;
  message: string;
  hint: string | null;
  path: Path | null;
  mends?: Mend[]; // what mends it, best first
  fault?: boolean; // seen in the film, not written in the scene
  at?: number; // seconds, of a fault
}

/** An edit of the scene; or a command to copy; or somebody's face to draw, or mouth to set, in a picture. */
export interface Mend {
  label: string;
  edits?: Edit[];
  copy?: string;
  face?: string;
  mouth?: string;
  picture?: string;
}

export interface Take {
  number: number;
  seed: number;
  chosen: boolean;
  made: boolean;
  faults: string[] | null;
  name: string | null;
}

export interface Emotion {
  weights: Record<string, number>;
  strength: number;
}

export interface Word {
  text: string;
  start: number;
  end: number;
}

/** What is felt from `at` seconds after the beginning of a turn on. */
export interface Feeling {
  at: number;
  emotion: Emotion;
}

export interface Turn {
  speaker: string;
  start: number;
  end: number;
  audio: { source: string; start: number; end: number; channel?: number };
  text?: string;
  emotion: Emotion;
  origin: string;
  line: number | null;
  words?: Word[];
  course?: Feeling[];
  felt?: string; // what told its emotion, where the scene leaves it open
}

export interface Face {
  speaker: string;
  box: Box;
  region: Box;
  origin: string;
  mouth?: { left: [number, number]; right: [number, number]; confidence: number };
}

export interface Shot {
  index: number;
  start: number;
  end: number;
  picture: string;
  view: Box;
  faces: Face[];
}

export interface Speaker {
  id: string;
  name: string;
  color: string;
  emotions: { name: string; image: string; strength: number }[];
}

export interface Plan {
  title: string;
  generator: string;
  seed: number;
  width: number;
  height: number;
  duration: number;
  frames: number;
  rate: number;
  speakers: Speaker[];
  turns: Turn[];
  shots: Shot[];
  sounds?: { start: number; end: number }[]; // beds and effects under it
}

export interface ShotState {
  spec: number | null;
  known: boolean;
  reason: string | null;
  key: string | null;
  windows: number;
  seconds: number;
  frames: number;
  locked: boolean;
  take: number;
  takes: Take[];
}

export interface Sum {
  shots: number;
  windows: number;
  seconds: number;
}

export interface Step {
  doing: string;
  share: number;
  left: number | null;
}

export interface Job {
  number: number;
  state: "running" | "done" | "failed" | "stopped" | "broken";
  order: { shot?: number; take?: number; generator?: string };
  step: Step | null;
  frame: { shot: number; frame: number } | null;
  due: number[];
  ended: { kind: string; problems?: string[]; made?: number } | null;
  line: number;
}

export interface Voice {
  label: string;
  seconds: number;
  turns: [number, number][];
}

export interface Picture {
  id: string;
  width: number | null;
  height: number | null;
  faces: Box[];
}

export interface Film {
  id: string;
  name: string;
  kind: "scene" | "template" | "plan" | "new";
  file: string;
  version: number;
  doing: string | null;
  revision: string | null;
  undo: string | null;
  redo: string | null;
  scene: Keys | null;
  media: Record<string, string>;
  film: { stamp: number; name: string } | null;
  mouths: string | null;
  characters: string[];
  problems: Problem[];
  plan: Plan | null;
  plan_old?: boolean;
  pictures: Record<string, Picture>;
  recordings: Record<string, { id: string; duration: number | null; channels: number | null }>;
  voices: Voice[];
  costs: { due: Sum; all: Sum; memory: number } | null;
  shots: ShotState[];
  job: Job | null;
}

/** A voice of an episode that somebody has to name; `people` by likeness, `who` once it is answered. */
export interface Ask {
  label: string;
  seconds: number;
  turns: [number, number][];
  people: { id: string; name: string; color: string | null; alike: number | null }[];
  who: string | null;
}

export interface Episode {
  name: string;
  state: "done" | "failed" | "asks" | "running" | "waiting";
  film: string | null;
  made: number;
  shots: number;
  seconds: number;
  people: string[];
  problems: string[];
  warnings: string[];
  asks: Ask[];
}

export interface Batch {
  name: string;
  busy: boolean;
  episodes: Episode[];
  job: { number: number; state: Job["state"]; step: Step | null; ended: Job["ended"] } | null;
}

export interface Listed {
  id: string;
  name: string;
  kind: string;
  made: boolean;
}
