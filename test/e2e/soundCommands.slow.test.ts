import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { loudest } from '../support/signal.ts';
import { runCli } from '../support/cli.ts';

const QUESTION = join(import.meta.dirname, '..', '..', 'audio-fixtures', 'question.pcm');
const LOCAL = ['--local', '--stt', 'none', '--tts', 'none', '--json'];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gl cmd ü-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(process.platform === 'win32')('commands of the user', () => {
  it('--speaker-command gets the reply, whole, and may come to its own end', async () => {
    const heard = join(folder, 'heard.pcm');
    const reply = join(folder, 'reply.pcm');
    const slow = `cat > '${heard}'; sleep 0.3; touch '${heard}.done'`;
    const result = await runCli(
      ['file', QUESTION, ...LOCAL, '-o', reply, '--play', '--speaker-command', slow],
      { timeoutMs: 25_000 },
    );
    expect(result.stderr).toBe('');
    expect(result.code).toBe(0);
    const sent = readFileSync(reply);
    expect(sent.byteLength).toBeGreaterThan(10_000);
    expect(readFileSync(heard).indexOf(sent)).toBe(0);
    expect(readFileSync(`${heard}.done`).byteLength).toBe(0);
  });

  it('--mic-command is heard, --speaker-command speaks', async () => {
    const heard = join(folder, 'talk.pcm');
    const microphone = join(folder, 'microphone.mjs');
    writeFileSync(
      microphone,
      `import { readFileSync } from 'node:fs';
       const said = readFileSync(${JSON.stringify(QUESTION)});
       const startMs = performance.now() - 20;
       let at = 0;
       setInterval(() => {
         for (; at < (performance.now() - startMs) * 32; at += 640)
           process.stdout.write(Buffer.concat([said.subarray(at, at + 640), Buffer.alloc(640)]).subarray(0, 640));
       }, 20);`,
    );
    const result = await runCli(
      [
        'talk',
        ...LOCAL,
        '--max-duration=8',
        `--mic-command='${process.execPath}' '${microphone}' | cat`,
        `--speaker-command=cat > '${heard}'`,
      ],
      { timeoutMs: 25_000 },
    );
    expect(result.code).toBe(0);
    expect(result.stdout).toMatch(/"type":"user".*\[speech/);
    expect(result.stdout).toMatch(/"type":"turn"/);
    expect(loudest(readFileSync(heard), 24_000)).toBeGreaterThan(0.01);
  });

  it('says what a command that fails has said', async () => {
    const args = ['--no-mic', '--speaker-command', 'echo the cable is out >&2; exit 1'];
    const result = await runCli(['talk', '--local', ...args]);
    expect(result.code).toBe(4);
    expect(result.stderr).toMatch(/error: the speaker command does not work/);
    expect(result.stderr).toMatch(/why: speaker command: the cable is out/);
    expect(result.stderr).toMatch(/try: try it in a shell/);
  });
});
