/**
 * A TCP proxy that breaks: connections are cut, or stay open and let nothing through in one direction or both; what is
 * written comes late, or is held for a while.
 */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** `up`: from the client to the server. */
export type Direction = 'up' | 'down' | 'both';

export type FragileProxy = {
  readonly url: string;
  /** Connections so far. */
  readonly count: number;
  /** Cuts every connection: the peers see a reset. */
  drop(): void;
  /** Connections that are open let nothing through any more, for ever; new ones do. */
  freeze(direction?: Direction): void;
  /** What is written from now on, or waits, comes out after so long, in order and at once. */
  hold(ms: number, direction?: Direction): void;
  /** Every write comes out so much later than it came, each way, from now on. 0: no later. */
  delay(ms: number): void;
  /** Takes no new connections until `accept()`. */
  refuse(): void;
  accept(): void;
  close(): Promise<void>;
};

/** One direction of one connection. */
class Flow {
  readonly direction: Direction;
  readonly #to: Socket;
  readonly #delayMs: () => number;
  readonly #waiting: { dueMs: number; bytes: Buffer }[] = [];
  #lastDueMs = 0;
  #isGone = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(from: Socket, to: Socket, direction: Direction, delayMs: () => number) {
    this.#to = to;
    this.direction = direction;
    this.#delayMs = delayMs;
    from.on('data', (bytes: Buffer) => this.#push(bytes));
    from.on('close', () => clearTimeout(this.#timer));
  }

  /** What comes is read and thrown away, as by a network that is gone. */
  freeze(): void {
    this.#isGone = true;
    this.#waiting.length = 0;
  }

  hold(ms: number): void {
    this.#lastDueMs = Math.max(this.#lastDueMs, performance.now() + ms);
    for (const one of this.#waiting) one.dueMs = this.#lastDueMs;
    this.#release();
  }

  #push(bytes: Buffer): void {
    if (this.#isGone) return;
    this.#lastDueMs = Math.max(this.#lastDueMs, performance.now() + this.#delayMs());
    this.#waiting.push({ dueMs: this.#lastDueMs, bytes });
    if (this.#waiting.length === 1) this.#release();
  }

  #release(): void {
    clearTimeout(this.#timer);
    const nowMs = performance.now();
    for (let next = this.#waiting[0]; next && next.dueMs <= nowMs; next = this.#waiting[0]) {
      this.#waiting.shift();
      if (!this.#to.destroyed) this.#to.write(next.bytes);
    }
    const [next] = this.#waiting;
    if (next) this.#timer = setTimeout(() => this.#release(), Math.max(1, next.dueMs - nowMs));
  }
}

export async function startFragileProxy(targetUrl: string): Promise<FragileProxy> {
  const target = new URL(targetUrl);
  const pairs = new Set<{ near: Socket; far: Socket; flows: Flow[] }>();
  let refusing = false;
  let count = 0;
  let delayMs = 0;
  const server = createServer((near) => {
    if (refusing) {
      near.resetAndDestroy();
      return;
    }
    count += 1;
    const far = connect(Number(target.port), target.hostname);
    const lateBy = (): number => delayMs;
    const flows = [new Flow(near, far, 'up', lateBy), new Flow(far, near, 'down', lateBy)];
    const pair = { near, far, flows };
    pairs.add(pair);
    const end = (): void => {
      pairs.delete(pair);
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) {
      socket.setNoDelay(true);
      socket.on('error', end);
      socket.on('close', end);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const flowsOf = (direction: Direction): Flow[] =>
    [...pairs].flatMap(({ flows }) =>
      flows.filter((flow) => direction === 'both' || flow.direction === direction),
    );
  return {
    url: `http://127.0.0.1:${port}`,
    get count() {
      return count;
    },
    drop: () => {
      for (const { near, far } of pairs) {
        near.resetAndDestroy();
        far.resetAndDestroy();
      }
    },
    freeze: (direction = 'both') => {
      for (const flow of flowsOf(direction)) flow.freeze();
    },
    hold: (ms, direction = 'both') => {
      for (const flow of flowsOf(direction)) flow.hold(ms);
    },
    delay: (ms) => (delayMs = ms),
    refuse: () => (refusing = true),
    accept: () => (refusing = false),
    close: async () => {
      for (const { near, far } of pairs) {
        near.destroy();
        far.destroy();
      }
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
