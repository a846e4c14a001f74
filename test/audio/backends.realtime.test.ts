import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { PLAYERS } from '../../src/audio/backends/players.ts';
import { openPlayer, openRecorder } from '../../src/audio/backends.ts';
import type { TriedBackend } from '../../src/audio/backends.ts';
import { GemliveError } from '../../src/errors.ts';
import { childrenNamed, hasProgram, programPath } from '../support/programs.ts';
import { needsSound, startSoundServer } from '../support/soundServer.ts';
import type { SoundServer } from '../support/soundServer.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gl-back-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function failureOf(work: Promise<{ close(): Promise<void> }>): Promise<GemliveError> {
  try {
    await (await work).close();
  } catch (error) {
    if (error instanceof GemliveError) return error;
    throw error;
  }
  throw new Error('it opened');
}

/** A machine on which only these programs are installed. */
function machineWith(...programs: string[]): Record<string, string> {
  const path = mkdtempSync(join(folder, 'bin-'));
  for (const program of programs) symlinkSync(programPath(program) ?? '', join(path, program));
  return {
    PATH: path,
    HOME: folder,
    PULSE_SERVER: `unix:${join(folder, 'nothing-listens-here')}`,
    ALSA_CONFIG_PATH: join(folder, 'no-asoundrc'),
  };
}

describe('nothing installed', () => {
  it('names the programs, and the line that installs them', async () => {
    const noPlayer = await failureOf(openPlayer({ environment: machineWith() }));
    expect([noPlayer.code, noPlayer.exitCode]).toEqual(['no_player', 4]);
    expect(noPlayer.why).toMatch(/^pacat: not installed; .*aplay: not installed/);
    expect(noPlayer.hint).toContain('apt install pulseaudio-utils');
    const noRecorder = await failureOf(openRecorder({ environment: machineWith() }));
    expect([noRecorder.code, noRecorder.exitCode]).toEqual(['no_recorder', 4]);
    expect(noRecorder.why).toMatch(
      /^parec: not installed; pw-record: not installed; arecord: not installed; sox: not installed/,
    );
    expect(noRecorder.hint).toContain('apt install pulseaudio-utils');
  });

  it('an unknown name is a mistake of the caller', async () => {
    const failure = await failureOf(openPlayer({ name: 'gramophone', environment: {} }));
    expect([failure.code, failure.exitCode]).toEqual(['usage', 2]);
    expect(failure.hint).toMatch(/^one of: pacat, .*aplay/);
  });
});

describe('programs without a device', () => {
  const all = ['pacat', 'aplay', 'parec', 'arecord', 'sox'];
  it.skipIf(!all.every(hasProgram))(
    'says of each one what is missing, and which is not installed',
    async () => {
      const environment = machineWith('pacat', 'parec', 'arecord');
      const noPlayer = await failureOf(openPlayer({ environment }));
      expect([noPlayer.code, noPlayer.exitCode]).toEqual(['no_device', 4]);
      expect(noPlayer.why).toMatch(
        /^pacat: no sound server answers \(.*\); .*aplay: not installed/,
      );
      const noRecorder = await failureOf(openRecorder({ environment }));
      expect([noRecorder.code, noRecorder.exitCode]).toEqual(['no_device', 4]);
      expect(noRecorder.why).toMatch(
        /^parec: no sound server answers \(.*\); .*; arecord: [a-z].*; sox: not installed/,
      );
    },
  );

  it.skipIf(!all.every(hasProgram))('is quick to see it, and leaves no child', async () => {
    const start = performance.now();
    await failureOf(openPlayer({ environment: machineWith(...all) }));
    await failureOf(openRecorder({ environment: machineWith(...all) }));
    console.log(`all backends refused after ${(performance.now() - start).toFixed(0)} ms`);
    expect(performance.now() - start).toBeLessThan(2500);
    for (const program of all) expect(childrenNamed(program)).toEqual([]);
  });

  it.skipIf(process.platform === 'win32')(
    'gives up on a program that neither answers nor dies',
    async () => {
      const environment = machineWith();
      writeFileSync(join(environment['PATH'] ?? '', 'pacat'), '#!/bin/sh\nexec /bin/sleep 60\n', {
        mode: 0o755,
      });
      const stop = new AbortController();
      const opening = openPlayer({ environment, signal: stop.signal });
      setTimeout(() => stop.abort(new Error('called off')), 100);
      await expect(opening).rejects.toThrow('called off');
      const failure = await failureOf(openPlayer({ environment }));
      expect(failure.why).toMatch(/did not answer in 3 s/);
      expect(childrenNamed('sleep')).toEqual([]);
    },
  );
});

