// Takes of a shot: side by side, kept, locked.

export function Takes(_: { shot: number }) {
  return null;
}
