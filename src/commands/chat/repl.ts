/**
 * `gemlive chat` in a terminal. One owner of the screen: while an answer streams, what is typed waits
 * unseen and appears with the next prompt.
 */
import { createInterface, type Interface } from 'node:readline';
import { EXIT, type GemliveError } from '../../errors.ts';
import type { ConversationEvent, SessionState } from '../../events.ts';
import type { Content } from '../../protocol/messages.ts';
import { NO_ANSWER_YET } from '../../live/warnings.ts';
import { harmless } from '../../ui/harmless.ts';
import type { CommandContext } from '../context.ts';
import type { LivePlace } from '../live.ts';
import type { PastSession } from '../pastSession.ts';
import { Fence } from './fence.ts';
import { Screen } from './screen.ts';
import { runSlashCommand, type ReplControls } from './slashCommands.ts';
import type { Transcript } from './transcript.ts';
import { Sessions, type Beginning } from './sessions.ts';
import { whereWeWere } from './whereWeWere.ts';

const PROMPT = '> ';
const MORE = '… ';

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
  readonly #sessions: Sessions;
  readonly #screen: Screen;
  readonly #readline: Interface;
  readonly #past: PastSession | undefined;
  readonly #fence = new Fence();
  #interrupts = 0;
  #printed = '';
  /** The turn whose answer is on its way: words of others are late and belong to nothing on the screen. */
  #answering: number | undefined;
  #settle: (error?: Error) => void = () => {};
  #closed = false;

  constructor(context: CommandContext, place: LivePlace, beginning: Beginning) {
    this.#past = beginning.past;
    this.#sessions = new Sessions(context, place, beginning, {
      onEvent: (event) => this.#onEvent(event),
      onAway: (error) => this.#onAway(error),
      onEnd: (error) => this.#settle(error),
      progress: () => {
        if (!this.#screen.still) return 'none';
        return this.#printed === '' ? 'waiting' : 'answering';
      },
    });
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
      this.#sessions.start(signal);
      this.#prompt();
      await over;
      return EXIT.ok;
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#screen.still = true; // closing readline would print its line once more
      this.#readline.close();
      this.#screen.still = false;
      if (!signal.aborted || this.#printed !== '') this.#screen.write('\n');
      await this.#sessions.close();
    }
  }

  #onAway(error: GemliveError): void {
    this.say(`no session now (${harmless(error.message)}): your next question tries again`);
    this.#prompt(true);
  }

  // ---- what slash commands may do ------------------------------------------------------------------

  get context(): CommandContext {
    return this.#sessions.context;
  }

  get transcript(): Transcript {
    return this.#sessions.transcript;
  }

  get usage(): string | undefined {
    return this.#sessions.usage;
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
    this.#sessions.addContext(turn);
  }

  restart(settings: Partial<CommandContext['settings']>): Promise<void> {
    return this.#sessions.restart(settings);
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
    this.#isLate = false;
    this.#answering = undefined;
    this.#sessions.ask(text);
  }

  #onInterrupt(): void {
    if (this.#screen.still) {
      this.#sessions.stopReply();
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
    const { events, stdout } = this.context;
    if (event.type === 'warning') this.context.warn(event);
    else if (events) {
      const { type, ...fields } = event;
      events.emit(type, fields);
    }
    // The prompt comes back; an answer may still follow.
    if (event.type === 'warning' && event.code === NO_ANSWER_YET.code && this.#screen.still) {
      this.#isLate = this.#printed === '';
      this.#endAnswer();
    }
    if (event.type === 'session') this.#sayConnection(event.state, event.attempt);
    if (event.type === 'user') this.#answering = event.turn;
    if (event.type === 'model' && event.turn === this.#answering) {
      if ('final' in event) {
        this.#endAnswer();
      } else if (this.#isShown()) {
        const delta = this.#printed === '' ? event.delta.trimStart() : event.delta;
        this.#printed += delta;
        if (!events) stdout.write(harmless(delta));
      }
    } else if (event.type === 'turn' && event.index === this.#answering) {
      this.#endAnswer();
    }
  }

  /** An answer is shown where it is waited for, or comes when nobody expects it any more: in place of the prompt. */
  #isShown(): boolean {
    if (!this.#screen.still && this.#isLate) {
      this.#screen.write('\r\x1b[K');
      this.#screen.still = true;
    }
    this.#isLate = false;
    return this.#screen.still;
  }

  /** The prompt is back though the answer has not begun. */
  #isLate = false;

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

  #endAnswer(): void {
    if (!this.#screen.still) return;
    const isOnNewLine = this.#printed.endsWith('\n') || this.#isLate;
    if (!isOnNewLine && !this.context.events) this.context.stdout.write('\n');
    this.#printed = '';
    this.#screen.still = false;
    this.#prompt(true);
  }
}
