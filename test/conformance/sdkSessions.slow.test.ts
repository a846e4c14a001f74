/** Sessions, handles and tokens by the official SDK. */
import { GoogleGenAI, Modality, type LiveConnectConfig } from '@google/genai';
import { describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { connectSdk, spoken, turn, VOICE, type SdkClient } from './clients/sdk.ts';
import { watchedServer } from './watch.ts';

const server = watchedServer('SDK', 'sdkSessions', { stt: 'none', tts: 'none' });
const resumable = (handle?: string): LiveConnectConfig => ({
  ...VOICE,
  sessionResumption: handle === undefined ? {} : { handle },
});

const handlesOf = ({ messages }: SdkClient): string[] =>
  messages.flatMap(({ sessionResumptionUpdate: update }) =>
    update?.resumable === true && update.newHandle !== undefined ? [update.newHandle] : [],
  );

async function handleAfter(client: SdkClient, text: string): Promise<string> {
  const before = handlesOf(client).length;
  client.session.sendRealtimeInput({ text });
  await until('a handle', () => handlesOf(client).length > before);
  return handlesOf(client).at(-1) ?? '';
}

describe('a session of the official SDK', () => {
  it('is taken up again by its handle, with what was said', async () => {
    const client = await connectSdk(resumable(), { url: server.url });
    const handle = await handleAfter(client, 'my name is Ada');
    client.session.close();
    const again = await connectSdk(resumable(handle), { url: server.url });
    await until('a new handle', () => handlesOf(again).length > 0);
    again.session.sendRealtimeInput({ text: 'what is my name' });
    await turn(again);
    expect(spoken(again)).toBe('Your name is Ada.');
    again.session.close();
  });

  it('is not resumable while the model answers', async () => {
    const client = await connectSdk(resumable(), { url: server.url });
    await handleAfter(client, 'say yes');
    client.session.sendRealtimeInput({ text: 'count to twelve' });
    await until('a second handle', () => handlesOf(client).length > 1);
    const updates = client.messages.flatMap(
      ({ sessionResumptionUpdate }) => sessionResumptionUpdate ?? [],
    );
    expect(updates.map(({ resumable: can = false }) => can)).toEqual([true, false, true]);
    expect(updates[1]?.newHandle ?? '').toBe('');
    client.session.close();
  });

  it('is gone with a stale handle', async () => {
    const reasons: string[] = [];
    const ai = new GoogleGenAI({ apiKey: 'any', httpOptions: { baseUrl: server.url } });
    void ai.live.connect({
      model: 'gemini-3.8-live',
      config: resumable('nobody gave this'),
      callbacks: {
        onmessage: () => {},
        onclose: ({ code, reason }) => reasons.push(`${code} ${reason}`),
      },
    });
    await until('a close', () => reasons.length > 0);
    expect(reasons).toEqual(['1008 BidiGenerateContent session expired']);
  });
});

describe('a connection that is old', () => {
  const brief = watchedServer('SDK', 'sdkSessions', {
    stt: 'none',
    tts: 'none',
    goAwaySeconds: 4,
  });

  it('is told to go, then cut; its session goes on', async () => {
    const client = await connectSdk(resumable(), { url: brief.url });
    const handle = await handleAfter(client, 'my name is Ada');
    await until('the end', () => client.closes.length > 0);
    const goAway = client.messages.find((message) => message.goAway)?.goAway;
    expect(goAway?.timeLeft).toBe('2s');
    expect(client.closes).toEqual(['1008 The operation was aborted.']);
    const again = await connectSdk(resumable(handle), { url: brief.url });
    again.session.sendRealtimeInput({ text: 'what is my name' });
    await until('its name', () => spoken(again) === 'Your name is Ada.');
    again.session.close();
  });
});

describe('a token of the official SDK', () => {
  const ai = () =>
    new GoogleGenAI({
      apiKey: 'any',
      httpOptions: { baseUrl: server.serverUrl, apiVersion: 'v1alpha' },
    });
  const withToken = (token: string, config: LiveConnectConfig = VOICE, model?: string) =>
    connectSdk(config, {
      url: server.url,
      apiKey: token,
      apiVersion: 'v1alpha',
      ...(model !== undefined && { model }),
    });

  /** This version's connect() waits for ever when the server closes before setupComplete. */
  async function refusal(token: string, config: LiveConnectConfig = VOICE): Promise<string> {
    const reasons: string[] = [];
    const httpOptions = { baseUrl: server.url, apiVersion: 'v1alpha' };
    void new GoogleGenAI({ apiKey: token, httpOptions }).live.connect({
      model: 'gemini-3.8-live',
      config,
      callbacks: {
        onmessage: () => {},
        onclose: ({ code, reason }) => reasons.push(`${code} ${reason}`),
      },
    });
    await until('a close', () => reasons.length > 0);
    return reasons[0] ?? '';
  }

  it('opens a session, once', async () => {
    const { name = '' } = await ai().authTokens.create({ config: { uses: 1 } });
    expect(name).toMatch(/^auth_tokens\/.+/);
    const client = await withToken(name);
    client.session.sendRealtimeInput({ text: 'say yes' });
    await turn(client);
    expect(spoken(client)).toBe('Yes.');
    client.session.close();
    expect(await refusal(name)).toBe('1011 Token has been used too many times');
  });

  it('comes back by a handle without being used again', async () => {
    const { name = '' } = await ai().authTokens.create({ config: { uses: 1 } });
    const client = await withToken(name, resumable());
    const handle = await handleAfter(client, 'my name is Ada');
    client.session.close();
    const again = await withToken(name, resumable(handle));
    again.session.sendRealtimeInput({ text: 'what is my name' });
    await turn(again);
    expect(spoken(again)).toBe('Your name is Ada.');
    again.session.close();
  });

  it('that fixes a setup: the whole of it is the token’s, and the client’s is not asked', async () => {
    const { name = '' } = await ai().authTokens.create({
      config: {
        uses: 1,
        liveConnectConstraints: {
          model: 'gemini-3.8-live',
          config: { responseModalities: [Modality.AUDIO], maxOutputTokens: 25 },
        },
      },
    });
    // What the client asks for, another model and TEXT, would be refused.
    const client = await withToken(
      name,
      { responseModalities: [Modality.TEXT], maxOutputTokens: 2000 },
      'gemini-2.0-flash-live-001',
    );
    client.session.sendRealtimeInput({ text: 'count to one hundred' });
    await turn(client);
    const bytes = client.messages.reduce(
      (sum, message) => sum + Buffer.from(message.data ?? '', 'base64').length,
      0,
    );
    expect(bytes).toBe(48_000);
    client.session.close();
  });

  it('that locks some fields: the others are the client’s', async () => {
    const { name = '' } = await ai().authTokens.create({
      config: {
        uses: 1,
        liveConnectConstraints: {
          model: 'gemini-3.8-live',
          config: { responseModalities: [Modality.AUDIO] },
        },
        lockAdditionalFields: [],
      },
    });
    const client = await withToken(name, {
      responseModalities: [Modality.TEXT],
      outputAudioTranscription: {},
      maxOutputTokens: 25,
    });
    client.session.sendRealtimeInput({ text: 'count to one hundred' });
    await turn(client);
    const bytes = client.messages.reduce(
      (sum, message) => sum + Buffer.from(message.data ?? '', 'base64').length,
      0,
    );
    expect(bytes).toBe(48_000);
    client.session.close();
  });

  it('that is too late opens nothing', async () => {
    const soon = new Date(Date.now() + 500).toISOString();
    const { name = '' } = await ai().authTokens.create({
      config: { uses: 1, newSessionExpireTime: soon },
    });
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(await refusal(name)).toBe('1011 Token has expired');
  });

  it('ends the session when it expires', async () => {
    const soon = new Date(Date.now() + 1500).toISOString();
    const { name = '' } = await ai().authTokens.create({ config: { uses: 1, expireTime: soon } });
    const client = await withToken(name);
    await until('the end', () => client.closes.length > 0);
    expect(client.closes).toEqual(['1011 auth token has expired']);
  });

  it('may not live for more than 20 hours', async () => {
    const far = new Date(Date.now() + 21 * 3_600_000).toISOString();
    await expect(ai().authTokens.create({ config: { uses: 1, expireTime: far } })).rejects.toThrow(
      /expire_time is too far in the future\. Maximum lifetime is 20h/,
    );
  });
});
