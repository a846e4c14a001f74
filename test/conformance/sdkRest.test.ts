/** What the official SDK does over plain HTTP, against the local server. Tokens are in sdkSessions.test.ts. */
import { ApiError, GoogleGenAI } from '@google/genai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Brain } from '../../src/server/brain/brain.ts';
import { startLiveServer, type LiveServer } from '../../src/server/server.ts';

/** The first piece of what breaks has been read. */
let read = (): void => {};

/** Calls where it can, and tells the result; else counts what it was told. */
const brain: Brain = {
  name: 'caller',
  async *think({ turns, tools, system }) {
    const last = turns.at(-1);
    if (last?.role === 'tool') yield { text: `It is ${String(last.response.output)}.` };
    else if (tools[0]) yield { call: { name: tools[0].name, args: { city: 'Oslo' } } };
    else if (last?.role === 'user' && last.text === 'break') {
      yield { text: 'It' };
      await new Promise<void>((resolve) => (read = resolve));
      throw new Error('out of order');
    } else {
      for (const word of [`${turns.length}`, ' turns', `, ${system}`]) yield { text: word };
    }
  },
};

let server: LiveServer;
let ai: GoogleGenAI;
beforeAll(async () => {
  server = await startLiveServer({ stt: 'none', tts: 'none', brain, key: 'the-key' });
  ai = new GoogleGenAI({ apiKey: 'the-key', httpOptions: { baseUrl: server.url } });
});
afterAll(() => server.close());

const model = 'gemini-flash-latest';
const config = { systemInstruction: 'Be brief.' };

describe('the official SDK over HTTP', () => {
  it('lists models page by page, and finds the Live ones', async () => {
    const live: string[] = [];
    for await (const found of await ai.models.list({ config: { pageSize: 3 } })) {
      if (found.supportedActions?.includes('bidiGenerateContent')) live.push(found.name ?? '');
    }
    expect(live).toHaveLength(8);
    expect(live).toContain('models/gemini-3.8-live');
  });

  it('gets one', async () => {
    expect(await ai.models.get({ model: 'gemini-3.8-live' })).toMatchObject({
      name: 'models/gemini-3.8-live',
      displayName: 'Gemini 3.8 Live',
      inputTokenLimit: 131_072,
    });
  });

  it('generates content, whole and streamed', async () => {
    const whole = await ai.models.generateContent({ model, contents: 'hi', config });
    expect(whole.text).toBe('1 turns, Be brief.');
    expect(whole.candidates?.[0]?.finishReason).toBe('STOP');
    expect(whole.modelVersion).toBe(model);
    expect(whole.usageMetadata).toMatchObject({ promptTokenCount: 4, candidatesTokenCount: 5 });
    const pieces: string[] = [];
    for await (const piece of await ai.models.generateContentStream({
      model,
      contents: 'hi',
      config,
    }))
      pieces.push(piece.text ?? '');
    expect(pieces).toEqual(['1', ' turns', ', Be brief.', '']);
  });

  it('chats', async () => {
    const chat = ai.chats.create({ model, config });
    expect((await chat.sendMessage({ message: 'hi' })).text).toBe('1 turns, Be brief.');
    const streamed: string[] = [];
    for await (const piece of await chat.sendMessageStream({ message: 'again' }))
      streamed.push(piece.text ?? '');
    expect(streamed.join('')).toBe('3 turns, Be brief.');
    expect(chat.getHistory(true).map(({ role }) => role)).toEqual([
      'user',
      'model',
      'user',
      'model',
      'model',
      'model',
      'model',
    ]);
  });

  it('calls functions', async () => {
    const tools = [{ functionDeclarations: [{ name: 'weather' }] }];
    const first = await ai.models.generateContent({
      model,
      contents: 'weather',
      config: { tools },
    });
    expect(first.functionCalls).toEqual([
      { id: 'function-call-1', name: 'weather', args: { city: 'Oslo' } },
    ]);
    const second = await ai.models.generateContent({
      model,
      contents: [
        { role: 'user', parts: [{ text: 'weather' }] },
        first.candidates?.[0]?.content ?? {},
        {
          role: 'user',
          parts: [
            {
              functionResponse: { id: 'function-call-1', name: 'weather', response: { output: 4 } },
            },
          ],
        },
      ],
      config: { tools },
    });
    expect(second.text).toBe('It is 4.');
  });

  it('counts tokens', async () => {
    expect((await ai.models.countTokens({ model, contents: '12345678' })).totalTokens).toBe(2);
  });

  it('speaks as Vertex AI too', async () => {
    const vertex = new GoogleGenAI({
      vertexai: true,
      apiKey: 'the-key',
      httpOptions: { baseUrl: server.url },
    });
    const reply = await vertex.models.generateContent({ model, contents: 'hi', config });
    expect(reply.text).toBe('1 turns, Be brief.');
  });

  it.each<[string, () => Promise<unknown>, number, RegExp]>([
    [
      'a Live model',
      () => ai.models.generateContent({ model: 'gemini-3.8-live', contents: 'hi' }),
      404,
      /models\/gemini-3\.8-live is not found for API version v1beta, or is not supported for generateContent/,
    ],
    [
      'a wrong key',
      () => new GoogleGenAI({ apiKey: 'x', httpOptions: { baseUrl: server.url } }).models.list(),
      400,
      /API_KEY_INVALID/,
    ],
    ['a model nobody has', () => ai.models.get({ model: 'none' }), 404, /Model is not found/],
    [
      'a stream that breaks',
      async () => {
        const stream = await ai.models.generateContentStream({ model, contents: 'break' });
        for await (const piece of stream) {
          expect(piece.text).toBe('It');
          read();
        }
      },
      500,
      /Internal error encountered/,
    ],
  ])('is told of %s', async (_what, attempt, status, message) => {
    const error = await attempt().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ApiError);
    expect((error as ApiError).status).toBe(status);
    expect((error as ApiError).message).toMatch(message);
  });
});
