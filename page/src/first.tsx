// The first run: a picture, recordings, a script, in any order; the scene is written from them.

export function First() {
  return <main class="firstrun" />;
}
