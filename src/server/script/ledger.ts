/** What a server has seen go wrong, for `assertComplete()`. Bounded: a test reads the first of it. */

const MAX_FAULTS = 100;

export class Ledger {
  readonly #faults: string[] = [];
  #more = 0;
  readonly #open = new Map<number, () => boolean>();
  readonly #watchers = new Set<() => void>();

  fault(session: number, message: string): void {
    if (this.#faults.length < MAX_FAULTS) {
      this.#faults.push(session === 0 ? message : `session ${session}: ${message}`);
    } else this.#more += 1;
  }

  /** `counts`: whether it is the client who has left it open. */
  opened(session: number, counts: () => boolean = () => true): void {
    this.#open.set(session, counts);
  }

  closed(session: number): void {
    this.#open.delete(session);
    for (const look of this.#watchers) look();
  }

  #stillOpen(): number[] {
    return [...this.#open].flatMap(([session, counts]) => (counts() ? [session] : []));
  }

  async #untilClosed(ms: number): Promise<void> {
    if (this.#stillOpen().length === 0) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        resolve();
      };
      const look = (): void => {
        if (this.#stillOpen().length === 0) done();
      };
      const timer = setTimeout(done, ms);
      this.#watchers.add(look);
    });
  }

  /** `unmet` is asked last. @throws Error with a line for everything that is wrong */
  async assertComplete(withinMs: number, unmet: () => Promise<readonly string[]>): Promise<void> {
    await this.#untilClosed(withinMs);
    const open = this.#stillOpen();
    const wrong = [...this.#faults];
    if (this.#more > 0) wrong.push(`and ${this.#more} more faults`);
    wrong.push(...(await unmet()), ...open.map((session) => `session ${session} is still open`));
    if (wrong.length === 0) return;
    throw new Error(
      `the Live server saw ${wrong.length === 1 ? 'something' : `${wrong.length} things`} wrong:\n` +
        wrong.map((line) => `  - ${line}`).join('\n'),
    );
  }
}
