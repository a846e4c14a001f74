/**
 * Keys that come as `CSI … letter`: the cursor block of every terminal, and the kitty keyboard protocol,
 * `CSI code:alternate ; modifiers:event ; text u`, which also tells of keys that are held and let go.
 */
import type { Key } from './keys.ts';

const BY_LETTER: Record<string, Key> = {
  A: { key: 'up' },
  B: { key: 'down' },
  D: { key: 'left' },
  C: { key: 'right' },
  H: { key: 'home' },
  F: { key: 'end' },
};
const BY_TILDE: Record<number, Key> = {
  1: { key: 'home' },
  3: { key: 'delete' },
  4: { key: 'end' },
  7: { key: 'home' },
  8: { key: 'end' },
};
/** The protocol's key codes; the high ones are the keypad's. */
const BY_CODE: Record<number, Key> = {
  8: { key: 'backspace' },
  13: { key: 'enter' },
  27: { key: 'escape' },
  127: { key: 'backspace' },
  57414: { key: 'enter' },
  57417: { key: 'left' },
  57418: { key: 'right' },
  57419: { key: 'up' },
  57420: { key: 'down' },
  57423: { key: 'home' },
  57424: { key: 'end' },
  57426: { key: 'delete' },
};
const WITH_CONTROL: Record<string, Key> = {
  a: { key: 'home' },
  c: { key: 'interrupt' },
  d: { key: 'eof' },
  e: { key: 'end' },
  h: { key: 'backspace' },
  j: { key: 'enter' },
  m: { key: 'enter' },
  u: { key: 'clear' },
  w: { key: 'clearWord' },
  '[': { key: 'escape' },
};

const SHIFT = 1;
const CONTROL = 4;
/** Caps lock and num lock are on or off; they make no other key of one. */
const LOCKS = 64 | 128;
const REPEATED = 2;
const RELEASED = 3;
/** Shift, Ctrl and the like as keys of their own, media keys: they type nothing. */
const isPrivateUse = (code: number): boolean => code >= 0xe000 && code <= 0xf8ff;

/** `sequence`: what stands behind `CSI`, whole. Undefined: no key of ours. */
export function csiKey(sequence: string): Key | undefined {
  const final = sequence.at(-1) ?? '';
  const body = sequence.slice(0, -1);
  if (final === 'u' && /^\?\d+$/.test(body)) return { key: 'protocol' };
  if (!/^[\d:;]*$/.test(body)) return undefined;
  const fields = body.split(';').map((field) => field.split(':').map(Number));
  const code = fields[0]?.[0] ?? 0;
  const modifiers = ((fields[1]?.[0] || 1) - 1) & ~LOCKS;
  const event = fields[1]?.[1] || 1;
  if (final === 'u') {
    return kittyKey({ code, shifted: fields[0]?.[1], modifiers, event, text: fields[2] ?? [] });
  }
  if (event === RELEASED || modifiers !== 0) return undefined;
  return final === '~' ? BY_TILDE[code] : BY_LETTER[final];
}

type KittyKey = {
  code: number;
  shifted: number | undefined;
  modifiers: number;
  event: number;
  /** Code points of what the key types. */
  text: number[];
};

function kittyKey({ code, shifted, modifiers, event, text }: KittyKey): Key | undefined {
  const plain = (modifiers & ~SHIFT) === 0;
  const known = plain ? BY_CODE[code] : undefined;
  if (known) return event === RELEASED ? undefined : known;
  if (modifiers === CONTROL) {
    return event === RELEASED ? undefined : WITH_CONTROL[characters([code])];
  }
  if (!plain) return undefined;
  const typed = characters(text) || typedBy(code, modifiers === SHIFT, shifted);
  if (typed === '') return undefined;
  if (event === RELEASED) return { key: 'release', text: typed };
  return { key: 'text', text: typed, ...(event === REPEATED && { repeat: true }) };
}

/** For a terminal that does not tell the text with the key. */
function typedBy(code: number, isShifted: boolean, shifted: number | undefined): string {
  if (isPrivateUse(code)) return '';
  if (!isShifted) return characters([code]);
  return shifted ? characters([shifted]) : characters([code]).toUpperCase();
}

function characters(codes: readonly number[]): string {
  const isCharacter = (code: number): boolean =>
    code >= 0x20 && code !== 0x7f && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
  return String.fromCodePoint(...codes.filter(isCharacter));
}
