/** Checks of `gemlive doctor` as lines of a terminal, wide or narrow; commands are never broken. */
import { Chalk, type ChalkInstance } from 'chalk';
import { ASCII } from './glyphs.ts';
import { oneLine, withoutSecrets } from './harmless.ts';
import { stringWidth, wrap } from './layout.ts';

/** `run`: a line for the shell, as it is. `words`: what no shell does. */
export type Fix = { run: string } | { words: string };
export type CheckStatus = 'ok' | 'warn' | 'fail' | 'skipped';

export type CheckView = {
  name: string;
  status: CheckStatus;
  summary: string;
  more?: readonly string[];
  fix?: readonly Fix[];
};

export type CheckPaper = {
  color: boolean;
  ascii: boolean;
  columns: number;
  /** Of the longest name, and the space after it. */
  nameColumns: number;
  secrets: readonly string[];
};

const MARKS = {
  unicode: { ok: '✓', warn: '!', fail: '✗', skipped: '–' },
  ascii: { ok: '+', warn: '!', fail: 'x', skipped: '-' },
} as const;
/** Below this, names have no column of their own. */
const NARROW_COLUMNS = 50;
const plain = (text: string): string => text;

export class CheckPainter {
  readonly #paper: CheckPaper;
  readonly #chalk: ChalkInstance;

  constructor(paper: CheckPaper) {
    this.#paper = paper;
    this.#chalk = new Chalk({ level: paper.color ? 1 : 0 });
  }

  announcement(text: string): string[] {
    return this.#wrapped(this.words(text)).map((line) => this.#chalk.dim(line));
  }

  check({ name, status, summary, more = [], fix = [] }: CheckView): string[] {
    const { columns, nameColumns } = this.#paper;
    const isNarrow = columns < NARROW_COLUMNS;
    const indent = isNarrow ? 2 : 2 + nameColumns;
    const head = isNarrow ? `${name}: ` : '';
    const [first = '', ...rest] = this.#wrapped(head + this.words(summary), indent);
    const paint = status === 'skipped' ? this.#chalk.dim : plain;
    const beginning = isNarrow ? first : name.padEnd(nameColumns) + first;
    const below = [
      ...rest.map((line) => paint(line)),
      ...more
        .flatMap((line) => this.#wrapped(this.words(line), indent))
        .map((line) => this.#chalk.dim(line)),
      ...fix.flatMap((one) => this.#remedy(one, indent)),
    ];
    return [
      `${this.#mark(status)} ${paint(beginning)}`,
      ...below.map((line) => ' '.repeat(indent) + line),
    ];
  }

  /** What it comes to, and the one thing to do: one line where it fits. */
  verdict(status: CheckStatus, summary: string, remedy: Fix | undefined): string[] {
    const mark = `${this.#mark(status)} `;
    const text = this.words(summary);
    if (remedy === undefined) return this.#hanging(mark, text);
    const isCommand = 'run' in remedy;
    const action = this.words(isCommand ? remedy.run : remedy.words);
    const kind = isCommand ? 'run' : 'try';
    const whole = `${text}; ${kind}: ${action}`;
    if (stringWidth(whole) + 2 < this.#paper.columns) return [mark + whole];
    const told = this.#hanging(mark, text);
    return isCommand
      ? [...told, `  run: ${action}`]
      : [...told, ...this.#hanging('  try: ', action)];
  }

  /** Text of others, fit for one line here. */
  words(text: string): string {
    const shown = oneLine(withoutSecrets(text, this.#paper.secrets));
    return this.#paper.ascii ? ASCII.punctuation(shown) : shown;
  }

  /** A line for the shell is there to be copied. */
  #remedy(fix: Fix, indent: number): string[] {
    const { dim, bold } = this.#chalk;
    if ('run' in fix) return [`${dim('run:')} ${bold(this.words(fix.run))}`];
    const [first = '', ...rest] = this.#wrapped(`try: ${this.words(fix.words)}`, indent);
    return [dim(first.slice(0, 4)) + first.slice(4), ...rest];
  }

  #hanging(head: string, text: string): string[] {
    const indent = head.startsWith(' ') ? head.length : 2;
    return this.#wrapped(text, indent).map(
      (line, at) => (at === 0 ? head : ' '.repeat(indent)) + line,
    );
  }

  #mark(status: CheckStatus): string {
    const { green, magenta, red, dim } = this.#chalk;
    // Yellow cannot be read on white.
    const paint = { ok: green, warn: magenta, fail: red, skipped: dim }[status];
    return paint(MARKS[this.#paper.ascii ? 'ascii' : 'unicode'][status]);
  }

  #wrapped(text: string, indent = 0): string[] {
    return wrap(text, Math.max(10, this.#paper.columns - 1 - indent));
  }
}
