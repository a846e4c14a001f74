/** Sessions that outlive their connections: against the local Live server, through a proxy that breaks. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { LiveEvent, SessionEvent } from '../../src/events.ts';
import type { LiveSessionOptions } from '../../src/live/options.ts';
import { LiveSession } from '../../src/live/session.ts';
import { profileOf } from '../../src/protocol/models.ts';
import type { Brain } from '../../src/server/brain/brain.ts';
import { startLiveServer, type LiveServerOptions } from '../../src/server/server.ts';
import { startFragileProxy } from '../support/fragileProxy.ts';
import { GEMINI_PATH } from '../support/liveClient.ts';
import { until } from '../support/until.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

/** Says everything it remembers. */
const recaller: Brain = {
  name: 'recaller',
  async *think({ turns }) {
    yield { text: turns.map((turn) => ('text' in turn ? turn.text : '')).join('|') };
  },
};

type Options = {
  server?: LiveServerOptions;
  session?: Partial<LiveSessionOptions>;
  model?: string;
};

async function converse({
  server = {},
  session: more = {},
  model = 'gemini-3.8-live',
}: Options = {}) {
  const faults: string[] = [];
  const live = await startLiveServer({
    stt: 'none',
    tts: 'none',
    allowRetired: true,
    brain: recaller,
    onEvent: (event) => event.type === 'fault' && faults.push(event.message),
    ...server,
  });
  open.push(live);
  const proxy = await startFragileProxy(live.url);
  open.push(proxy);
  const session = new LiveSession({
    endpoint: { url: proxy.url.replace('http', 'ws') + GEMINI_PATH, headers: {} },
    setup: {
      model: `models/${model}`,
      sessionResumption: {},
      inputAudioTranscription: {},
      outputAudioTranscription: {},
    },
    profile: profileOf(model),
    timeoutMs: 5000,
    resumes: true,
    ...more,
  });
  open.push(session);
  const events: SessionEvent[] = [];
  session.on((event) => events.push(event));
  await session.start();
  const heardEvents = (): LiveEvent[] =>
    events.flatMap((event) => (event.type === 'live' ? event.events : []));
  const states = (): string[] =>
    events.flatMap((event) => (event.type === 'state' ? event.state : []));
  const turnsOver = (): number =>
    heardEvents().filter(({ type }) => type === 'turnComplete').length;
  return {
    session,
    proxy,
    live,
    events,
    faults,
    states,
    turnsOver,
    liveEvents: heardEvents,
    warnings: () => events.flatMap((event) => (event.type === 'warning' ? event.warning.code : [])),
    /** Words of the model in its n-th turn. */
    said: (turn: number): string => {
      let count = 1;
      let text = '';
      for (const event of heardEvents()) {
        if (event.type === 'turnComplete') count += 1;
        else if (count === turn && event.type === 'outputTranscription') text += event.text;
      }
      return text.trim();
    },
    handles: () =>
      heardEvents().filter((event) => event.type === 'resumption' && event.resumable).length,
    ended: () => events.flatMap((event) => (event.type === 'ended' ? [event.error] : [])),
  };
}

type Conversation = Awaited<ReturnType<typeof converse>>;

async function ask(one: Conversation, text: string): Promise<void> {
  const [turns, handles] = [one.turnsOver(), one.handles()];
  one.session.sendText(text);
  await until(`the answer to "${text}"`, () => one.turnsOver() > turns && one.handles() > handles);
}

const readies = ({ states }: Conversation): number =>
  states().filter((state) => state === 'ready').length;

