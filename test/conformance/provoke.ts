/** Ways to do what is wrong, for the rows of expectations.ts. */
import type { LiveServer } from '../../src/server/server.ts';
import {
  DEFAULT_MODEL,
  GEMINI_PATH,
  openClient,
  openSession,
  type LiveClient,
} from '../support/liveClient.ts';

export const NATIVE_25 = 'models/gemini-2.5-flash-native-audio-latest';
export const THINKING = 'models/gemini-3.8-live-extended-thinking';

/** Sends frames as soon as the socket is open. */
export const sending = (...frames: unknown[]) => sendingTo(GEMINI_PATH, ...frames);
const sendingTo =
  (path: string, ...frames: unknown[]) =>
  async ({ url }: LiveServer): Promise<LiveClient> => {
    const client = await openClient(url, path);
    for (const frame of frames) client.send(frame);
    return client;
  };
export const setup = (fields: object, path = GEMINI_PATH) =>
  sendingTo(path, { setup: { model: DEFAULT_MODEL, ...fields } });
/** Sends frames after setupComplete. */
export const afterSetup =
  (fields: Record<string, unknown>, ...frames: unknown[]) =>
  async ({ url }: LiveServer): Promise<LiveClient> => {
    const client = await openSession(url, fields);
    for (const frame of frames) client.send(frame);
    return client;
  };
export const functions = (behavior?: string) => ({
  tools: [{ functionDeclarations: [{ name: 'get_weather', ...(behavior && { behavior }) }] }],
});
export const WEATHER = { realtimeInput: { text: 'what is the weather in Oslo' } };
export const SOUND = {
  realtimeInput: { audio: { data: 'AAAA', mimeType: 'audio/pcm;rate=16000' } },
};
export const withPath =
  (path: string) =>
  async ({ url }: LiveServer): Promise<LiveClient> => {
    const client = await openClient(url, path);
    client.send({ setup: { model: DEFAULT_MODEL } });
    return client;
  };

const CONSTRAINED = `${GEMINI_PATH}Constrained`.replace('v1beta', 'v1alpha');

/** With a token that `fields` were asked for; `uses` sessions of it are opened, and the last one pays. */
export const withToken =
  (fields: object, { uses = 1, afterMs = 0, path = CONSTRAINED } = {}) =>
  async ({ url }: LiveServer): Promise<LiveClient> => {
    const response = await fetch(`${url}/v1alpha/auth_tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-goog-api-key': 'right' },
      body: JSON.stringify(fields),
    });
    const { name } = (await response.json()) as { name: string };
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    for (let left = uses; ; left -= 1) {
      const client = await openClient(url, `${path}?access_token=${name}`);
      client.send({ setup: { model: DEFAULT_MODEL } });
      if (left === 1) return client;
      await client.until((message) => message.setupComplete !== undefined);
    }
  };

export const soon = (ms: number): string => new Date(Date.now() + ms).toISOString();
