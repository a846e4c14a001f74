/** Joins the view to whatever shows it: a terminal that draws, plain lines, NDJSON, or words on a pipe. */
import type { Observer } from '../../conversation.ts';
import type { ConversationEvent, SessionState } from '../../events.ts';
import { AnswerLines } from '../../ui/answerLines.ts';
import { glyphsFor } from '../../ui/glyphs.ts';
import { harmless } from '../../ui/harmless.ts';
import type { EditedLine } from '../../ui/lineEditor.ts';
import { PlainView } from '../../ui/plainView.ts';
import { Terminal } from '../../ui/terminal.ts';
import { usageLine } from '../../ui/usageLine.ts';
import { hears, initialView, reduce, turnLines, type Line, type ViewEvent } from '../../ui/view.ts';
import type { CommandContext } from '../context.ts';
import { keysHelp } from './help.ts';
import { isAtRest, SILENT, type MicLevel, type ReplyLevel } from './levels.ts';
import { Pauses } from './pauses.ts';

/** While something moves. Nothing moves: no timer, nothing written. */
const FRAME_MS = 80;
/** An answer begins within a second or two; after this much the wait is not shown as thinking. */
const UNANSWERED_MS = 10_000;

export type PresenterOptions = {
  hasMic: boolean;
  /** Push to talk. */
  ptt?: boolean;
  mic: MicLevel;
  reply: ReplyLevel | undefined;
  /** Times the loudspeaker ran dry so far. */
  underruns?: () => number;
  /** What the help panel says about devices and engines. It may grow; what changes says it when it is asked. */
  facts: readonly (string | (() => string))[];
};

export class Presenter implements Observer {
  readonly #context: CommandContext;
  readonly #options: PresenterOptions;
  readonly #terminal: Terminal | undefined;
  readonly #plain: PlainView | undefined;
  readonly #pauses = new Pauses();
  #view;
  #typing: EditedLine | undefined;
  #help = false;
  #holds = false;
  #frameTimer: NodeJS.Timeout | undefined;
  #isStale = false;
  #unanswered: NodeJS.Timeout | undefined;

  constructor(context: CommandContext, options: PresenterOptions) {
    this.#context = context;
    this.#options = options;
    this.#view = initialView(options.hasMic, context.settings.mute, options.ptt ?? false);
    const drawsHere = context.stderrTty && !(context.events && context.stdoutTty);
    if (drawsHere && !context.plain && !context.settings.quiet) {
      this.#terminal = new Terminal(context.stderr, context.childEnv);
      this.#changed();
    } else if (drawsHere) {
      this.#plain = new PlainView(context.stderr, glyphsFor(context.childEnv));
    }
  }

  /** The screen that is drawn on; there keys are read one by one. */
  get terminal(): Terminal | undefined {
    return this.#terminal;
  }