describe.skipIf(process.platform === 'win32')(
  'a player is open when its server has answered',
  () => {
    /** Programs that stand in for those of the system, by what they do. */
    function machineOf(programs: Record<string, string>): Record<string, string> {
      const environment = machineWith('sh');
      for (const [name, script] of Object.entries(programs)) {
        const path = join(environment['PATH'] ?? '', name);
        writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
      }
      return environment;
    }
    const aplay = 'echo "Its setup is:" >&2; exec /bin/cat > /dev/null';
    const noServer = 'echo "error: pw_context_connect() failed: Host is down" >&2; exit 1';

    it.each([
      [
        'one that takes half a second to fail',
        `/bin/sleep 0.5; ${noServer}`,
        /no sound server answers/,
      ],
      [
        'one that waits for a server for ever',
        'exec /bin/sleep 60',
        /did not answer in 3 s \(pw-dump: /,
      ],
    ])('pw-cat without PipeWire, %s: the next one is tried', async (_, pwCat, failure) => {
      const environment = machineOf({ 'pw-cat': pwCat, 'pw-dump': noServer, aplay });
      const tried: TriedBackend[] = [];
      const sink = await openPlayer({ environment, onTried: (backend) => tried.push(backend) });
      await sink.close();
      expect(sink.label).toBe('aplay');
      expect(tried.find(({ name }) => name === 'pw-cat')?.failure).toMatch(failure);
      expect(childrenNamed('sleep')).toEqual([]);
    });

    it('a stream that is linked to no device is not open', async () => {
      const dump = (state: string): string =>
        `read pid < "$HOME/pid"; echo '[{"id":1,"type":"PipeWire:Interface:Client","info":{"props":{"application.process.id":'$pid'}}},` +
        `{"id":2,"type":"PipeWire:Interface:Node","info":{"state":"${state}","props":{"client.id":1}}}]'`;
      const pwCat =
        'case $1 in --help) exit;; esac; echo $$ > "$HOME/pid"; exec /bin/cat > /dev/null';
      const open = async (state: string): Promise<string> => {
        const environment = machineOf({ 'pw-cat': pwCat, 'pw-dump': dump(state), aplay });
        const sink = await openPlayer({ environment });
        await sink.close();
        return sink.label;
      };
      expect(await open('running')).toBe('pw-cat');
      expect(await open('suspended')).toBe('aplay');
    });
  },
);

describe('a recorder that gives its sound in crumbs', () => {
  it.skipIf(process.platform === 'win32')('is open as soon as they make a frame', async () => {
    const environment = machineWith();
    const crumbs = '#!/bin/sh\nwhile /usr/bin/head -c 100 /dev/zero; do /bin/sleep 0.02; done\n';
    writeFileSync(join(environment['PATH'] ?? '', 'parec'), crumbs, { mode: 0o755 });
    const source = await openRecorder({ environment });
    expect(source.label).toBe('parec');
    const frames = source.frames(new AbortController().signal)[Symbol.asyncIterator]();
    expect((await frames.next()).value?.byteLength).toBe(640);
    await frames.return?.();
    expect(childrenNamed('parec')).toEqual([]);
  });
});

describe.skipIf(!hasProgram('setsid'))('a recorder whose end another program hides', () => {
  it('is known to have ended, and is not taken for one that lives and is silent', async () => {
    const environment = machineWith('setsid');
    const script = '#!/bin/sh\nsetsid /bin/sleep 5 &\nexec /bin/cat /dev/zero\n';
    writeFileSync(join(environment['PATH'] ?? '', 'parec'), script, { mode: 0o755 });
    const source = await openRecorder({ name: 'parec', environment });
    const lost = new Promise((resolve) => source.onDevice?.(resolve));
    const frames = source.frames(new AbortController().signal)[Symbol.asyncIterator]();
    await frames.next();
    for (const pid of childrenNamed('cat')) process.kill(pid, 'SIGKILL');
    const reading = (async () => {
      while ((await frames.next()).done !== true);
    })();
    expect(await lost).toEqual({ state: 'lost', why: 'parec: it was ended by SIGKILL' });
    await source.close();
    await reading;
  });
});

needsSound('opening on a sound server', () => {
  let server: SoundServer;
  beforeAll(async () => {
    server = await startSoundServer();
  });
  afterAll(() => server.stop());

  it('finds the best player and recorder, quickly', async () => {
    const { environment } = server;
    const start = performance.now();
    const sink = await openPlayer({ environment });
    const playerMs = performance.now() - start;
    const source = await openRecorder({ environment });
    console.log(
      `player ${playerMs.toFixed(0)} ms, recorder ${(performance.now() - start - playerMs).toFixed(0)} ms`,
    );
    expect([sink.label, source.label]).toEqual(['pacat', 'parec']);
    await source.close();
    await sink.close();
    expect([...childrenNamed('pacat'), ...childrenNamed('parec')]).toEqual([]);
  });

  it('tells a device that is not there', async () => {
    const { environment } = server;
    const noSpeaker = await failureOf(openPlayer({ name: 'pacat', device: 'cellar', environment }));
    expect([noSpeaker.code, noSpeaker.exitCode]).toEqual(['no_device', 4]);
    expect(noSpeaker.why).toMatch(/no such device/);
    const noMic = await failureOf(openRecorder({ name: 'parec', device: 'attic', environment }));
    expect(noMic.why).toMatch(/no such device/);
  });

  it.skipIf(!hasProgram('aplay'))('takes the next one when the best is not there', async () => {
    const environment = { ...server.environment, PATH: machineWith('aplay')['PATH'] ?? '' };
    const sink = await openPlayer({ environment });
    const next = PLAYERS.find(({ name }) => name === 'speaker')?.missing?.() === undefined;
    expect(sink.label).toBe(next ? 'speaker' : 'aplay');
    await sink.close();
  });
});
