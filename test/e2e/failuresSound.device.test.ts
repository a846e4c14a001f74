/** Recorders, players and sound servers that are missing, silent or killed, through the built program. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventsIn, runCli, spawnCli } from '../support/cli.ts';
import { surroundings, type Surroundings } from '../support/leftovers.ts';
import { expectFailure } from '../support/messages.ts';
import { hasProgram, programPath } from '../support/programs.ts';
import { needsSound, startSoundServer, type SoundServer } from '../support/soundServer.ts';

const QUESTION = join(import.meta.dirname, '..', '..', 'audio-fixtures', 'question.wav');
const LOCAL = ['--local', '--stt', 'none', '--tts', 'none'];

describe('no program', () => {
  const MISSING: [args: string[], code: string, says: RegExp][] = [
    [['talk', '--no-mic'], 'no_player', /no program that plays sound/],
    [['talk', '--no-speaker'], 'no_recorder', /no program that records sound/],
    [['talk'], 'no_', /no program that (plays|records) sound/],
    [['file', QUESTION, '--play'], 'no_player', /no program that plays sound/],
    [['talk', '--no-mic', '--player', 'aplay'], 'no_player', /why: aplay: not installed$/m],
    [['talk', '--no-speaker', '--recorder', 'sox'], 'no_recorder', /why: sox: not installed$/m],
  ];
  it.concurrent.each(MISSING)('gemlive %j → exit 4, and the package to install', async (...row) => {
    const [args, code, says] = row;
    const place = surroundings();
    const env = { ...place.env, PATH: place.folder };
    const result = await runCli([...args, ...LOCAL, '--json'], { env });
    expectFailure(result, 4, says, /not installed/, /try: .*apt install pulseaudio-utils/);
    const [error, end] = eventsIn(result.stdout).slice(-2);
    expect(error).toMatchObject({ type: 'error', exitCode: 4, hint: expect.any(String) });
    expect(error?.['code']).toContain(code);
    expect(end).toMatchObject({ type: 'end', exitCode: 4 });
    place.remove();
  });

  it.concurrent('may do without: talk neither hears nor speaks', async () => {
    const args = ['talk', '--no-mic', '--no-speaker', '--max-duration', '1', ...LOCAL];
    const { code, stderr } = await runCli(args, { env: { PATH: '' } });
    expect([code, stderr]).toEqual([0, '']);
  });
});

describe('no sound server', () => {
  /** Only these programs: a sound card of this machine must not come to help. */
  function withPrograms(place: Surroundings, ...names: string[]): Record<string, string> {
    const folder = join(place.folder, 'bin');
    mkdirSync(folder);
    for (const name of names) symlinkSync(programPath(name) ?? '', join(folder, name));
    const PULSE_SERVER = `unix:${join(place.folder, 'nobody')}`;
    return { ...place.env, PATH: folder, PULSE_SERVER, XDG_RUNTIME_DIR: place.folder };
  }
  const itWithPrograms =
    hasProgram('pacat') && hasProgram('parec') ? it.concurrent : it.concurrent.skip;

  itWithPrograms.each([['--no-mic'], ['--no-speaker'], ['--quiet']])(
    'gemlive talk %s → exit 4, in words',
    async (option) => {
      const place = surroundings();
      const env = withPrograms(place, 'pacat', 'parec');
      const result = await runCli(['talk', option, ...LOCAL, '--json'], { env });
      const words = option === '--no-speaker' ? /microphone/ : /loudspeaker|microphone/;
      expectFailure(result, 4, words, /no sound server answers/, /pactl/);
      expect(eventsIn(result.stdout).at(-2)).toMatchObject({ code: 'no_device' });
      expect(await place.processes()).toEqual([]);
      place.remove();
    },
  );

  it.concurrent('devices that are not open at --max-duration → exit 4, never without a word', async () => {
    const place = surroundings();
    const folder = join(place.folder, 'bin');
    mkdirSync(folder);
    for (const name of ['parec', 'pacat'])
      writeFileSync(join(folder, name), '#!/bin/sh\nexec /bin/sleep 60\n', { mode: 0o755 });
    const args = ['talk', ...LOCAL, '--max-duration', '0.7'];
    const result = await runCli(args, { env: { ...place.env, PATH: folder } });
    expectFailure(result, 4, /sound devices were not open within 0\.7 s/, /gemlive doctor/);
    expect(await place.processes()).toEqual([]);
    place.remove();
  });

  it.concurrent('devices that take long to open: said after 5 s, with what was tried', async () => {
    const place = surroundings();
    const folder = join(place.folder, 'bin');
    mkdirSync(folder);
    for (const name of ['parec', 'arecord', 'sox'])
      writeFileSync(join(folder, name), '#!/bin/sh\nexec /bin/sleep 60\n', { mode: 0o755 });
    const args = ['talk', '--no-speaker', ...LOCAL];
    const { code, stderr } = await runCli(args, { env: { ...place.env, PATH: folder } });
    expect(stderr).toMatch(
      /^warning: the sound devices are still opening: parec: no sound came in 3 s; pw-record: [^\n]+\nerror: no microphone/,
    );
    expect(code).toBe(4);
    place.remove();
  });

  itWithPrograms('gemlive file --play → exit 4', async () => {
    const place = surroundings();
    const env = withPrograms(place, 'pacat');
    const result = await runCli(['file', QUESTION, '--play', ...LOCAL], { env });
    expectFailure(result, 4, /no loudspeaker/, /no sound server answers/);
    place.remove();
  });
});

