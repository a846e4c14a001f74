/** Addresses where a session does not come about, or does not last, each for a reason of its own. */
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { certificateFor } from './certificates.ts';
import { startRawServer, upgrade } from './rawServer.ts';
import { startScriptedServer } from './scriptedServer.ts';

export type FailingPlace = {
  url: string;
  /** Connections so far; undefined where nobody can count them. */
  readonly count?: number;
  /** What the client's environment needs. */
  env?: Record<string, string>;
  close(): Promise<void>;
};

const nothing = async (): Promise<void> => {};

/** Closes when setup has come, or in the middle: when the first message after setupComplete has come. */
export const closes =
  (code: number | undefined, reason = '', when: 'setup' | 'middle' = 'setup') =>
  (): Promise<FailingPlace> =>
    startScriptedServer(async (peer) => {
      await peer.next();
      if (when === 'middle') {
        peer.send({ setupComplete: {} });
        await peer.next();
      }
      if (code === undefined) peer.socket.close();
      else if (code === 1006) peer.socket.terminate();
      else peer.socket.close(code, reason);
    });

/** Answers the upgrade with this. */
export const answers =
  (head: string, body = '') =>
  (): Promise<FailingPlace> =>
    startRawServer({
      onRequest: (socket) =>
        socket.end(`HTTP/1.1 ${head}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`),
    });

/** Bytes that are no answer. */
export const says = (bytes: string | Buffer) => (): Promise<FailingPlace> =>
  startRawServer({ onConnection: (socket) => socket.once('data', () => socket.end(bytes)) });

/** HTTP where TLS was asked for. */
export async function speaksNoTls(): Promise<FailingPlace> {
  const server = await says('HTTP/1.1 400 Bad Request\r\n\r\n')();
  return {
    url: server.url.replace('http:', 'https:'),
    get count() {
      return server.count ?? 0;
    },
    close: () => server.close(),
  };
}

/** After the upgrade, instead of setupComplete. */
export const frames = (bytes: Buffer) => (): Promise<FailingPlace> =>
  startRawServer({
    onRequest: (socket, head) => {
      socket.write(upgrade(head));
      socket.once('data', () => socket.write(bytes));
    },
  });

export const resets = (): Promise<FailingPlace> =>
  startRawServer({ onConnection: (socket) => socket.resetAndDestroy() });

export const hangsUp = (): Promise<FailingPlace> =>
  startRawServer({ onRequest: (socket) => socket.destroy() });

/** Takes connections and never says a word. */
export const isSilent = (): Promise<FailingPlace> => startRawServer({});

export const neverSetsUp = (): Promise<FailingPlace> => startScriptedServer(() => {});

/** A port where nothing listens: one that was free a moment ago. */
export async function isClosed(): Promise<FailingPlace> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return { url: `http://127.0.0.1:${port}`, close: nothing };
}

export const isAt =
  (url: string, env: Record<string, string> = {}) =>
  async (): Promise<FailingPlace> => ({ url, env, close: nothing });

/** Speaks TLS for `name`, with a certificate that is good for `days`; `trusted`: the client is told so. */
export const speaksTls =
  (name: string, { days = 2, trusted = false, scheme = 'https' } = {}) =>
  async (): Promise<FailingPlace> => {
    const certificate = certificateFor(name, days);
    const folder = mkdtempSync(join(tmpdir(), 'gemlive-tls-'));
    const file = join(folder, 'server.pem');
    writeFileSync(file, certificate.cert);
    let count = 0;
    const server = createTlsServer(certificate, (socket) => {
      socket.on('error', () => {});
      const answer = 'HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n';
      socket.once('data', () => socket.end(answer));
    });
    const sockets = new Set<Socket>();
    server.on('connection', (socket: Socket) => {
      count += 1;
      sockets.add(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    return {
      url: `${scheme}://127.0.0.1:${port}`,
      get count() {
        return count;
      },
      ...(trusted && { env: { NODE_EXTRA_CA_CERTS: file } }),
      close: async () => {
        for (const socket of sockets) socket.destroy();
        await new Promise((resolve) => server.close(resolve));
        rmSync(folder, { recursive: true, force: true });
      },
    };
  };
