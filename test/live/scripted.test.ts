/** A LiveSession that comes back, against scripts that say what it must do on each connection. */
import { afterEach, describe, expect, it } from 'vitest';
import type { LiveEvent } from '../../src/events.ts';
import { LiveSession } from '../../src/live/session.ts';
import { profileOf } from '../../src/protocol/models.ts';
import { startLiveServer, type LiveServer } from '../../src/server/server.ts';
import { GEMINI_PATH } from '../support/liveClient.ts';
import { until } from '../support/until.ts';

const MODEL = 'gemini-3.8-live';
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function converse(
  script: string,
): Promise<{ server: LiveServer; session: LiveSession; words: () => string }> {
  const server = await startLiveServer({ script, stt: 'none', tts: 'none' });
  const session = new LiveSession({
    endpoint: { url: server.url.replace('http', 'ws') + GEMINI_PATH, headers: {} },
    setup: { model: `models/${MODEL}`, sessionResumption: {}, outputAudioTranscription: {} },
    profile: profileOf(MODEL),
    timeoutMs: 5000,
    resumes: true,
  });
  open.push(session, server);
  const events: LiveEvent[] = [];
  session.on((event) => event.type === 'live' && events.push(...event.events));
  await session.start();
  const words = (): string =>
    events.flatMap((event) => (event.type === 'outputTranscription' ? event.text : [])).join('');
  return { server, session, words };
}

/** The first connection, up to its handle; then `ends`. The second is resumed with it, and answers. */
const resumedAfter = (ends: string): string => `
sessions:
  - steps:
      - expect: {setup: {model: models/${MODEL}, sessionResumption: {handle: null}}}
      - send: setupComplete
      - expect: {text: first}
      - reply: One.
      - send: {sessionResumptionUpdate: {newHandle: the-handle, resumable: true}}
      ${ends}
  - steps:
      - expect: {setup: {model: models/${MODEL}, sessionResumption: {handle: the-handle}}}
      - send: setupComplete
      - expect: {text: second}
      - reply: Two.
      - expect: close
`;

describe('LiveSession', () => {
  it.each([
    ['breaks', '- fault: drop'],
    ['is aborted', '- close: {code: 1008, reason: The operation was aborted.}'],
    ['is told to go', '- {fault: goAway, timeLeft: 5s}\n      - expect: close'],
  ])('goes on where it was, with the handle, when the connection %s', async (_how, ends) => {
    const { server, session, words } = await converse(resumedAfter(ends));
    session.sendText('first');
    await until('the second connection', () => server.frames.some((frame) => frame.session === 2));
    expect(words()).toBe('One.');
    session.sendText('second');
    await until('its answer', () => words() === 'One.Two.');
    await session.close();
    await server.assertComplete();
  });

  it('lives with everything that is only strange', async () => {
    const { server, session, words } = await converse(`
steps:
  - fault: unknown-keys
  - expect: setup
  - send: setupComplete
  - expect: {text: hello}
  - fault: malformed-frame
  - {fault: malformed-frame, kind: bad-utf8}
  - {fault: malformed-frame, kind: not-object}
  - send: {serverContent: {}}
  - send: {serverContent: {outputTranscription: {}}}
  - send: {serverContent: {modelTurn: {parts: [null, 5, {text: 7}]}}}
  - send: {nobodyKnows: [1, 2]}
  - {fault: late-transcription, delay: 100ms}
  - {fault: burst, hold: 100ms}
  - reply: All is well.
  - expect: close
`);
    session.sendText('hello');
    await until('the answer', () => words() === 'All is well.');
    await session.close();
    await server.assertComplete();
  });
});
