/** `gemlive doctor` on real sound servers: each trouble is named, the first cause first, with what helps. */
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { floatFromS16, s16FromFloat } from '../../src/audio/pcm.ts';
import { startProcess } from '../../src/audio/subprocess.ts';
import type { Subprocess } from '../../src/audio/subprocess.ts';
import { runCli, spawnCli } from '../support/cli.ts';
import { toldBy, type Told } from '../support/doctor.ts';
import { surroundings, type Surroundings } from '../support/leftovers.ts';
import { noise } from '../support/noise.ts';
import { addSink, pactl, removeSinks } from '../support/pactl.ts';
import { needsPipewire, startPipewire } from '../support/pipewireServer.ts';
import { hasProgram, programPath } from '../support/programs.ts';
import { openPty, plainText, type Pty } from '../support/pty.ts';
import { needsSound, startSoundServer, type SoundServer } from '../support/soundServer.ts';
import { until } from '../support/until.ts';

const LOCAL = ['--local', '--stt', 'none', '--tts', 'none'];
/** What has nothing to do with sound: without a voice the local server is a warning. */
const REST = ['engines !'];
const NO_EAR = ['microphone –', 'loopback –', 'speech –'];

/** Only these programs, and no ALSA: the native modules find no device then. */
function only(place: Surroundings, ...names: string[]): Record<string, string> {
  const folder = join(place.folder, 'bin');
  mkdirSync(folder);
  for (const name of names) symlinkSync(programPath(name) ?? '', join(folder, name));
  return { ...place.env, PATH: folder, ALSA_CONFIG_PATH: '/dev/null' };
}

async function told(args: string[], env: Record<string, string>): Promise<Told> {
  return toldBy(await runCli(['doctor', ...args, ...LOCAL, '--json'], { env, timeoutMs: 30_000 }));
}

/** A quiet room, some -60 dBFS: 16 kHz s16le. */
function softNoise(ms: number): Uint8Array {
  const samples = floatFromS16(noise(ms, 16_000, 5));
  return s16FromFloat(samples.map((sample) => sample / 200));
}

