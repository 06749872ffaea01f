// Talking to the server. The token of the address is handed in once for a cookie, and leaves the address.

import type { Batch, Edit, Film, Listed } from "./types";

export class Refused extends Error {}

async function call<T>(path: string, body?: unknown): Promise<T> {
  const answer = await fetch(path, {
    method: body === undefined ? "GET" : "POST",
    headers: body === undefined ? {} : { "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!answer.ok) {
    const said = (await answer.json().catch(() => ({}))) as { message?: string };
    throw new Refused(said.message ?? `the server says ${answer.status}`);
  }
  return (await answer.json()) as T;
}

export async function begin(): Promise<void> {
  const token = location.hash.slice(1);
  if (!token) return;
  await call("/session", { token });
  history.replaceState(null, "", location.pathname + location.search);
}

const at = (film: string, rest = "") => `/api/film/${film}${rest}`;

export const films = () => call<{ name: string; films: Listed[]; batch: boolean }>("/api/films");
export const batch = () => call<Batch>("/api/batch");
export const answerVoice = (episode: string, label: string, who: string | null) => call<object>("/api/batch/answer", { episode, label, who });
export const goOn = (only: string[]) => call<{ job: number }>("/api/batch/go", { only });
export const stopBatch = () => call<object>("/api/batch/stop", {});
export const recordingUrl = (episode: string) => `/api/batch/recording/${encodeURIComponent(episode)}`;
export const film = (id: string) => call<Film>(at(id));
export const edit = (id: string, base: string, edits: Edit[], label: string, typing: boolean) =>
  call<{ revision: string }>(at(id, "/edit"), { base, edits, label, typing });
export const go = (id: string, redo: boolean) => call<{ label: string | null }>(at(id, "/history"), { redo });
export const render = (id: string, order: object) => call<{ job: number }>(at(id, "/render"), order);
export const cancel = (id: string) => call<{ stopped: boolean }>(at(id, "/cancel"), {});
export const begun = (id: string, start: object) => call<object>(at(id, "/begin"), start);

export const files = (id: string) => call<{ pictures: string[]; recordings: string[] }>(at(id, "/files"));

export async function upload(id: string, file: File): Promise<string> {
  const answer = await fetch(`${at(id, "/upload")}?name=${encodeURIComponent(file.name)}`, {
    method: "POST",
    headers: { "content-type": "application/octet-stream" },
    body: file,
  });
  const said = (await answer.json()) as { name?: string; message?: string };
  if (!answer.ok || !said.name) throw new Refused(said.message ?? "the file was not taken");
  return said.name;
}

export const pictureUrl = (id: string, media: string) => at(id, `/picture/${media}`);
export const soundUrl = (id: string, revision: string, only: string[] | null) =>
  at(id, `/sound?of=${revision}${(only ?? []).map((who) => `&only=${encodeURIComponent(who)}`).join("")}`);
export const movieUrl = (id: string, stamp: number) => at(id, `/movie?of=${stamp}`);
export const takeUrl = (id: string, shot: number, number: number, key: string) => at(id, `/take/${shot}/${number}?of=${key}`);
export const nameTake = (id: string, shot: number, number: number, name: string) => call<object>(at(id, `/take/${shot}/${number}/name`), { name });
export const mediaUrl = (id: string, media: string) => at(id, `/media/${media}`);
export const frameUrl = (id: string, job: number, line: number) => at(id, `/frame/${job}?of=${line}`);

export async function peaks(id: string, media: string, channel: number, level: number): Promise<Outline> {
  const answer = await fetch(at(id, `/peaks/${media}?channel=${channel}&level=${level}`));
  if (!answer.ok) throw new Refused("no outline");
  return { data: new Int8Array(await answer.arrayBuffer()), rate: Number(answer.headers.get("x-rate")) };
}

/** The least and the greatest sample of every stretch, in turn; `rate` stretches in a second. */
export interface Outline {
  data: Int8Array;
  rate: number;
}

export interface News {
  film: string;
  kind: "film" | "job" | "batch";
}

/** News of all films. One stream for all tabs of a browser: it allows six connections only. */
export function listen(told: (news: News) => void): void {
  const channel = new BroadcastChannel("dialogue-news");
  channel.onmessage = (message) => told(message.data as News);
  const open = () =>
    new Promise<never>(() => {
      let stream: EventSource;
      const connect = () => {
        stream = new EventSource("/api/events");
        stream.onmessage = (message) => {
          const news = JSON.parse(message.data as string) as News;
          told(news);
          channel.postMessage(news);
        };
        stream.onerror = () => {
          if (stream.readyState === EventSource.CLOSED) setTimeout(connect, 1000);
        };
      };
      connect();
    });
  void navigator.locks.request("dialogue-news", open);
}
