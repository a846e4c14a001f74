/** The examples, as a reader would run them: on the built package, by its own name. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const examples = join(root, 'examples');
const question = join(root, 'audio-fixtures', 'question.pcm');
const folder = mkdtempSync(join(tmpdir(), 'gemlive-examples-'));

beforeAll(() => {
  mkdirSync(join(folder, 'bin'));
  symlinkSync(join(root, 'bin', 'gemlive.js'), join(folder, 'bin', 'gemlive'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(command: string, args: readonly string[]): Promise<string> {
  const PATH = `${join(folder, 'bin')}${delimiter}${process.env['PATH'] ?? ''}`;
  const child = spawn(command, args, { cwd: folder, env: { PATH, HOME: folder } });
  child.stdin.end();
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect([code, errors]).toEqual([0, '']);
  return output;
}

describe.concurrent('examples', () => {
  it('client.mjs asks and is answered', async () => {
    const output = await run(process.execPath, [join(examples, 'client.mjs'), 'what is 7 plus 5']);
    expect(output).toMatch(/^.*\b(12|twelve)\b.*\n$/i);
  });

  it('conversation.mjs turns a recording into an answer that can be heard', async () => {
    const reply = join(folder, 'reply.wav');
    const output = await run(process.execPath, [
      join(examples, 'conversation.mjs'),
      question,
      reply,
    ]);
    expect(output).toMatch(/^user {3}\S/m);
    expect(output).toMatch(/^model {2}\S/m);
    expect(statSync(reply).size).toBeGreaterThan(24_000);
  });

  it('live-server.test.mjs passes under node:test', async () => {
    const output = await run(process.execPath, [
      '--test',
      '--test-reporter=tap',
      join(examples, 'live-server.test.mjs'),
    ]);
    expect(output).toMatch(/^# pass 3$/m);
  });

  it('live-server.vitest.mjs passes under vitest', async () => {
    const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
    const config = join(examples, 'vitest.config.mjs');
    const args = [vitest, 'run', '--config', config, '--reporter=tap-flat', '--no-color'];
    const output = await run(process.execPath, args);
    expect(output.match(/^ok \d/gm)).toHaveLength(3);
    expect(output).not.toMatch(/^not ok/m);
  });

  it('latency.sh reads the events of two recordings', async () => {
    const output = await run('sh', [join(examples, 'latency.sh'), '--jobs=2', question, question]);
    expect(output).toMatch(/^(\S+question\.pcm turn 1: \d+ ms\n){2}$/);
  });

  it('are all of them run here', () => {
    const names = readdirSync(examples).filter(
      // vitest keeps its cache in a folder of its own.
      (name) => name !== 'README.md' && name !== 'node_modules',
    );
    expect(names).toEqual([
      'client.mjs',
      'conversation.mjs',
      'latency.sh',
      'live-server.test.mjs',
      'live-server.vitest.mjs',
      'script.yaml', // played by the one above
      'vitest.config.mjs',
    ]);
  });
});
