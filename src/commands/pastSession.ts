/** What is kept of a session that has ended, and the text it is kept as. Pure. */
import type { Content } from '../protocol/messages.ts';

export type PastSession = {
  /** When something was last kept of it. */
  atMs: number;
  /** Of its newest state; undefined where its lines are all there is. */
  handle: string | undefined;
  /** Its lines are all that was said. */
  isWhole: boolean;
  lines: Content[];
};

/** A model reads more, but what is kept is sent again with the next question. */
const MAX_CHARACTERS = 256_000;
const MAX_LINES = 400;

export const isLine = ({ parts }: Content): boolean => textOf({ parts }).trim() !== '';

export const textOf = ({ parts }: Pick<Content, 'parts'>): string =>
  parts.map(({ text = '' }) => text).join('');

/** The last lines, as many as are worth keeping; one line alone is kept however long. */
export function trimmed(lines: readonly Content[]): { lines: Content[]; isWhole: boolean } {
  let characters = 0;
  const cut = lines.findLastIndex((line, index) => {
    characters += textOf(line).length;
    const isLast = index === lines.length - 1;
    return !isLast && (characters > MAX_CHARACTERS || lines.length - index > MAX_LINES);
  });
  return { lines: lines.slice(cut + 1), isWhole: cut === -1 };
}

export const stateText = ({ atMs, handle, isWhole, lines }: PastSession): string =>
  `${JSON.stringify({
    version: 1,
    at: new Date(atMs).toISOString(),
    handle,
    isWhole,
    lines: lines.map((line) => ({ role: line.role ?? 'user', text: textOf(line) })),
  })}\n`;

/** Undefined for what this program has not written. */
export function parseState(text: string): PastSession | undefined {
  let state: Partial<Record<'version' | 'at' | 'handle' | 'isWhole' | 'lines', unknown>>;
  try {
    state = (JSON.parse(text) ?? {}) as typeof state;
  } catch {
    return undefined;
  }
  const { version, at, handle, isWhole, lines } = state;
  const atMs = Date.parse(String(at));
  const isKnown = version === 1 && Number.isFinite(atMs) && Array.isArray(lines);
  if (!isKnown || !(handle === undefined || typeof handle === 'string')) return undefined;
  const read = (lines as unknown[]).map(readLine);
  if (!read.every((line) => line !== undefined)) return undefined;
  return { atMs, handle, isWhole: isWhole === true, lines: read };
}

function readLine(line: unknown): Content | undefined {
  const { role, text } = (line ?? {}) as { role?: unknown; text?: unknown };
  if ((role !== 'user' && role !== 'model') || typeof text !== 'string') return undefined;
  return { role, parts: [{ text }] };
}
