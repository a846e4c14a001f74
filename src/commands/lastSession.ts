/**
 * The last session, for `--continue`: its newest handle and its last lines, in a private file that a killed
 * process leaves as good as one that has ended. A handle is a secret, and is offered to nobody but the
 * endpoint, the credential and the model that it came from: the name of the file is a keyed hash of them.
 */
import { createHmac, randomBytes } from 'node:crypto';
import type { Content } from '../protocol/messages.ts';
import { modelName } from '../config/endpoint.ts';
import { readPrivate, stateFolder, tidyPrivate, writePrivate } from '../config/stateFile.ts';
import type { CommandContext } from './context.ts';
import { isLine, parseState, stateText, textOf, trimmed, type PastSession } from './pastSession.ts';

export type { PastSession } from './pastSession.ts';

/** A whole life of the service's handles, and somewhat more. */
const FILE_LIFE_MS = 25 * 60 * 60 * 1000;
const MINUTE_MS = 60_000;
/** Handles come once in a turn; a server that sends more of them is not written down each time. */
const BETWEEN_WRITES_MS = 250;
const KEY_FILE = 'key';
const SESSION_FILE = /^session-/;

export class LastSession {
  readonly #context: CommandContext;
  readonly #folder: string;
  readonly #name: string;
  readonly #lifeMs: number;
  #state: PastSession | undefined;
  #isStale = false;
  #writing: Promise<void> | undefined;
  #hasFailed = false;
  #isOver = false;
  #endPause: () => void = () => {};
  #warn: CommandContext['warn'];

  private constructor(context: CommandContext, folder: string, name: string, lifeMs: number) {
    this.#context = context;
    this.#folder = folder;
    this.#name = name;
    this.#lifeMs = lifeMs;
    this.#warn = (warning) => context.warn(warning);
  }

  /** Where there is a screen, what goes wrong from now on is told there. */
  onWarning(tell: CommandContext['warn']): void {
    this.#warn = tell;
  }

  /**
   * Undefined with `--no-resume`: nothing is kept. Where nothing can be kept, one warning says so to who asks
   * for `--continue`. `url`: of the endpoint.
   */
  static async open(context: CommandContext, url: string): Promise<LastSession | undefined> {
    const { settings, resolved } = context;
    if (!settings.resume) return undefined;
    const folder = stateFolder();
    await tidyPrivate(folder, SESSION_FILE, FILE_LIFE_MS);
    try {
      const key = await keyOf(folder);
      // Tokens change within a session's life, and the service knows whose a handle is: only that it is one counts.
      const { apiKey, kind } = resolved.credential;
      const place = JSON.stringify([url, apiKey ?? kind, modelName(settings, settings.model)]);
      const hash = createHmac('sha256', key).update(place).digest('hex').slice(0, 32);
      // Google's pages: two hours after the session has ended, a day on Vertex.
      const hours = url.includes('google.cloud.aiplatform') ? 24 : 2;
      return new LastSession(context, folder, `session-${hash}.json`, hours * 60 * MINUTE_MS);
    } catch (error) {
      if (settings.continue) context.warn(notKept(error));
      return undefined;
    }
  }

  /** What `--continue` goes on with; undefined, and the user is told why, where there is nothing. */
  async find(): Promise<PastSession | undefined> {
    const past = await this.#read();
    if (!past) return undefined;
    const ageMs = Date.now() - past.atMs;
    if (ageMs > this.#lifeMs) {
      this.#context.warn({
        code: 'session_too_old',
        message: `the last session ended ${lengthOf(ageMs)} ago, and can be taken up for ${lengthOf(this.#lifeMs)}: this is a new one`,
      });
      return undefined;
    }
    if (past.handle !== undefined) this.#context.addSecret(past.handle);
    return past;
  }

  async #read(): Promise<PastSession | undefined> {
    const nothing = (message: string): undefined =>
      this.#context.warn({ code: 'nothing_to_continue', message }) as undefined;
    try {
      const text = await readPrivate(this.#folder, this.#name);
      if (text === undefined) {
        return nothing(
          'there is no session to continue with this model, key and address: this is a new one',
        );
      }
      return (
        parseState(text) ??
        nothing('what was kept of the last session is damaged: this is a new one')
      );
    } catch (error) {
      return nothing(
        `what was kept of the last session cannot be read (${codeOf(error)}): this is a new one`,
      );
    }
  }

  /** A state to come back to, in place of the one before. */
  keep({ handle, lines, isWhole }: Omit<PastSession, 'atMs'>): void {
    if (handle !== undefined) this.#context.addSecret(handle);
    const kept = trimmed(lines.filter(isLine));
    this.#state = {
      atMs: Date.now(),
      // The local server of `--local` ends with this process.
      handle: this.#context.settings.local ? undefined : handle,
      lines: kept.lines,
      isWhole: isWhole && kept.isWhole,
    };
    this.#save();
  }

  /** Of a session that ends before the handle of its last answer has come: with all lines there, none is needed. */
  keepLines(lines: readonly Content[]): void {
    const [before, now] = [this.#state?.lines.at(-1), lines.at(-1)];
    const isKept = before !== undefined && now !== undefined && textOf(before) === textOf(now);
    if (now && !isKept && trimmed(lines).isWhole) {
      this.keep({ handle: undefined, lines: [...lines], isWhole: true });
    }
  }

  /** The session is over: its life begins to run out. Settles when all is written. */
  async close(): Promise<void> {
    this.#isOver = true;
    this.#endPause();
    if (this.#state && Date.now() - this.#state.atMs > MINUTE_MS) {
      this.#state = { ...this.#state, atMs: Date.now() };
      this.#save();
    }
    await this.#writing;
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, BETWEEN_WRITES_MS);
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #save(): void {
    this.#isStale = true;
    this.#writing ??= this.#write().finally(() => (this.#writing = undefined));
  }

  async #write(): Promise<void> {
    while (this.#isStale && this.#state && !this.#hasFailed) {
      this.#isStale = false;
      try {
        await writePrivate(this.#folder, this.#name, stateText(this.#state));
      } catch (error) {
        this.#hasFailed = true;
        if (this.#context.settings.continue) this.#warn(notKept(error));
      }
      if (this.#isStale && !this.#isOver) await this.#pause();
    }
  }
}

/** What the hashes are made with: without it, the name of a file would tell a guessed credential. */
async function keyOf(folder: string): Promise<string> {
  const known = await readPrivate(folder, KEY_FILE);
  if (known !== undefined && known.length >= 32) return known;
  const key = randomBytes(32).toString('hex');
  await writePrivate(folder, KEY_FILE, key);
  return key;
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'unknown error';

const notKept = (error: unknown) => ({
  code: 'session_not_kept',
  message: `this session cannot be kept for --continue: ${(error as Error).message.split(',')[0] ?? ''}`,
  hint: 'free some space or set XDG_STATE_HOME to a folder of your own; --no-resume keeps nothing',
});

/** `a moment ago`, `5 min ago` */
export const agoOf = ({ atMs }: { atMs: number }): string => {
  const ageMs = Date.now() - atMs;
  return ageMs < MINUTE_MS ? 'a moment ago' : `${lengthOf(ageMs)} ago`;
};

/** `5 min`, `3 h` */
function lengthOf(ms: number): string {
  const minutes = Math.round(ms / MINUTE_MS);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
