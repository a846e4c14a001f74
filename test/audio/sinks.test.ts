import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Clock } from '../../src/audio/clock.ts';
import { openSoundFile, PcmFileWriter } from '../../src/audio/fileWriters.ts';
import { bytesOfMs, OUTPUT_FORMAT } from '../../src/audio/format.ts';
import { FileSink } from '../../src/audio/sinks/file.ts';
import { NullSink } from '../../src/audio/sinks/null.ts';
import { PcmQueue } from '../../src/audio/sinks/pcmQueue.ts';
import { OutputClosedError, StreamSink } from '../../src/audio/sinks/stream.ts';
import { parseWav } from '../../src/audio/wav.ts';
import { hasProgram } from '../support/programs.ts';

/** A clock that is set by hand. */
class HandClock implements Clock {
  #nowMs = 0;
  #timers: { atMs: number; work: () => void }[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, work: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, work };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  }

  get waiting(): number {
    return this.#timers.length;
  }

  async pass(ms: number): Promise<void> {
    this.#nowMs += ms;
    for (const timer of this.#timers.filter(({ atMs }) => atMs <= this.#nowMs)) {
      this.#timers = this.#timers.filter((one) => one !== timer);
      timer.work();
    }
    await Promise.resolve();
  }
}

const sound = (ms: number): Uint8Array => new Uint8Array(bytesOfMs(OUTPUT_FORMAT, ms)).fill(7);

describe('NullSink', () => {
  it('plays in real time, by the clock', async () => {
    const clock = new HandClock();
    const sink = new NullSink(OUTPUT_FORMAT, clock);
    sink.write(sound(100));
    sink.write(sound(100));
    await clock.pass(50);
    expect(sink.position()).toEqual({
      playedMs: 50,
      queuedMs: 150,
      estimated: false,
      underruns: 0,
    });
    let drained = false;
    void sink.drain().then(() => {
      drained = true;
    });
    await clock.pass(149);
    expect(drained).toBe(false);
    await clock.pass(1);
    expect(drained).toBe(true);
    expect(sink.position()).toMatchObject({ playedMs: 200, queuedMs: 0 });
    expect(clock.waiting).toBe(0);
  });

  it('does not play while there is nothing, and counts that only within a reply', async () => {
    const clock = new HandClock();
    const sink = new NullSink(OUTPUT_FORMAT, clock);
    sink.write(sound(20));
    await clock.pass(500);
    sink.write(sound(20));
    expect(sink.position()).toMatchObject({ playedMs: 20, queuedMs: 20, underruns: 1 });
    sink.flush();
    await clock.pass(500);
    sink.write(sound(20));
    expect(sink.position()).toMatchObject({ playedMs: 40, underruns: 1 });
  });

  it('clear() tells what was heard and what was dropped, and goes on from there', async () => {
    const clock = new HandClock();
    const sink = new NullSink(OUTPUT_FORMAT, clock);
    sink.write(sound(300));
    await clock.pass(120);
    const drained = sink.drain();
    const { playedMs, droppedMs, silenced } = sink.clear();
    expect([playedMs, droppedMs]).toEqual([120, 180]);
    expect(await silenced).toEqual({ silenceMs: 0 });
    await drained;
    await clock.pass(1000);
    sink.write(sound(50));
    await clock.pass(50);
    expect(sink.position()).toMatchObject({ playedMs: 170, queuedMs: 0, underruns: 0 });
    await sink.close();
    sink.write(sound(50));
    expect(sink.position()).toMatchObject({ playedMs: 170, queuedMs: 0 });
    expect(clock.waiting).toBe(0);
  });
});

describe('PcmQueue', () => {
  it('gives back what it got, in any portions, and takes sound back in front', () => {
    const queue = new PcmQueue();
    queue.push(Uint8Array.of(1, 2, 3));
    queue.push(Uint8Array.of(4, 5, 6, 7));
    expect(queue.take(2)).toEqual(Uint8Array.of(1, 2));
    queue.unshift([Uint8Array.of(1), Uint8Array.of(2)]);
    expect(queue.bytes).toBe(7);
    expect(queue.take(4)).toEqual(Uint8Array.of(1, 2, 3, 4));
    expect(queue.take(99)).toEqual(Uint8Array.of(5, 6, 7));
    expect([queue.bytes, queue.take(1).byteLength]).toEqual([0, 0]);
  });
});

describe('FileSink', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'gemlive-sink-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('has everything in the file at once, even after clear()', async () => {
    const path = join(folder, 'a.wav');
    const sink = new FileSink(openSoundFile(path, OUTPUT_FORMAT));
    sink.write(sound(200));
    expect(parseWav(readFileSync(path)).data.byteLength).toBe(9600);
    expect(sink.clear()).toMatchObject({ playedMs: 200, droppedMs: 0 });
    sink.write(sound(100));
    await sink.drain();
    await sink.close();
    await sink.close();
    expect(sink.position()).toMatchObject({ playedMs: 300, queuedMs: 0 });
    expect(parseWav(readFileSync(path)).data.byteLength).toBe(14_400);
  });

  it.skipIf(process.platform !== 'linux')('is lost when the disk is full', async () => {
    const sink = new FileSink(new PcmFileWriter('/dev/full', OUTPUT_FORMAT));
    const lost: Error[] = [];
    sink.onLost((error) => lost.push(error));
    sink.write(sound(20));
    sink.write(sound(20));
    expect(lost).toHaveLength(1);
    expect(lost[0]).toMatchObject({ code: 'output_failed', exitCode: 8 });
    await expect(sink.drain()).rejects.toBe(lost[0]);
    await sink.close();
  });
});

describe('StreamSink', () => {
  it('writes the bare samples, and waits for a slow reader in drain()', async () => {
    const stream = new PassThrough({ highWaterMark: 1000 });
    const sink = new StreamSink(stream);
    sink.write(sound(100));
    sink.write(sound(100));
    let drained = false;
    const draining = sink.drain().then(() => {
      drained = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(drained).toBe(false);
    let bytes = 0;
    stream.on('data', (chunk: Uint8Array) => {
      bytes += chunk.byteLength;
    });
    await draining;
    expect(bytes).toBe(9600);
    await sink.close();
    expect(stream.destroyed).toBe(false);
  });

  it.skipIf(!hasProgram('head'))('tells quietly that the reader has gone', async () => {
    const reader = spawn('head', ['-c', '1000'], { stdio: ['pipe', 'ignore', 'ignore'] });
    const sink = new StreamSink(reader.stdin);
    const lost: Error[] = [];
    sink.onLost((error) => lost.push(error));
    sink.write(sound(1000));
    const drained = sink.drain().catch((error: unknown) => error);
    await once(reader, 'exit');
    for (let i = 0; i < 50 && lost.length === 0; i++) {
      sink.write(sound(20));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(lost).toHaveLength(1);
    expect(lost[0]).toBeInstanceOf(OutputClosedError);
    await drained;
    await sink.close();
  });
});
