/** Inputs, outputs and surroundings that fail, through the built program. */
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bytesOfMs, OUTPUT_FORMAT } from '../../src/audio/format.ts';
import { eventsIn, runCli, spawnCli } from '../support/cli.ts';
import { expectFailure, expectNoStack } from '../support/messages.ts';
import { afterSetup, startScriptedServer } from '../support/scriptedServer.ts';
import { expectValidReply } from '../support/validReply.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const BIN = join(ROOT, 'bin', 'gemlive.js');
const fixture = (name: string): string => join(ROOT, 'audio-fixtures', name);
const QUESTION = fixture('question.wav');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gl-files-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

/** Where there is a device that is always full. */
const itOnFull = existsSync('/dev/full') ? it.concurrent : it.concurrent.skip;

const pcmOfMs = (ms: number): Buffer => Buffer.alloc(bytesOfMs(OUTPUT_FORMAT, ms), 7);
const sound = (pcm: Buffer) => ({
  serverContent: {
    modelTurn: {
      parts: [{ inlineData: { mimeType: 'audio/pcm;rate=24000', data: pcm.toString('base64') } }],
    },
  },
});

describe('an input', () => {
  const INPUTS: [name: string, make: () => string, says: RegExp][] = [
    ['missing', () => join(folder, 'none.wav'), /none\.wav: no such file/],
    ['in a folder that is none', () => join(QUESTION, 'x.wav'), /no such file/],
    ['a folder', () => folder, /a folder, not a recording/],
    ['empty', () => file('empty.wav', ''), /empty/],
    ['a WAV header and no sound', () => file('head.wav', header()), /no sound|empty/],
    ['half a WAV header', () => file('half.wav', header().subarray(0, 20)), /half\.wav/],
    ['text', () => file('letter.wav', 'Dear Sir or Madam,\n'.repeat(40)), /not audio.*\n.*text/],
    [
      'a picture',
      () => file('x.wav', Buffer.from('89504e470d0a1a0a'.repeat(40), 'hex')),
      /not audio/,
    ],
    ['a PDF', () => file('x.pcm', `%PDF-1.7\n${'x'.repeat(4000)}`), /not audio/],
    [
      'a broken MP3',
      () => file('x.mp3', Buffer.concat([Buffer.from('ID3'), Buffer.alloc(4000)])),
      /x\.mp3/,
    ],
  ];
  const header = (): Buffer => readFileSync(QUESTION).subarray(0, 44);

  it.concurrent.each(INPUTS)('that is %s → exit 8', async (_, make, says) => {
    const result = await runCli(['file', make(), '--local', '--json']);
    expectFailure(result, 8, says);
    // Its name once, not once a layer.
    const [first = ''] = result.stderr.split('\n');
    expect(first.match(/\.(wav|pcm|mp3):/g)?.length ?? 0).toBeLessThanOrEqual(1);
    expect(eventsIn(result.stdout).slice(-2)).toMatchObject([
      { type: 'error', exitCode: 8 },
      { type: 'end', exitCode: 8 },
    ]);
  });

  it.concurrent.each([
    ['', /empty|no sound/],
    ['Dear Sir or Madam,\n'.repeat(40), /not audio/],
  ])('on stdin that is no sound → exit 8', async (input, says) => {
    expectFailure(await runCli(['file', '-', '--local'], { input }), 8, /stdin: /, says);
  });

  it.concurrent('that is cut off is a warning and an answer', async () => {
    const { code, stdout, stderr } = await runCli(['file', fixture('truncated.wav'), '--local']);
    expect(stderr).toMatch(/^warning: .*truncated\.wav is cut off: [^\n]+\n$/);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/\w/)]);
  });

  it.concurrent('that fails does not stop the others, and the highest code counts', async () => {
    const result = await runCli([
      'file',
      join(folder, 'gone.wav'),
      QUESTION,
      '--fast',
      '--local',
      '--json',
    ]);
    const events = eventsIn(result.stdout);
    expect(result.code).toBe(8);
    expect(result.stderr).toMatch(/^error: .*gone\.wav: no such file\n/);
    const turns = events.filter(({ type }) => type === 'turn');
    expect(turns).toMatchObject([{ input: QUESTION }]);
    expect(events.at(-1)).toMatchObject({ type: 'end', exitCode: 8, turns: 1 });
  });

  it.concurrent('without speech → exit 6 at --turn-timeout', async () => {
    const args = ['file', fixture('silence.pcm'), '--local', '--turn-timeout', '1'];
    expectFailure(await runCli(args), 6, /no answer within 1 s/, /no speech was found/);
  });
});

