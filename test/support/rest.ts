/** Plain HTTP to the local server, head and all: `fetch` does not let tests choose Host or Origin. */
import { request } from 'node:http';
import { connect } from 'node:net';

export type RestReply = {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  /** Of the text; undefined where it is not JSON. */
  json: unknown;
};

export type RestCall = {
  headers?: Record<string, string>;
  /** An object is sent as JSON. */
  body?: object | string;
};

export function call(
  url: string,
  method: string,
  path: string,
  { headers = {}, body }: RestCall = {},
): Promise<RestReply> {
  const text = typeof body === 'object' ? JSON.stringify(body) : body;
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        const { statusCode = 0, headers } = response;
        resolve({ status: statusCode, headers, text, json: parsed(text) });
      });
    });
    sent.on('error', reject);
    sent.end(text);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Bytes as they are, and all that comes back until the server hangs up. `isAll`: no more will come. */
export function sendBytes(
  url: string,
  bytes: string | Uint8Array,
  { isAll = false }: { isAll?: boolean } = {},
): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    let received = '';
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => (received += chunk));
    socket.on('error', () => {}); // it hangs up in the midst of what it does not take
    socket.on('close', () => resolve(received));
    socket.on('connect', () => (isAll ? socket.end(bytes) : socket.write(bytes)));
  });
}

/** The message of an error in the shape of Google's APIs. */
export function messageOf({ json }: RestReply): string {
  return (json as { error: { message: string } }).error.message;
}
