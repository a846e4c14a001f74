import { describe, expect, it } from 'vitest';
import { GemliveError } from '../../src/errors.ts';
import { JsonEvents } from '../../src/ui/jsonEvents.ts';
import { errorFields, printError, printWarning, type ErrorPlace } from '../../src/ui/printError.ts';

class Page {
  text = '';
  write(text: string): void {
    this.text += text;
  }
}

const printed = (error: unknown, place: Partial<ErrorPlace> = {}, label?: string): string => {
  const stderr = new Page();
  printError(error, { stderr, color: false, secrets: [], ...place }, label);
  return stderr.text;
};

const quota = new GemliveError(
  'You exceeded your\ncurrent quota, \u001b[31mplease\u001b[0m check',
  {
    code: 'quota',
    exitCode: 7,
    why: 'too many requests',
    hint: 'wait a minute',
  },
);

describe('printError', () => {
  it('is three lines at most, each of them one line', () => {
    expect(printed(quota)).toBe(
      'error: You exceeded your current quota, ␛[31mplease␛[0m check\n' +
        '  why: too many requests\n' +
        '  try: wait a minute\n',
    );
  });

  it('names the input of a batch', () => {
    expect(printed(quota, {}, 'a.wav')).toMatch(/^error: a\.wav: You exceeded/);
  });

  it('is coloured where that is wanted, and only by us', () => {
    const text = printed(quota, { color: true });
    expect(text).toContain('\u001b[31merror:\u001b[39m You exceeded');
    expect(text).not.toContain('\u001b[31mplease');
  });

  it('does not repeat a key that a server quotes', () => {
    const error = new GemliveError('bad key AIzaSy-0123456789', { code: 'bad_key', exitCode: 3 });
    expect(printed(error, { secrets: ['AIzaSy-0123456789'] })).toBe('error: bad key …6789\n');
  });

  it.each([
    [new TypeError('x is not a function'), 'x is not a function'],
    ['a text', 'a text'],
    [undefined, 'undefined'],
    [new Error(''), 'something without a message went wrong'],
  ])('calls whatever is not ours a bug: %s', (error, message) => {
    expect(printed(error)).toMatch(/^error: .* \(a bug\)\n {2}try: please report it/);
    expect(errorFields(error)).toMatchObject({ code: 'bug', exitCode: 1, message });
  });
});

describe('printWarning', () => {
  it('has the form of an error', () => {
    const stderr = new Page();
    printWarning(
      { code: 'x', message: 'odd', hint: 'do\nthis' },
      { stderr, color: false, secrets: [] },
    );
    expect(stderr.text).toBe('warning: odd\n  try: do this\n');
  });
});

describe('JsonEvents', () => {
  it('writes one object a line, counts turns, and ends once', () => {
    const page = new Page();
    const events = new JsonEvents(page, performance.now() - 1000, ['AIzaSy-0123456789']);
    events.emit('user', { turn: 1, text: 'two\nlines', reason: undefined });
    events.emit('turn', { index: 1 });
    events.emit('error', { message: 'bad AIzaSy-0123456789', exitCode: 3 });
    events.end(3);
    events.end(0);
    events.emit('late');
    const lines = page.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    const t = expect.any(Number) as number;
    expect(lines).toEqual([
      { type: 'user', t, turn: 1, text: 'two\nlines' },
      { type: 'turn', t, index: 1 },
      { type: 'error', t, message: 'bad …6789', exitCode: 3 },
      { type: 'end', t, exitCode: 3, turns: 1, durationMs: t },
    ]);
    expect((lines[0] as { t: number }).t).toBeGreaterThanOrEqual(1000);
  });
});
