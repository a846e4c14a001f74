/** A TCP server for what no WebSocket library would send: broken handshakes, broken frames. */
import { createHash } from 'node:crypto';
import { createServer, type AddressInfo, type Socket } from 'node:net';

export type RawServer = { url: string; readonly count: number; close(): Promise<void> };

/** `onRequest` gets the request's head once it has come whole; `onConnection` each socket at once. */
export async function startRawServer(handlers: {
  onConnection?: (socket: Socket) => void;
  onRequest?: (socket: Socket, head: string) => void;
}): Promise<RawServer> {
  const sockets = new Set<Socket>();
  let count = 0;
  const server = createServer((socket) => {
    count += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    handlers.onConnection?.(socket);
    let head = '';
    const onData = (chunk: Buffer): void => {
      head += chunk.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      socket.off('data', onData);
      handlers.onRequest?.(socket, head);
    };
    socket.on('data', onData);
    socket.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    get count() {
      return count;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The answer to the upgrade in `head`. */
export function upgrade(head: string): string {
  const key = /sec-websocket-key: *(\S+)/i.exec(head)?.[1] ?? '';
  const accept = createHash('sha1')
    .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
}

/** One whole binary frame. */
export function frame(message: object): Buffer {
  const payload = Buffer.from(JSON.stringify(message));
  const header = Buffer.from([0x82, 126, 0, 0]);
  header.writeUInt16BE(payload.length, 2);
  return Buffer.concat([header, payload]);
}

/** Sets the session up by hand; `then` has the socket from the first frame after setup on. */
export function rawSession(then: (socket: Socket) => void): (socket: Socket, head: string) => void {
  return (socket, head) => {
    socket.write(upgrade(head));
    socket.once('data', () => {
      socket.write(frame({ setupComplete: {} }));
      socket.once('data', () => then(socket));
    });
  };
}
