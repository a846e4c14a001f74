/**
 * The screen of `talk`: finished lines scroll up like any output, and below them lives a small region
 * (the turn in progress, the status line) that is redrawn in place. The one owner of the terminal while
 * it is open; it is restored however the process ends.
 */
import { Chalk } from 'chalk';
import { glyphsFor } from './glyphs.ts';
import { stringWidth } from './layout.ts';
import type { EditedLine } from './lineEditor.ts';
import {
  paintLine,
  paintPanel,
  paintStatus,
  paintTyping,
  type Brush,
  type Level,
} from './paint.ts';
import { turnLines, type Line, type ViewState } from './view.ts';

const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
const CLEAR_BELOW = '\x1b[J';
// A character that is wider than we think must not push the region down a row.
const NO_WRAP = '\x1b[?7l';
const WRAP = '\x1b[?7h';

export type Frame = {
  view: ViewState;
  mic: Level;
  reply: Level;
  typing: EditedLine | undefined;
  /** Lines of the help panel, when it is open. */
  help: readonly string[] | undefined;
};

export class Terminal {
  readonly #stream: NodeJS.WriteStream;
  readonly #chalk = new Chalk({ level: 1 });
  readonly #glyphs;
  readonly #restore = (): void => this.close();
  readonly #redraw = (): void => {
    if (this.#frame) this.draw(this.#frame);
  };
  #frame: Frame | undefined;
  /** What stands on the screen, and how wide that was when it was drawn. */
  #region: string[] = [];
  #drawnColumns = 0;
  #body: { turns: ViewState['turns']; guess: string; columns: number; lines: string[] } | undefined;
  #closed = false;

  /** `environment` tells which characters the terminal can show. */
  constructor(stream: NodeJS.WriteStream, environment: NodeJS.ProcessEnv) {
    this.#stream = stream;
    this.#glyphs = glyphsFor(environment);
    stream.write(HIDE_CURSOR);
    stream.on('resize', this.#redraw);
    process.once('exit', this.#restore);
  }

  get columns(): number {
    return this.#stream.columns || 80;
  }

  get #brush(): Brush {
    return { chalk: this.#chalk, glyphs: this.#glyphs, columns: this.columns };
  }

  /** Sequences that switch modes of the terminal; they change nothing that is seen. */
  control(sequence: string): void {
    this.#stream.write(sequence);
  }

  /** Above the region, for good. The region is gone until the next `draw`. */
  print(lines: readonly Line[]): void {
    if (lines.length === 0 || this.#closed) return;
    const text = lines.flatMap((line) => paintLine(line, this.#brush)).join('\n');
    this.#stream.write(`${this.#erase(0)}${text}\n`);
    this.#region = [];
  }

  draw(frame: Frame): void {
    if (this.#closed) return;
    this.#frame = frame;
    const region = this.#compose(frame);
    const old = this.#region;
    const isResized = this.columns !== this.#drawnColumns;
    let same = 0;
    while (same < old.length && same < region.length && old[same] === region[same]) same += 1;
    if (same === old.length && same === region.length && !isResized) return; // nothing is written
    // The last line that stays is written again: the cursor must come to stand behind something.
    const kept = isResized ? 0 : Math.max(0, Math.min(same, old.length - 1, region.length - 1));
    this.#stream.write(`${this.#erase(kept)}${NO_WRAP}${region.slice(kept).join('\n')}${WRAP}`);
    this.#region = region;
    this.#drawnColumns = this.columns;
  }

  /** The region's lines from `kept` on away, cursor at their beginning. A resize may have wrapped them anew. */
  #erase(kept: number): string {
    if (this.#region.length === 0) return '';
    const rows = this.#region
      .slice(kept)
      .reduce((sum, line) => sum + Math.max(1, Math.ceil(stringWidth(line) / this.columns)), 0);
    return `\r${rows > 1 ? `\x1b[${rows - 1}A` : ''}${CLEAR_BELOW}`;
  }

  #compose({ view, mic, reply, typing, help }: Frame): string[] {
    const brush = this.#brush;
    const rows = Math.max(4, this.#stream.rows || 24);
    const input = typing ? [paintTyping(typing, brush)] : [];
    const room = rows - 2 - input.length;
    // A long answer keeps its end in sight; it is printed whole when it is over. Help keeps its beginning.
    const spaced = help ? ['', ...paintPanel(help, brush), ''] : [];
    const panel = spaced.length > room ? spaced.filter((line) => line !== '') : spaced;
    const shownPanel =
      panel.length > room ? [...panel.slice(0, room - 1), this.#glyphs.ellipsis] : panel;
    const left = room - shownPanel.length;
    const body = this.#bodyOf(view);
    const shownBody =
      body.length > left ? [this.#glyphs.ellipsis, ...body.slice(body.length - left + 1)] : body;
    return [
      ...(left > 0 ? shownBody : []),
      ...shownPanel,
      ...input,
      paintStatus(view, mic, reply, brush),
    ];
  }

  /** Wrapped once for many frames: only the meters move while nobody says a word. */
  #bodyOf({ turns, guess }: ViewState): string[] {
    const { columns } = this;
    const isSame = this.#body?.turns === turns && this.#body.guess === guess;
    if (!isSame || this.#body?.columns !== columns) {
      const brush = this.#brush;
      const said = [...turns, { you: guess, gemini: '' }].flatMap(turnLines);
      const lines = said.flatMap((line) => paintLine(line, brush));
      this.#body = { turns, guess, columns, lines };
    }
    return this.#body?.lines ?? [];
  }

  /** After the process was stopped, and something else had the screen: all of it again. */
  resume(): void {
    if (this.#closed) return;
    this.#region = [];
    this.#stream.write(HIDE_CURSOR);
    this.#redraw();
  }

  /** Before the process is stopped: a line of its own for whoever writes next. */
  suspend(): void {
    if (this.#closed) return;
    this.#stream.write(this.#erase(0) + SHOW_CURSOR);
    this.#region = [];
  }

  /** Idempotent: the region goes, the turns in it stay as lines, the cursor comes back. */
  close(view?: ViewState): void {
    if (this.#closed) return;
    this.#frame = undefined;
    if (view) this.print(view.turns.flatMap(turnLines));
    this.#closed = true;
    process.off('exit', this.#restore);
    this.#stream.off('resize', this.#redraw);
    this.#stream.write(this.#erase(0) + SHOW_CURSOR);
  }
}
