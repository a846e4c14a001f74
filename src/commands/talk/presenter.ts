/** Joins the view to whatever shows it: a terminal that draws, plain lines, NDJSON, or words on a pipe. */
import type { Observer } from '../../conversation.ts';
import type { ConversationEvent } from '../../events.ts';
import { harmless } from '../../ui/harmless.ts';
import type { EditedLine } from '../../ui/lineEditor.ts';
import { PlainView } from '../../ui/plainView.ts';
import { Terminal } from '../../ui/terminal.ts';
import { usageLine } from '../../ui/usageLine.ts';
import { initialView, reduce, turnLines, type Line, type ViewEvent } from '../../ui/view.ts';
import type { CommandContext } from '../context.ts';
import { KEYS_HELP, LINES_HELP } from './keyboard.ts';
import type { MicLevel, ReplyLevel } from './levels.ts';

const TICK_MS = 100;
/** An answer begins within a second or two; after this much the wait is not shown as thinking. */
const UNANSWERED_MS = 10_000;

export type PresenterOptions = {
  hasMic: boolean;
  mic: MicLevel;
  reply: ReplyLevel | undefined;
  /** What the help panel says about devices and engines. It may grow. */
  facts: readonly string[];
};

export class Presenter implements Observer {
  readonly #context: CommandContext;
  readonly #options: PresenterOptions;
  readonly #terminal: Terminal | undefined;
  readonly #plain: PlainView | undefined;
  #view;
  #typing: EditedLine | undefined;
  #help = false;
  #ticker: NodeJS.Timeout | undefined;
  #unanswered: NodeJS.Timeout | undefined;

  constructor(context: CommandContext, options: PresenterOptions) {
    this.#context = context;
    this.#options = options;
    this.#view = initialView(options.hasMic, context.settings.mute);
    const drawsHere = context.stderrTty && !(context.events && context.stdoutTty);
    if (drawsHere && !context.plain && !context.settings.quiet) {
      this.#terminal = new Terminal(context.stderr);
      this.#ticker = setInterval(() => this.#draw(), TICK_MS);
    } else if (drawsHere) {
      this.#plain = new PlainView(context.stderr);
    }
  }

  /** Keys are read one by one. */
  get drawing(): boolean {
    return this.#terminal !== undefined;
  }

  event(event: ConversationEvent): void {
    const { events, stdout, stdoutTty, settings } = this.#context;
    if (event.type === 'warning' && !this.#terminal) this.#context.warn(event);
    else if (events) {
      const { type, ...fields } = event;
      events.emit(type, fields);
    }
    if (event.type === 'interrupted') this.#options.reply?.clear();
    if (this.#plain && event.type === 'session' && event.state === 'ready') {
      this.note(this.#context.stdinTty ? 'ready; ? shows the keys' : 'ready');
    }
    this.#show(event);
    if (event.type === 'turn') this.#turnEnded(event.index);
    // Words for a pipe: the line as it is when its turn is over, cut where it was cut.
    if (event.type === 'model' && 'final' in event && !events && !stdoutTty && event.text !== '') {
      this.#pendingWords = event.text;
    }
    if (event.type === 'turn' || (event.type === 'session' && event.state === 'closed')) {
      if (this.#pendingWords !== '') stdout.write(`${harmless(this.#pendingWords)}\n`);
      this.#pendingWords = '';
    }
    if (event.type === 'usage' && settings.usage && !events) this.note(usageLine(event));
  }

  #pendingWords = '';

  activity(speaking: boolean): void {
    this.#show({ type: 'activity', speaking });
  }

  frame(pcm: Uint8Array): void {
    if (this.#terminal) this.#options.mic.push(pcm);
  }

  reply(pcm: Uint8Array, alive: boolean): void {
    if (!alive) return;
    if (this.#terminal) this.#options.reply?.push(pcm);
    this.#show({ type: 'sound' });
  }

  muted(muted: boolean): void {
    this.#show({ type: 'mute', muted });
    if (this.#plain) this.note(muted ? 'muted' : 'unmuted');
  }

  typing(line: EditedLine | undefined): void {
    this.#typing = line;
    this.#draw();
  }

  toggleHelp(): void {
    this.#help = !this.#help;
    if (this.#plain) this.#plain.print(this.#helpLines().map((text) => ({ who: 'note', text })));
    this.#draw();
  }

  note(text: string): void {
    this.#print([{ who: 'note', text }]);
    this.#draw();
  }

  #helpLines(): readonly string[] {
    return [...(this.#plain ? LINES_HELP : KEYS_HELP), ...this.#options.facts];
  }

  #show(event: ViewEvent): void {
    const { state, lines } = reduce(this.#view, event);
    // Most events are sound that goes on: the ticker shows its level.
    const changed = state !== this.#view || lines.length > 0;
    this.#view = state;
    // Without a region turns are printed when they end, and warnings have been told already.
    if (this.#terminal) this.#print(lines);
    clearTimeout(this.#unanswered);
    if (state.awaitsAnswer) {
      this.#unanswered = setTimeout(() => this.#show({ type: 'unanswered' }), UNANSWERED_MS);
    }
    if (changed) this.#draw();
  }

  #turnEnded(index: number): void {
    if (!this.#plain || this.#context.settings.quiet) return;
    const turn = this.#view.turns.find((candidate) => candidate.index === index);
    if (turn) this.#plain.print(turnLines(turn));
  }

  #print(lines: readonly Line[]): void {
    if (this.#terminal) this.#terminal.print(lines);
    else if (!this.#context.settings.quiet) this.#plain?.print(lines);
  }

  #draw(): void {
    this.#terminal?.draw({
      view: this.#view,
      micLevel: this.#options.mic.take(),
      replyLevel: this.#options.reply?.now() ?? 0,
      typing: this.#typing,
      help: this.#help ? this.#helpLines() : undefined,
    });
  }

  close(): void {
    clearInterval(this.#ticker);
    clearTimeout(this.#unanswered);
    this.#terminal?.close(this.#view);
  }
}
