/** Devices that vanish and come back, on real sound servers. */
import { symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';

import { openPlayer } from '../../src/audio/backends.ts';
import { bytesOfMs, OUTPUT_FORMAT } from '../../src/audio/format.ts';
import type { AudioSink, DeviceNotice } from '../../src/audio/ports.ts';
import { PlayerSink } from '../../src/audio/sinks/player.ts';
import { RecoveringSink } from '../../src/audio/sinks/recovering.ts';

import { noise } from '../support/noise.ts';
import { addSink, pactl, removeSinks } from '../support/pactl.ts';
import { needsPipewire, startPipewire } from '../support/pipewireServer.ts';
import { canPlay, pause, playerNamed, processesOf, TESTED_PLAYERS } from '../support/players.ts';
import { matchBlocks } from '../support/signal.ts';
import { needsSound, startSoundServer } from '../support/soundServer.ts';
import type { SoundServer } from '../support/soundServer.ts';
import { until } from '../support/until.ts';

const SENT = noise(4000, 24_000, 71);

/** What the device said of itself. */
function noticesOf(sink: AudioSink): DeviceNotice[] {
  const notices: DeviceNotice[] = [];
  sink.onDevice?.((notice) => notices.push(notice));
  return notices;
}

const lost = (notices: readonly DeviceNotice[]): boolean => notices.at(-1)?.state === 'lost';
const back = (notices: readonly DeviceNotice[]): boolean => notices.at(-1)?.state === 'back';

/** The share of `sent` that is in `heard`, block by block at one lag. */
function goodBlocks(sent: Uint8Array, heard: Uint8Array): { good: number; all: number } {
  const blocks = matchBlocks(sent, heard, { rateHz: 24_000, blockMs: 50 });
  const good = blocks.filter(({ correlation }) => correlation > 0.9).length;
  return { good, all: blocks.length };
}

/** A way to the server that can be closed: a player on it finds the server when the test is ready to listen. */
function gateTo({ environment }: SoundServer) {
  const folder = environment['XDG_RUNTIME_DIR'] ?? '';
  const sockets = [
    ['gate-pulse', (environment['PULSE_SERVER'] ?? '').replace(/^unix:/, '')],
    ['gate-pipewire', 'pipewire-0'],
  ] as const;
  const open = (): void => {
    for (const [name, target] of sockets) symlinkSync(target, join(folder, name));
  };
  const close = (): void => {
    for (const [name] of sockets) unlinkSync(join(folder, name));
  };
  open();
  const behind = {
    ...environment,
    PULSE_SERVER: `unix:${join(folder, 'gate-pulse')}`,
    PIPEWIRE_REMOTE: 'gate-pipewire',
  };
  return { environment: behind, open, close };
}

/** Plays, breaks the device, heals it: what was not heard before is heard after, all of it. */
async function survives(
  server: SoundServer,
  name: string,
  hurt: () => Promise<void>,
  heal: () => Promise<void>,
): Promise<void> {
  const gate = gateTo(server);
  const sink = await openPlayer({ name, environment: gate.environment });
  const hurtBehindGate = (): Promise<void> => {
    gate.close();
    return hurt();
  };
  try {
    await playsThrough(sink, server, name, { hurt: hurtBehindGate, heal, listening: gate.open });
  } finally {
    // Before the server goes: a sink that is left behind is lost a minute later, in the middle of another test.
    await sink.close();
  }
  expect(processesOf(name)).toEqual([]);
}

/** `listening`: what plays then is recorded. */
type Steps = { hurt: () => Promise<void>; heal: () => Promise<void>; listening: () => void };

async function playsThrough(
  sink: AudioSink,
  server: SoundServer,
  name: string,
  { hurt, heal, listening }: Steps,
): Promise<void> {
  const notices = noticesOf(sink);
  const before = await server.recordSpeaker();
  sink.write(SENT);
  sink.flush();
  const drained = sink.drain();
  drained.catch(() => {}); // told below, unless something else fails first
  await pause(1000);
  await hurt();
  await until('notice', () => lost(notices));
  const { pcm: heardBefore } = await before.stop();
  const gap = sink.position();
  expect(gap.playedMs).toBeGreaterThan(500);
  expect(gap.playedMs + gap.queuedMs).toBeCloseTo(4000, 1);
  await heal();
  const after = await server.recordSpeaker();
  listening();
  await until('device', () => back(notices));
  await drained;
  expect(sink.position().playedMs).toBeCloseTo(4000, 1);
  await pause(300);
  const { pcm: heardAfter } = await after.stop();
  const at = bytesOfMs(OUTPUT_FORMAT, gap.playedMs);
  const first = goodBlocks(SENT.subarray(0, at), heardBefore);
  const second = goodBlocks(SENT.subarray(at), heardAfter);
  console.log(
    `${name}: at ${gap.playedMs.toFixed(0)} ms; before: ${first.good} of ${first.all} blocks, after: ` +
      `${second.good} of ${second.all}; ${JSON.stringify(notices)}`,
  );
  // Where it broke off is known to a buffer's length.
  expect(first.good).toBeGreaterThanOrEqual(first.all - 5);
  expect(second.good).toBeGreaterThanOrEqual(second.all - 5);
  expect(notices.map(({ state }) => state)).toEqual(['lost', 'back']);
}

needsSound('devices that vanish, on PulseAudio', () => {
  let server: SoundServer;
  afterEach(() => server.stop());

  describe.each(TESTED_PLAYERS)('%s', (name) => {
    const run = canPlay(name) ? it : it.skip;

    run('goes on when the sound server is killed and started again', { retry: 1 }, async () => {
      server = await startSoundServer();
      await survives(server, name, server.crash, server.restart);
    });

    run('goes on when the last sink is removed and brought back', { retry: 1 }, async () => {
      server = await startSoundServer();
      const heal = (): Promise<void> => addSink(server);
      await survives(server, name, () => removeSinks(server), heal);
    });

    run('follows the default to another sink, and says nothing of it', async () => {
      server = await startSoundServer();
      await addSink(server, 'other');
      const sink = await openPlayer({ name, environment: server.environment });
      const notices = noticesOf(sink);
      sink.write(SENT);
      await pause(500);
      await pactl(server, 'set-default-sink', 'other');
      await until('stream on the other sink', async () => (await sinkOfStream()) === 'other');
      await removeSinks(server, 'other');
      await until('stream on what is left', async () => /speaker|mic/.test(await sinkOfStream()));
      const { playedMs } = sink.position();
      await until('sound', () => sink.position().playedMs > playedMs + 300);
      expect(notices).toEqual([]);
      await sink.close();
    });

    const sinkOfStream = async (): Promise<string> => {
      const streams = (await pactl(server, 'list', 'short', 'sink-inputs')).split('\n');
      const [, sinkIndex] = (streams.at(-1) ?? '').split('\t');
      const sinks = (await pactl(server, 'list', 'short', 'sinks')).split('\n');
      return (
        sinks.map((line) => line.split('\t')).find(([index]) => index === sinkIndex)?.[1] ?? ''
      );
    };
  });

  it('says nothing of a player that is killed and started again', async () => {
    server = await startSoundServer();
    const sink = await openPlayer({ name: 'pacat', environment: server.environment });
    const notices = noticesOf(sink);
    sink.write(SENT.subarray(0, bytesOfMs(OUTPUT_FORMAT, 1500)));
    await pause(400);
    process.kill(processesOf('pacat')[0] ?? 0, 'SIGKILL');
    await sink.drain();
    expect(sink.position().playedMs).toBeCloseTo(1500, 1);
    expect(notices).toEqual([]);
    await sink.close();
  });

  it('waits for a sink that is suspended by hand, says so once, and loses nothing', async () => {
    server = await startSoundServer();
    const sink = await openPlayer({ name: 'pacat', environment: server.environment });
    const notices = noticesOf(sink);
    const recording = await server.recordSpeaker();
    const sent = noise(3000, 24_000, 73);
    sink.write(sent);
    sink.flush();
    await until('sound', () => sink.position().playedMs > 500);
    expect(notices).toEqual([]);
    await pactl(server, 'suspend-sink', 'speaker', '1');
    await until('notice', () => notices.length > 0);
    // Longer than a device that hangs is waited for: it is not taken for one.
    await pause(1000);
    const { playedMs } = sink.position();
    expect(playedMs).toBeLessThan(2500);
    await pactl(server, 'suspend-sink', 'speaker', '0');
    await sink.drain();
    expect(sink.position()).toMatchObject({ queuedMs: 0 });
    expect(sink.position().playedMs).toBeCloseTo(3000, 1);
    await pause(200);
    const { pcm } = await recording.stop();
    await sink.close();
    expect(notices).toEqual([
      { state: 'suspended', device: 'speaker' },
      { state: 'back', label: 'pacat' },
    ]);
    // All of it is in the recording: up to where it was suspended, and from there on.
    const at = bytesOfMs(OUTPUT_FORMAT, playedMs);
    for (const part of [sent.subarray(0, at), sent.subarray(at)]) {
      const { good, all } = goodBlocks(part, pcm);
      expect(good).toBeGreaterThanOrEqual(all - 5);
    }
  });

  it('opens on a sink that is suspended, and says so', async () => {
    server = await startSoundServer();
    await pactl(server, 'suspend-sink', 'speaker', '1');
    const sink = await openPlayer({ name: 'pacat', environment: server.environment });
    const notices = noticesOf(sink);
    expect(notices).toEqual([{ state: 'suspended', device: 'speaker' }]);
    sink.write(noise(300, 24_000, 74));
    const cleared = sink.clear();
    expect(cleared).toMatchObject({ playedMs: 0, droppedMs: 300 });
    sink.write(noise(300, 24_000, 75));
    await pactl(server, 'suspend-sink', 'speaker', '0');
    await sink.drain();
    expect(sink.position().playedMs).toBeCloseTo(300, 1);
    expect(notices.map(({ state }) => state)).toEqual(['suspended', 'back']);
    await sink.close();
  });

  it('sees that a server which still runs plays no more', async () => {
    server = await startSoundServer();
    const sink = await openPlayer({ name: 'pacat', environment: server.environment });
    const notices = noticesOf(sink);
    sink.write(SENT);
    await pause(500);
    process.kill(server.pid, 'SIGSTOP');
    try {
      await until('notice', () => lost(notices));
      expect(notices).toEqual([{ state: 'lost', why: 'the sound device takes no sound' }]);
    } finally {
      process.kill(server.pid, 'SIGCONT');
    }
    await until('device', () => back(notices));
    sink.flush();
    await sink.drain();
    expect(sink.position().playedMs).toBeCloseTo(4000, 1);
    await sink.close();
  });

  it('can be cleared, made softer, drained and listened to while it is gone', async () => {
    server = await startSoundServer();
    const { environment } = server;
    const sink = await openPlayer({ name: 'pacat', environment });
    const notices = noticesOf(sink);
    sink.write(SENT);
    await pause(500);
    await server.crash();
    await until('notice', () => lost(notices));
    const drained = sink.drain();
    const { playedMs, droppedMs, silenced } = sink.clear();
    expect(playedMs + droppedMs).toBeCloseTo(4000, 1);
    expect(await silenced).toEqual({ silenceMs: 0 });
    await drained;
    expect(sink.position()).toMatchObject({ playedMs, queuedMs: 0 });
    sink.setGain(0);
    let renderedBytes = 0;
    let loudest = 0;
    sink.onRender((pcm) => {
      renderedBytes += pcm.byteLength;
      loudest = Math.max(loudest, ...pcm);
    });
    const next = noise(500, 24_000, 72);
    sink.write(next);
    expect(sink.position().queuedMs).toBeCloseTo(500, 1);
    await server.restart();
    await sink.drain();
    expect(back(notices)).toBe(true);
    expect(sink.position().playedMs).toBeCloseTo(playedMs + 500, 1);
    expect([renderedBytes, loudest]).toEqual([next.byteLength, 0]);
    await sink.close();
  });

  it('is lost for good when nothing comes back in time, and can be closed in the gap', async () => {
    server = await startSoundServer();
    const { environment } = server;
    const program = playerNamed('pacat');
    const open = (signal?: AbortSignal): Promise<PlayerSink> =>
      PlayerSink.open({ program, format: OUTPUT_FORMAT, environment }, signal);
    const given = new RecoveringSink(await open(), open, { recoveryMs: 800 });
    const closed = new RecoveringSink(await open(), open);
    const [ofGiven, ofClosed] = [noticesOf(given), noticesOf(closed)];
    const errors: Error[] = [];
    given.onLost((error) => errors.push(error));
    given.write(SENT);
    closed.write(SENT);
    await pause(300);
    await server.crash();
    const drained = given.drain().catch((error: unknown) => error);
    await until('loss', () => errors.length > 0 && lost(ofClosed));
    expect(errors).toMatchObject([{ code: 'player_lost', exitCode: 4 }]);
    expect(await drained).toBe(errors[0]);
    expect(ofGiven.map(({ state }) => state)).toEqual(['lost']);
    await Promise.all([given.close(), closed.close(), closed.close()]);
    expect(processesOf('pacat')).toEqual([]);
  });
});

needsPipewire('devices that vanish, on PipeWire', () => {
  let server: SoundServer;
  afterEach(() => server.stop());

  it.each(['pacat', 'pw-cat'])(
    '%s: goes on when the sound server is killed and started again',
    { timeout: 40_000, retry: 1 },
    async (name) => {
      server = await startPipewire();
      await survives(server, name, server.crash, server.restart);
    },
  );

  it(
    'pacat: does not play on into nothing when the last sink is removed',
    { timeout: 40_000, retry: 1 },
    async () => {
      server = await startPipewire();
      const heal = (): Promise<void> => addSink(server);
      await survives(server, 'pacat', () => removeSinks(server), heal);
    },
  );
});
