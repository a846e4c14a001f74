/**
 * `gemlive chat` in a terminal. One owner of the screen: while an answer streams, what is typed waits
 * unseen and appears with the next prompt.
 */
import { createInterface, type Interface } from 'node:readline';
import { Conversation } from '../../conversation.ts';
import { EXIT, GemliveError } from '../../errors.ts';
import type { ConversationEvent, SessionState } from '../../events.ts';
import type { Content } from '../../protocol/messages.ts';
import { harmless } from '../../ui/harmless.ts';
import { usageLine } from '../../ui/usageLine.ts';
import type { CommandContext } from '../context.ts';
import type { LastSession } from '../lastSession.ts';
import { newSession, type LivePlace } from '../live.ts';
import type { PastSession } from '../pastSession.ts';
import { answerInstead, mayFallBack } from './fallback.ts';
import { Fence } from './fence.ts';
import { Screen } from './screen.ts';
import { runSlashCommand, type ReplControls } from './slashCommands.ts';
import { Transcript } from './transcript.ts';
import { whereWeWere } from './whereWeWere.ts';

const PROMPT = '> ';
const MORE = '… ';
/** A line that is away that long keeps no question waiting that another model can answer. */
const LOST_ATTEMPTS = 4;

export type Beginning = {
  /** Goes before the first question. */
  history: Content[];
  /** What `--continue` goes on with. */
  past: PastSession | undefined;
  last: LastSession | undefined;
};

export async function repl(
  context: CommandContext,
  place: LivePlace,
  beginning: Beginning,
  signal: AbortSignal,
): Promise<number> {
  const chat = new Repl(context, place, beginning);
  return chat.run(signal);
}

