/** Servers that refuse a handle, end sessions, or end of what they are sent: the conversation goes on. */
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { eventsIn, runCli } from '../support/cli.ts';
import { openPty, type Pty } from '../support/pty.ts';
import { startScriptedServer, type Peer, type ScriptedServer } from '../support/scriptedServer.ts';

const QUESTION = join(import.meta.dirname, '../../audio-fixtures/question.pcm');

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

type Frame = {
  setup?: { sessionResumption?: { handle?: string } };
  clientContent?: { turns: { parts: { text: string }[] }[]; turnComplete?: boolean };
  realtimeInput?: { audio?: { data: string }; activityEnd?: object };
};

type Script = {
  /** In answer to a setup that shows a handle; default: it is taken. */
  onHandle?: (peer: Peer) => void;
  /** A text has come; default: it is answered. */
  onText?: (peer: Peer, text: string) => boolean;
  /** Behind the first answer. */
  afterAnswer?: (peer: Peer) => void;
};

/** Gives each session a handle behind its answer; tells the handles that it was shown, and the texts that it got. */
async function serve({ onHandle, onText, afterAnswer }: Script) {
  const handles: (string | undefined)[] = [];
  const texts: string[] = [];
  let answers = 0;
  const server = await startScriptedServer(async (peer, count) => {
    const { setup } = (await peer.next()) as Frame;
    const handle = setup?.sessionResumption?.handle;
    handles.push(handle);
    if (handle !== undefined && onHandle) return onHandle(peer);
    peer.send({ setupComplete: {} });
    for (;;) {
      const { clientContent } = (await peer.next()) as Frame;
      if (!clientContent) continue;
      const lines = clientContent.turns.map(({ parts }) => parts[0]?.text ?? '');
      texts.push(lines.join('|'));
      if (!clientContent.turnComplete || onText?.(peer, lines.at(-1) ?? '')) continue;
      answers += 1;
      const outputTranscription = { text: `answer ${answers}.` };
      peer.send({ serverContent: { outputTranscription, generationComplete: true } });
      peer.send({ serverContent: { turnComplete: true } });
      peer.send({ sessionResumptionUpdate: { newHandle: `handle-${count}`, resumable: true } });
      if (answers === 1) afterAnswer?.(peer);
    }
  });
  open.push(server);
  return { server, handles, texts };
}

function chatWith(server: ScriptedServer): Pty {
  const environment = { PATH: process.env['PATH'] ?? '', LANG: 'C.UTF-8', GEMINI_API_KEY: 'k' };
  const pty = openPty(['chat', '--base-url', server.url], { environment });
  open.push(pty);
  return pty;
}

const MEMORY_LOST = /the session could not be taken up again/;

/** Asks, lets the server do what it does then, and asks again. */
async function twoQuestions(script: Script, again = /connected again/) {
  const { server, handles, texts } = await serve(script);
  const pty = chatWith(server);
  await pty.until(/> $/);
  pty.send('one\r');
  await pty.until(/answer 1\.\r?\n/);
  await pty.until(again);
  pty.send('two\r');
  await pty.until(/answer 2\.\r?\n/);
  pty.send('\u0004');
  expect((await pty.ended).code).toBe(0);
  return { handles, texts, output: pty.output() };
}

const drop = ({ socket }: Peer): void => socket.terminate();
const cut = ({ socket }: Peer): void => socket.close(1011, 'Deadline expired before operation');
const goAway = (peer: Peer): void => peer.send({ goAway: { timeLeft: '10s' } });
const closing =
  (code: number, reason: string) =>
  ({ socket }: Peer): void =>
    socket.close(code, reason);

describe('a handle', () => {
  it.each<[string, Script, times: number, again?: RegExp]>([
    ['refused after a loss', { afterAnswer: cut, onHandle: closing(1007, 'Nothing.') }, 1],
    [
      'refused at a hand-over',
      { afterAnswer: goAway, onHandle: closing(1008, '') },
      1,
      MEMORY_LOST,
    ],
    ['closed with 1011 each time', { afterAnswer: drop, onHandle: closing(1011, 'Internal') }, 2],
  ])('%s costs the memory, once', { timeout: 30_000 }, async (_what, script, times, again) => {
    const { handles, texts, output } = await twoQuestions(script, again);
    expect(handles).toEqual([undefined, ...Array<string>(times).fill('handle-1'), undefined]);
    // The last lines go along.
    expect(texts).toEqual(['one', 'one|answer 1.', 'two']);
    expect(output.match(new RegExp(MEMORY_LOST, 'g'))).toHaveLength(1);
  });

  it.each<[string, Script]>([
    ['a canceled call', { afterAnswer: closing(1000, 'The operation was cancelled.') }],
    ['a close without a reason', { afterAnswer: closing(1000, '') }],
  ])('is taken up again after %s', { timeout: 30_000 }, async (_what, script) => {
    const { handles, texts, output } = await twoQuestions(script);
    expect([handles, texts]).toEqual([
      [undefined, 'handle-1'],
      ['one', 'two'],
    ]);
    expect(output).not.toContain('warning:');
  });
});

