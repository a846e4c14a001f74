/**
 * Every fault of docs/testing-with-gemlive.md, as its example is written there: one script for all of them, a connection
 * for each, and the scripts of several connections, through the built `gemlive serve --script`.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { levelDbfs } from '../../src/audio/pcm.ts';
import { FAULT_NAMES } from '../../src/server/script/schema.ts';
import {
  DEFAULT_MODEL,
  heardIn,
  openClient,
  quiet,
  sendSound,
  soundOf,
  wordsOf,
  type LiveClient,
  type Received,
} from '../support/liveClient.ts';
import { startServing, type Serving } from '../support/serving.ts';

const root = join(import.meta.dirname, '..', '..');
const PAGE = readFileSync(join(root, 'docs', 'testing-with-gemlive.md'), 'utf8');
const QUESTION = readFileSync(join(root, 'audio-fixtures', 'question.pcm'));
/** By the rows of the table. */
const EXAMPLES = [...PAGE.matchAll(/^\| `([\w-]+)` +\|.*\| `(\{ fault: .*\})` +\|$/gm)].map(
  ([, name = '', example = '']) => ({ name, example }),
);

const SETUP = {
  model: DEFAULT_MODEL,
  inputAudioTranscription: {},
  outputAudioTranscription: {},
  sessionResumption: {},
};
const OWN_WORDS = /^\[your own words, /;

const write = (client: LiveClient, text: string): void => client.send({ realtimeInput: { text } });
const isOver = ({ serverContent }: Received): boolean => serverContent?.turnComplete === true;
const oversIn = ({ received }: LiveClient): Received[] => received.filter(isOver);
/** What `text` is answered with, in the turn of this number. */
async function answerTo(client: LiveClient, text: string, turn: number): Promise<string> {
  write(client, text);
  return wordsOf(await client.turn(turn));
}
function speak(client: LiveClient): void {
  sendSound(client, QUESTION);
  sendSound(client, quiet(1000));
}
const soundsIn = ({ received }: LiveClient): Received[] =>
  received.filter((message) => soundOf([message]).byteLength > 0);
const blobsIn = ({ received }: LiveClient): string[] =>
  received.flatMap(({ serverContent }) =>
    (serverContent?.modelTurn?.parts ?? []).flatMap(({ inlineData }) => inlineData?.mimeType ?? []),
  );

/** What a client sees of each. */
const CHECKS: Record<string, (client: LiveClient) => Promise<void>> = {
  async drop(client) {
    write(client, 'count to ten');
    expect(await client.closed).toEqual({ code: 1006, reason: '' });
    expect(soundsIn(client).length).toBeGreaterThan(0);
  },
  async 'half-open'(client) {
    expect(await answerTo(client, 'say yes', 1)).toBe('Yes.');
    const count = client.frames.length;
    let pongs = 0;
    client.socket.on('pong', () => (pongs += 1));
    client.socket.ping();
    write(client, 'say no');
    await sleep(1000);
    expect([client.frames.length - count, pongs]).toEqual([0, 0]);
    client.socket.terminate();
  },
  async close(client) {
    expect(await answerTo(client, 'say yes', 1)).toBe('Yes.');
    expect(await client.closed).toEqual({ code: 1000, reason: 'The operation was cancelled.' });
  },
  async goAway(client) {
    expect(await answerTo(client, 'say yes', 1)).toBe('Yes.');
    const { goAway } = await client.until((message) => message.goAway !== undefined);
    expect(goAway).toEqual({ timeLeft: '10s' });
    expect(await answerTo(client, 'say no', 2)).toBe('No.');
  },
  async 'malformed-frame'(client) {
    expect(await answerTo(client, 'say yes', 1)).toBe('Yes.');
    expect(await answerTo(client, 'say no', 2)).toBe('No.');
    const texts = client.frames.map(({ data }) => data.toString('utf8'));
    expect(texts).toContain('{"serverContent": {');
  },
  async 'error-frame'(client) {
    expect(await answerTo(client, 'say yes', 1)).toBe('Yes.');
    expect(await answerTo(client, 'say no', 2)).toBe('No.');
    expect(client.received.flatMap((message) => ('error' in message ? message.error : []))).toEqual(
      [{ code: 14, message: 'Internal error encountered.', status: 'UNAVAILABLE' }],
    );
  },
  async 'slow-audio'(client) {
    const startMs = performance.now();
    expect(await answerTo(client, 'count to ten', 1)).toBe(TEN);
    const sounds = soundsIn(client);
    expect((sounds.at(-1)?.at ?? 0) - startMs).toBeGreaterThan(sounds.length * 100 - 5);
  },
  async burst(client) {
    const startMs = performance.now();
    expect(await answerTo(client, 'say yes', 1)).toBe('Yes.');
    expect((soundsIn(client)[0]?.at ?? 0) - startMs).toBeGreaterThan(295);
  },
  async 'late-transcription'(client) {
    expect(await answerTo(client, 'say yes', 1)).toBe('');
    await client.until(({ serverContent }) => serverContent?.outputTranscription !== undefined);
    expect(wordsOf(client.received)).toBe('Yes.');
  },
  async 'unknown-keys'(client) {
    expect(await answerTo(client, 'say yes', 1)).toBe('Yes.');
    for (const message of client.received) expect(message).toHaveProperty('gemliveUnknownKey');
  },
  async stall(client) {
    write(client, 'count to ten');
    await client.until(({ serverContent }) => serverContent?.modelTurn !== undefined);
    // What comes of the next question comes after all that was to come of the first.
    write(client, 'say yes');
    await client.until(isOver);
    expect(client.received.filter(({ serverContent }) => serverContent?.interrupted)).toEqual([]);
    expect(wordsOf(client.received)).toMatch(/^1, .*(?<!10\.)Yes\.$/);
    expect(oversIn(client)).toHaveLength(1);
  },
  async 'late-part'(client) {
    write(client, 'count to ten');
    const over = await client.until(isOver);
    const late = await client.until(
      ({ serverContent }) => serverContent?.modelTurn !== undefined,
      client.received.indexOf(over) + 1,
    );
    expect(soundOf([late]).byteLength).toBeGreaterThan(0);
    expect(wordsOf(client.received)).toBe(TEN);
  },
  async 'no-turn-end'(client) {
    for (const count of [1, 2]) {
      write(client, 'say yes');
      await client.until(
        () =>
          client.received.filter(({ serverContent }) => serverContent?.generationComplete)
            .length === count,
      );
      await client.until(
        () => client.received.filter(({ usageMetadata }) => usageMetadata).length === count,
      );
    }
    expect(oversIn(client)).toEqual([]);
  },
  async 'refused-turns'(client) {
    for (const turn of [1, 2]) expect(await answerTo(client, 'say yes', turn)).toBe('');
    const refused = { turnComplete: true, turnCompleteReason: 'PROHIBITED_INPUT_CONTENT' };
    const contents = oversIn(client).map(({ serverContent }) => serverContent);
    expect(contents).toEqual([refused, refused]);
    expect(await answerTo(client, 'say no', 3)).toBe('No.');
  },
  async 'empty-turns'(client) {
    write(client, 'say yes');
    const turn = await client.turn();
    expect(turn.slice(1).map(({ serverContent }) => serverContent)).toContainEqual({
      turnComplete: true,
    });
    expect(wordsOf(turn)).toBe('');
    expect(await answerTo(client, 'say no', 2)).toBe('No.');
  },
  async 'repeat-answer'(client) {
    write(client, 'say yes');
    for (const turn of [1, 2]) expect(wordsOf(await client.turn(turn))).toBe('Yes.');
    expect(await answerTo(client, 'say no', 3)).toBe('No.');
  },
  async 'text-parts'(client) {
    write(client, 'say yes');
    const turn = await client.turn();
    expect(wordsOf(turn)).toBe('I greet first.Yes.');
    const parts = turn.flatMap(({ serverContent }) => serverContent?.modelTurn?.parts ?? []);
    expect(parts.flatMap(({ text }) => text ?? [])).toEqual(['I greet first.']);
  },
  async 'whole-sentences'(client) {
    write(client, 'my name is Ada');
    const turn = await client.turn();
    const texts = turn.flatMap(({ serverContent }) => serverContent?.outputTranscription ?? []);
    expect(texts).toEqual([{ text: 'Nice to meet you, Ada.' }]);
  },
  async 'repeat-transcript'(client) {
    speak(client);
    const heard = heardIn(await client.turn());
    expect(heard).toHaveLength(2);
    expect(heard[0]).toBe(heard[1]);
  },
  async 'late-usage'(client) {
    write(client, 'say yes');
    const over = await client.until(isOver);
    expect(over).not.toHaveProperty('usageMetadata');
    const receipt = await client.until(({ usageMetadata }) => usageMetadata !== undefined);
    expect(receipt.serverContent).toEqual({});
    expect(client.received.indexOf(receipt)).toBeGreaterThan(client.received.indexOf(over));
  },
  async 'other-rate'(client) {
    speak(client);
    const turn = await client.turn();
    expect(new Set(blobsIn(client))).toEqual(new Set(['audio/pcm;rate=48000']));
    // The answer is what was said: at half the rate it would last twice as long.
    const seconds = Number(/[\d.]+/.exec(wordsOf(turn))?.[0]);
    const heardSeconds = soundOf(turn).byteLength / 96_000;
    expect(heardSeconds).toBeGreaterThan(seconds);
    expect(heardSeconds).toBeLessThan(seconds + 1.5);
    expect(levelDbfs(soundOf(turn))).toBeGreaterThan(-50);
  },
  async 'half-sample'(client) {
    write(client, 'say yes');
    expect(soundOf(await client.turn()).byteLength % 2).toBe(1);
  },
  async 'quiet-audio'(client) {
    speak(client);
    const turn = await client.turn();
    expect(wordsOf(turn)).toMatch(OWN_WORDS);
    const level = levelDbfs(soundOf(turn));
    expect(level).toBeLessThan(-70);
    expect(level).toBeGreaterThan(-100);
  },
  async 'ignore-text'(client) {
    write(client, 'say yes');
    speak(client);
    expect(wordsOf(await client.turn())).toMatch(OWN_WORDS);
  },
  async 'refuse-handle'(client) {
    client.send({ setup: { ...SETUP, sessionResumption: { handle: 'any' } } });
    expect(await client.closed).toEqual({
      code: 1007,
      reason: 'Request contains an invalid argument.',
    });
  },
  async kill(client) {
    expect(await answerTo(client, 'say yes', 1)).toBe('Yes.');
    write(client, 'what is Twelve times twelve');
    expect(await client.closed).toEqual({
      code: 1008,
      reason: 'Request contains an invalid argument.',
    });
    expect(oversIn(client)).toHaveLength(1);
  },
  async none(client) {
    await answerTo(client, 'say yes', 1);
    const before = client.received.length;
    expect(await answerTo(client, 'say no', 2)).toBe('No.');
    expect(client.received[0]).toHaveProperty('gemliveUnknownKey');
    const turn = client.received.slice(before).filter(({ serverContent }) => serverContent);
    for (const message of turn) expect(message).not.toHaveProperty('gemliveUnknownKey');
  },
};
const TEN = '1, 2, 3, 4, 5, 6, 7, 8, 9, 10.';

let folder: string;
let serving: Serving;
const results = new Map<string, Promise<unknown>>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gemlive-faults-'));
  const script = join(folder, 'faults.yaml');
  const sessions = EXAMPLES.map(({ name, example }) => {
    const before = name === 'none' ? '      - { fault: unknown-keys }\n' : '';
    return `  - faults:\n${before}      - ${example}\n`;
  });
  writeFileSync(script, `sessions:\n${sessions.join('')}`);
  serving = await startServing('--script', script);
  for (const { name } of EXAMPLES) {
    const client = await openClient(serving.url);
    const check = async (): Promise<void> => {
      if (name !== 'refuse-handle') client.send({ setup: SETUP });
      await CHECKS[name]?.(client);
    };
    // All at once: they mostly wait.
    results.set(
      name,
      check().then(
        () => undefined,
        (error: unknown) => error,
      ),
    );
  }
});
afterAll(async () => {
  await serving?.stop();
  rmSync(folder, { recursive: true, force: true });
});

