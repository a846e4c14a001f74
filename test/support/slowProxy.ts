/** A TCP proxy with the delay of a bad network. What is written comes out in order, each write later than it came. */
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

export type SlowProxyOptions = {
  /** Of each write, in milliseconds: `delayMs` give or take `spreadMs`, evenly. */
  delayMs: number;
  spreadMs: number;
  /** This share of the writes is held `heldMs` more; what comes after waits behind it. */
  heldShare: number;
  heldMs: number;
  /** 0 to 1. */
  random: () => number;
};

export type SlowProxy = { url: string; close(): Promise<void> };

/** `url`: of the server behind it, `http://127.0.0.1:PORT`. */
export async function startSlowProxy(url: string, options: SlowProxyOptions): Promise<SlowProxy> {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      // Nagle's algorithm would make a delay of its own.
      from.setNoDelay(true);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      handOn(from, to, options);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function handOn(from: Socket, to: Socket, options: SlowProxyOptions): void {
  const { delayMs, spreadMs, heldShare, heldMs, random } = options;
  const waiting: { dueMs: number; bytes: Buffer }[] = [];
  let lastDueMs = 0;
  const release = (): void => {
    const nowMs = performance.now();
    for (let next = waiting[0]; next !== undefined && next.dueMs <= nowMs; next = waiting[0]) {
      waiting.shift();
      if (!to.destroyed) to.write(next.bytes);
    }
    const [next] = waiting;
    if (next !== undefined) setTimeout(release, Math.max(1, next.dueMs - nowMs));
  };
  from.on('data', (bytes: Buffer) => {
    const heldFor = random() < heldShare ? heldMs : 0;
    const dueMs = performance.now() + delayMs + (2 * random() - 1) * spreadMs + heldFor;
    lastDueMs = Math.max(lastDueMs, dueMs);
    waiting.push({ dueMs: lastDueMs, bytes });
    if (waiting.length === 1) release();
  });
}
