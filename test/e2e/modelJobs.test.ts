/**
 * Models that do other things than the default one, as the user of the built program has them: one translates,
 * one writes down, one thinks before it answers.
 */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseWav } from '../../src/audio/wav.ts';
import { startLiveServer, type LiveServer } from '../../src/server/server.ts';
import { eventsIn, runCli, spawnCli, type CliResult } from '../support/cli.ts';
import { openPty } from '../support/pty.ts';
import { afterSetup, startScriptedServer, type Peer } from '../support/scriptedServer.ts';

const TRANSCRIBE = 'gemini-3.5-transcribe-live';
const TRANSLATE = 'gemini-3.5-live-translate-preview';
const THINKS = 'gemini-3.8-live-extended-thinking';
const WORDS = 'good morning everybody';
const question = join(import.meta.dirname, '..', '..', 'audio-fixtures', 'question.wav');

let folder: string;
let mic: string;
let live: LiveServer;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gemlive-jobs-'));
  const program = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\n${text}\n`);
    chmodSync(path, 0o755);
    return path;
  };
  const ears = program('ears', `cat >/dev/null; echo ${WORDS}`);
  const pcm = question.replace('.wav', '.pcm');
  // A microphone gives sound as time goes by.
  mic = program('mic', `exec '${process.execPath}' '${join(folder, 'mic.cjs')}'`);
  writeFileSync(
    join(folder, 'mic.cjs'),
    `const sound = require('node:fs').readFileSync(${JSON.stringify(pcm)});
     let at = 0;
     setInterval(() => {
       const frame = Buffer.alloc(640);
       sound.subarray(at, at + 640).copy(frame);
       process.stdout.write(frame);
       at += 640;
     }, 20);`,
  );
  live = await startLiveServer({ stt: ears, tts: 'none' });
});
afterAll(async () => {
  await live?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The program against a server that does what `script` says after the setup. */
async function against(
  script: (peer: Peer) => Promise<void> | void,
  args: readonly string[],
): Promise<CliResult> {
  const server = await startScriptedServer(afterSetup(script));
  try {
    return await runCli([...args, '--base-url', server.url], { timeoutMs: 40_000 });
  } finally {
    await server.close();
  }
}

/** Until so many frames with sound have come. */
async function sound(peer: Peer, frames: number): Promise<void> {
  for (let count = 0; count < frames; count += 1) await peer.next();
}

const text = (words: string) => ({ serverContent: { modelTurn: { parts: [{ text: words }] } } });
const heard = (words: string) => ({ serverContent: { inputTranscription: { text: words } } });
const guess = (words: string) => ({
  serverContent: { interimInputTranscription: { text: words } },
});
const spoken = (words: string) => ({ serverContent: { outputTranscription: { text: words } } });
const whole = { serverContent: { generationComplete: true } };
const over = { serverContent: { turnComplete: true } };
const finals = (result: CliResult, type: string) =>
  eventsIn(result.stdout).filter((event) => event['type'] === type && event['final'] === true);

describe('a model that writes down what it hears', () => {
  it.concurrent('file prints the words, and nothing else', async () => {
    const args = ['file', question, '-m', TRANSCRIBE, '--base-url', live.url];
    expect(await runCli(args)).toMatchObject({ code: 0, stdout: `${WORDS}\n`, stderr: '' });
  });

  it.concurrent('file --json has them once, as the words of the model', async () => {
    const args = ['file', question, '-m', TRANSCRIBE, '--base-url', live.url, '--json'];
    const result = await runCli(args);
    expect(result.code).toBe(0);
    expect(finals(result, 'model')).toMatchObject([{ turn: 1, text: WORDS }]);
    expect(eventsIn(result.stdout).some(({ type }) => type === 'user')).toBe(false);
  });

  it.concurrent('talk prints them, without a loudspeaker', async () => {
    const result = await runCli(
      [
        'talk',
        '-m',
        TRANSCRIBE,
        '--base-url',
        live.url,
        '--mic-command',
        mic,
        '--max-duration',
        '6',
      ],
      { env: { PATH: '/bin:/nonexistent' } },
    );
    expect(result).toMatchObject({ code: 0, stdout: `${WORDS}\n`, stderr: '' });
  });

  it.concurrent('also where they come as transcription only, and no turn ever ends', async () => {
    const result = await against(
      async (peer) => {
        await sound(peer, 40);
        peer.send(guess('good warning'));
        peer.send({ voiceActivity: { type: 'ACTIVITY_START', audioOffset: '0.5s' } });
        peer.send(heard('good morning'));
        peer.send({ voiceActivityDetectionSignal: { vadSignalType: 'VAD_SIGNAL_TYPE_EOS' } });
        peer.send(heard(' everybody'));
      },
      ['file', question, '-m', TRANSCRIBE],
    );
    expect(result).toMatchObject({ code: 0, stdout: `${WORDS}\n`, stderr: '' });
  });

  it.concurrent('and once where they come both ways', async () => {
    const result = await against(
      async (peer) => {
        await sound(peer, 40);
        peer.send(text(WORDS));
        peer.send(heard(WORDS));
        peer.send(over);
        peer.send(heard(WORDS));
      },
      ['file', question, '-m', TRANSCRIBE],
    );
    expect(result).toMatchObject({ code: 0, stdout: `${WORDS}\n` });
  });

  it.concurrent('file prints a line for each utterance where only generationComplete ends one', async () => {
    const result = await against(
      async (peer) => {
        for (const line of ['First.', 'Second.', 'Third.']) {
          await sound(peer, 25);
          peer.send(heard(line));
          peer.send(whole);
        }
      },
      ['file', question, '-m', TRANSCRIBE, '--json'],
    );
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(finals(result, 'model')).toMatchObject([
      { turn: 1, text: 'First.' },
      { turn: 2, text: 'Second.' },
      { turn: 3, text: 'Third.' },
    ]);
  });

  it.concurrent('talk shows a guess until the words are there', async () => {
    const server = await startScriptedServer(
      afterSetup(async (peer) => {
        await sound(peer, 40);
        peer.send(guess('good warning'));
        await sound(peer, 60);
        peer.send(heard(WORDS));
        peer.send(over);
      }),
    );
    const pty = openPty(
      ['talk', '-m', TRANSCRIBE, '--base-url', server.url, '--mic-command', mic],
      { environment: { PATH: process.env['PATH'] ?? '', HOME: folder } },
    );
    try {
      await pty.until(/good warning/);
      pty.mark();
      await pty.until(new RegExp(WORDS));
      pty.mark();
      pty.send('q');
      expect((await pty.ended).code).toBe(0);
      expect(pty.output().split('good warning').length).toBeGreaterThan(1);
    } finally {
      await pty.close();
      await server.close();
    }
  });
});

describe('a model that translates', () => {
  it.concurrent('file has its words, its sound, and all of its receipts', async () => {
    const reply = join(folder, 'reply.wav');
    const result = await runCli(
      ['file', question, '-m', TRANSLATE, '--translate-to', 'de', '--base-url', live.url].concat([
        '--json',
        '-o',
        reply,
      ]),
    );
    // The local server has no voice here: its sound is silence.
    expect(result).toMatchObject({ code: 0, stderr: expect.stringMatching(/all zeros\n.*\n$/) });
    expect(finals(result, 'model')).toMatchObject([{ text: WORDS }]);
    expect(finals(result, 'user')).toMatchObject([{ text: WORDS }]);
    expect(parseWav(readFileSync(reply)).data.byteLength).toBeGreaterThan(24_000);
    const usage = eventsIn(result.stdout).find(({ type }) => type === 'usage');
    // 25 for each second of sound: the recording lasts more than two, and silence follows.
    expect(usage?.['promptTokens']).toBeGreaterThanOrEqual(75);
    expect(Number(usage?.['promptTokens']) % 25).toBe(0);
  });

  it.concurrent('chat takes what is written', async () => {
    const args = ['chat', 'good night', '-m', TRANSLATE, '--translate-to', 'de'];
    const result = await runCli([...args, '--base-url', live.url]);
    expect(result).toMatchObject({ code: 0, stdout: 'good night\n', stderr: '' });
  });

  it.concurrent('receipts of each second add up, and file ends though no turn does', async () => {
    const second = {
      serverContent: {},
      usageMetadata: {
        promptTokenCount: 25,
        candidatesTokenCount: 25,
        totalTokenCount: 50,
        promptTokensDetails: [{ modality: 'AUDIO', tokenCount: 25 }],
      },
    };
    const result = await against(
      async (peer) => {
        await sound(peer, 30);
        for (const words of ['guten ', 'Morgen ', 'allerseits']) {
          peer.send(spoken(words));
          peer.send(second);
        }
      },
      ['file', question, '-m', TRANSLATE, '--translate-to', 'de', '--json'],
    );
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(finals(result, 'model')).toMatchObject([{ text: 'guten Morgen allerseits' }]);
    expect(eventsIn(result.stdout).find(({ type }) => type === 'usage')).toMatchObject({
      promptTokens: 75,
      responseTokens: 75,
      totalTokens: 150,
    });
  });

  it.concurrent.each([[[]], [['--json']]])(
    'talk %j has lines while the stream goes on',
    async (flags) => {
      const server = await startScriptedServer(
        afterSetup(async (peer) => {
          for (let count = 1; peer.socket.readyState === peer.socket.OPEN; count += 1) {
            peer.send(heard(` This is sentence ${count}.`));
            peer.send(spoken(` Dies ist Satz ${count}, und er ist recht lang geraten.`));
            await sound(peer, 5);
          }
        }),
      );
      const args = ['talk', '-m', TRANSLATE, '--translate-to', 'de', '--no-speaker', ...flags];
      const child = spawnCli([...args, '--base-url', server.url, '--mic-command', mic]);
      try {
        let stdout = '';
        const lines = (): string[] =>
          stdout
            .split('\n')
            .filter(
              (line) => line.includes('Satz') && (flags.length === 0 || line.includes('"final"')),
            );
        for await (const chunk of child.stdout) {
          stdout += String(chunk);
          if (lines().length >= 2) break;
        }
        expect(lines()[0]).toContain('Satz 1,');
        expect(lines()[1]).toContain('Satz 3,');
      } finally {
        child.kill();
        await server.close();
      }
    },
  );

  it.concurrent('is asked into which language', async () => {
    const { code, stderr } = await runCli(['talk', '-m', TRANSLATE, '--dry-run']);
    expect(code).toBe(0);
    expect(stderr).toContain('--translate-to');
  });
});

describe('a model that thinks before it answers', () => {
  it.concurrent('chat ends at once where the turn is refused without a status', async () => {
    const reason = 'RESPONSE_REJECTED';
    const begun = performance.now();
    const result = await against(
      async (peer) => {
        await peer.next();
        peer.send({ serverContent: { turnComplete: true, turnCompleteReason: reason } });
      },
      ['chat', 'what time is it', '-m', THINKS],
    );
    expect(result).toMatchObject({ code: 6, stdout: '' });
    expect(result.stderr).toContain(reason);
    expect(performance.now() - begun).toBeLessThan(14_000);
  });

  /** As the service has it: something is said at once, and the turn is over for now. */
  const filler = (peer: Peer): void => {
    peer.send(spoken('One moment. '));
    peer.send({ serverContent: { generationComplete: true } });
    peer.send({ serverContent: { turnComplete: true, interactionStatus: 'IN_PROGRESS' } });
  };
  const answer = (peer: Peer): void => {
    peer.send(spoken('It is noon.'));
    peer.send({ serverContent: { generationComplete: true } });
    peer.send({ serverContent: { turnComplete: true, interactionStatus: 'IDLE' } });
  };
  /** Longer than the quiet that ends a replay. */
  const thought = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 3000));

  it.concurrent.each([[], ['--usage']])('chat waits for the answer %s', async (...flags) => {
    const result = await against(
      async (peer) => {
        await peer.next();
        filler(peer);
        await thought();
        answer(peer);
      },
      ['chat', 'what time is it', '-m', THINKS, ...flags],
    );
    expect(result).toMatchObject({ code: 0, stdout: 'One moment. It is noon.\n' });
  });

  it.concurrent('file waits for it, too', async () => {
    const result = await against(
      async (peer) => {
        await sound(peer, 120);
        filler(peer);
        await thought();
        answer(peer);
      },
      ['file', question, '-m', THINKS],
    );
    expect(result).toMatchObject({ code: 0, stdout: 'One moment. It is noon.\n', stderr: '' });
  });

  it.concurrent('and talk', async () => {
    const result = await against(
      async (peer) => {
        await peer.next();
        filler(peer);
        await thought();
        answer(peer);
      },
      ['talk', '-m', THINKS, '--greet', 'Hi', '--no-mic', '--no-speaker', '--max-duration', '6'],
    );
    expect(result).toMatchObject({ code: 0, stdout: 'One moment. It is noon.\n' });
  });

  it.concurrent('is asked again where the connection breaks while it thinks, and then no more', async () => {
    const asked: unknown[] = [];
    const server = await startScriptedServer(async (peer, count) => {
      await peer.next();
      peer.send({ setupComplete: {} });
      peer.send({ sessionResumptionUpdate: { newHandle: `handle-${count}`, resumable: true } });
      asked.push(await peer.next());
      if (count === 1) filler(peer);
      else answer(peer);
      setTimeout(() => peer.socket.terminate(), 200);
    });
    const args = ['-m', THINKS, '--greet', 'Hi', '--no-mic', '--no-speaker', '--max-duration', '6'];
    const result = await runCli(['talk', ...args, '--base-url', server.url]);
    expect(server.count).toBe(3);
    await server.close();
    expect(result).toMatchObject({ code: 0, stdout: 'One moment.\nIt is noon.\n' });
    expect(asked).toHaveLength(2);
    expect(asked[1]).toEqual(asked[0]);
  });

  it.concurrent('15 s after its last word it has said all it will', async () => {
    const begun = performance.now();
    const result = await against(
      async (peer) => {
        await peer.next();
        filler(peer);
      },
      ['chat', 'what time is it', '-m', THINKS],
    );
    expect(result).toMatchObject({ code: 0, stdout: 'One moment.\n' });
    expect(performance.now() - begun).toBeGreaterThan(14_900);
  });
});
