/** What comes from models in pieces: where it was cut makes no difference. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { wavHeader } from '../../src/audio/fileWriters.ts';
import { eventData } from '../../src/server/brain/sse.ts';
import { ThoughtFilter } from '../../src/server/brain/thoughts.ts';
import { to24kHz, wholeOf } from '../../src/server/engines/sound.ts';

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

async function* streamOf(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
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
    for await (const data of eventData(streamOf(pieces))) found.push(data);
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

it('sound, raw and in WAV of any rate', async () => {
  const format = fc.constantFrom(
    undefined,
    ...[24_000, 22_050, 16_000].flatMap((sampleRateHz) =>
      ([1, 2] as const).map((channels) => ({ sampleRateHz, channels })),
    ),
  );
  const sound = fc
    .uint8Array({ minLength: 40, maxLength: 400 })
    .map((bytes) => bytes.fill(0, 0, 4));
  await fc.assert(
    fc.asyncProperty(sound, format, cuts, async (bytes, kind, sizes) => {
      const header = kind ? wavHeader(kind, undefined) : new Uint8Array(0);
      const all = new Uint8Array([...header, ...bytes]);
      const whole = await wholeOf(to24kHz(streamOf([all])));
      const pieces: Uint8Array[] = [];
      for await (const piece of to24kHz(streamOf(cut(all, sizes)))) {
        expect(piece.byteLength % 2).toBe(0);
        pieces.push(piece);
      }
      expect(Buffer.concat(pieces)).toEqual(Buffer.from(whole));
      const { sampleRateHz = 24_000, channels = 1 } = kind ?? {};
      const samples = Math.floor(bytes.length / 2 / channels);
      expect(whole.length / 2).toBe(Math.round((samples * 24_000) / sampleRateHz));
    }),
    { numRuns: 300 },
  );
});