  event(event: ConversationEvent): void {
    const { events, stdout, stdoutTty, settings } = this.#context;
    if (event.type === 'warning' && !this.#terminal) this.#context.warn(event);
    else if (events) {
      const { type, ...fields } = event;
      events.emit(type, fields);
    }
    if (event.type === 'interrupted') this.#options.reply?.clear();
    if (this.#plain && event.type === 'session') this.#saySession(event.state);
    this.#show(event);
    if (event.type === 'turn') this.#turnEnded(event.index);
    // Words for a pipe: the line as it is when its turn is over, cut where it was cut.
    if (event.type === 'model' && 'final' in event && !events && !stdoutTty) {
      this.#answerLines.final(event.turn, event.text);
    }
    if (event.type === 'turn' || (event.type === 'session' && event.state === 'closed')) {
      const line = this.#answerLines.take();
      if (line !== '') stdout.write(`${harmless(line)}\n`);
    }
    if (event.type === 'usage' && settings.usage && !events) this.note(usageLine(event));
  }

  readonly #answerLines = new AnswerLines();

  activity(speaking: boolean): void {
    this.#show({ type: 'activity', speaking });
  }

  guess(text: string): void {
    this.#show({ type: 'guess', text });
  }

  frame(pcm: Uint8Array): void {
    if (!this.#terminal || !hears(this.#view)) return;
    const { mic } = this.#options;
    const nowMs = performance.now();
    mic.push(pcm, nowMs);
    if (!isAtRest(mic.now(nowMs))) this.#moves();
  }

  reply(pcm: Uint8Array, alive: boolean): void {
    if (!alive) return;
    if (this.#terminal) this.#options.reply?.push(pcm);
    if (!this.#view.replySounds) this.#show({ type: 'sound' });
    else this.#moves();
  }

  muted(muted: boolean): void {
    this.#show({ type: 'mute', muted });
    this.#say(muted ? 'muted' : 'unmuted');
  }

  /** Push to talk: the user took the word, or gave it back. */
  talking(talking: boolean): void {
    this.#show({ type: 'ptt', talking });
    this.#say(talking ? 'listening' : 'sent');
  }

  /** Nothing is sent any more because nothing was said for long; a warning has said so. Or it is again. */
  idle(idle: boolean): void {
    this.#show({ type: 'idle', idle });
    if (!idle) this.#say('listening again');
  }

  typing(line: EditedLine | undefined): void {
    this.#typing = line;
    this.#draw(); // at once: fingers notice
  }

  toggleHelp(): void {
    this.#help = !this.#help;
    if (this.#plain) this.#plain.print(this.#helpLines().map((text) => ({ who: 'note', text })));
    this.#draw();
  }

  /** The terminal tells when keys are let go: Space can be held. */
  holds(): void {
    this.#holds = true;
    this.#changed();
  }

  note(text: string): void {
    this.#print([{ who: 'note', text }]);
  }

  /** Where the state is drawn it is seen; where it is not, it is said. */
  #say(text: string): void {
    if (this.#plain) this.note(text);
  }

  #saySession(state: SessionState): void {
    const { stdinTty } = this.#context;
    if (state === 'reconnecting' && this.#view.phase !== 'reconnecting') this.note('reconnecting');
    if (state !== 'ready') return;
    if (!this.#wasReady) this.note(stdinTty ? 'ready; ? shows the keys' : 'ready');
    // A move that nobody noticed is not worth a line.
    else if (this.#view.phase === 'reconnecting') this.note('connected again');
    this.#wasReady = true;
  }

  #wasReady = false;

  #helpLines(): readonly string[] {
    const { ptt = false, facts } = this.#options;
    const raw = this.#terminal !== undefined;
    return [
      ...keysHelp({ raw, ptt, holds: this.#holds }),
      ...(raw ? [''] : []),
      ...facts.map((fact) => (typeof fact === 'string' ? fact : fact())),
    ];
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
    if (changed) this.#changed();
  }

  #turnEnded(index: number): void {
    const note = this.#pauses.turnEnded(this.#options.underruns?.() ?? 0, performance.now());
    if (note !== undefined) this.note(note);
    if (!this.#plain || this.#context.settings.quiet) return;
    const turn = this.#view.turns.find((candidate) => candidate.index === index);
    if (turn) this.#plain.print(turnLines(turn));
  }

  #print(lines: readonly Line[]): void {
    if (lines.length === 0) return;
    if (this.#terminal) {
      this.#terminal.print(lines);
      this.#draw();
    } else if (!this.#context.settings.quiet) this.#plain?.print(lines);
  }

  /** To be drawn: at once, or with the next frame while there are frames. */
  #changed(): void {
    if (!this.#terminal) return;
    if (this.#frameTimer) this.#isStale = true;
    else {
      this.#draw();
      this.#moves();
    }
  }

  /** Frames go on until nothing moves any more. */
  #moves(): void {
    if (!this.#terminal || this.#closed) return;
    this.#frameTimer ??= setTimeout(() => {
      this.#frameTimer = undefined;
      const moves = this.#draw();
      if (moves || this.#isStale) this.#moves();
      this.#isStale = false;
    }, FRAME_MS);
  }

  /** Returns whether a meter moves. */
  #draw(): boolean {
    if (!this.#terminal) return false;
    const { mic, reply } = this.#options;
    const nowMs = performance.now();
    const levels = { mic: mic.now(nowMs), reply: reply?.now(nowMs) ?? SILENT };
    this.#terminal.draw({
      view: this.#view,
      ...levels,
      typing: this.#typing,
      help: this.#help ? this.#helpLines() : undefined,
    });
    return !isAtRest(levels.mic) || !isAtRest(levels.reply) || reply?.pending === true;
  }

  #closed = false;

  close(): void {
    this.#closed = true;
    clearTimeout(this.#frameTimer);
    clearTimeout(this.#unanswered);
    this.#terminal?.close(this.#view);
  }
}
