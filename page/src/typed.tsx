// A field that is written when one has finished typing. The page draws itself anew as a plan comes, also in the middle of
// a word: what is being typed stays, and what the scene says is shown again afterwards.

import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

type Target = { readonly currentTarget: HTMLInputElement };
type Props = {
  now: string | number;
  done: (typed: string) => void;
  "aria-label": string;
  class?: string;
  inputMode?: "decimal" | "numeric";
  placeholder?: string;
  title?: string;
  disabled?: boolean;
  maxLength?: number;
  type?: "number";
  min?: string;
  max?: string;
  step?: string;
  onKeyDown?: (event: KeyboardEvent & Target) => void;
  onClick?: (event: MouseEvent & Target) => void;
};

export function Typed({ now, done, ...rest }: Props) {
  const place = useRef<HTMLInputElement>(null);
  const typing = useRef(false);
  useLayoutEffect(() => {
    const text = String(now);
    if (place.current && !typing.current && place.current.value !== text) place.current.value = text;
  });
  // its kinds of input are told apart by types that a field of any kind has not
  const field = { ...rest, ref: place } as JSX.IntrinsicElements["input"];
  return (
    <input {...field} onInput={() => { typing.current = true; }} onBlur={() => { typing.current = false; }}
      onChange={(event) => { typing.current = false; done(event.currentTarget.value); }} />
  );
}
