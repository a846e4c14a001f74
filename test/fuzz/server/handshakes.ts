/** Handshakes of every kind, down to what is no HTTP, and the answers that they may get. */
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import type { Chance } from './random.ts';

const PATIENCE_MS = 20_000;
const SERVICE = 'google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent';
const VERTEX = 'google.cloud.aiplatform.v1beta1.LlmBidiService/BidiGenerateContent';

/** `closed`: without an answer. */
export type Answer = number | 'closed';
export type Handshake = { bytes: Buffer; may: readonly Answer[] };

type Request = { method: string; path: string; headers: [string, string][] };

function goodRequest(chance: Chance, port: number): Request {
  const slashes = chance.one(['/', '//', '///']);
  const service = chance.one([
    SERVICE,
    VERTEX,
    SERVICE.replace('v1beta', chance.one(['v1', 'v1alpha', 'v2'])),
    `${SERVICE}Constrained`,
  ]);
  const query = chance.one(['', '?', '?key=k', `?key=${'k'.repeat(chance.below(3000))}`, '?a=%00']);
  return {
    method: 'GET',
    path: `${slashes}ws/${service}${query}`,
    headers: [
      ['Host', `127.0.0.1:${port}`],
      ['Connection', chance.one(['Upgrade', 'keep-alive, Upgrade', 'upgrade'])],
      ['Upgrade', chance.one(['websocket', 'WebSocket'])],
      ['Sec-WebSocket-Version', '13'],
      ['Sec-WebSocket-Key', randomBytes(16).toString('base64')],
    ],
  };
}

const text = ({ method, path, headers }: Request): Buffer =>
  Buffer.from(
    `${method} ${path} HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
    'latin1',
  );

const without = ({ headers, ...request }: Request, name: string): Request => ({
  ...request,
  headers: headers.filter(([one]) => one !== name),
});

const withHeader = (request: Request, name: string, value: string): Request => {
  const { headers, ...others } = without(request, name);
  return { ...others, headers: [...headers, [name, value]] };
};

/** One character of the path's fixed part is another one. */
function misspelt(chance: Chance, request: Request): Request {
  const from = request.path.indexOf('google');
  const at = from + chance.below('google.'.length);
  const path = `${request.path.slice(0, at)}${chance.one(['x', '', '//', '%2e'])}${request.path.slice(at + 1)}`;
  return { ...request, path };
}

export function handshake(chance: Chance, port: number): Handshake {
  const good = goodRequest(chance, port);
  const evil = chance.one(['http://evil.example', 'null', 'https://127.0.0.1.evil.example', '::']);
  return chance.weighted<() => Handshake>([
    [4, () => ({ bytes: text(good), may: [101] })],
    [2, () => ({ bytes: text(withHeader(good, 'Origin', 'http://localhost:3000')), may: [101] })],
    [
      2,
      () => ({
        bytes: text(withHeader(good, 'X-Any', chance.text(40).replaceAll(/[\r\n\0]/g, ''))),
        may: [101, 400],
      }),
    ],
    [4, () => ({ bytes: text(misspelt(chance, good)), may: [404] })],
    [3, () => ({ bytes: text(withHeader(good, 'Origin', evil)), may: [403] })],
    [3, () => ({ bytes: text(withHeader(good, 'Host', 'evil.example')), may: [403] })],
    [2, () => ({ bytes: text(without(good, 'Host')), may: [400, 403] })],
    [2, () => ({ bytes: text(without(good, 'Sec-WebSocket-Key')), may: [400] })],
    [
      2,
      () => ({
        bytes: text(
          withHeader(good, 'Sec-WebSocket-Key', chance.text(8).replaceAll(/[\r\n\0]/g, '')),
        ),
        may: [400],
      }),
    ],
    [
      2,
      () => ({
        bytes: text(withHeader(good, 'Sec-WebSocket-Version', chance.one(['7', '14', 'x']))),
        may: [400, 426],
      }),
    ],
    [
      2,
      () => ({
        bytes: text({ ...good, method: chance.one(['POST', 'PUT', 'DELETE']) }),
        may: [400, 404, 405],
      }),
    ],
    [
      2,
      () => ({
        bytes: text(without(without(good, 'Upgrade'), 'Connection')),
        may: [400, 404, 405, 426],
      }),
    ],
    [2, () => ({ bytes: text(withHeader(good, 'Upgrade', 'h2c')), may: [400, 404, 426] })],
    [2, () => ({ bytes: text(withHeader(good, 'X-Long', 'x'.repeat(20_000))), may: [431] })],
    [
      3,
      () => ({
        bytes: Buffer.concat([chance.bytes(1 + chance.below(200)), Buffer.from('\r\n\r\n')]),
        may: [400, 'closed'],
      }),
    ],
    [2, () => ({ bytes: Buffer.from('GET / HTTP/9.9\r\n\r\n'), may: [400, 505] })],
    [
      2,
      () => ({
        bytes: broken(chance, text(good)),
        may: [101, 400, 403, 404, 405, 426, 431, 'closed'],
      }),
    ],
  ])();
}

/** Some bytes are others; the head still ends. */
function broken(chance: Chance, bytes: Buffer): Buffer {
  for (let edits = 1 + chance.below(4); edits > 0; edits--)
    bytes[chance.below(bytes.length - 4)] = chance.below(256);
  return Buffer.concat([bytes, Buffer.from('\r\n\r\n')]);
}

/** The status of the answer. Rejects when neither an answer comes nor the end. */
export function knock(port: number, { bytes }: Handshake): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let head = '';
    const settle = (answer: Answer): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no answer in ${PATIENCE_MS} ms`));
    }, PATIENCE_MS);
    socket.on('error', () => {}); // it comes with a close
    socket.on('close', () => settle('closed'));
    socket.on('data', (chunk: Buffer) => {
      head += chunk.toString('latin1');
      const status = /^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1];
      if (status !== undefined) settle(Number(status));
    });
    socket.write(bytes);
  });
}
