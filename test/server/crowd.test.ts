/** Many at once, and those who take more than their share, at the built server: nobody else waits, nothing is left. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openAndClose } from '../bench/server/crowd.mjs';
import { serve, type Served } from '../bench/server/subject.ts';
import {
  openSession,
  quiet,
  sendSound,
  wordsOf,
  type LiveClient,
  type Received,
} from '../support/liveClient.ts';
import { below } from '../support/pty.ts';
import { until } from '../support/until.ts';

const QUESTION = readFileSync(
  join(import.meta.dirname, '..', '..', 'audio-fixtures', 'question.pcm'),
);
const WORDS = { outputAudioTranscription: {} };
const ASKED = { realtimeInput: { text: 'What is 12 times 12?' } };

let server: Served;
let url: string;
beforeAll(async () => {
  server = await serve();
  url = `http://127.0.0.1:${server.port}`;
});
afterAll(async () => {
  expect(await server.stop()).toBe(0);
});

it('hundreds come and go, a third of them without a word, and no socket stays', async () => {
  const before = server.openFiles();
  const setup = { model: 'models/gemini-3.8-live' };
  await openAndClose({ port: server.port, sessions: 600, setup });
  await until('all sockets are closed', () => server.openFiles() <= before);
});

it('a thousand are there at once, and each is answered', async () => {
  const clients = await Promise.all(
    Array.from({ length: 1000 }, () =>
      openSession(url, { ...WORDS, generationConfig: { maxOutputTokens: 5 } }),
    ),
  );
  for (const client of clients) client.send(ASKED);
  const turns = await Promise.all(clients.map((client) => client.turn()));
  expect(turns.every((turn) => turn.some(({ serverContent }) => serverContent?.modelTurn))).toBe(
    true,
  );
  await Promise.all(clients.map((client) => client.close()));
});

it('six minutes of sound in one frame: whoever asks meanwhile is answered first', async () => {
  const greedy = await openSession(url, WORDS);
  const modest = await openSession(url, WORDS);
  const data = Buffer.alloc(11_900_000, 1).toString('base64');
  greedy.send({ realtimeInput: { audio: { data, mimeType: 'audio/pcm;rate=16000' } } });
  // All of it is with the server, or as good as.
  await new Promise((sent) => greedy.socket.send(JSON.stringify(ASKED), sent));
  modest.send(ASKED);
  const speaks = (client: LiveClient): Promise<Received> =>
    client.until((message) => message.serverContent?.modelTurn !== undefined);
  const first = await Promise.race([
    speaks(greedy).then(() => 'greedy'),
    speaks(modest).then(() => 'modest'),
  ]);
  expect(first).toBe('modest');
  expect(wordsOf(await greedy.turn())).toMatch(/144|forty-four/);
  await Promise.all([greedy.close(), modest.close()]);
});

it('one who does not read is let go; the others hear their answers', async () => {
  const deaf = await openSession(url);
  deaf.socket.pause();
  const gone = (): boolean => server.faults.some((fault) => fault.includes('does not read'));
  // Each question cuts the answer before, whose first sound was sent at once.
  const asking = setInterval(() => deaf.send({ realtimeInput: { text: 'Count to ten.' } }), 10);
  try {
    const answers: string[] = [];
    await until(
      'it is let go',
      async () => {
        const other = await openSession(url, WORDS);
        other.send(ASKED);
        await other.until((message) => message.serverContent?.modelTurn !== undefined);
        answers.push(wordsOf(other.received));
        await other.close();
        return gone();
      },
      60_000,
    );
    expect(answers.length).toBeGreaterThan(5);
  } finally {
    clearInterval(asking);
    deaf.socket.terminate();
  }
});

it('ears that hang: who speaks waits, who writes does not, and what was spoken can be passed over', async () => {
  const stuck = await serve(['--stt', 'exec sleep 1000', '--tts', 'none']);
  try {
    const at = `http://127.0.0.1:${stuck.port}`;
    const speakers = await Promise.all(Array.from({ length: 20 }, () => openSession(at, WORDS)));
    for (const speaker of speakers) {
      sendSound(speaker, QUESTION);
      sendSound(speaker, quiet(1000));
    }
    const writer = await openSession(at, WORDS);
    writer.send(ASKED);
    expect(wordsOf(await writer.turn())).toMatch(/144|forty-four/);
    for (const speaker of speakers) speaker.send(ASKED);
    for (const speaker of speakers) expect(wordsOf(await speaker.turn())).toMatch(/144|forty-four/);
    await Promise.all([writer, ...speakers].map((client) => client.close()));
    await until('no recogniser is left', () => below(stuck.pid).length === 0);
  } finally {
    await stuck.stop();
  }
});
