import * as fc from 'fast-check';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/audio/clock.ts';
import { profileOf } from '../../src/protocol/models.ts';
import { JobLines } from '../../src/turns/jobLines.ts';
import { Reading } from '../../src/turns/reading.ts';

beforeEach(() => {
  vi.useFakeTimers();
  return () => vi.useRealTimers();
});

function cutting() {
  const silences: number[] = [];
  const lines = new JobLines(systemClock, () => silences.push(Date.now()));
  /** The deltas as lines. */
  const cut = (deltas: readonly string[]): string[] => {
    const out = [''];
    for (const delta of deltas) {
      if (lines.endsBefore('model', delta)) out.push('');
      out[out.length - 1] += delta;
    }
    return out;
  };
  return { lines, silences, cut };
}

describe('lines of a translation', () => {
  it('end with a sentence that is long enough, before the next word', () => {
    const sentence = ` ${'word '.repeat(10)}and an end.`;
    const deltas = [sentence, sentence, sentence];
    expect(cutting().cut(deltas)).toEqual([sentence + sentence, sentence]);
  });

  it('end at a length where no sentence does, and never inside a word', () => {
    const text = 'interpretation without any stop '.repeat(40);
    const deltas = text.match(/.{1,7}/g)!;
    const lines = cutting().cut(deltas);
    expect(lines.join('')).toBe(text);
    expect(lines.length).toBeGreaterThan(3);
    // Only a delta that begins with a blank can begin a line: one in eight.
    for (const line of lines) expect(line.length).toBeLessThan(240 + 8 * 7);
    for (const word of lines.flatMap((line) => line.trim().split(' '))) {
      expect(['interpretation', 'without', 'any', 'stop']).toContain(word);
    }
  });

  it('end at a length in a script without blanks', () => {
    const lines = cutting().cut(Array.from({ length: 300 }, () => '翻訳'));
    expect(lines.length).toBe(3);
  });

  it('are not cut by the words of the other side in the midst of a word', () => {
    const { lines, cut } = cutting();
    cut([`${'long '.repeat(60)}inter`]);
    expect(lines.endsBefore('user', ' and')).toBe(false);
    expect(lines.endsBefore('model', 'preter')).toBe(false);
    expect(lines.endsBefore('model', ' speaks')).toBe(true);
  });

  it('lose and reorder nothing, whatever the deltas are', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1, maxLength: 60 })), (deltas) => {
        expect(cutting().cut(deltas).join('')).toBe(deltas.join(''));
      }),
    );
  });

  it('end after 3 s of silence, once, and sound is no silence', () => {
    const { lines, silences } = cutting();
    lines.endsBefore('model', 'Guten');
    vi.advanceTimersByTime(2_900);
    lines.sign();
    vi.advanceTimersByTime(2_900);
    expect(silences).toHaveLength(0);
    vi.advanceTimersByTime(10_000);
    expect(silences).toHaveLength(1);
  });

  it('do not wait for silence when they are over', () => {
    const { lines, silences } = cutting();
    lines.endsBefore('model', 'Guten');
    lines.over();
    vi.advanceTimersByTime(10_000);
    expect(silences).toHaveLength(0);
  });
});

describe('generationComplete', () => {
  const whole = { type: 'generationComplete' } as const;
  const over = { type: 'turnComplete' } as const;

  it.each(['gemini-3.5-transcribe-live', 'gemini-3.5-live-translate-preview'])(
    'ends a turn of %s, and the turnComplete that may follow ends no other',
    (model) => {
      const reading = new Reading(profileOf(model));
      expect(reading.read([whole])).toEqual([whole, over]);
      expect(reading.read([over])).toEqual([]);
      expect(reading.read([over])).toEqual([over]);
      expect(reading.read([whole, over])).toEqual([whole, over]);
    },
  );

  it('ends no turn of a model that converses', () => {
    const reading = new Reading(profileOf('gemini-3.8-live'));
    expect(reading.read([whole])).toEqual([whole]);
    expect(reading.read([over])).toEqual([over]);
  });
});