class Repl implements ReplControls {
  readonly #place: LivePlace;
  readonly #screen: Screen;
  readonly #readline: Interface;
  readonly #last: LastSession | undefined;
  readonly #past: PastSession | undefined;
  readonly transcript: Transcript;
  context: CommandContext;
  /** Goes before the next question. */
  #pending: Content[];
  #conversation: Conversation | undefined;
  /** All that was given beside questions and answers. */
  #given: Content[];
  /** The conversation up to the last question. */
  #asked: Content[] = [];
  #instead: AbortController | undefined;
  readonly #fence = new Fence();
  #interrupts = 0;
  #printed = '';
  /** The turn whose answer is on its way: words of others are late and belong to nothing on the screen. */
  #answering: number | undefined;
  #settle: (error?: Error) => void = () => {};
  #signal: AbortSignal | undefined;
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(context: CommandContext, place: LivePlace, { history, past, last }: Beginning) {
    this.context = context;
    this.#place = place;
    this.#past = past;
    this.#last = last;
    this.transcript = new Transcript(past?.lines);
    const isKnown = past === undefined || past.handle !== undefined;
    this.#pending = isKnown ? history : [...past.lines, ...history];
    this.#given = history;
    this.#screen = new Screen(context.stdoutTty ? context.stdout : context.stderr);
    this.#readline = createInterface({
      input: context.stdin,
      output: this.#screen,
      terminal: true,
      prompt: PROMPT,
      historySize: 500,
    });
  }

  async run(signal: AbortSignal): Promise<number> {
    const over = new Promise<void>((resolve, reject) => {
      this.#settle = (error) => (error === undefined ? resolve() : reject(error));
    });
    const onAbort = (): void => this.#settle();
    signal.addEventListener('abort', onAbort, { once: true });
    this.#readline.on('line', (line) => this.#onLine(line));
    this.#readline.on('SIGINT', () => this.#onInterrupt());
    this.#readline.on('close', () => {
      this.#closed = true;
      this.#settle();
    });
    try {
      this.say(`${this.context.settings.model} · /help for commands, Ctrl+D to leave`);
      if (this.#past) for (const line of whereWeWere(this.#past)) this.say(line);
      this.#start(signal, this.#past?.handle === undefined ? undefined : this.#past);
      this.#signal = signal;
      this.#prompt();
      await over;
      return EXIT.ok;
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#screen.still = true; // closing readline would print its line once more
      this.#readline.close();
      this.#screen.still = false;
      if (!signal.aborted || this.#printed !== '') this.#screen.write('\n');
      this.#conversation?.stop();
      this.#instead?.abort();
      await this.#running;
      if (this.#past?.isWhole !== false) this.#last?.keepLines(this.transcript.turns());
    }
  }

  #start(signal: AbortSignal, past?: PastSession): void {
    const extras = { asText: true, seedsHistory: this.#pending.length > 0 };
    const conversation = new Conversation({
      session: newSession(this.context, this.#place, extras, { past, last: this.#last }),
      profile: this.context.resolved.profile,
      observers: [{ event: (event) => this.#onEvent(event) }],
    });
    this.#conversation = conversation;
    this.#running = conversation.run(signal).then(
      () => {},
      (error: GemliveError) => {
        if (this.#conversation === conversation) this.#liveOnFailed(error);
      },
    );
  }

  #liveOnFailed(error: GemliveError): void {
    this.#conversation = undefined;
    const isCut = this.#screen.still && this.#printed !== '';
    if (!mayFallBack(this.context, error) || isCut) this.#settle(error);
    else if (this.#screen.still) this.#fallBack(error);
    else {
      this.say(`no session now (${harmless(error.message)}): your next question tries again`);
      this.#prompt(true);
    }
  }

  /** Nothing of an answer has come, and Live will not give one. */
  #fallBack(failure: GemliveError): void {
    const over = new AbortController();
    this.#instead = over;
    const question = { failure, contents: this.#asked, turn: this.#answering ?? 1 };
    const answered = answerInstead(
      this.context,
      this.#place,
      question,
      (event) => this.#onEvent(event),
      over.signal,
    ).catch((error: Error) => {
      if (!over.signal.aborted) this.#settle(error);
    });
    this.#running = Promise.all([this.#running, answered]).then(() => {});
  }

  // ---- what slash commands may do ------------------------------------------------------------------

  get usage(): string | undefined {
    const total = this.#conversation?.usage;
    if (!total) return undefined;
    const { usage, costUsd } = total;
    return usageLine({ ...usage, ...(costUsd !== undefined && { costUsd }) });
  }

  say(text: string): void {
    if (!this.context.settings.quiet) this.#tell(text);
  }

  /** A line of our own, also into the middle of an answer. */
  #tell(text: string): void {
    const midLine = this.#screen.still && this.#printed !== '' && !this.#printed.endsWith('\n');
    this.#screen.terminal.write(`${midLine ? '\n' : ''}${text}\n`);
  }

  addContext(turn: Content): void {
    this.#given = [...this.#given, turn];
    this.#pending = [...this.#pending, turn];
  }

  /** Settings of a session cannot change: a new one takes over, with what was said so far. */
  async restart(settings: Partial<CommandContext['settings']>): Promise<void> {
    const previous = this.#running;
    this.#conversation?.stop();
    this.#conversation = undefined;
    await previous;
    this.context = { ...this.context, settings: { ...this.context.settings, ...settings } };
    this.#startAnew();
  }

  /** A session that knows nothing yet. */
  #startAnew(): void {
    this.#pending = [...this.#given, ...this.transcript.turns()];
    if (this.#signal) this.#start(this.#signal);
  }

  quit(): void {
    this.#settle();
  }

  // ---- keys and lines ------------------------------------------------------------------------------

  #onLine(line: string): void {
    this.#interrupts = 0;
    const written = this.#fence.take(line);
    this.#readline.setPrompt(this.#fence.isOpen ? MORE : PROMPT);
    if (!written) this.#prompt();
    else if (written.isText) this.#ask(written.text);
    else {
      runSlashCommand(this, line).then(
        () => this.#prompt(),
        (error: Error) => {
          this.#tell(`error: ${harmless(error.message)}`);
          this.#prompt();
        },
      );
    }
  }

  /** Not after the end, as after `/quit`: from Node 24 on readline throws there. */
  #prompt(keepsCursor = false): void {
    if (!this.#closed) this.#readline.prompt(keepsCursor);
  }

  #ask(text: string): void {
    if (text === '') {
      this.#prompt();
      return;
    }
    if (this.#printed !== '') this.#endAnswer();
    this.#screen.still = true;
    this.#answering = undefined;
    const question: Content = { role: 'user', parts: [{ text }] };
    this.#asked = [...this.#given, ...this.transcript.turns(), question];
    if (!this.#conversation) this.#startAnew();
    this.#conversation?.sendText(text, { history: this.#pending });
    this.#pending = [];
  }

  #onInterrupt(): void {
    if (this.#screen.still) {
      this.#conversation?.stopReply();
      this.#instead?.abort();
      this.#endAnswer();
      return;
    }
    if (this.#readline.line !== '' || this.#fence.isOpen) {
      this.#fence.drop();
      this.#readline.setPrompt(PROMPT);
      this.#screen.write('\n');
      this.#readline.write(null, { ctrl: true, name: 'e' });
      this.#readline.write(null, { ctrl: true, name: 'u' });
      this.#prompt();
      return;
    }
    this.#interrupts += 1;
    if (this.#interrupts >= 2) {
      this.#settle();
      return;
    }
    this.#screen.write('\n(Ctrl+C again, or Ctrl+D, to leave)\n');
    this.#prompt();
  }

  // ---- the answer ------------------------------------------------------------------------------------

  #onEvent(event: ConversationEvent): void {
    this.transcript.event(event);
    const { events, stdout } = this.context;
    if (event.type === 'warning') this.context.warn(event);
    else if (events) {
      const { type, ...fields } = event;
      events.emit(type, fields);
    }
    if (event.type === 'session') {
      this.#sayConnection(event.state, event.attempt);
      if (event.attempt === LOST_ATTEMPTS) this.#lineOnLost(event.reason);
    }
    if (event.type === 'user') this.#answering = event.turn;
    if (event.type === 'model' && event.turn === this.#answering) {
      if ('final' in event) {
        this.#endAnswer();
      } else if (this.#screen.still) {
        const delta = this.#printed === '' ? event.delta.trimStart() : event.delta;
        this.#printed += delta;
        if (!events) stdout.write(harmless(delta));
      }
    } else if (event.type === 'turn' && event.index === this.#answering) {
      this.#endAnswer();
    }
  }

  /** One line when it is gone, one when it is back; a move to another is not worth one. */
  #sayConnection(state: SessionState, attempt: number | undefined): void {
    if (state === 'reconnecting' && attempt === 1) {
      this.#away = true;
      this.say('the connection is gone: reconnecting; what you write waits');
    } else if (state === 'ready' && this.#away) {
      this.#away = false;
      this.say('connected again');
    }
  }

  #away = false;

  /** A question that waits for the line to come back waits no longer. */
  #lineOnLost(reason = 'the connection is lost'): void {
    const error = new GemliveError(reason, { code: 'connection_lost', exitCode: EXIT.network });
    const isWaiting = this.#screen.still && this.#printed === '';
    if (!isWaiting || !mayFallBack(this.context, error)) return;
    this.#conversation?.stop();
    this.#liveOnFailed(error);
  }

  #endAnswer(): void {
    if (!this.#screen.still) return;
    if (!this.#printed.endsWith('\n') && !this.context.events) this.context.stdout.write('\n');
    this.#printed = '';
    this.#screen.still = false;
    this.#prompt(true);
  }
}
