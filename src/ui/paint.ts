/**
 * The lines of the live region of `talk`, as strings with colours. Words never depend on a colour: the
 * ones used for text (bold, magenta) can be read on light and on dark; the others paint only the dot.
 */
import type { ChalkInstance } from 'chalk';
import type { Glyphs } from './glyphs.ts';
import { harmless } from './harmless.ts';
import { clip, fitting, meter, stringWidth, tail, wrap } from './layout.ts';
import { firstGrapheme, type EditedLine } from './lineEditor.ts';
import { hears, mood, type Line, type Mood, type ViewState } from './view.ts';

/** What a meter shows: 0 to 1, and whether samples were cut off at full scale. */
export type Level = { level: number; clipped: boolean };

export type Brush = { chalk: ChalkInstance; glyphs: Glyphs; columns: number };

const NARROW_COLUMNS = 50;
const isNarrow = ({ columns }: Brush): boolean => columns < NARROW_COLUMNS;

/** A line with its speaker in front; each piece is shorter than a row. */
export function paintLine({ who, text }: Line, brush: Brush): string[] {
  const { chalk, glyphs, columns } = brush;
  const name = {
    you: 'you     ',
    gemini: 'gemini  ',
    note: `${glyphs.note} `,
    warning: 'warning: ',
  };
  const paint = {
    you: chalk.bold,
    gemini: chalk.magenta.bold,
    note: chalk.dim,
    warning: chalk.magenta.bold,
  };
  const shown = glyphs.punctuation(harmless(text));
  if (isNarrow(brush)) {
    // No room for a column of its own.
    const head = name[who].trimEnd();
    const [first = '', ...rest] = wrap(`${head} ${shown}`, columns - 1);
    return [paint[who](first.slice(0, head.length)) + first.slice(head.length), ...rest];
  }
  const head = name[who];
  const indent = ' '.repeat(head.length);
  const [first = '', ...rest] = wrap(shown, columns - 1 - head.length);
  return [paint[who](head) + first, ...rest.map((line) => indent + line)];
}

/** Lines of the form `key   what it does`; what does not fit goes on below, under its beginning. */
export function paintPanel(lines: readonly string[], { chalk, glyphs, columns }: Brush): string[] {
  return lines.flatMap((line) => {
    const head = /^.*? {2,}/.exec(line)?.[0] ?? '';
    const indent = head.length > columns / 2 ? 2 : head.length;
    const shown = glyphs.punctuation(harmless(line.slice(head.length)));
    const [first = '', ...rest] = wrap(shown, columns - 1 - head.length);
    return [chalk.bold(head) + first, ...rest.map((piece) => ' '.repeat(indent) + piece)];
  });
}

/** The line that is typed, with the cursor in it; the end of what stands before the cursor stays in sight. */
export function paintTyping({ before, after }: EditedLine, brush: Brush): string {
  const { chalk, glyphs, columns } = brush;
  const width = Math.max(4, columns - 4);
  const shown = (text: string): string => harmless(text.replaceAll('\n', glyphs.newline));
  const under = firstGrapheme(after);
  const cursor = stringWidth(shown(under)) > 0 ? shown(under) : ' ';
  const whole = shown(before.slice(-width * 64));
  const space = width - stringWidth(cursor);
  const isWhole = before.length <= width * 64 && stringWidth(whole) <= space;
  const left = isWhole ? whole : glyphs.ellipsis + tail(whole, space - glyphs.ellipsis.length);
  const room = width - stringWidth(left) - stringWidth(cursor);
  const right = clip(shown(after.slice(under.length, width * 64)), room, glyphs);
  return `${chalk.bold(glyphs.prompt)} ${left}${chalk.inverse(cursor)}${right}`;
}

export function paintStatus(view: ViewState, mic: Level, reply: Level, brush: Brush): string {
  const { chalk, glyphs, columns } = brush;
  const state = mood(view);
  const narrow = isNarrow(brush);
  const cells = narrow ? 4 : 8;
  const bar = ({ level, clipped }: Level): string => meter(level, cells, glyphs, clipped);
  const off = view.micLost ? 'gone' : view.muted ? 'muted' : 'off';
  const you = hears(view) ? bar(mic) : narrow ? 'off' : `(${off})`;
  const levels = [...(view.hasMic ? [`you ${you.padEnd(cells)}`] : []), `gemini ${bar(reply)}`];
  const [word = '', ...parts] = fitting(
    [
      `${glyphs.dot} ${state.padEnd(narrow ? 11 : 12)}`,
      ...(state === 'paused' ? ['speak or press a key'] : levels),
      ...(narrow ? ['?'] : ['? keys', 'q quit']),
    ],
    '  ',
    columns - 1,
  );
  const named = clip(word, columns - 1, glyphs);
  const painted = dotColour(state, chalk)(named.slice(0, 1)) + chalk.bold(named.slice(1));
  return [painted, ...parts].join('  ');
}

function dotColour(state: Mood, chalk: ChalkInstance): (text: string) => string {
  const colours: Record<Mood, (text: string) => string> = {
    connecting: chalk.yellow,
    listening: chalk.green,
    'hearing you': chalk.cyan,
    thinking: chalk.yellow,
    speaking: chalk.magenta,
    muted: chalk.red,
    'no mic': chalk.red,
    'press Space': chalk.yellow,
    paused: chalk.yellow,
    reconnecting: chalk.red,
    closed: chalk.red,
  };
  return colours[state];
}
