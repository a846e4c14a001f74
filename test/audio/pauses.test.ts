/** Pauses between answers: what a player reports in them, and that nobody takes them for a device that hangs. */
import { describe, expect, it } from 'vitest';

import { pacat } from '../../src/audio/backends/players.ts';
import { RECORDERS } from '../../src/audio/backends/recorders.ts';
import { OUTPUT_FORMAT, bytesOfMs } from '../../src/audio/format.ts';
import { Feeder, type FedDevice } from '../../src/audio/sinks/feeder.ts';
import { Gain } from '../../src/audio/sinks/gain.ts';
import { PcmQueue } from '../../src/audio/sinks/pcmQueue.ts';
import { RenderTap } from '../../src/audio/sinks/renderTap.ts';
import { RunningClock } from '../../src/audio/sinks/runningClock.ts';
import { CountedClock } from '../support/simulatedPlayback.ts';

describe('what pacat and parec say of their device', () => {
  const LINES: [line: string, device: string | undefined, suspended: boolean | undefined][] = [
    ['Connected to device spk (index: 0, suspended: no).', 'spk', false],
    ['Connected to device spk (index: 0, suspended: yes).', 'spk', true],
    ['Stream moved to device desk (2, not suspended).', 'desk', false],
    ['Stream moved to device desk (2, suspended).', 'desk', true],
    ['Stream device suspended.', undefined, true],
    ['Stream device resumed.', undefined, false],
    ['Stream successfully created.', undefined, undefined],
  ];
  const parec = RECORDERS.find(({ name }) => name === 'parec');
  it.each(LINES)('%s', (line, device, suspended) => {
    const said = pacat.parse(line);
    if (device !== undefined) expect(said).toEqual({ type: 'device', name: device, suspended });
    else if (suspended === undefined) expect(said).toBeUndefined();
    else expect(said).toEqual({ type: suspended ? 'suspended' : 'resumed' });
    expect(parec?.report?.(line)).toEqual({
      ...(device !== undefined && { device }),
      ...(suspended !== undefined && { suspended }),
    });
  });
});

describe('a clock that runs on', () => {
  /** `[read, handed over]` in milliseconds, and the position that each reading gives. */
  const READINGS: [name: string, readings: [number, number][], positions: unknown[]][] = [
    [
      'plays',
      [
        [30, 300],
        [60, 340],
        [90, 340],
      ],
      [30, 60, 90],
    ],
    [
      'ends, and runs on',
      [
        [320, 340],
        [350, 340],
        [380, 340],
      ],
      [320, 'end', 'end'],
    ],
    [
      'is not believed when the next sound has been handed over, before it falls back',
      [
        [350, 340],
        [640, 340],
        [670, 700],
        [690, 740],
        [345, 780],
        [375, 780],
      ],
      ['end', 'end', undefined, undefined, 345, 375],
    ],
    [
      'a long pause: what is handed over is still less than the reading',
      [
        [350, 340],
        [9000, 340],
        [9030, 700],
        [350, 740],
        [380, 740],
      ],
      ['end', 'end', 'end', 350, 380],
    ],
    [
      'a short pause, of which no fall can be seen',
      [
        [350, 340],
        [380, 340],
        [385, 700],
        [400, 700],
      ],
      ['end', 'end', 385, 400],
    ],
  ];
  it.each(READINGS)('%s', (_, readings, positions) => {
    const clock = new RunningClock();
    expect(readings.map(([read, handed]) => clock.read(read, handed))).toEqual(positions);
  });
});

describe('a position that stands still', () => {
  /** The last report of its position fell short of the end, as with a player that reports every 30 ms. */
  function fed() {
    const clock = new CountedClock();
    const queue = new PcmQueue();
    const device: FedDevice & { handedMs: number; playedMs: number; suspended: boolean } = {
      bufferMs: 0,
      suspended: false,
      handedMs: 0,
      playedMs: 0,
      aheadMs: () => device.handedMs - device.playedMs,
      heardBytes: () => bytesOfMs(OUTPUT_FORMAT, device.playedMs),
      unheardBytes: () => bytesOfMs(OUTPUT_FORMAT, device.handedMs - device.playedMs),
      write: (bytes) => void (device.handedMs += bytes.byteLength / 48),
      writeSilence: () => {},
    };
    const [gain, tap] = [new Gain(OUTPUT_FORMAT), new RenderTap(OUTPUT_FORMAT)];
    const feeder = new Feeder({ program: pacat, format: OUTPUT_FORMAT, clock, queue, gain, tap });
    const say = (ms: number): void => queue.push(new Uint8Array(bytesOfMs(OUTPUT_FORMAT, ms)));
    return { clock, device, feeder, say };
  }

  it.each([1, 5, 600])(
    'in a pause of %i s is no device that hangs when the next answer begins',
    (pauseS) => {
      const { clock, device, feeder, say } = fed();
      say(60);
      feeder.feed(device, true);
      device.playedMs = 40;
      feeder.feed(device, true);
      feeder.restart();
      clock.run(pauseS * 1000);
      feeder.restart();
      say(400);
      expect(feeder.feed(device, false)).not.toBe('stuck');
      clock.run(clock.nowMs() + 600);
      expect(feeder.feed(device, false)).not.toBe('stuck');
      clock.run(clock.nowMs() + 200);
      expect(feeder.feed(device, false)).toBe('stuck');
    },
  );

  it('is no fault of one that the sound server has suspended, however long', () => {
    const { clock, device, feeder, say } = fed();
    say(400);
    feeder.feed(device, false);
    device.playedMs = 40;
    feeder.feed(device, false);
    device.suspended = true;
    for (let seconds = 0; seconds < 600; seconds++) {
      clock.run(clock.nowMs() + 1000);
      expect(feeder.feed(device, false)).toBe(1000);
    }
    expect(device.handedMs).toBeLessThan(200);
    device.suspended = false;
    clock.run(clock.nowMs() + 600);
    expect(feeder.feed(device, false)).not.toBe('stuck');
    clock.run(clock.nowMs() + 200);
    expect(feeder.feed(device, false)).toBe('stuck');
  });
});
