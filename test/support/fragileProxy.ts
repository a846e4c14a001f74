/** A TCP proxy that breaks: connections are cut, or stay open and let nothing through. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export type FragileProxy = {
  readonly url: string;
  /** Connections so far. */
  readonly count: number;
  /** Cuts every connection: the peers see a reset. */
  drop(): void;
  /** Connections that are open let nothing through any more; new ones do. */
  freeze(): void;
  /** Takes no new connections until `accept()`. */
  refuse(): void;
  accept(): void;
  close(): Promise<void>;
};

export async function startFragileProxy(targetUrl: string): Promise<FragileProxy> {
  const target = new URL(targetUrl);
  const pairs = new Set<{ near: Socket; far: Socket }>();
  let refusing = false;
  let count = 0;
  const server = createServer((near) => {
    if (refusing) {
      near.resetAndDestroy();
      return;
    }
    count += 1;
    const far = connect(Number(target.port), target.hostname);
    const pair = { near, far };
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
    near.pipe(far);
    far.pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
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
    freeze: () => {
      for (const { near, far } of pairs) {
        near.unpipe(far);
        far.unpipe(near);
        // What comes is read and thrown away, as by a network that is gone.
        near.resume();
        far.resume();
      }
    },
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
