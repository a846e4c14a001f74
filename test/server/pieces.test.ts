/** What comes from models in pieces: where it was cut makes no difference. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { eventData } from '../../src/server/brain/sse.ts';
import { ThoughtFilter } from '../../src/server/brain/thoughts.ts';

const cuts = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 20 });

function cut<T extends string | Uint8Array>(all: T, sizes: readonly number[]): T[] {
  const pieces: T[] = [];
  for (let at = 0, turn = 0; at < all.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    pieces.push(all.slice(at, at + size) as T);
    at += size;
  }
  return pieces;
}

it('thoughts and answer', () => {
  const part = fc.constantFrom(
    '<think>',
    '</think>',
    '<thinking>',
    '</thinking>',
    'A:',
    ' ',
    '\n',
    'yes',
    '<',
    'ü',
  );
  const read = (pieces: readonly string[]): [string, string] => {
    const filter = new ThoughtFilter('A:');
    const found = [...pieces.flatMap((piece) => filter.push(piece)), ...filter.end()];
    return [
      found.map((piece) => ('text' in piece ? piece.text : '')).join(''),
      found
        .map((piece) => ('thought' in piece ? piece.thought : ''))
        .join('')
        .trimEnd(),
    ];
  };
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), cuts, (parts, sizes) => {
      const text = parts.join('');
      const [said, thought] = read([text]);
      const [saidInPieces, thoughtInPieces] = read(cut(text, sizes));
      expect(saidInPieces).toBe(said);
      expect(thoughtInPieces).toBe(thought);
    }),
    { numRuns: 2000 },
  );
});

it('the data of events', async () => {
  const line = fc.constantFrom(
    'data: {"a":"ü"}',
    'data:👋',
    ': ping',
    'event: x',
    '',
    '',
    'data: [DONE]',
  );
  const read = async (pieces: readonly Uint8Array[]): Promise<string[]> => {
    const found: string[] = [];
    const bytes = (async function* () {
      yield* pieces;
    })();
    for await (const data of eventData(bytes)) found.push(data);
    return found;
  };
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { maxLength: 12 }),
      fc.constantFrom('\n', '\r\n'),
      cuts,
      async (lines, end, sizes) => {
        const all = new TextEncoder().encode(lines.join(end));
        expect(await read(cut(all, sizes))).toEqual(await read([all]));
      },
    ),
    { numRuns: 500 },
  );
});