needsSound('in the middle of talk', () => {
  let server: SoundServer;
  beforeAll(async () => {
    server = await startSoundServer();
  });
  afterAll(() => server.stop());

  type Talk = {
    place: Surroundings;
    stdout: () => string;
    kill: (signal: NodeJS.Signals) => void;
    /** Settles when gemlive has ended and left nothing. */
    ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
    until: (holds: () => boolean, what: string) => Promise<void>;
  };

  /** Settles when recorder and player run and the session is ready. */
  async function talk(more: string[] = [], sound = server): Promise<Talk> {
    const place = surroundings();
    const child = spawnCli(['talk', ...LOCAL, '--json', ...more], {
      env: { ...sound.environment, ...place.env },
    });
    let [stdout, stderr, over] = ['', '', false];
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve)).then(
      async (code) => {
        over = true;
        expect(await place.processes()).toEqual([]);
        expect(place.temporaries()).toEqual([]);
        place.remove();
        return { code, stdout, stderr };
      },
    );
    const until: Talk['until'] = async (holds, what) => {
      for (const deadline = Date.now() + 20_000; !holds();) {
        if (over || Date.now() > deadline) throw new Error(`no ${what}: ${stdout}${stderr}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    };
    await until(() => stdout.includes('"ready"'), 'session');
    return { place, stdout: () => stdout, kill: (signal) => child.kill(signal), ended, until };
  }

  function killAll({ place }: Talk, program: string): number {
    const pids = place.pidsOf(program);
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It was gone already.
      }
    }
    return pids.length;
  }

  it('the recorder is killed: another one goes on, and the user is told', async () => {
    const run = await talk();
    expect(killAll(run, 'parec')).toBe(1);
    await run.until(() => run.stdout().includes('microphone_back'), 'microphone');
    expect(run.place.pidsOf('parec')).toHaveLength(1);
    run.kill('SIGINT');
    const { code, stdout, stderr } = await run.ended;
    const told = eventsIn(stdout).filter(({ type }) => type === 'warning');
    expect(told).toMatchObject([
      {
        code: 'microphone_lost',
        message: 'the microphone is gone: parec: it was ended by SIGKILL; looking for it',
      },
      { code: 'microphone_back', message: 'the microphone is back: parec (mic.monitor)' },
    ]);
    expect([code, stderr.split('\n').filter(Boolean).length]).toEqual([0, 2]);
    expect(eventsIn(stdout).filter(({ type }) => type === 'error')).toEqual([]);
  });

  it('the player is killed once: another one goes on, and the turn ends', async () => {
    const run = await talk(['--greet', 'hello']);
    await run.until(() => run.stdout().includes('"type":"audio"'), 'sound');
    expect(killAll(run, 'pacat')).toBeGreaterThan(0);
    await run.until(() => run.stdout().includes('"type":"turn"'), 'end of the turn');
    expect(run.place.pidsOf('pacat').length).toBeGreaterThan(0);
    run.kill('SIGINT');
    const { code, stdout, stderr } = await run.ended;
    expect([code, stderr]).toEqual([0, '']);
    expect(eventsIn(stdout).filter(({ type }) => type === 'error')).toEqual([]);
  });

  // It is looked for as long as RECOVERY_MS says, 20 s; were it not named, another one would take over.
  it('the player keeps dying → exit 4, one error', { timeout: 60_000 }, async () => {
    const run = await talk(['--player', 'pacat', '--greet', 'count to 100']);
    const timer = setInterval(() => killAll(run, 'pacat'), 20);
    const result = await run.ended.finally(() => clearInterval(timer));
    expectFailure(result, 4, /the loudspeaker is lost/, /pacat does not stay alive/);
    expect(eventsIn(result.stdout).filter(({ type }) => type === 'error')).toMatchObject([
      { code: 'player_lost', exitCode: 4 },
    ]);
  });

  it('the sound server dies → exit 4, one error', { timeout: 60_000 }, async () => {
    const own = await startSoundServer();
    try {
      const run = await talk([], own);
      await own.stop();
      const result = await run.ended;
      expectFailure(result, 4, /the (microphone|loudspeaker) is lost/);
      expect(eventsIn(result.stdout).filter(({ type }) => type === 'error')).toHaveLength(1);
    } finally {
      await own.stop();
    }
  });

  it.each([
    ['SIGINT', 0],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('%s: recorder and player are let go', async (signal, expected) => {
    const run = await talk(['--greet', 'count to 100']);
    await run.until(() => run.stdout().includes('"type":"audio"'), 'sound');
    run.kill(signal);
    run.kill(signal);
    const { code, stdout, stderr } = await run.ended;
    expect([code, stderr]).toEqual([expected, '']);
    expect(eventsIn(stdout).at(-1)).toMatchObject({ type: 'end', exitCode: expected });
  });

  it('SIGKILL to gemlive: recorder and player end by themselves', async () => {
    const run = await talk(['--greet', 'hello']);
    await run.until(() => run.stdout().includes('"type":"audio"'), 'sound');
    run.kill('SIGKILL');
    await run.ended;
  });
});
