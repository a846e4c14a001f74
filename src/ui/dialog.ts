/** A dialog asks questions on a terminal, which are answered with single keys. It owns the terminal until it is closed. */
import { StringDecoder } from 'node:string_decoder';
import { Chalk } from 'chalk';
import { glyphsFor } from './glyphs.ts';
import { harmless } from './harmless.ts';
import { KeyParser, type Key } from './keys.ts';
import { stringWidth, wrap } from './layout.ts';
import { EMPTY_LINE, edit, type EditedLine } from './lineEditor.ts';
import { menuLines, menuOf, pastedIn, pressed, type MenuLine } from './menu.ts';

export type DialogPlace = {
  stdin: NodeJS.ReadStream;
  stderr: NodeJS.WriteStream;
  /** No cursor movement and no colour: a question is printed once. */
  plain: boolean;
  /** Tells which characters the terminal can show. */
  environment: NodeJS.ProcessEnv;
};

export type Item<T> = { label: string; value: T };

export type ChooseOptions<T> = {
  /** Which item Enter takes at first. */
  at?: number;
  /** A line below the question that changes while it stands. */
  live?: () => string;
  /** An answer that was pasted, which is never shown. */
  onPaste?: (text: string) => T;
};

/** The user has left: the reason of {@link Dialog.signal}. */
export class Left extends Error {
  constructor() {
    super('the user has left');
  }
}

const SEQUENCE_MS = 50;
const REDRAW_MS = 100;
const PASTE_ON = '\x1b[?2004h';
const PASTE_OFF = '\x1b[?2004l';
const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
/** A hidden line is no longer than this. */
const MAX_SECRET = 4096;

export class Dialog {
  readonly #place: DialogPlace;
  readonly #parser = new KeyParser();
  readonly #decoder = new StringDecoder('utf8');
  readonly #chalk;
  readonly #glyphs;
  readonly #left = new AbortController();
  readonly #onData = (chunk: Buffer): void => this.#read(chunk);
  readonly #onEnd = (): void => this.leave();
  readonly #restore = (): void => this.close();
  #sequenceTimer: NodeJS.Timeout | undefined;
  /** Handles keys for the question that stands. Keys that come between two questions are dropped. */
  #onKey: ((key: Key) => void) | undefined;
  /** These lines stand on the screen until they are erased. */
  #drawn: readonly string[] = [];
  #closed = false;

