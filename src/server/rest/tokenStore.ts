/** Ephemeral tokens: what each is worth to the session that shows it. */
import { randomBytes } from 'node:crypto';
import type { Setup } from '../../protocol/messages.ts';
import type { Admission } from '../admission.ts';
import { TOKEN_PREFIX } from '../credentials.ts';
import { Refusal } from '../refusal.ts';
import { applyLock, type Lock } from './tokenLock.ts';

export type TokenTerms = {
  /** Session starts; resumptions do not count. */
  uses: number;
  /** On the clock of `Date`. */
  expiresAtMs: number;
  newSessionUntilMs: number;
  lock: Lock | undefined;
  /** Of what was asked for: what it takes to keep. */
  bytes: number;
};

const MAX_TOKENS = 10_000;
const MAX_BYTES = 64 * 1024 * 1024;

export class TokenStore {
  /** The oldest first. */
  readonly #tokens = new Map<string, TokenTerms>();
  readonly #now: () => Date;
  #bytes = 0;

  constructor(now: () => Date) {
    this.#now = now;
  }

  /** Returns the name, which is the credential. */
  add(terms: TokenTerms): string {
    this.#makeRoom(terms.bytes);
    const name = TOKEN_PREFIX + randomBytes(32).toString('base64url');
    this.#tokens.set(name, terms);
    this.#bytes += terms.bytes;
    return name;
  }

  /** Of a token that nobody minted here too: it is refused as one that is over. */
  admissionOf(name: string): Admission {
    const token = this.#tokens.get(name);
    return {
      admit: (asked) => this.#admit(token, asked),
      ...(token && { expiresAtMs: token.expiresAtMs }),
    };
  }

  #admit(token: TokenTerms | undefined, asked: Setup): Setup {
    const nowMs = this.#now().getTime();
    if (!token || nowMs >= token.expiresAtMs) throw new Refusal(1011, 'Token has expired');
    const setup = token.lock ? applyLock(token.lock, asked) : asked;
    if (setup.sessionResumption?.handle) return setup;
    if (nowMs >= token.newSessionUntilMs) throw new Refusal(1011, 'Token has expired');
    if (token.uses <= 0) throw new Refusal(1011, 'Token has been used too many times');
    token.uses -= 1;
    return setup;
  }

  /** What has expired goes first, then what is oldest. */
  #makeRoom(bytes: number): void {
    const isFull = (): boolean =>
      this.#tokens.size >= MAX_TOKENS || this.#bytes + bytes > MAX_BYTES;
    if (!isFull()) return;
    const nowMs = this.#now().getTime();
    for (const [name, { expiresAtMs }] of this.#tokens) {
      if (nowMs >= expiresAtMs) this.#remove(name);
    }
    for (const name of this.#tokens.keys()) {
      if (!isFull()) return;
      this.#remove(name);
    }
  }

  #remove(name: string): void {
    this.#bytes -= this.#tokens.get(name)?.bytes ?? 0;
    this.#tokens.delete(name);
  }
}
