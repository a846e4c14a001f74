/** A command of the user as a brain: the conversation goes in as text, the answer comes out as text. */
import type { ChildEnvironment } from '../../audio/subprocess.ts';
import { shortened } from '../engines/choice.ts';
import { streamOf } from '../engines/run.ts';
import { mayCall, type Brain, type BrainPiece, type BrainRequest } from './brain.ts';
import { ASSISTANT, promptFor } from './prompt.ts';
import { ThoughtFilter } from './thoughts.ts';

const MAX_ANSWER_BYTES = 1024 * 1024;
/** What a line may be that calls a function; anything longer is said. */
const MAX_CALL_CHARS = 64 * 1024;
/** Models like to put a line of code between fences. */
const FENCE = /^```\w*$/;
const CALL = /^CALL\s+([^\s{]+)\s*(\{.*\})?\s*$/s;

export function commandBrain(line: string, environment: ChildEnvironment | undefined): Brain {
  const name = shortened(line);
  return {
    name,
    async *think(asked, signal) {
      const request = mayCall(asked.turns) ? asked : { ...asked, tools: [] };
      const output = streamOf({
        command: line,
        shell: true,
        input: promptFor(request),
        environment,
        signal,
        maxBytes: MAX_ANSWER_BYTES,
      });
      const decoder = new TextDecoder();
      const thoughts = new ThoughtFilter(ASSISTANT);
      const calls = new CallLines(request);
      let isEmpty = true;
      const pieces = function* (found: readonly BrainPiece[]): Generator<BrainPiece> {
        for (const piece of found) {
          for (const out of 'text' in piece ? calls.push(piece.text) : [piece]) {
            isEmpty &&= 'thought' in out;
            yield out;
          }
        }
      };
      for await (const chunk of output) {
        yield* pieces(thoughts.push(decoder.decode(chunk, { stream: true })));
      }
      yield* pieces([...thoughts.push(decoder.decode()), ...thoughts.end()]);
      for (const piece of calls.end()) {
        isEmpty = false;
        yield piece;
      }
      if (isEmpty) throw new Error(`${name} answered nothing`);
    },
  };
}

/** Takes the lines out of an answer that call a function. Without functions everything is said. */
class CallLines {
  readonly #names: ReadonlySet<string>;
  #line = '';
  #isSaid = false;

  constructor({ tools }: BrainRequest) {
    this.#names = new Set(tools.map((tool) => tool.name));
  }

  push(text: string): BrainPiece[] {
    if (this.#names.size === 0) return text === '' ? [] : [{ text }];
    const pieces: BrainPiece[] = [];
    for (const part of text.split(/(?<=\n)/)) {
      this.#line += part;
      // What cannot become a call is said at once, not when its line is whole.
      this.#isSaid ||= !mayBeCall(this.#line) || this.#line.length > MAX_CALL_CHARS;
      if (this.#isSaid || this.#line.endsWith('\n')) pieces.push(...this.end());
      if (part.endsWith('\n')) this.#isSaid = false;
    }
    return pieces;
  }

  end(): BrainPiece[] {
    const text = this.#line;
    this.#line = '';
    if (text === '') return [];
    const line = this.#isSaid ? '' : text.trim();
    if (FENCE.test(line)) return [];
    const call = this.#callIn(line);
    return [call ? { call } : { text }];
  }

  #callIn(line: string): { name: string; args: Record<string, unknown> } | undefined {
    const [, name = '', json = '{}'] = CALL.exec(line) ?? [];
    if (!this.#names.has(name)) return undefined;
    try {
      return { name, args: JSON.parse(json) as Record<string, unknown> };
    } catch {
      return undefined;
    }
  }
}

function mayBeCall(line: string): boolean {
  const begun = line.trimStart();
  return begun.startsWith('CALL ') || 'CALL '.startsWith(begun) || /^`{1,3}\w*\s*$/.test(begun);
}