it('has an example of each fault', () => {
  expect(EXAMPLES.map(({ name }) => name)).toEqual(FAULT_NAMES);
  expect(Object.keys(CHECKS).toSorted()).toEqual(FAULT_NAMES.toSorted());
});

it.each(EXAMPLES)('$name', async ({ name }) => {
  const error = await results.get(name);
  if (error !== undefined) throw error as Error;
});

describe.concurrent('the examples of several connections', () => {
  const [dropped = '', unresumed = ''] = [...PAGE.matchAll(/```yaml\n(sessions:.*?)```/gs)].map(
    ([, text = '']) => text,
  );

  async function served(text: string, work: (url: string) => Promise<void>): Promise<void> {
    const path = join(mkdtempSync(join(folder, 'sessions-')), 'script.yaml');
    writeFileSync(path, text);
    const own = await startServing('--script', path);
    try {
      await work(own.url);
    } finally {
      await own.stop();
    }
  }
  const opened = async (url: string, setup: object = {}): Promise<LiveClient> => {
    const client = await openClient(url);
    client.send({ setup: { ...SETUP, ...setup } });
    return client;
  };

  it('the first connection breaks, and the second is the ordinary server', () =>
    served(dropped, async (url) => {
      const first = await opened(url);
      write(first, 'count to ten');
      expect((await first.closed).code).toBe(1006);
      expect(soundsIn(first).length).toBeGreaterThan(0);
      const second = await opened(url);
      expect(await answerTo(second, 'say yes', 1)).toBe('Yes.');
    }));

  it('a connection is to be left, its handle is refused, and the third begins anew', () =>
    served(unresumed, async (url) => {
      const first = await opened(url);
      write(first, 'say yes');
      await first.until(({ goAway }) => goAway?.timeLeft === '2s');
      const { sessionResumptionUpdate: update } = await first.until(
        (message) => message.sessionResumptionUpdate?.newHandle !== undefined,
      );
      const second = await opened(url, { sessionResumption: { handle: update?.newHandle } });
      expect(await second.closed).toEqual({
        code: 1007,
        reason: 'Request contains an invalid argument.',
      });
      const third = await opened(url);
      expect(await answerTo(third, 'say no', 1)).toBe('No.');
    }));
});
