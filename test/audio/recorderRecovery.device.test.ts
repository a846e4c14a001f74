/** A microphone that vanishes and comes back, on real recorders; and the search for it on a clock of the test's. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { openRecorder } from '../../src/audio/backends.ts';
import { OpenFailure } from '../../src/audio/backends/failures.ts';
import { INPUT_FORMAT } from '../../src/audio/format.ts';
import { concatBytes } from '../../src/audio/pcm.ts';
import type { DeviceNotice } from '../../src/audio/ports.ts';
import type { RecorderRun, RecorderSource } from '../../src/audio/sources/recorder.ts';
import { RecoveringSource } from '../../src/audio/sources/recovering.ts';
import { startProcess } from '../../src/audio/subprocess.ts';
import { EXIT, GemliveError } from '../../src/errors.ts';
import { noise } from '../support/noise.ts';
import { addSink, pactl, removeSinks } from '../support/pactl.ts';
import { needsPipewire, startPipewire } from '../support/pipewireServer.ts';
import { childrenNamed, hasProgram } from '../support/programs.ts';
import { loudest, matchBlocks } from '../support/signal.ts';
import { needsSound, startSoundServer } from '../support/soundServer.ts';
import type { SoundServer } from '../support/soundServer.ts';
import { until } from '../support/until.ts';

type Listening = {
  notices: DeviceNotice[];
  warnings: string[];
  heard(): Uint8Array;
  end(): Promise<unknown>;
  /** How the frames ended, if by themselves. */
  over: Promise<unknown>;
};

function listen(source: RecorderSource): Listening {
  const stop = new AbortController();
  const frames: Uint8Array[] = [];
  const notices: DeviceNotice[] = [];
  const warnings: string[] = [];
  source.onDevice?.((notice) => notices.push(notice));
  source.onWarning?.(({ code }) => warnings.push(code));
  const over = (async () => {
    for await (const frame of source.frames(stop.signal)) frames.push(frame);
  })().catch((error: unknown) => error);
  return {
    notices,
    warnings,
    heard: () => concatBytes(frames),
    over,
    end: () => {
      stop.abort();
      return over;
    },
  };
}