describe('a connection that is lost', () => {
  it('is made again, and the model remembers', async () => {
    const one = await converse();
    await ask(one, 'one');
    one.proxy.drop();
    await until('it is ready again', () => readies(one) === 2);
    await ask(one, 'two');
    expect(one.said(2)).toBe('one|one|two');
    expect(one.states()).toEqual(['connecting', 'ready', 'reconnecting', 'ready']);
    expect(one.events.findLast((event) => event.type === 'state')).toMatchObject({
      gapMs: expect.any(Number) as number,
    });
    expect(one.warnings()).toEqual([]);
  });

  it('in the midst of an answer: the answer ends, is not given again, and the next one comes', async () => {
    const one = await converse();
    await ask(one, 'one');
    one.session.sendText('two three four five six seven eight nine ten');
    await until('the answer begins', () => one.said(2) !== '');
    one.proxy.drop();
    await until('it is ready again', () => readies(one) === 2);
    expect(one.turnsOver()).toBe(2);
    expect(one.liveEvents()).toContainEqual({ type: 'turnComplete', reason: 'CONNECTION_LOST' });
    await ask(one, 'three');
    expect(one.said(3)).toMatch(/three$/);
  });

  it('takes a text with it that nobody has answered', async () => {
    const one = await converse();
    await ask(one, 'one');
    one.proxy.freeze();
    one.session.sendText('two');
    await pause(100);
    one.proxy.drop();
    await until('the answer', () => one.turnsOver() === 2);
    expect(one.said(2)).toBe('one|one|two');
  });

  it('and what is written while it is away waits', async () => {
    const one = await converse();
    await ask(one, 'one');
    one.proxy.refuse();
    one.proxy.drop();
    await until('it is away', () => one.states().includes('reconnecting'));
    one.session.sendText('two');
    await pause(300);
    one.proxy.accept();
    await until('the answer', () => one.turnsOver() === 2);
    expect(one.said(2)).toBe('one|one|two');
  });

  it('is made again, though the start was aborted when it was ready', async () => {
    const live = await startLiveServer({ stt: 'none', tts: 'none', brain: recaller });
    open.push(live);
    const proxy = await startFragileProxy(live.url);
    open.push(proxy);
    const session = new LiveSession({
      endpoint: { url: proxy.url.replace('http', 'ws') + GEMINI_PATH, headers: {} },
      setup: { model: 'models/gemini-3.8-live', sessionResumption: {} },
      profile: profileOf('gemini-3.8-live'),
      timeoutMs: 5000,
      resumes: true,
    });
    open.push(session);
    const abort = new AbortController();
    let readies = 0;
    session.on((event) => {
      if (event.type !== 'state' || event.state !== 'ready') return;
      readies += 1;
      abort.abort(new Error('too late'));
    });
    await session.start(abort.signal);
    proxy.drop();
    await until('it is ready again', () => readies === 2);
  });

  it('without resumption ends the session', async () => {
    const one = await converse({ session: { resumes: false } });
    one.proxy.drop();
    await until('it has ended', () => one.ended().length === 1);
    expect(one.ended()[0]).toMatchObject({ exitCode: 5 });
  });

  it('with the credential at fault ends the session', async () => {
    const one = await converse({ server: { key: 'k' }, session: {} }).catch(
      (error: unknown) => error,
    );
    expect(one).toMatchObject({ exitCode: 3 });
  });
});

const QUESTION = readFileSync(join(import.meta.dirname, '../../audio-fixtures/question.pcm'));
/** The fixture's speech, ms. */
const ONSET_MS = 500;
const END_MS = 2170;

/** Streams the question in real time, tells what a detector would, and breaks the network where it is told to. */
async function speak(one: Conversation, at: Record<number, () => void>): Promise<void> {
  const startMs = performance.now();
  for (let ms = 0; ms < 4500; ms += 20) {
    const frame = new Uint8Array(640);
    frame.set(QUESTION.subarray(ms * 32, (ms + 20) * 32));
    one.session.sendAudio(frame);
    if (ms === ONSET_MS + 100) one.session.utteranceBegan(100);
    if (ms === END_MS - 10 + 500) one.session.utteranceEnded(500);
    at[ms]?.();
    const waitMs = startMs + ms - performance.now();
    if (waitMs > 0) await pause(waitMs);
  }
}

const secondsHeard = ({ liveEvents }: Conversation): number[] =>
  liveEvents().flatMap((event) => {
    if (event.type !== 'inputTranscription') return [];
    return [Number(/\[speech, ([\d.]+) s\]/.exec(event.text)?.[1])];
  });

describe('speech', () => {
  it.each([
    ['dropped in its middle', { 1400: 'drop' }],
    ['dropped at its end, before the server took it for one', { 2300: 'drop' }],
    ['lost in an open connection that is dropped later', { 700: 'freeze', 2600: 'drop' }],
    ['begun while there was no connection', { 400: 'refuse', 420: 'drop', 1500: 'accept' }],
  ] as const)('%s is heard whole, once', { timeout: 30_000 }, async (_what, plan) => {
    const one = await converse();
    await ask(one, 'one');
    const at = Object.fromEntries(
      Object.entries(plan).map(([ms, what]) => [ms, () => one.proxy[what]()]),
    );
    await speak(one, at);
    await until('the answer', () => one.turnsOver() === 2);
    // The server measures it by its own detector, to a tenth of a second.
    const [heard, ...more] = secondsHeard(one);
    expect(more).toEqual([]);
    expect(Math.abs((heard ?? 0) - (END_MS - ONSET_MS) / 1000)).toBeLessThan(0.25);
    expect(one.faults.filter((fault) => !/1008|protocol/.test(fault))).toEqual([]);
  });

  it('that was answered is not sent again', { timeout: 30_000 }, async () => {
    const one = await converse();
    await speak(one, {});
    await until('the answer has begun', () => one.said(1) !== '');
    one.proxy.drop();
    await until('it is ready again', () => readies(one) === 2);
    for (let ms = 0; ms < 1500; ms += 20) one.session.sendAudio(new Uint8Array(640));
    await ask(one, 'two');
    expect(secondsHeard(one)).toHaveLength(1);
  });
});