describe('an output', () => {
  const OUTPUTS: [name: string, path: () => string, says: RegExp][] = [
    ['in a folder that is missing', () => join(folder, 'no', 'x.wav'), /folder does not exist/],
    ['a folder', () => folder, /it is a folder/],
    ['below a file', () => join(QUESTION, 'x.wav'), /not a folder/],
  ];
  it.concurrent.each(OUTPUTS)('%s → exit 2', async (_, path, says) => {
    const result = await runCli(['file', QUESTION, '--local', '-o', path()]);
    expectFailure(result, 2, says, /-o/);
    expect(result.stdout).toBe('');
  });

  it.concurrent('that is the recording itself → exit 2, and the recording stays', async () => {
    const recording = readFileSync(QUESTION);
    const path = file('mine.wav', recording);
    symlinkSync(path, join(folder, 'link.wav'));
    for (const output of [path, join(folder, 'link.wav')]) {
      const result = await runCli(['file', path, '--local', '-o', output]);
      expectFailure(result, 2, /is the recording itself/, /-o/);
      expect(readFileSync(path).equals(recording)).toBe(true);
    }
  });

  const NOWHERE = [join(QUESTION, 'replies'), QUESTION, '/proc/none/replies'];
  it.concurrent.each(NOWHERE)('folder that cannot be made → exit 2 (%s)', async (outDir) => {
    const result = await runCli(['file', QUESTION, '--local', '--out-dir', outDir]);
    expectFailure(result, 2, /--out-dir/);
  });

  itOnFull('device that is full → exit 8', async () => {
    const result = await runCli(['file', QUESTION, '--fast', '--local', '-o', '/dev/full']);
    expectFailure(result, 8, /cannot write \/dev\/full\n.*disk is full/);
  });

  const mounts = canMount();
  it.skipIf(!mounts)(
    `disk that fills up → exit 8, and what fits is valid${mounts ? '' : ' [skipped: no mount here]'}`,
    async () => {
      const disk = mkdtempSync(join(folder, 'disk-'));
      const path = join(disk, 'reply.wav');
      mountSmall(disk);
      try {
        const args = ['file', QUESTION, '--fast', '--local', '--tts', 'none', '-o', path];
        expectFailure(await runCli(args), 8, /cannot write .*reply\.wav\n.*disk is full/);
        expect(expectValidReply(path)).toBeGreaterThan(0);
      } finally {
        spawnSync('umount', [disk]);
      }
    },
  );

  it.concurrent('is valid when gemlive is killed in the middle', async () => {
    const path = join(folder, 'killed.wav');
    const server = await startScriptedServer(
      afterSetup(async (peer) => {
        await peer.next();
        const timer = setInterval(() => peer.send(sound(pcmOfMs(50))), 5);
        peer.socket.on('close', () => clearInterval(timer));
      }),
    );
    const child = spawnCli(['file', QUESTION, '--fast', '-o', path, '--base-url', server.url]);
    const closed = new Promise((resolve) => child.once('close', resolve));
    while (!existsSync(path) || readFileSync(path).length < 50_000) {
      expect(child.exitCode).toBe(null);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    child.kill('SIGKILL');
    await closed;
    expect(expectValidReply(path)).toBeGreaterThan(40_000);
    await server.close();
  });
});

/** Puts a file system of 64 kB there: as root on Linux, outside most containers. */
function mountSmall(path: string): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', path]).status === 0;
}

function canMount(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  const path = mkdtempSync(join(tmpdir(), 'gl-disk-'));
  const mounted = mountSmall(path);
  if (mounted) spawnSync('umount', [path]);
  rmSync(path, { recursive: true });
  return mounted;
}

// ---- through a shell ------------------------------------------------------------------------------

type ShellRun = { code: number | null; stdout: string; stderr: string };

/** `$GEMLIVE` is the program. Redirections that Node cannot make are the shell's. */
async function shell(script: string, env: Record<string, string> = {}): Promise<ShellRun> {
  const child = spawn('sh', ['-c', script], {
    cwd: folder,
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      NODE: process.execPath,
      BIN,
      QUESTION,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  // Whatever hangs is not left behind: all that the shell has started is one process group.
  const timer = setTimeout(() => child.pid && process.kill(-child.pid, 'SIGKILL'), 25_000);
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString('latin1')));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  return { code, stdout, stderr };
}