needsSound('a microphone that vanishes', () => {
  let server: SoundServer;
  let source: RecorderSource | undefined;
  beforeEach(async () => {
    server = await startSoundServer();
  });
  afterEach(async () => {
    await source?.close();
    source = undefined;
    await server.stop();
  });

  const states = ({ notices }: Listening): string => notices.map(({ state }) => state).join(' ');
  const expectHears = async (listening: Listening): Promise<void> => {
    const said = noise(1000, 16_000, 23);
    const worst = async (): Promise<number> => {
      const from = listening.heard().byteLength;
      await server.playIntoMic(said);
      const whole = from + said.byteLength + 9600;
      await until('it is heard', () => listening.heard().byteLength > whole);
      const blocks = matchBlocks(said, listening.heard().subarray(from), { rateHz: 16_000 });
      return Math.min(...blocks.map(({ correlation }) => correlation));
    };
    // Said again where the busy machine swallowed some of it.
    let correlation = 0;
    for (let tries = 0; tries < 3 && correlation <= 0.9; tries += 1) correlation = await worst();
    expect(correlation).toBeGreaterThan(0.9);
  };

  it.each(['parec', 'arecord'].filter(hasProgram))(
    '%s is killed: silence goes on, and it is back',
    async (name) => {
      source = await openRecorder({ name, environment: server.environment });
      const listening = listen(source);
      await until('it records', () => listening.heard().byteLength > 6400);
      for (const pid of childrenNamed(name)) process.kill(pid, 'SIGKILL');
      await until('it is back', () => states(listening) === 'lost back');
      expect(listening.notices[0]).toMatchObject({ why: `${name}: it was ended by SIGKILL` });
      await expectHears(listening);
      expect(await listening.end()).toBeUndefined();
      expect(childrenNamed(name)).toEqual([]);
      expect(states(listening)).toBe('lost back');
    },
  );

  it('parec lives and gives nothing (it is stopped): it is told, and another one takes over', async () => {
    source = await openRecorder({ name: 'parec', environment: server.environment });
    const listening = listen(source);
    await until('it records', () => listening.heard().byteLength > 6400);
    const before = childrenNamed('parec');
    for (const pid of before) process.kill(pid, 'SIGSTOP');
    await until('it is back', () => states(listening) === 'lost back');
    expect(listening.notices[0]).toMatchObject({ why: /no sound has come for 1 s/ });
    await expectHears(listening);
    await listening.end();
    expect(childrenNamed('parec')).toEqual([]);
  });

  it('the source is removed: never the loudspeaker instead, and the source when it is back', async () => {
    const { environment } = server;
    source = await openRecorder({ name: 'parec', environment });
    const listening = listen(source);
    await until('it records', () => listening.heard().byteLength > 6400);
    await removeSinks(server, 'mic');
    await until('it is lost', () => states(listening) === 'lost');
    expect(listening.notices[0]).toMatchObject({ why: /loudspeaker .*speaker\.monitor/ });
    const from = listening.heard().byteLength;
    // A reply on the loudspeaker: nothing of it may be heard.
    const player = startProcess({
      command: 'pacat',
      args: ['--raw', '--format=s16le', '--rate=24000', '--channels=1', '--device=speaker'],
      stdin: 'pipe',
      environment,
    });
    player.stdin?.end(noise(1500, 24_000, 5));
    await player.closed;
    expect(states(listening)).toBe('lost');
    await addSink(server, 'mic', 16_000);
    await until('it is back', () => states(listening) === 'lost back');
    const silence = listening.heard().subarray(from);
    expect(silence.byteLength).toBeGreaterThan(1000 * 32);
    expect(loudest(silence, 16_000)).toBe(0);
    await expectHears(listening);
    expect(listening.warnings).toEqual([]);
    await listening.end();
  });

  it('a source that is suspended by hand is no loss: silence goes on, and it is back when it is resumed', async () => {
    const { environment } = server;
    source = await openRecorder({ name: 'parec', environment });
    const listening = listen(source);
    await until('it records', () => listening.heard().byteLength > 6400);
    expect(listening.notices).toEqual([]);
    await pactl(server, 'suspend-sink', 'mic', '1');
    await until('it is told', () => listening.notices.length > 0);
    const from = listening.heard().byteLength;
    await until('silence', () => listening.heard().byteLength > from + 1000 * 32);
    await pactl(server, 'suspend-sink', 'mic', '0');
    await until('it is back', () => states(listening) === 'suspended back');
    expect(listening.notices[0]).toEqual({ state: 'suspended', device: 'mic.monitor' });
    await expectHears(listening);
    await listening.end();
  });

  it('the default changes: it is followed, and told', async () => {
    const { environment } = server;
    source = await openRecorder({ environment });
    const listening = listen(source);
    await until('it records', () => listening.heard().byteLength > 6400);
    await addSink(server, 'headset', 16_000);
    await pactl(server, 'set-default-source', 'headset.monitor');
    await until('it is told', () => listening.notices.length > 0);
    expect(listening.notices).toEqual([{ state: 'back', label: 'parec (headset.monitor)' }]);
    await pactl(server, 'set-default-source', 'mic.monitor');
    await until('it is told', () => listening.notices.length > 1);
    await expectHears(listening);
    await listening.end();
  });

  it('the source is removed before anybody listens: it is noticed all the same', async () => {
    source = await openRecorder({ environment: server.environment });
    await removeSinks(server, 'mic');
    // The server has told parec before it answers pactl.
    await pactl(server, 'info');
    const listening = listen(source);
    await until('it is lost', () => states(listening) === 'lost');
    await source.close();
  });

  it('a microphone that is the loudspeaker from the start is used, and told', async () => {
    const { environment } = server;
    await pactl(server, 'set-default-source', 'speaker.monitor');
    source = await openRecorder({ environment });
    const listening = listen(source);
    await until('it is told', () => listening.warnings.length > 0);
    expect(listening.warnings).toEqual(['mic_is_loudspeaker']);
    expect(listening.notices).toEqual([]);
    await listening.end();
  });

  it('a source that is muted is told once, in words', async () => {
    const { environment } = server;
    const args = ['master=mic.monitor', 'source_name=headset', 'format=s16le', 'rate=16000'];
    await pactl(server, 'load-module', 'module-remap-source', ...args);
    await pactl(server, 'set-source-mute', 'headset', '1');
    source = await openRecorder({ environment, device: 'headset' });
    const warnings: unknown[] = [];
    source.onWarning?.((warning) => warnings.push(warning));
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 7000);
    for await (const _ of source.frames(stop.signal));
    expect(warnings).toEqual([
      {
        code: 'mic_silent',
        message: 'only digital silence comes from the microphone: it is muted',
        hint: 'pactl set-source-mute headset 0',
      },
    ]);
  });

  it('leaves nothing when it is closed in the middle of the search', async () => {
    source = await openRecorder({ environment: server.environment });
    const listening = listen(source);
    await until('it records', () => listening.heard().byteLength > 6400);
    await server.stop();
    await until('it is lost', () => states(listening) === 'lost');
    await source.close();
    expect(await listening.over).toBeUndefined();
    expect(childrenNamed('parec')).toEqual([]);
  });

  it('a command of the user’s own is not started again', async () => {
    const { environment } = server;
    const command =
      'parec --raw --format=s16le --rate=16000 --channels=1 --latency-msec=20 | head -c 64000';
    source = await openRecorder({ environment, command });
    const listening = listen(source);
    expect(await listening.over).toMatchObject({ code: 'recorder_lost', exitCode: 4 });
    expect(listening.notices).toEqual([]);
  });
});

