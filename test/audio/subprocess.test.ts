import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { inEnglish, startProcess } from '../../src/audio/subprocess.ts';
import { buildModule } from '../support/builtModule.ts';
import { hasProgram, isAlive, processGroup, untilGone } from '../support/programs.ts';

describe('the language of a child', () => {
  it.each([
    [{ LANGUAGE: 'de', LANG: 'de_DE.UTF-8', PATH: '/bin' }],
    [{ LANGUAGE: 'fr:en', LC_ALL: 'fr_FR.UTF-8', LC_MESSAGES: 'fr_FR.UTF-8', PATH: '/bin' }],
    [{ PATH: '/bin' }],
  ])('is English: %j', (environment) => {
    const { LANGUAGE: _, ...rest }: Record<string, string> = environment;
    expect(inEnglish(environment)).toEqual({ ...rest, LC_ALL: 'C.UTF-8' });
  });

  it('is English where the environment is inherited', () => {
    const { LANGUAGE: _, ...rest } = process.env;
    expect(inEnglish(undefined)).toEqual({ ...rest, LC_ALL: 'C.UTF-8' });
  });

  it('is decided in one file: no other one starts programs', () => {
    const sources = readdirSync('src', { recursive: true, encoding: 'utf8' });
    const spawning = sources
      .filter((name) => /\.(ts|cjs)$/.test(name) && !name.endsWith('.d.ts'))
      .filter((name) => {
        const text = readFileSync(join('src', name), 'utf8');
        return text
          .split('\n')
          .some((line) => line.includes('child_process') && !line.startsWith('import type'));
      });
    expect(spawning).toEqual(['audio/subprocess.ts']);
    // It spawns by itself, and takes the environment that it is given.
    const library = sources.filter(
      (name) =>
        name.endsWith('.ts') &&
        readFileSync(join('src', name), 'utf8').includes("('node-record-lpcm16')"),
    );
    expect(library).toEqual(['audio/sources/recorder.ts']);
  });
});

describe('startProcess', () => {
  it('tells a missing program without an unhandled error', async () => {
    const child = startProcess({ command: 'gemlive-no-such-program', args: [], stdin: 'pipe' });
    child.stdin?.write('into nothing');
    const end = await child.exited;
    expect(end.failedToStart?.code).toBe('ENOENT');
    expect(await child.closed).toBe(end);
    expect(child.alive).toBe(false);
    child.kill();
  });

  it('tells arguments that no process can have', async () => {
    const end = await startProcess({ command: 'true', args: ['a\0b'] }).exited;
    expect(end.failedToStart).toBeInstanceOf(Error);
  });

  it('gives exit code and the last lines of stderr, bounded', async () => {
    const lines: string[] = [];
    const child = startProcess({
      command: 'sh',
      args: [
        '-c',
        'i=0; while [ $i -lt 50 ]; do echo "line $i" >&2; i=$((i+1)); done; printf "a\\rb" >&2; exit 3',
      ],
      onStderrLine: (line) => {
        lines.push(line);
        return line === 'a';
      },
    });
    expect(await child.closed).toMatchObject({ code: 3, signal: null });
    expect(lines.length).toBe(52);
    expect(child.stderrTail.length).toBe(20);
    expect(child.stderrTail.slice(-2)).toEqual(['line 49', 'b']);
  });

  it('survives a child that dies while it is written to', async () => {
    const child = startProcess({ command: 'true', args: [], stdin: 'pipe' });
    for (let i = 0; i < 50; i++) child.stdin?.write(Buffer.alloc(65_536));
    expect((await child.exited).code).toBe(0);
  });

  it.skipIf(!hasProgram('setsid'))(
    'is over soon after its end, though something else holds its output open',
    async () => {
      const child = startProcess({
        command: 'sh',
        // The substitution ends when the process that stays has left the group and has our stdout.
        args: [
          '-c',
          `exec 4>&1
           pid=$(setsid sh -c 'echo $$; exec sleep 30 >&4 4>&-' &)
           echo "$pid"; echo the last word >&2; exit 3`,
        ],
        stdout: 'pipe',
      });
      const [line] = (await once(child.stdout as Readable, 'data')) as [Buffer];
      let isClosed = false;
      void child.closed.then(() => (isClosed = true));
      expect(await child.over).toMatchObject({ code: 3 });
      expect([isClosed, child.stderrTail]).toEqual([false, ['the last word']]);
      process.kill(Number(line.toString()), 'SIGKILL');
      await child.closed;
    },
  );

  it('kills a whole group, and is its own group', async () => {
    const child = startProcess({
      command: 'sh',
      args: ['-c', 'sleep 60 & echo $!; wait'],
      stdout: 'pipe',
    });
    const [line] = (await once(child.stdout as Readable, 'data')) as [Buffer];
    const grandchild = Number(String(line));
    expect(isAlive(grandchild)).toBe(true);
    if (child.pid !== undefined) expect(processGroup(child.pid)).toBe(child.pid);
    child.kill();
    child.kill();
    expect((await child.exited).signal).toBe('SIGKILL');
    expect(await untilGone(grandchild)).toBe(true);
  });
});

describe('when gemlive itself ends', () => {
  let folder: string;
  let built: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'gemlive-subprocess-'));
    built = buildModule('src/audio/subprocess.ts', folder);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('leaves no child behind', async () => {
    const parent = spawn(process.execPath, [
      '--input-type=module',
      '-e',
      `import { startProcess } from ${JSON.stringify(built)};
       const child = startProcess({ command: 'sleep', args: ['60'] });
       console.log(child.pid);
       setTimeout(() => process.exit(0), 50);`,
    ]);
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(String(line));
    expect(isAlive(pid)).toBe(true);
    await once(parent, 'exit');
    expect(await untilGone(pid)).toBe(true);
  });
});