describe.skipIf(process.platform === 'win32')('surroundings', () => {
  const ASK = '"$NODE" "$BIN" chat "what is 3 times 4" --local --stt none --tts none';
  const ANSWER = '3 times 4 is 12.\n';

  const STRANGE: [name: string, script: string, stdout: string][] = [
    ['stdin closed', `${ASK} <&-`, ANSWER],
    ['stdout closed', `${ASK} >&-`, ''],
    ['stderr closed', `${ASK} 2>&-`, ANSWER],
    ['all three closed', `${ASK} <&- >&- 2>&-`, ''],
    ['stdin a folder', `${ASK} < /`, ANSWER],
    ['no HOME', `unset HOME; ${ASK}`, ANSWER],
    ['an empty HOME', `HOME= ${ASK}`, ANSWER],
    ['a HOME that is no folder', `HOME=/dev/null ${ASK}`, ANSWER],
    ['a HOME where nobody may write', `HOME=/proc ${ASK}`, ANSWER],
    ['an empty PATH', `PATH= ${ASK}`, ANSWER],
    ['no environment', `env -i "$NODE" "$BIN" chat "what is 3 times 4" --local --stt none`, ANSWER],
    ['TERM=dumb', `TERM=dumb ${ASK}`, ANSWER],
    ['a TMPDIR that is missing', `TMPDIR=/no/such/place ${ASK}`, ANSWER],
  ];
  it.concurrent.each(STRANGE)('with %s the answer comes', async (_, script, stdout) => {
    expect(await shell(script)).toEqual({ code: 0, stdout, stderr: '' });
  });

  it.concurrent('a working folder that is gone → exit 2, in words', async () => {
    const gone = 'mkdir gone && cd gone && rmdir ../gone &&';
    expectFailure(await shell(`${gone} ${ASK}`), 2, /does not exist any more/, /cd/);
    const help = await shell(`${gone} "$NODE" "$BIN" --help`);
    expect([help.code, help.stderr]).toEqual([0, '']);
  });

  it.concurrent('a session without stdin is no reason to leave', async () => {
    const { code, stderr } = await shell(
      '"$NODE" "$BIN" talk --local --no-mic --no-speaker --max-duration 1 <&-',
    );
    expectNoStack(stderr);
    expect(code).toBe(0);
  });

  const LATE = '"$NODE" "$BIN" chat --local --context none "hi"';
  it.concurrent('a file beside the question that is missing → exit 8', async () => {
    expectFailure(await shell(LATE), 8, /context file none cannot be read/);
  });

  // The reader leaves after three bytes; the exit code goes to a file of its own.
  const READER_LEAVES: string[] = [
    'chat "count to 300" --local --tts none',
    'chat "count to 300" --local --tts none --json',
    'file "$QUESTION" --fast --local --stt none',
    'file "$QUESTION" --fast --local --stt none -o -',
    'file "$QUESTION" --fast --local --stt none --json',
    'talk --no-mic --no-speaker --greet "count to 300" --local --tts none --json',
    'voices',
    'models --json',
    'config',
    '--help',
    'talk --help',
    '--version',
    'chat --dry-run hi',
  ];
  it.concurrent.each(READER_LEAVES)('gemlive %s | head: quiet, exit 0', async (words) => {
    const name = mkdtempSync(join(folder, 'pipe-'));
    const script = `{ "$NODE" "$BIN" ${words}; echo $? > "$CODE"; } | head -c 3`;
    const run = shell(script, { CODE: join(name, 'code') });
    const { stdout, stderr } = await run;
    expect([stdout.length, stderr]).toEqual([3, '']);
    expect(readFileSync(join(name, 'code'), 'utf8')).toBe('0\n');
  });

  it.concurrent('a reader that has gone before the first word: quiet, exit 0', async () => {
    mkdirSync(join(folder, 'early'));
    const script = '{ "$NODE" "$BIN" chat hi --local --tts none; echo $? > early/code; } | true';
    expect(await shell(script)).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(readFileSync(join(folder, 'early', 'code'), 'utf8')).toBe('0\n');
  });

  itOnFull.each([
    'chat hi --local --tts none',
    'chat hi --local --tts none --json',
    'file "$QUESTION" --fast --local --stt none -o -',
    'voices',
  ])('gemlive %s > /dev/full → exit 8', async (words) => {
    expectFailure(await shell(`"$NODE" "$BIN" ${words} > /dev/full`), 8, /disk is full/);
  });

  itOnFull('a full stderr changes nothing', async () => {
    const { code, stdout } = await shell(`${ASK} --debug 2> /dev/full`);
    expect([code, stdout]).toEqual([0, ANSWER]);
  });
});