needsPipewire('a microphone that vanishes on PipeWire', () => {
  it.each(['parec', 'pw-record'])('%s is killed, and is back', async (name) => {
    const server = await startPipewire();
    const source = await openRecorder({ name, environment: server.environment });
    try {
      const listening = listen(source);
      await until('it records', () => listening.heard().byteLength > 6400);
      // pw-record runs under a shell, which becomes it.
      for (const pid of childrenNamed(name)) process.kill(pid, 'SIGKILL');
      await until('it is back', () => listening.notices.length > 1);
      expect(listening.notices.map(({ state }) => state)).toEqual(['lost', 'back']);
      await listening.end();
    } finally {
      await source.close();
      await server.stop();
    }
  });

  it('parec: the source is removed; not the loudspeaker, but the source when it is back', async () => {
    const server = await startPipewire();
    const source = await openRecorder({ name: 'parec', environment: server.environment });
    try {
      const listening = listen(source);
      await until('it records', () => listening.heard().byteLength > 6400);
      await removeSinks(server, 'mic');
      await until('it is lost', () => listening.notices.length > 0);
      expect(listening.notices).toEqual([
        {
          state: 'lost',
          why: 'the sound server gives what the loudspeaker plays instead (speaker.monitor)',
        },
      ]);
      await addSink(server, 'mic', 16_000);
      await pactl(server, 'set-default-source', 'mic.monitor');
      await until('it is back', () => listening.notices.length > 1);
      expect(listening.notices[1]).toEqual({ state: 'back', label: 'parec (mic.monitor)' });
      await listening.end();
    } finally {
      await source.close();
      await server.stop();
    }
  });
});

