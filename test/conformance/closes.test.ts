/** Each refusal of the table, provoked by a bare client. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startLiveServer, type LiveServer } from '../../src/server/server.ts';
import { CALLER } from './brain.ts';
import { EXPECTATIONS } from './expectations.ts';

const QUICK = { stt: 'none', tts: 'none', brain: CALLER };
const MAX_REASON_BYTES = 123;

let shared: LiveServer;
beforeAll(async () => {
  shared = await startLiveServer(QUICK);
});
afterAll(() => shared.close());

describe.concurrent('the server closes', () => {
  it.each(EXPECTATIONS.map((row) => [`${row.code}: ${row.cause}`, row] as const))(
    '%s',
    async (_title, { code, reason, options, provoke }) => {
      const isOwn = options !== undefined || code === 1001;
      const server = isOwn ? await startLiveServer({ ...QUICK, ...options }) : shared;
      const client = await provoke(server);
      const end = await client.closed;
      const open = reason.endsWith('…');
      const quoted = open ? reason.slice(0, -1) : reason;
      const cut = Buffer.from(quoted).subarray(0, MAX_REASON_BYTES).toString();
      expect(Buffer.byteLength(end.reason)).toBeLessThanOrEqual(MAX_REASON_BYTES);
      expect({
        code: end.code,
        reason: open ? end.reason.slice(0, cut.length) : end.reason,
      }).toEqual({
        code,
        reason: cut,
      });
      if (isOwn) await server.close();
    },
  );

  it.each([
    ['unknown', 'Nobody'],
    ['of 3.8 only in its own spelling', 'en-us-nobody'],
  ])('1007: a voice that is %s, in words that nobody quoted whole', async (_what, voiceName) => {
    const { openClient } = await import('../support/liveClient.ts');
    const client = await openClient(shared.url);
    const speechConfig = { voiceConfig: { prebuiltVoiceConfig: { voiceName } } };
    client.send({ setup: { model: 'models/gemini-3.8-live', generationConfig: { speechConfig } } });
    const { code, reason } = await client.closed;
    expect(code).toBe(1007);
    expect(reason).toMatch(/no matching speaker voice/i);
  });
});
