import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { harmless, masked, oneLine, withoutSecrets } from '../../src/ui/harmless.ts';

describe('harmless', () => {
  it.each([
    ['\u001b[2J\u001b[H', '␛[2J␛[H'],
    ['\u001b]0;title\u0007', '␛]0;title␇'],
    ['\u009b31m', '\uFFFD31m'],
    ['over\rwrite', 'over␍write'],
    ['back\b\b', 'back␈␈'],
    ['\u007f', '␡'],
    ['\u202Eexe.txt', '\uFFFDexe.txt'],
    ['tab\tand\nline', 'tab\tand\nline'],
    ['שלום, Grüße, 你好 👋🏽', 'שלום, Grüße, 你好 👋🏽'],
  ])('%j', (text, expected) => {
    expect(harmless(text)).toBe(expected);
  });

  it('leaves no control character but tab and newline, wherever a text is cut', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(), (text, at) => {
        const parts = harmless(text.slice(0, at)) + harmless(text.slice(at));
        expect(parts).not.toMatch(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/);
        expect(parts).toBe(harmless(text));
        expect(harmless(parts)).toBe(parts);
      }),
    );
  });
});

describe('oneLine', () => {
  it('has no line break, and keeps the words', () => {
    expect(oneLine(' one\r\n  two\u2028three\tfour\n')).toBe('one two three four');
  });
});

describe('secrets', () => {
  it('show four characters at most', () => {
    expect(masked('AIzaSy-0123456789')).toBe('…6789');
    expect(masked('short')).toBe('…');
  });

  it('are taken out of what others say', () => {
    expect(withoutSecrets('key AIzaSy-0123456789 is bad', ['AIzaSy-0123456789'])).toBe(
      'key …6789 is bad',
    );
    expect(withoutSecrets('a key', ['a'])).toBe('a key');
  });
});