describe('what ends every session', () => {
  it('a text is sent again once, then dropped, and the next one is answered', async () => {
    const { server, texts } = await serve({
      onText({ socket }, text) {
        if (text === 'poison') socket.close(1007, 'Request contains an invalid argument.');
        return text === 'poison';
      },
    });
    const pty = chatWith(server);
    await pty.until(/> $/);
    pty.send('poison\r');
    await pty.until(/warning: what you wrote last was not answered and was dropped/);
    await pty.until(/> $/);
    pty.send('two\r');
    await pty.until(/answer 1\.\r?\n/);
    pty.send('\u0004');
    expect((await pty.ended).code).toBe(0);
    expect(texts).toEqual(['poison', 'poison', 'two']);
  });

  it(
    'speech is sent again once, then dropped; its words stand once',
    { timeout: 60_000 },
    async () => {
      let sessions = 0;
      let hearings = 0;
      const server = await startScriptedServer(async (peer) => {
        await peer.next();
        sessions += 1;
        peer.send({ setupComplete: {} });
        peer.send({ sessionResumptionUpdate: { newHandle: `h${sessions}`, resumable: true } });
        let [speaks, quietMs] = [false, 0];
        for (;;) {
          const { realtimeInput } = (await peer.next()) as Frame;
          if (!realtimeInput?.audio) continue;
          const pcm = Buffer.from(realtimeInput.audio.data, 'base64');
          const isLoud = new Int16Array(pcm.buffer, pcm.byteOffset, pcm.byteLength / 2).some(
            (sample) => Math.abs(sample) > 900,
          );
          speaks ||= isLoud;
          quietMs = isLoud ? 0 : quietMs + pcm.byteLength / 32;
          // Longer than the local detector waits: what is not over is not dropped.
          if (!speaks || quietMs < 1200) continue;
          hearings += 1;
          peer.send({ serverContent: { inputTranscription: { text: 'What is twelve times?' } } });
          peer.socket.close(1011, 'Internal error encountered.');
          return;
        }
      });
      open.push(server);
      const { code, stdout, stderr } = await runCli(
        ['file', QUESTION, '--json', '--turn-timeout', '4', '--base-url', server.url],
        { env: { GEMINI_API_KEY: 'k' }, timeoutMs: 40_000 },
      );
      const lines = eventsIn(stdout);
      expect(code).toBe(6); // no answer
      expect(hearings).toBe(2);
      expect(sessions).toBe(3);
      expect(stderr).toContain('what you said last was not answered and was dropped');
      const words = lines.filter(({ type, delta }) => type === 'user' && delta !== undefined);
      expect(words.map(({ delta }) => delta)).toEqual(['What is twelve times?']);
      expect(lines).toContainEqual(expect.objectContaining({ type: 'turn', reason: 'DROPPED' }));
    },
  );
});

it('a session that the server ends when all is answered has done its work', async () => {
  const server = await startScriptedServer(async (peer) => {
    await peer.next();
    peer.send({ setupComplete: {} });
    for (;;) {
      const { realtimeInput } = (await peer.next()) as Frame;
      if (realtimeInput?.activityEnd) break;
    }
    const outputTranscription = { text: 'It is 144.' };
    peer.send({ serverContent: { outputTranscription, generationComplete: true } });
    peer.send({ serverContent: { turnComplete: true } });
    peer.socket.close(1000);
  });
  open.push(server);
  const { code, stdout, stderr } = await runCli(
    ['file', QUESTION, '--fast', '--base-url', server.url],
    { env: { GEMINI_API_KEY: 'k' } },
  );
  expect([code, stdout, stderr]).toEqual([0, 'It is 144.\n', '']);
});
