/** Transparent resumption, as Vertex AI has it: the server tells what its state includes, and the rest is sent again. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { LiveEvent, SessionEvent } from '../../src/events.ts';
import type { LiveSessionOptions } from '../../src/live/options.ts';
import { LiveSession } from '../../src/live/session.ts';
import { profileOf } from '../../src/protocol/models.ts';
import { startLiveServer } from '../../src/server/server.ts';
import { startFragileProxy } from '../support/fragileProxy.ts';
import { VERTEX_PATH } from '../support/liveClient.ts';
import { startScriptedServer, type Peer } from '../support/scriptedServer.ts';
import { until } from '../support/until.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

const MODEL = 'gemini-3.8-live';

function sessionTo(url: string, more: Partial<LiveSessionOptions> = {}) {
  const session = new LiveSession({
    endpoint: { url, headers: {} },
    setup: {
      model: `projects/p/locations/global/publishers/google/models/${MODEL}`,
      sessionResumption: { transparent: true },
      inputAudioTranscription: {},
      outputAudioTranscription: {},
    },
    profile: profileOf(MODEL),
    timeoutMs: 5000,
    resumes: true,
    ...more,
  });
  open.push(session);
  const events: SessionEvent[] = [];
  session.on((event) => events.push(event));
  return {
    session,
    readies: () =>
      events.filter((event) => event.type === 'state' && event.state === 'ready').length,
    live: (): LiveEvent[] => events.flatMap((event) => (event.type === 'live' ? event.events : [])),
    warnings: () => events.flatMap((event) => (event.type === 'warning' ? event.warning.code : [])),
  };
}

describe('what the server told that it has consumed', () => {
  /** The first connection takes `sound` messages, tells `update` and breaks; gives what the others were sent. */
  async function resumedWith(update: object) {
    const setups: unknown[] = [];
    const sent: number[] = [];
    let break1 = (): void => {};
    const server = await startScriptedServer(async (peer: Peer, count) => {
      setups.push((await peer.next())['setup']);
      peer.send({ setupComplete: {} });
      if (count === 1) {
        for (let i = 0; i < 5; i += 1) await peer.next();
        break1 = () => peer.socket.terminate();
        peer.send({ sessionResumptionUpdate: { newHandle: 'h', resumable: true, ...update } });
        return;
      }
      for (;;) sent.push(numberOf(await peer.next()));
    });
    open.push(server);
    const one = sessionTo(server.wsUrl);
    await one.session.start();
    for (let i = 1; i <= 5; i += 1) one.session.sendAudio(soundOf(i));
    await until('the update', () => one.live().some(({ type }) => type === 'resumption'));
    for (let i = 6; i <= 7; i += 1) one.session.sendAudio(soundOf(i));
    break1();
    await until('it is ready again', () => one.readies() === 2);
    one.session.sendAudio(soundOf(8));
    await until('the last one', () => sent.includes(8));
    return { setups, sent };
  }

  it('is not sent again, and all the rest is, in order and once', async () => {
    const { setups, sent } = await resumedWith({ lastConsumedClientMessageIndex: '3' });
    expect(setups[0]).toMatchObject({ sessionResumption: { transparent: true } });
    expect(setups[1]).toMatchObject({ sessionResumption: { transparent: true, handle: 'h' } });
    expect(sent).toEqual([4, 5, 6, 7, 8]);
  });

  it('may be all of it', async () => {
    const { sent } = await resumedWith({ lastConsumedClientMessageIndex: '5' });
    expect(sent).toEqual([6, 7, 8]);
  });

  it('may be nothing but the setup', async () => {
    const { sent } = await resumedWith({ lastConsumedClientMessageIndex: '0' });
    expect(sent).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });
});

/** 20 ms whose first sample is its number. */
function soundOf(number: number): Uint8Array {
  const frame = Buffer.alloc(640);
  frame.writeUInt16LE(number);
  return frame;
}

function numberOf(message: Record<string, unknown>): number {
  const { audio } = message['realtimeInput'] as { audio: { data: string } };
  return Buffer.from(audio.data, 'base64').readUInt16LE(0);
}

const QUESTION = readFileSync(join(import.meta.dirname, '../../audio-fixtures/question.pcm'));
/** The fixture's speech, ms. */
const ONSET_MS = 500;
const END_MS = 2170;

describe('speech, on the Vertex path of the local server', () => {
  // No detector tells the session of it: what is sent again goes by the server's word alone.
  it.each([
    ['in its middle', 1400],
    ['right after it', 2300],
  ])('broken %s is heard whole, once', { timeout: 30_000 }, async (_where, dropAtMs) => {
    const faults: string[] = [];
    const server = await startLiveServer({
      stt: 'none',
      tts: 'none',
      onEvent: (event) => event.type === 'fault' && faults.push(event.message),
    });
    open.push(server);
    const proxy = await startFragileProxy(server.url);
    open.push(proxy);
    const { session, live, readies } = sessionTo(proxy.url.replace('http', 'ws') + VERTEX_PATH);
    const turnsOver = (): number => live().filter(({ type }) => type === 'turnComplete').length;
    const handles = (): number =>
      live().filter((event) => event.type === 'resumption' && event.resumable).length;
    await session.start();
    session.sendText('one');
    await until('an answer and a handle', () => turnsOver() === 1 && handles() === 1);

    const startMs = performance.now();
    for (let ms = 0; ms < 4500; ms += 20) {
      const frame = new Uint8Array(640);
      frame.set(QUESTION.subarray(ms * 32, (ms + 20) * 32));
      session.sendAudio(frame);
      if (ms === dropAtMs) proxy.drop();
      const waitMs = startMs + ms - performance.now();
      if (waitMs > 0) await pause(waitMs);
    }
    await until('the answer', () => turnsOver() === 2);
    expect(readies()).toBe(2);
    const heard = live().flatMap((event) =>
      event.type === 'inputTranscription' ? [event.text] : [],
    );
    expect(heard).toHaveLength(1);
    const seconds = Number(/\[speech, ([\d.]+) s\]/.exec(heard[0] ?? '')?.[1]);
    expect(Math.abs(seconds - (END_MS - ONSET_MS) / 1000)).toBeLessThan(0.25);
    expect(faults.filter((fault) => !/1008|protocol/.test(fault))).toEqual([]);
  });
});
