/** What probes have in common: ways to ask, and what came in few words. */
import { request as plainRequest } from 'node:http';
import { request } from 'node:https';
import type { Received } from '../../support/liveClient.ts';
import type { Actor, Stage } from './stage.ts';

export const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));

/** What comes first of setupComplete and a close. */
export async function setupAnswer(
  stage: Stage,
  ...args: Parameters<Stage['open']>
): Promise<string> {
  const { client } = await stage.open(...args);
  return Promise.race([
    client
      .until((message) => message.setupComplete !== undefined)
      .then(
        () => 'setupComplete',
        () => closeOf(client.closed),
      ),
    closeOf(client.closed),
  ]);
}

export const closeOf = async (closed: Actor['client']['closed']): Promise<string> => {
  const { code, reason } = await closed;
  return `${code} ${reason}`.trim();
};

/** What comes first of a message that fits and a close. */
export const messageOrClose = (
  actor: Actor,
  fits: (message: Received) => boolean,
): Promise<Received | string> => actor.until(fits).catch(async () => closeOf(actor.client.closed));

export const isOver = (message: Received): boolean => message.serverContent?.turnComplete === true;

export const WEATHER = [
  { functionDeclarations: [{ name: 'get_weather', description: 'The weather of a city.' }] },
];

/** Tokens of video in the prompt of a turn after `frames` pictures. */
export async function videoTokens(stage: Stage, setup: Record<string, unknown>): Promise<number> {
  const actor = await stage.ready(setup);
  const data = Buffer.from(
    '/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAA//EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AN//Z',
    'base64',
  );
  actor.do('video', {
    realtimeInput: { video: { data: data.toString('base64'), mimeType: 'image/jpeg' } },
  });
  actor.text('Say yes.');
  const over = await actor.until(isOver);
  return (over.usageMetadata?.promptTokensDetails ?? [])
    .filter(({ modality }) => modality === 'IMAGE' || modality === 'VIDEO')
    .reduce((sum, { tokenCount = 0 }) => sum + tokenCount, 0);
}

/** `HTTP 401`, or `101` where the upgrade went through. */
export function upgrade(url: URL, headers: Record<string, string>): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = (url.protocol === 'https:' ? request : plainRequest)(url, {
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        ...headers,
      },
    });
    sent.on('response', (response) => {
      response.resume();
      resolve(`HTTP ${response.statusCode}`);
    });
    sent.on('upgrade', (_response, socket) => {
      socket.destroy();
      resolve('101');
    });
    sent.on('error', reject);
    sent.end();
  });
}
