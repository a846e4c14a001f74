/** YAML, and JSON, which is YAML too: the value, and where each part of it stands. */
import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Node,
} from 'yaml';
import type { GemliveError } from '../../errors.ts';
import type { PathInScript } from './loaded.ts';

/** Counted from 1. */
export type TextPlace = { line: number; column: number };
export type ParsedText = {
  value: unknown;
  /** Of what the path leads to, or of the last part of it that is there; with `key`, of that key in it. */
  placeOf(path: PathInScript, key?: string): TextPlace;
};

/** Deeper than any script is, and a guard for the stack. */
const MAX_DEPTH = 100;
/** A few aliases can stand for gigabytes. */
const MAX_ALIASES = 100;

/** @throws what `errorAt` makes of the first mistake */
export function parseText(
  text: string,
  errorAt: (line: number, column: number, words: string) => GemliveError,
): ParsedText {
  const lines = new LineCounter();
  let document: ReturnType<typeof parseDocument>;
  try {
    document = parseDocument(text, { lineCounter: lines, logLevel: 'error', prettyErrors: false });
  } catch (error) {
    throw errorAt(1, 1, `it cannot be read: ${(error as Error).message}`); // of the reader's own stack
  }
  const at = (offset: number): TextPlace => {
    const { line, col } = lines.linePos(Math.min(offset, text.length));
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const [wrong] = document.errors;
  if (wrong) {
    const { line, column } = at(wrong.pos[0]);
    throw errorAt(line, column, wrong.message.split('\n')[0] ?? 'it is not YAML');
  }
  const root = document.contents;
  if (depthOf(root) > MAX_DEPTH) throw errorAt(1, 1, 'it is nested too deeply');
  const placeOf = (path: PathInScript, key?: string): TextPlace => at(offsetOf(root, path, key));
  try {
    return { value: document.toJS({ maxAliasCount: MAX_ALIASES }), placeOf };
  } catch (error) {
    throw errorAt(1, 1, (error as Error).message); // aliases without an anchor, or too many
  }
}

function offsetOf(root: Node | null, path: PathInScript, key?: string): number {
  let node: unknown = root;
  let offset = root?.range?.[0] ?? 0;
  const enter = (name: string | number, wantsKey: boolean): void => {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && item.key.value === name);
      const found = wantsKey ? pair?.key : (pair?.value ?? pair?.key);
      node = pair?.value;
      if (isNode(found)) offset = found.range?.[0] ?? offset;
    } else if (isSeq(node) && typeof name === 'number') {
      node = node.items[name];
      if (isNode(node)) offset = node.range?.[0] ?? offset;
    } else node = undefined;
  };
  for (const name of path) enter(name, false);
  if (key !== undefined) enter(key, true);
  return offset;
}

function depthOf(node: unknown, depth = 0): number {
  if (depth > MAX_DEPTH || isAlias(node)) return depth;
  let deepest = depth;
  if (isMap(node)) {
    for (const { key, value } of node.items) {
      deepest = Math.max(deepest, depthOf(key, depth + 1), depthOf(value, depth + 1));
    }
  } else if (isSeq(node)) {
    for (const item of node.items) deepest = Math.max(deepest, depthOf(item, depth + 1));
  }
  return deepest;
}
