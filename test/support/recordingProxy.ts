/** Stands between gemlive and a server, hands on every frame as it is, and keeps both directions with their times. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';

import type { ClientMessage, ServerMessage } from '../../src/protocol/messages.ts';

/** `atMs`: `performance.now()` when the frame was here, before it went on. */
export type Passed<Message> = { atMs: number; message: Message };

export type RecordingProxy = {
  url: string;
  readonly fromClient: Passed<ClientMessage>[];
  readonly fromServer: Passed<ServerMessage>[];
  close(): Promise<void>;
};

export async function startRecordingProxy(serverUrl: string): Promise<RecordingProxy> {
  const fromClient: Passed<ClientMessage>[] = [];
  const fromServer: Passed<ServerMessage>[] = [];
  const http = createServer((_request, response) => response.writeHead(404).end());
  const wss = new WebSocketServer({ server: http, perMessageDeflate: false });
  const join = (
    from: WebSocket,
    to: WebSocket,
    keep: (passed: { atMs: number; message: never }) => void,
  ): void => {
    from.on('message', (data: Buffer, binary) => {
      const atMs = performance.now();
      to.send(data, { binary });
      keep({ atMs, message: JSON.parse(data.toString('utf8')) as never });
    });
    from.on('close', (code, reason) => {
      if (code === 1005 || code === 1006) to.terminate();
      else to.close(code, reason);
    });
    from.on('error', () => to.terminate());
  };
  wss.on('connection', (client, request) => {
    const server = new WebSocket(`${serverUrl.replace(/^http/, 'ws')}${request.url ?? ''}`, {
      perMessageDeflate: false,
    });
    // What the client says before the way to the server is open waits in the socket.
    client.pause();
    server.once('open', () => client.resume());
    join(client, server, (passed) => fromClient.push(passed));
    join(server, client, (passed) => fromServer.push(passed));
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    fromClient,
    fromServer,
    close: async () => {
      for (const client of wss.clients) client.terminate();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

/** The reply sound in server messages, in order. */
export function soundIn(passed: readonly Passed<ServerMessage>[]): Uint8Array {
  return Buffer.concat(
    passed.flatMap(({ message }) =>
      (message.serverContent?.modelTurn?.parts ?? []).flatMap((part) => {
        const data = part.inlineData?.data;
        return data === undefined ? [] : [Buffer.from(data, 'base64')];
      }),
    ),
  );
}

/** Microphone sound in client messages, frame by frame. */
export function framesIn(
  passed: readonly Passed<ClientMessage>[],
): { atMs: number; pcm: Uint8Array }[] {
  return passed.flatMap(({ atMs, message }) =>
    'realtimeInput' in message && 'audio' in message.realtimeInput
      ? [{ atMs, pcm: new Uint8Array(Buffer.from(message.realtimeInput.audio.data, 'base64')) }]
      : [],
  );
}
