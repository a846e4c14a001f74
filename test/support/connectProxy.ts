/**
 * A real proxy for CONNECT that leads names of the internet to servers of this machine, and TLS before a plain server:
 * together, with a certificate that the client trusts, what gemlive does with Google's own hosts can be seen.
 */
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Certificate } from './certificates.ts';

export type ConnectProxy = {
  /** `host:port` of each CONNECT, in order. */
  asked: string[];
  host: string;
  close(): Promise<void>;
};

export type ProxyRules = {
  /** `host:port` → the port on this machine. Others are 502. */
  routes?: Record<string, number>;
  /** `user:password` that it wants. */
  login?: string;
  /** What it says to everybody. */
  status?: number;
};

export async function startConnectProxy({
  routes = {},
  login,
  status,
}: ProxyRules): Promise<ConnectProxy> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((_, response) => response.writeHead(400).end());
  server.on('connection', (socket) => sockets.add(socket));
  server.on('connect', (request, socket: Socket, head: Buffer) => {
    socket.on('error', () => {});
    asked.push(request.url ?? '');
    const shown = request.headers['proxy-authorization'];
    const wanted = login && `Basic ${Buffer.from(login).toString('base64')}`;
    const port = routes[request.url ?? ''];
    const answer = status ?? (shown !== wanted ? 407 : port === undefined ? 502 : 200);
    socket.write(`HTTP/1.1 ${answer} x\r\n\r\n`);
    if (answer !== 200 || port === undefined) {
      socket.end();
      return;
    }
    const target = connect(port, '127.0.0.1');
    target.on('error', () => socket.destroy());
    socket.on('close', () => target.destroy());
    target.write(head);
    target.pipe(socket).pipe(target);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    asked,
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export type TlsFront = { port: number; close(): Promise<void> };

/** Takes TLS away and hands the rest to the server at `url`. */
export async function startTlsFront(url: string, certificate: Certificate): Promise<TlsFront> {
  const sockets = new Set<Socket>();
  const server = createTlsServer(certificate, (socket) => {
    const target = connect(Number(new URL(url).port), '127.0.0.1');
    for (const one of [socket, target]) {
      sockets.add(one);
      one.on('error', () => {});
    }
    socket.on('close', () => target.destroy());
    target.on('close', () => socket.destroy());
    target.pipe(socket).pipe(target);
  });
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