describe('the search, on a clock of its own', () => {
  /** Runs what is due, with all that follows from it, millisecond by millisecond. */
  class Time {
    #nowMs = 0;
    readonly #due: { atMs: number; work: () => void }[] = [];
    nowMs = (): number => this.#nowMs;
    after = (delayMs: number, work: () => void): (() => void) => {
      const timer = { atMs: this.#nowMs + delayMs, work };
      this.#due.push(timer);
      return () => {
        const at = this.#due.indexOf(timer);
        if (at >= 0) this.#due.splice(at, 1);
      };
    };
    async pass(ms: number, stepMs = 5): Promise<void> {
      for (const endMs = this.#nowMs + ms; this.#nowMs < endMs;) {
        this.#nowMs += stepMs;
        for (const timer of this.#due.filter(({ atMs }) => atMs <= this.#nowMs)) {
          this.#due.splice(this.#due.indexOf(timer), 1);
          timer.work();
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  }

  /** Gives one frame every 20 ms until it breaks. */
  function fakeRun(time: Time, device?: string) {
    let [wake, broken, closed]: [() => void, string | undefined, boolean] = [
      () => {},
      undefined,
      false,
    ];
    let moved: (device: string) => void = () => {};
    let quiet = false;
    const run: RecorderRun & { received: number } = {
      format: INPUT_FORMAT,
      label: 'fake',
      device,
      received: 0,
      onMoved: (listener) => (moved = listener),
      async *frames(signal) {
        const stopped = AbortSignal.any([signal]);
        stopped.addEventListener('abort', () => wake(), { once: true });
        const over = (): boolean => signal.aborted || closed;
        while (!over()) {
          if (broken !== undefined)
            throw new GemliveError('the microphone is lost', {
              code: 'recorder_lost',
              exitCode: EXIT.audio,
              why: broken,
            });
          if (quiet) await new Promise<void>((resolve) => (wake = resolve));
          else {
            await new Promise<void>((resolve) => {
              wake = resolve;
              time.after(20, resolve);
            });
            if (broken !== undefined || quiet || over()) continue;
            run.received += 1;
            yield new Uint8Array(640).fill(1);
          }
        }
      },
      close: async () => {
        closed = true;
        wake();
      },
    };
    return {
      run,
      break: (why: string) => {
        broken = why;
        wake();
      },
      fallSilent: () => (quiet = true),
      move: (to: string) => {
        Object.assign(run, { device: to });
        moved(to);
      },
      isClosed: () => closed,
    };
  }

  function start(time: Time, reopen: () => Promise<RecorderRun>) {
    const first = fakeRun(time, 'hw');
    const source = new RecoveringSource({
      first: first.run,
      reopen,
      isLoudspeaker: async (device) => device === 'speaker.monitor',
      recorder: 'fake',
      clock: time,
    });
    return { first, source, listening: listen(source) };
  }

  it('keeps the pace to the frame while it searches, and gives up after 20 s', async () => {
    const time = new Time();
    const tries: number[] = [];
    const { first, listening } = start(time, () => {
      tries.push(time.nowMs());
      return Promise.reject(new OpenFailure('fake: no such device'));
    });
    await time.pass(1000);
    const before = listening.heard().byteLength / 640;
    first.break('fake: unplugged');
    await time.pass(15_000, 7);
    expect(listening.heard().byteLength / 640 - before).toBeGreaterThanOrEqual(748);
    expect(listening.heard().byteLength / 640 - before).toBeLessThanOrEqual(752);
    await time.pass(6000);
    expect(await listening.over).toMatchObject({
      code: 'recorder_lost',
      exitCode: 4,
      why: 'fake: unplugged; not found again in 20 s (fake: no such device)',
    });
    const waits = tries.map((at, i) => at - (tries[i - 1] ?? at));
    expect(waits.slice(0, 4)).toEqual([0, 252, 504, 1001]);
    expect(tries.length).toBeGreaterThan(18);
    expect(tries.length).toBeLessThan(24);
    expect(listening.notices).toEqual([{ state: 'lost', why: 'fake: unplugged' }]);
  });

  it('one that is suspended for an hour is waited for, and told once', async () => {
    const time = new Time();
    let suspended = true;
    const next = fakeRun(time, 'hw');
    const { first, listening, source } = start(time, () =>
      suspended
        ? Promise.reject(
            new OpenFailure('fake: the sound server has suspended hw', { isSuspended: true }),
          )
        : Promise.resolve(next.run),
    );
    await time.pass(100);
    Object.assign(first.run, { suspended: true });
    first.fallSilent();
    await time.pass(3_600_000, 1000);
    expect(listening.notices).toEqual([{ state: 'suspended', device: 'hw' }]);
    suspended = false;
    await time.pass(2000);
    expect(listening.notices.slice(1)).toEqual([{ state: 'back', label: 'fake (hw)' }]);
    await source.close();
    expect(await listening.over).toBeUndefined();
  });

  it('one that dies as often as it is opened is given up, without a line for each time', async () => {
    const time = new Time();
    let opened = 0;
    const { first, listening } = start(time, async () => {
      opened += 1;
      const next = fakeRun(time, 'hw');
      time.after(40, () => next.break('fake: dead again'));
      return next.run;
    });
    await time.pass(100);
    first.break('fake: dead');
    await time.pass(30_000);
    expect(await listening.over).toMatchObject({ code: 'recorder_lost' });
    expect(opened).toBeLessThan(30);
    expect(listening.notices.length).toBeLessThan(62);
  });

  it('one that is lost every two seconds is found every time', async () => {
    const time = new Time();
    let run = fakeRun(time, 'hw');
    const { first, listening, source } = start(time, async () => (run = fakeRun(time, 'hw')).run);
    await time.pass(2000, 10);
    first.break('fake: unplugged');
    for (let i = 0; i < 15; i++) {
      await time.pass(2000, 10);
      run.break('fake: unplugged');
    }
    await time.pass(2000, 10);
    expect(listening.notices.map(({ state }) => state)).toEqual(
      Array.from({ length: 32 }, (_, i) => (i % 2 === 0 ? 'lost' : 'back')),
    );
    await source.close();
    expect(await listening.over).toBeUndefined();
  });

  it('takes no second of silence for a loss, but four turns of the clock without sound', async () => {
    const time = new Time();
    const next = fakeRun(time, 'hw');
    const { first, listening, source } = start(time, async () => next.run);
    await time.pass(500);
    first.fallSilent();
    await time.pass(700);
    expect(listening.notices).toEqual([]);
    await time.pass(700);
    expect(listening.notices.map(({ state }) => state)).toEqual(['lost', 'back']);
    expect(first.isClosed()).toBe(true);
    // All of the time that was missed: as many frames as the clock has had.
    await time.pass(600);
    expect(Math.abs(listening.heard().byteLength / 640 - time.nowMs() / 20)).toBeLessThan(8);
    await source.close();
    await listening.over;
  });

  it('moved to the loudspeaker: lost; moved elsewhere: told', async () => {
    const time = new Time();
    const { first, listening, source } = start(time, () =>
      Promise.reject(new OpenFailure('fake: none')),
    );
    await time.pass(100);
    first.move('desk.monitor');
    await time.pass(100);
    expect(listening.notices).toEqual([{ state: 'back', label: 'fake (desk.monitor)' }]);
    first.move('speaker.monitor');
    await time.pass(100);
    expect(listening.notices.map(({ state }) => state)).toEqual(['back', 'lost']);
    await source.close();
    await listening.over;
    expect(first.isClosed()).toBe(true);
  });
});
