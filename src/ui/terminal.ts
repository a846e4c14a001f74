/**
 * The screen of `talk`: finished lines scroll up like any output, and below them lives a small region
 * (the turn in progress, the status line) that is redrawn in place. The one owner of the terminal while
 * it is open; it is restored however the process ends.
 */
import { Chalk } from 'chalk';
import { harmless } from './harmless.ts';
import { clip, fitParts, meter, stringWidth, wrap } from './layout.ts';
import { firstGrapheme, type EditedLine } from './lineEditor.ts';
import { mood, turnLines, type Line, type Mood, type ViewState } from './view.ts';

const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
const CLEAR_BELOW = '\x1b[J';

export type Frame = {
  view: ViewState;
  /** 0 to 1. */
  micLevel: number;
  replyLevel: number;
  typing: EditedLine | undefined;
  /** Lines of the help panel, when it is open. */
  help: readonly string[] | undefined;
};

export class Terminal {
  readonly #stream: NodeJS.WriteStream;
  readonly #chalk: InstanceType<typeof Chalk>;
  readonly #restore = (): void => this.close();
  #region: string[] = [];
  #closed = false;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    this.#chalk = new Chalk({ level: 1 });
    stream.write(HIDE_CURSOR);
    process.once('exit', this.#restore);
  }

  get columns(): number {
    return this.#stream.columns || 80;
  }

  get #narrow(): boolean {
    return this.columns < 50;
  }

  /** Above the region, for good. */
  print(lines: readonly Line[]): void {
    if (lines.length === 0 || this.#closed) return;
    const text = lines.flatMap((line) => this.#wrapLine(line)).join('\n');
    this.#stream.write(`${this.#erase()}${text}\n`);
    this.#region = [];
  }

  draw(frame: Frame): void {
    if (this.#closed) return;
    const region = this.#compose(frame);
    if (region.join('\n') === this.#region.join('\n')) return; // nothing changed, nothing written
    this.#stream.write(this.#erase() + region.join('\n'));
    this.#region = region;
  }

  /** The region's own lines away, cursor at its beginning. Lines may have been re-wrapped by a resize. */
  #erase(): string {
    if (this.#region.length === 0) return '';
    const rows = this.#region.reduce(
      (sum, line) => sum + Math.max(1, Math.ceil(stringWidth(line) / this.columns)),
      0,
    );
    return `\r${rows > 1 ? `\x1b[${rows - 1}A` : ''}${CLEAR_BELOW}`;
  }

  #compose({ view, micLevel, replyLevel, typing, help }: Frame): string[] {
    const rows = Math.max(4, this.#stream.rows || 24);
    const body = view.turns.flatMap((turn) =>
      turnLines(turn).flatMap((line) => this.#wrapLine(line)),
    );
    const panel = (help ?? [])
      .flatMap((line) => wrap(line, this.columns - 1))
      .map((line) => this.#chalk.dim(line));
    const status = this.#status(view, micLevel, replyLevel);
    const input = typing ? this.#typingLine(typing) : [];
    // A long answer keeps its end in sight; it is printed whole when it is over.
    const room = Math.max(1, rows - 2 - panel.length - input.length);
    const shown = body.length > room ? ['…', ...body.slice(body.length - room + 1)] : body;
    return [...shown, ...panel, ...input, status];
  }

  #typingLine({ before, after }: EditedLine): string[] {
    const { inverse, cyan } = this.#chalk;
    const width = Math.max(4, this.columns - 4);
    let left = before;
    while (stringWidth(left) > width - 1) left = left.slice(1);
    const cursor = firstGrapheme(after) || ' ';
    const right = after.slice(cursor.length);
    return [
      `${cyan('› ')}${left}${inverse(cursor)}${clip(right, Math.max(1, width - stringWidth(left) - 1))}`,
    ];
  }

  #wrapLine({ who, text }: Line): string[] {
    const { cyan, magenta, yellow, dim } = this.#chalk;
    const name = { you: 'you     ', gemini: 'gemini  ', note: '· ', warning: 'warning: ' }[who];
    const colour = { you: cyan, gemini: magenta, note: dim, warning: yellow }[who];
    const narrow = this.#narrow;
    const head = narrow ? name.trimEnd() + ' ' : name;
    const indent = narrow ? '' : ' '.repeat(head.length);
    const [first = '', ...rest] = wrap(harmless(text), this.columns - 1 - head.length);
    return [colour(head) + first, ...rest.map((line) => indent + line)];
  }

  #status(view: ViewState, micLevel: number, replyLevel: number): string {
    const state = mood(view);
    const cells = this.#narrow ? 4 : 8;
    const muted = this.#narrow ? 'you muted' : 'you (muted)';
    const parts = [
      `● ${state.padEnd(11)}`,
      ...(view.hasMic ? [view.muted ? muted : `you ${meter(micLevel, cells)}`] : []),
      `gemini ${meter(replyLevel, cells)}`,
      ...(this.#narrow ? ['?'] : ['? keys', 'q quit']),
    ];
    return this.#moodColour(state)(fitParts(parts, '  ', this.columns - 1));
  }

  #moodColour(state: Mood): (text: string) => string {
    const { cyan, magenta, yellow, dim, green } = this.#chalk;
    const colours: Record<Mood, (text: string) => string> = {
      connecting: dim,
      listening: green,
      'hearing you': cyan,
      thinking: yellow,
      speaking: magenta,
      muted: dim,
      reconnecting: yellow,
      closed: dim,
    };
    return colours[state];
  }

  /** Idempotent: the region goes, the turns in it stay as lines, the cursor comes back. */
  close(view?: ViewState): void {
    if (this.#closed) return;
    if (view) this.print(view.turns.flatMap(turnLines));
    this.#closed = true;
    process.off('exit', this.#restore);
    this.#stream.write(this.#erase() + SHOW_CURSOR);
  }
}
