/**
 * A WebSocket server that does what the test says, right or wrong: for what the local Live server, which
 * speaks the protocol well, never does.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';

export type Peer = {
  socket: WebSocket;
  request: IncomingMessage;
  /** One object as a binary frame, as the service sends it. */
  send(message: object): void;
  /** The next client frame, parsed. */
  next(): Promise<Record<string, unknown>>;
};

export type ScriptedServer = {
  url: string;
  wsUrl: string;
  /** Connections so far. */
  readonly count: number;
  close(): Promise<void>;
};

export async function startScriptedServer(
  script: (peer: Peer, count: number) => Promise<void> | void,
  onUpgrade?: (request: IncomingMessage, socket: Socket) => boolean,
  onRequest: (request: IncomingMessage, response: ServerResponse) => void = (_, response) =>
    response.writeHead(404).end(),
): Promise<ScriptedServer> {
  const http: Server = createServer(onRequest);
  const wss = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  let count = 0;
  const sockets = new Set<Socket>();
  http.on('connection', (socket) => sockets.add(socket));
  http.on('upgrade', (request, socket, head) => {
    if (onUpgrade?.(request, socket as Socket)) return;
    wss.handleUpgrade(request, socket, head, (ws) => {
      count += 1;
      const frames: Record<string, unknown>[] = [];
      const waiting: ((frame: Record<string, unknown>) => void)[] = [];
      ws.on('message', (data: Buffer) => {
        const frame = JSON.parse(data.toString()) as Record<string, unknown>;
        const waiter = waiting.shift();
        if (waiter) waiter(frame);
        else frames.push(frame);
      });
      ws.on('error', () => {});
      const peer: Peer = {
        socket: ws,
        request,
        send: (message) => ws.send(Buffer.from(`${JSON.stringify(message, null, 2)}\n`)),
        next: () => {
          const frame = frames.shift();
          return frame ? Promise.resolve(frame) : new Promise((resolve) => waiting.push(resolve));
        },
      };
      void script(peer, count);
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    wsUrl: `ws://127.0.0.1:${port}/`,
    get count() {
      return count;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

/** Answers setup, then goes on with `then`. */
export function afterSetup(then: (peer: Peer) => Promise<void> | void = () => {}) {
  return async (peer: Peer): Promise<void> => {
    await peer.next();
    peer.send({ setupComplete: {} });
    await then(peer);
  };
}