needsSound('gemlive doctor with sound', () => {
  let server: SoundServer;
  const speakers: Subprocess[] = [];
  /** Into a microphone of its own, so that all may be looked at at once. */
  const ROOM = softNoise(40_000);
  beforeAll(async () => {
    server = await startSoundServer();
  });
  afterAll(async () => {
    for (const speaker of speakers) speaker.kill();
    await server.stop();
  });

  type Room = {
    /** Of the echo, and how late it is at least. */
    echo?: { db: number; lateMs: number };
    /** Nothing but zeros. */
    dead?: boolean;
  };
  let count = 0;

  /** The options that name a loudspeaker and a microphone of its own. */
  async function room({ echo, dead = false }: Room = {}): Promise<{ args: string[]; id: string }> {
    count += 1;
    const id = `${count}`;
    await addSink(server, `speaker${id}x`);
    await addSink(server, `mic${id}x`, 16_000);
    if (!dead) {
      const speaker = startProcess({
        command: 'pacat',
        args: ['--playback', `--device=mic${id}x`, '--raw', '--rate=16000', '--channels=1'],
        stdin: 'pipe',
        environment: server.environment,
      });
      speaker.stdin?.end(ROOM);
      speakers.push(speaker);
    }
    if (echo) {
      const options = [`source=speaker${id}x.monitor`, `sink=mic${id}x`];
      const late = [`latency_msec=${echo.lateMs}`, 'sink_input_properties=media.role=echo'];
      const module = await pactl(server, 'load-module', 'module-loopback', ...options, ...late);
      const inputs = (await pactl(server, 'list', 'sink-inputs')).split(/^Sink Input #/m);
      const own = inputs.find((input) => input.includes(`Owner Module: ${module}\n`)) ?? '';
      await pactl(server, 'set-sink-input-volume', own.split('\n', 1)[0] ?? '', `${echo.db}dB`);
    }
    const args = ['--input-device', `mic${id}x.monitor`, '--output-device', `speaker${id}x`];
    return { args, id };
  }

  it.concurrent('a good machine: everything works, and the echo is measured', async () => {
    const place = surroundings();
    const { args } = await room({ echo: { db: -6, lateMs: 60 } });
    const { code, trouble, of, checks } = await told(args, {
      ...server.environment,
      ...place.env,
    });
    expect([code, trouble]).toEqual([0, ['speech –', ...REST]]);
    expect(checks.map(({ name }) => name).join(' ')).toBe(
      'system settings sound recorder microphone player loopback speech service model session engines',
    );
    expect(of('sound').summary).toMatch(/^PulseAudio \d/);
    expect(of('recorder').summary).toMatch(/^parec: /);
    expect(of('player').summary).toMatch(/^pacat: /);
    const { facts, summary } = of('loopback');
    expect(facts).toMatchObject({ heard: true, suggestedEcho: 'auto' });
    expect(facts['chirps']).toBeGreaterThan(1);
    expect(facts['echoDb']).toBeGreaterThan(-7);
    expect(facts['echoDb']).toBeLessThan(-5);
    expect(summary).toMatch(/^heard at -6 dB after \d+ ms: --echo auto$/);
    expect(of('microphone').facts['floorDbfs']).toBeLessThan(-50);
    expect(await place.processes()).toEqual([]);
    expect(place.temporaries()).toEqual([]);
    place.remove();
  });

  it.concurrent('250 ms of delay, and a faint echo', async () => {
    const { args } = await room({ echo: { db: -30, lateMs: 250 } });
    const { of } = await told(args, server.environment);
    const { facts } = of('loopback');
    expect(facts).toMatchObject({ heard: true, suggestedEcho: 'auto' });
    // A null sink shows its sound up to 50 ms before it would be heard; a busy machine is later.
    expect(facts['delayMs']).toBeGreaterThan(180);
    expect(facts['delayMs']).toBeLessThan(450);
    expect(Math.abs(Number(facts['echoDb']) + 30)).toBeLessThan(3);
  });

  it.concurrent('a delay that no canceller reaches', async () => {
    const { args } = await room({ echo: { db: -10, lateMs: 1100 } });
    const { code, of } = await told(args, server.environment);
    expect([code, of('loopback').status]).toEqual([0, 'warn']);
    expect(of('loopback').facts['suggestedEcho']).toBe('gate');
  });

  it.concurrent('a sink that nobody hears: headphones, perhaps', async () => {
    const { args } = await room();
    const { code, trouble, of } = await told(args, server.environment);
    expect([code, trouble]).toEqual([0, ['loopback !', 'speech –', ...REST]]);
    expect(of('loopback').facts).toMatchObject({ heard: false, suggestedEcho: 'off' });
    expect(of('loopback').facts['sensitivityDb']).toBeLessThan(-30);
  });

  it.concurrent('a sink that is muted is named, with the command', async () => {
    const { args, id } = await room({ echo: { db: -6, lateMs: 60 } });
    await pactl(server, 'set-sink-mute', `speaker${id}x`, '1');
    const { code, of, verdict } = await told(args, server.environment);
    expect([code, verdict['cause']]).toEqual([0, 'player']);
    const unmute = `pactl set-sink-mute speaker${id}x 0`;
    expect(of('player').fix).toEqual([unmute]);
    expect(of('loopback')).toMatchObject({ status: 'warn', fix: [unmute] });
  });

  it.concurrent('a sink that is turned down', async () => {
    const { args, id } = await room();
    await pactl(server, 'set-sink-volume', `speaker${id}x`, '3%');
    const { verdict } = await told(args, server.environment);
    expect(verdict).toMatchObject({
      cause: 'player',
      fix: `pactl set-sink-volume speaker${id}x 80%`,
    });
  });

  it.concurrent('a sink that is suspended by hand is named, with the command', async () => {
    const { args, id } = await room();
    await pactl(server, 'suspend-sink', `speaker${id}x`, '1');
    const { code, verdict } = await told(args, server.environment);
    expect([code, verdict['cause']]).toEqual([4, 'player']);
    expect(verdict['summary']).toBe(`the sound server has suspended speaker${id}x`);
    expect(verdict['fix']).toBe(`pactl suspend-sink speaker${id}x 0`);
  });

  it.concurrent('a source that is muted is named, with the command', async () => {
    const { args, id } = await room();
    await pactl(server, 'set-source-mute', `mic${id}x.monitor`, '1');
    const { code, trouble, verdict } = await told(args, server.environment);
    expect([code, trouble]).toEqual([4, ['microphone ✗', 'loopback –', 'speech –', ...REST]]);
    expect(verdict['summary']).toMatch(/ is muted$/);
    expect(verdict['fix']).toBe(`pactl set-source-mute mic${id}x.monitor 0`);
  });

  it.concurrent('a source that gives zeros is dead', async () => {
    const { args } = await room({ dead: true });
    const { code, trouble, verdict } = await told(args, server.environment);
    expect([code, trouble]).toEqual([4, ['microphone ✗', 'loopback –', 'speech –', ...REST]]);
    expect(verdict['summary']).toMatch(/nothing but zeros/);
  });

  it.concurrent('zeros until there is an echo: it lives', async () => {
    const { args } = await room({ dead: true, echo: { db: -6, lateMs: 60 } });
    const { code, of } = await told(args, server.environment);
    expect([code, of('microphone').status, of('loopback').status]).toEqual([0, 'ok', 'ok']);
  });

  it.concurrent('what the loudspeaker plays, in the place of a microphone', async () => {
    const { code, of } = await told(['--input-device', 'speaker.monitor'], server.environment);
    expect([code, of('microphone').status]).toEqual([0, 'warn']);
    expect(of('microphone').summary).toMatch(/what the loudspeaker plays/);
  });

  it.concurrent('no recorder: the package to install', async () => {
    const place = surroundings();
    const env = { ...server.environment, ...only(place, 'pacat', 'pactl') };
    const { code, trouble, of, verdict } = await told([], env);
    expect([code, trouble]).toEqual([4, ['recorder ✗', ...NO_EAR, ...REST]]);
    expect(of('player').status).toBe('ok');
    expect(verdict['fix']).toMatch(/pulseaudio-utils|libpulse|sox|parec/);
    place.remove();
  });

  it.concurrent('no player', async () => {
    const place = surroundings();
    const env = { ...server.environment, ...only(place, 'parec', 'pactl') };
    const { args } = await room();
    const { code, trouble, of } = await told(args.slice(0, 2), env);
    expect([code, trouble]).toEqual([4, ['player ✗', 'loopback –', 'speech –', ...REST]]);
    expect(of('microphone').status).toBe('ok');
    expect(of('loopback').summary).toBe('not checked: no player');
    place.remove();
  });

  it.concurrent('a device that is not there', async () => {
    const { code, verdict } = await told(['--input-device', 'attic'], server.environment);
    expect([code, verdict['cause']]).toEqual([4, 'recorder']);
    expect(verdict['fix']).toMatch(/gemlive devices/);
  });

  it.concurrent('a recorder that is none is exit 2', async () => {
    const { code, verdict } = await told(['--recorder', 'phonograph'], server.environment);
    expect([code, verdict['cause']]).toEqual([2, 'recorder']);
  });

  it.concurrent('the microphone alone, and commands of one’s own', async () => {
    const { args } = await room();
    const alone = await told([...args.slice(0, 2), '--no-speaker'], server.environment);
    expect([alone.code, alone.of('loopback').summary]).toEqual([0, 'not checked: --no-speaker']);
    const own = [
      '--mic-command',
      'head -c 300000 /dev/urandom',
      '--speaker-command',
      'cat >/dev/null',
    ];
    const { of } = await told(own, server.environment);
    expect(of('recorder').summary).toBe('microphone command');
    expect(of('microphone').summary).toMatch(/the room is loud/);
  });

  // ---- in a terminal ------------------------------------------------------------------------------

  async function terminal(
    columns: number,
    more: string[] = [],
  ): Promise<{ pty: Pty; place: Surroundings }> {
    const place = surroundings();
    const { args } = await room({ echo: { db: -12, lateMs: 60 } });
    const environment = { ...server.environment, ...place.env };
    return {
      place,
      pty: openPty(['doctor', ...args, ...LOCAL, ...more], { environment, columns }),
    };
  }

  it.concurrent('in a terminal it asks to say something, and hears that nobody did', async () => {
    const { pty, place } = await terminal(80);
    await pty.until(/say something, for 3 s \(Enter: skip\) ▯+/);
    const { code, modes } = await pty.ended;
    const lines = plainText(pty.output()).split('\n');
    expect(code).toBe(0);
    expect(modes.after).toBe(modes.before);
    expect(lines).toContainEqual(expect.stringMatching(/^✓ loopback {4}heard at -12 dB/));
    expect(lines).toContainEqual(expect.stringMatching(/! speech {6}nobody was heard: -\d+ dBFS/));
    expect(lines.findLast((line) => line !== '')).toMatch(/^ {2}try: come nearer/);
    await pty.close();
    expect(await place.processes()).toEqual([]);
    place.remove();
  });

  it.concurrent('Enter skips that, and 40 columns are enough', async () => {
    const { pty, place } = await terminal(40);
    await pty.until(/say something/);
    pty.send('\r');
    expect((await pty.ended).code).toBe(0);
    const text = plainText(pty.output());
    expect(text).toMatch(/^– speech: not checked/m);
    const tooWide = text.split('\n').filter((line) => line.length > 40 && !/run: /.test(line));
    expect(tooWide).toEqual([]);
    await pty.close();
    place.remove();
  });

  it.concurrent('Ctrl+C while it listens', async () => {
    const { pty, place } = await terminal(80);
    await pty.until(/say something/);
    pty.send('\u0003');
    expect((await pty.ended).code).toBe(130);
    await pty.close();
    expect(await place.processes()).toEqual([]);
    place.remove();
  });

  it.concurrent('--yes asks for nothing, and --plain is ASCII without colour', async () => {
    const { pty, place } = await terminal(80, ['--yes', '--plain']);
    expect((await pty.ended).code).toBe(0);
    expect(pty.output()).toMatch(/^\+ loopback {4}heard/m);
    expect(pty.output()).not.toMatch(/[^\n\r -~]/);
    await pty.close();
    place.remove();
  });

  it.concurrent.each([
    ['while it opens', /"settings"/, 'SIGINT', 130],
    ['while the chirps play', /"microphone"/, 'SIGINT', 130],
    ['while the chirps play', /"microphone"/, 'SIGTERM', 143],
  ] as const)('%s, after %s, %s: nothing is left', async (_, after, signal, exit) => {
    const place = surroundings();
    const { args } = await room();
    const child = spawnCli(['doctor', ...args, ...LOCAL, '--json'], {
      env: { ...server.environment, ...place.env },
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const ended = new Promise((resolve) => child.once('close', resolve));
    await until(String(after), () => after.test(stdout));
    child.kill(signal);
    expect([await ended, stderr]).toEqual([exit, '']);
    expect(await place.processes()).toEqual([]);
    expect(place.temporaries()).toEqual([]);
    place.remove();
  });
});

needsSound('gemlive doctor where a monitor is the default microphone', () => {
  let server: SoundServer;
  beforeAll(async () => {
    server = await startSoundServer();
    await pactl(server, 'set-default-source', 'speaker.monitor');
  });
  afterAll(() => server.stop());

  it('says that there is no other one only where there is none', async () => {
    const alone = (await told(['--no-speaker'], server.environment)).of('microphone');
    expect(alone.summary).toMatch(/there is no other microphone$/);
    const options = ['master=mic.monitor', 'source_name=usb', 'format=s16le', 'rate=16000'];
    const named = 'source_properties=device.description=USB-Headset';
    await pactl(server, 'load-module', 'module-remap-source', ...options, named);
    await pactl(server, 'set-default-source', 'speaker.monitor');
    const { summary, fix } = (await told(['--no-speaker'], server.environment)).of('microphone');
    expect(summary).toMatch(/, and USB-Headset is another microphone$/);
    expect(fix).toEqual(['gemlive talk --input-device usb']);
  });
});

needsSound('gemlive doctor on a sound server without devices', () => {
  let server: SoundServer;
  beforeAll(async () => {
    server = await startSoundServer();
    await removeSinks(server);
    await pactl(server, 'load-module', 'module-always-sink');
  });
  afterAll(() => server.stop());

  it('what it makes up is no device', async () => {
    const { code, trouble, of } = await told([], server.environment);
    const lacks = ['microphone ✗', 'player ✗', 'loopback –', 'speech –'];
    expect([code, trouble]).toEqual([4, [...lacks, ...REST]]);
    expect(of('microphone').summary).toMatch(/^there is no microphone/);
    expect(of('player').summary).toMatch(/^there is no loudspeaker/);
  });
});

needsPipewire('gemlive doctor on PipeWire', () => {
  let server: SoundServer;
  beforeAll(async () => {
    server = await startPipewire();
  });
  afterAll(() => server.stop());

  it('hears a loopback by its own programs', async () => {
    const options = ['source=speaker.monitor', 'sink=mic', 'latency_msec=60'];
    await pactl(server, 'load-module', 'module-loopback', ...options);
    const args = ['--recorder', 'pw-record', '--player', 'pw-cat'];
    const { code, of } = await told(args, server.environment);
    expect([code, of('loopback').status]).toEqual([0, 'ok']);
    expect(of('sound').summary).toMatch(/on PipeWire/);
    expect(of('recorder').facts['backend']).toBe('pw-record');
  });
});

describe('gemlive doctor without any sound', () => {
  it.concurrent('no program: what to install', async () => {
    const place = surroundings();
    const { code, trouble, verdict } = await told([], only(place));
    expect([code, trouble]).toEqual([
      4,
      ['sound –', 'recorder ✗', 'microphone –', 'player ✗', 'loopback –', 'speech –', ...REST],
    ]);
    expect(verdict['summary']).toBe('no program that records sound was found');
    place.remove();
  });

  const itWithPrograms = hasProgram('parec') ? it.concurrent : it.concurrent.skip;
  itWithPrograms('no sound server: said once', async () => {
    const place = surroundings();
    const env = {
      ...only(place, 'parec', 'pacat', 'pactl'),
      PULSE_SERVER: `unix:${join(place.folder, 'nobody')}`,
      XDG_RUNTIME_DIR: place.folder,
    };
    const { code, trouble, verdict } = await told([], env);
    expect([code, trouble]).toEqual([
      4,
      ['sound ✗', 'recorder –', 'microphone –', 'player –', 'loopback –', 'speech –', ...REST],
    ]);
    expect(verdict['summary']).toBe('no sound server answers');
    place.remove();
  });
});