  constructor(place: DialogPlace) {
    this.#place = place;
    this.#chalk = new Chalk({ level: place.plain ? 0 : 1 });
    this.#glyphs = glyphsFor(place.environment);
    const { stdin } = place;
    stdin.setRawMode(true);
    this.#control(PASTE_ON + HIDE_CURSOR);
    stdin.on('data', this.#onData);
    stdin.on('end', this.#onEnd);
    process.once('exit', this.#restore);
    stdin.resume();
  }

  /** Aborted when the user leaves; questions reject with its reason, {@link Left}. */
  get signal(): AbortSignal {
    return this.#left.signal;
  }

  /** Gives up the question that stands, as q, Esc and Ctrl+C do. Idempotent. */
  leave(): void {
    this.#onKey = undefined;
    this.#erase();
    this.#left.abort(new Left());
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const { stdin } = this.#place;
    clearTimeout(this.#sequenceTimer);
    stdin.off('data', this.#onData);
    stdin.off('end', this.#onEnd);
    process.off('exit', this.#restore);
    this.#control(PASTE_OFF + SHOW_CURSOR);
    stdin.setRawMode(false);
    stdin.pause();
  }

  /** Prints a line that stays. */
  say(text: string): void {
    this.#erase();
    const lines = this.#wrapped(text, 'item').map((line) => line.text);
    this.#place.stderr.write(`${lines.join('\n')}\n`);
  }

  /** Prints a line that disappears with the next output. */
  status(text: string): void {
    if (this.#place.plain) this.say(text);
    else this.#draw(this.#wrapped(text, 'keys'));
  }

  /** Returns undefined when the user skips the question. @throws {@link Left}. */
  choose<T>(
    question: string,
    items: readonly Item<T>[],
    { at = 0, live, onPaste }: ChooseOptions<T> = {},
  ): Promise<T | undefined> {
    const { plain } = this.#place;
    const labels = items.map(({ label }) => this.#glyphs.punctuation(harmless(label)));
    let menu = menuOf(this.#glyphs.punctuation(question), labels, at);
    let told: string | undefined;
    const tell = (line: string | undefined): void => {
      if (line === undefined || line === told) return;
      told = line;
      this.say(line);
    };
    const draw = (): void => {
      const lines = menuLines(menu, {
        columns: this.#columns,
        rows: plain ? Infinity : this.#place.stderr.rows || 24,
        glyphs: this.#glyphs,
        ...(live && !plain && { live: live() }),
      });
      if (plain) this.#place.stderr.write(`${lines.map(({ text }) => text).join('\n')}\n`);
      else this.#draw(lines);
    };
    draw();
    const tick = (): void => (plain ? tell(live?.()) : draw());
    const timer = live && setInterval(tick, REDRAW_MS);
    return this.#answer<T>((key, done) => {
      const pasted = onPaste && pastedIn(key);
      if (pasted !== undefined) {
        this.#erase();
        return done(onPaste?.(pasted));
      }
      const answer = pressed(menu, key);
      if (answer.kind === 'leave') return this.leave();
      if (answer.kind === 'moved') {
        const isMoved = answer.menu.at !== menu.at;
        menu = answer.menu;
        if (!plain) draw();
        else if (isMoved) this.say(`${this.#glyphs.prompt} ${menu.at + 1} ${labels[menu.at]}`);
        return;
      }
      const index = answer.kind === 'chosen' ? answer.index : undefined;
      const chosen = index === undefined ? 'skipped' : labels[index];
      this.say(`${menu.question} ${chosen}`);
      done(index === undefined ? undefined : items[index]?.value);
    }).finally(() => clearInterval(timer));
  }

  /**
   * Reads a line that is never shown. `begun` was pasted before. Returns undefined when the user skips it.
   *
   * @throws {@link Left}.
   */
  secret(question: string, begun = ''): Promise<string | undefined> {
    let line: EditedLine = { ...EMPTY_LINE, before: begun };
    const draw = (): void => {
      const { length } = line.before + line.after;
      const shown = length === 0 ? '(it is not shown)' : `(${length} characters)`;
      const lines = this.#wrapped(`${question} ${shown}`, 'question');
      this.#draw([...lines, ...this.#wrapped('Enter: done (empty: skip), Esc: leave', 'keys')]);
    };
    if (this.#place.plain) this.say(`${question} (it is not shown; Enter: done or skip)`);
    else draw();
    return this.#answer<string>((key, done) => {
      if (key.key === 'interrupt' || key.key === 'eof' || key.key === 'escape') return this.leave();
      if (key.key !== 'enter') {
        const next = edit(line, key);
        if (next.before.length + next.after.length <= MAX_SECRET) line = next;
        return this.#place.plain ? undefined : draw();
      }
      const text = line.before + line.after;
      this.#erase();
      done(text === '' ? undefined : text);
    });
  }

  /** Runs `work`, which s and Enter skip (undefined). @throws {@link Left}, or what `work` throws. */
  async during<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
    const skip = new AbortController();
    this.#onKey = (key) => {
      if (key.key === 'enter' || (key.key === 'text' && /^s/i.test(key.text))) skip.abort();
      else if (key.key === 'interrupt' || key.key === 'eof' || key.key === 'escape') this.leave();
      else if (key.key === 'text' && /^q/i.test(key.text)) this.leave();
    };
    try {
      return await work(AbortSignal.any([skip.signal, this.signal]));
    } catch (error) {
      this.signal.throwIfAborted();
      if (skip.signal.aborted) return undefined;
      throw error;
    } finally {
      this.#onKey = undefined;
      this.#erase();
    }
  }

  #answer<T>(
    onKey: (key: Key, done: (value: T | undefined) => void) => void,
  ): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const onLeft = (): void => reject(this.signal.reason as Error);
      const done = (value: T | undefined): void => {
        this.#onKey = undefined;
        this.signal.removeEventListener('abort', onLeft);
        resolve(value);
      };
      if (this.signal.aborted) return onLeft();
      this.signal.addEventListener('abort', onLeft, { once: true });
      this.#onKey = (key) => onKey(key, done);
    });
  }

  #read(chunk: Buffer): void {
    clearTimeout(this.#sequenceTimer);
    this.#press(this.#parser.push(this.#decoder.write(chunk)));
    if (!this.#parser.waiting) return;
    this.#sequenceTimer = setTimeout(() => this.#press(this.#parser.flush()), SEQUENCE_MS);
  }

  #press(keys: readonly Key[]): void {
    for (const key of keys) {
      if (this.#onKey) this.#onKey(key);
      else if (key.key === 'interrupt' || key.key === 'eof') this.leave();
    }
  }

  get #columns(): number {
    return this.#place.stderr.columns || 80;
  }

  #wrapped(text: string, kind: MenuLine['kind']): MenuLine[] {
    const shown = this.#glyphs.punctuation(harmless(text));
    return wrap(shown, Math.max(10, this.#columns - 1)).map((line) => ({ text: line, kind }));
  }

  #draw(lines: readonly MenuLine[]): void {
    const { bold, dim } = this.#chalk;
    const paint = { question: bold, live: String, item: String, current: bold, keys: dim };
    const painted = lines.map(({ text, kind }) => paint[kind](text));
    if (painted.join('\n') === this.#drawn.join('\n')) return;
    this.#erase();
    this.#place.stderr.write(painted.join('\n'));
    this.#drawn = painted;
  }

  /** A resize may have wrapped the lines again. */
  #erase(): void {
    if (this.#drawn.length === 0) return;
    const rowsOf = (line: string): number => Math.ceil(stringWidth(line) / this.#columns) || 1;
    const rows = this.#drawn.reduce((sum, line) => sum + rowsOf(line), 0);
    this.#place.stderr.write(`\r${rows > 1 ? `\x1b[${rows - 1}A` : ''}\x1b[J`);
    this.#drawn = [];
  }

  #control(sequence: string): void {
    if (!this.#place.plain) this.#place.stderr.write(sequence);
  }
}