describe('goAway', () => {
  it('is answered by moving between turns: the model remembers, and nothing is said of it', async () => {
    const one = await converse({ server: { goAwaySeconds: 1 } });
    await ask(one, 'one');
    await until('it has moved', () => readies(one) >= 2);
    await ask(one, 'two');
    expect(one.said(2)).toBe('one|one|two');
    expect(one.states()).not.toContain('reconnecting');
    expect(one.warnings()).toEqual([]);
    expect(one.faults).toEqual([]);
  });

  it('waits for the end of an answer where there is time', async () => {
    const one = await converse({ server: { goAwaySeconds: 4 } });
    await pause(3300);
    one.session.sendText('a b c');
    await until('it has moved', () => readies(one) === 2);
    expect(one.said(1)).toBe('a b c');
    expect(one.liveEvents()).not.toContainEqual({
      type: 'turnComplete',
      reason: 'CONNECTION_LOST',
    });
  });
});

describe('a handle that is stale', () => {
  it('is let go: a new session is told the last lines, and so is the user', async () => {
    let nowMs = Date.now();
    const one = await converse({ server: { now: () => new Date(nowMs) } });
    await ask(one, 'one');
    one.proxy.refuse();
    one.proxy.drop();
    await pause(100);
    nowMs += 3 * 3_600_000;
    one.proxy.accept();
    await until('it is ready again', () => readies(one) === 2);
    expect(one.warnings()).toEqual(['memory_lost']);
    await ask(one, 'two');
    expect(one.said(2)).toBe('one|one|two');
  });

  it('on a model that takes history at the start only too', async () => {
    let nowMs = Date.now();
    const one = await converse({
      server: { now: () => new Date(nowMs), allowRetired: true },
      model: 'gemini-3.1-flash-live-preview',
    });
    await ask(one, 'one');
    one.proxy.refuse();
    one.proxy.drop();
    await pause(100);
    nowMs += 3 * 3_600_000;
    one.proxy.accept();
    await until('it is ready again', () => readies(one) === 2);
    await ask(one, 'two');
    expect(one.said(2)).toBe('one|one|two');
  });

  it('is no loss to a model that translates: it needs to know of nothing', async () => {
    let nowMs = Date.now();
    let frames: unknown[] = [];
    const one = await converse({
      server: {
        now: () => new Date(nowMs),
        onFrame: ({ from, message }) => from === 'client' && frames.push(message),
      },
      model: 'gemini-3.5-live-translate-preview',
    });
    // No message ends a turn of a translation.
    const translated = async (text: string): Promise<void> => {
      const handles = one.handles();
      one.session.sendText(text);
      await until(`the translation of "${text}"`, () => one.handles() > handles);
    };
    await translated('one');
    one.proxy.refuse();
    one.proxy.drop();
    await pause(100);
    nowMs += 3 * 3_600_000;
    frames = [];
    one.proxy.accept();
    await until('it is ready again', () => readies(one) === 2);
    await translated('two');
    expect(one.said(2)).toBe('two');
    expect(one.warnings()).toEqual([]);
    expect(JSON.stringify(frames)).not.toContain('"one"');
  });
});

describe('a connection that is open and silent', () => {
  it('is told from a model that keeps silent', { timeout: 60_000 }, async () => {
    const timers: { delayMs: number; work: () => void }[] = [];
    const clock = {
      nowMs: () => performance.now(),
      after: (delayMs: number, work: () => void) => {
        // Ten seconds without an answer pass at once.
        const timer = setTimeout(work, delayMs === 10_000 ? 200 : delayMs);
        timers.push({ delayMs, work });
        return () => clearTimeout(timer);
      },
    };
    const one = await converse({ session: { watches: true, clock } });
    one.session.utteranceBegan(0);
    one.session.utteranceEnded(0);
    await until('it says so', () => one.warnings().includes('no_answer_yet'));
    expect(one.states()).not.toContain('reconnecting');
  });
});
