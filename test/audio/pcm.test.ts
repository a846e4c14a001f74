import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { INPUT_FORMAT } from '../../src/audio/format.ts';
import {
  concatBytes,
  downmix,
  floatFromS16,
  levelDbfs,
  Rechunker,
  s16FromFloat,
  SampleAligner,
} from '../../src/audio/pcm.ts';

const pieces = fc.array(fc.uint8Array({ maxLength: 2000 }), { maxLength: 12 });

describe('levelDbfs', () => {
  it('is -100 for silence and for nothing', () => {
    expect(levelDbfs(new Uint8Array(640))).toBe(-100);
    expect(levelDbfs(new Uint8Array(0))).toBe(-100);
  });

  it('is -3 dB for a full-scale sine and -20 dB less for a tenth of it', () => {
    const sine = (peak: number): Uint8Array =>
      s16FromFloat(Float32Array.from({ length: 16_000 }, (_, i) => peak * Math.sin(i * 0.1)));
    expect(levelDbfs(sine(1))).toBeCloseTo(-3.01, 1);
    expect(levelDbfs(sine(0.1))).toBeCloseTo(-23.01, 1);
  });

  it('reads views that do not begin at an even address', () => {
    const bytes = new Uint8Array(641).subarray(1);
    bytes.fill(0x40);
    expect(levelDbfs(bytes)).toBeGreaterThan(-10);
  });
});

describe('Rechunker', () => {
  it('gives frames of exactly 20 ms, loses and changes nothing, whatever the pieces', () => {
    fc.assert(
      fc.property(pieces, (chunks) => {
        const rechunker = new Rechunker(INPUT_FORMAT);
        const frames = chunks.flatMap((chunk) => rechunker.push(chunk));
        expect(frames.every((frame) => frame.byteLength === 640)).toBe(true);
        const rest = rechunker.rest();
        expect(rest.byteLength).toBeLessThan(640);
        expect(rechunker.rest().byteLength).toBe(0);
        expect(concatBytes([...frames, rest])).toEqual(concatBytes(chunks));
      }),
    );
  });

  it('keeps its frames when the caller uses its buffer again', () => {
    const rechunker = new Rechunker(INPUT_FORMAT);
    const buffer = Buffer.alloc(900, 7);
    const [frame] = rechunker.push(buffer);
    buffer.fill(9);
    expect(frame?.[0]).toBe(7);
    expect(rechunker.rest()[0]).toBe(7);
  });
});

describe('SampleAligner', () => {
  it('passes whole samples only and keeps their order', () => {
    fc.assert(
      fc.property(pieces, fc.constantFrom(2, 3, 4, 6), (chunks, block) => {
        const aligner = new SampleAligner(block);
        const out = chunks.map((chunk) => aligner.push(chunk));
        expect(out.every((part) => part.byteLength % block === 0)).toBe(true);
        const whole = concatBytes(chunks);
        const kept = whole.byteLength - (whole.byteLength % block);
        expect(concatBytes(out)).toEqual(whole.subarray(0, kept));
        expect(aligner.carriedBytes).toBe(whole.byteLength - kept);
      }),
    );
  });
});

describe('conversions', () => {
  it('take every 16-bit sample there and back unchanged', () => {
    const all = new Uint8Array(65_536 * 2);
    const view = new DataView(all.buffer);
    for (let i = 0; i < 65_536; i++) view.setInt16(i * 2, i - 32_768, true);
    expect(s16FromFloat(floatFromS16(all))).toEqual(all);
  });

  it('clip instead of wrapping round, and turn a NaN into silence', () => {
    const samples = new Int16Array(s16FromFloat(Float32Array.of(1.5, -1.5, NaN, Infinity)).buffer);
    expect([...samples]).toEqual([32_767, -32_768, 0, 32_767]);
  });

  it('mix channels to their mean', () => {
    expect([...downmix(Float32Array.of(1, 0, 0.5, 0.5), 2)]).toEqual([0.5, 0.5]);
  });
});
