/** Models that do not converse: one says what it hears in another language, one writes it down. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startLiveServer, type LiveServer } from '../../src/server/server.ts';
import {
  heardIn,
  openSession,
  quiet,
  sendSound,
  soundOf,
  VERTEX_PATH,
  wordsOf,
  type LiveClient,
  type Received,
} from '../support/liveClient.ts';
import { say, startOpenAiService, type OpenAiService } from '../support/openAiService.ts';

const TRANSLATE = 'models/gemini-3.5-live-translate-preview';
const TRANSCRIBE = 'models/gemini-3.5-transcribe-live';
const question = readFileSync(
  join(import.meta.dirname, '..', '..', 'audio-fixtures', 'question.pcm'),
);

let folder: string;
let model: OpenAiService;
/** Its recogniser understands the same words each time. */
let plain: LiveServer;
let thinking: LiveServer;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gemlive-jobs-'));
  const ears = join(folder, 'ears');
  writeFileSync(ears, '#!/bin/sh\ncat >/dev/null\necho good morning everybody\n');
  chmodSync(ears, 0o755);
  model = await startOpenAiService();
  plain = await startLiveServer({ stt: ears, tts: 'none' });
  thinking = await startLiveServer({ stt: ears, tts: 'none', llm: model.url });
});
afterAll(async () => {
  await Promise.all([plain?.close(), thinking?.close(), model?.close()]);
  rmSync(folder, { recursive: true, force: true });
});

const usagesIn = (messages: readonly Received[]): NonNullable<Received['usageMetadata']>[] =>
  messages.flatMap(({ usageMetadata }) => usageMetadata ?? []);

async function sayQuestion(client: LiveClient): Promise<Received[]> {
  sendSound(client, question);
  sendSound(client, quiet(1500));
  return client.turn();
}

describe('transcription', () => {
  it('writes down what was said, and answers nothing', async () => {
    const client = await openSession(plain.url, {
      model: TRANSCRIBE,
      generationConfig: { responseModalities: ['TEXT'] },
      inputAudioTranscription: {},
    });
    const turn = await sayQuestion(client);
    expect(wordsOf(turn)).toBe('good morning everybody');
    expect(heardIn(turn)).toEqual(['good morning everybody']);
    expect(soundOf(turn)).toHaveLength(0);
    expect(usagesIn(turn)).toHaveLength(1);
    await client.close();
  });

  it('says how long somebody spoke where there are no ears', async () => {
    const deaf = await startLiveServer({ stt: 'none', tts: 'none' });
    const client = await openSession(deaf.url, { model: TRANSCRIBE });
    expect(wordsOf(await sayQuestion(client))).toMatch(/^\[speech, \d\.\d s\]$/);
    await client.close();
    await deaf.close();
  });

  it('has nothing to write down of what is written', async () => {
    const client = await openSession(plain.url, { model: TRANSCRIBE });
    client.send({ realtimeInput: { text: 'what is 12 times 12' } });
    expect(wordsOf(await client.turn())).toBe('');
    await client.close();
  });

  it('goes by its other name on Vertex', async () => {
    const client = await openSession(
      plain.url,
      {
        model:
          'projects/p/locations/global/publishers/google/models/gemini-3.5-transcribe-live-preview',
      },
      VERTEX_PATH,
    );
    expect(wordsOf(await sayQuestion(client))).toBe('good morning everybody');
    await client.close();
  });
});

describe('translation', () => {
  const setup = {
    model: TRANSLATE,
    generationConfig: {
      responseModalities: ['AUDIO'],
      translationConfig: { targetLanguageCode: 'de' },
    },
    inputAudioTranscription: {},
    outputAudioTranscription: {},
  };

  it('says the same words where nothing here knows another language', async () => {
    const client = await openSession(plain.url, setup);
    const turn = await sayQuestion(client);
    expect(wordsOf(turn)).toBe('good morning everybody');
    expect(soundOf(turn).byteLength).toBeGreaterThan(0);
    await client.close();
  });

  it('is what a model says that is told the language, and only the words to translate', async () => {
    model.behave(say('Guten Morgen allerseits.'));
    const before = model.asked.length;
    const client = await openSession(thinking.url, {
      ...setup,
      systemInstruction: { parts: [{ text: 'Be polite.' }] },
    });
    for (const count of [1, 2]) {
      sendSound(client, question);
      sendSound(client, quiet(1500));
      expect(wordsOf(await client.turn(count))).toBe('Guten Morgen allerseits.');
    }
    const asked = model.asked
      .slice(before)
      .map(({ raw }) => (JSON.parse(raw.toString()) as { messages: unknown }).messages);
    const messages = [
      {
        role: 'system',
        content:
          'Be polite.\n\nTranslate what the user says into German (de). Answer with the translation and nothing else.',
      },
      { role: 'user', content: 'good morning everybody' },
    ];
    expect(asked).toEqual([messages, messages]);
    await client.close();
  });

  it('says the same words where no language was asked for', async () => {
    const before = model.asked.length;
    const client = await openSession(thinking.url, {
      model: TRANSLATE,
      outputAudioTranscription: {},
    });
    expect(wordsOf(await sayQuestion(client))).toBe('good morning everybody');
    expect(model.asked).toHaveLength(before);
    await client.close();
  });

  it('is nothing where nothing was understood', async () => {
    const dull = join(folder, 'dull');
    writeFileSync(dull, '#!/bin/sh\ncat >/dev/null\n');
    chmodSync(dull, 0o755);
    const server = await startLiveServer({ stt: dull, tts: 'none' });
    const client = await openSession(server.url, setup);
    expect(wordsOf(await sayQuestion(client))).toBe('');
    await client.close();
    await server.close();
  });

  it('has a receipt for each second, which sum up to what was heard and said', async () => {
    const client = await openSession(plain.url, setup);
    sendSound(client, question);
    sendSound(client, quiet(4000));
    await client.turn();
    const all = client.received;
    const seconds = all.filter(
      ({ serverContent, usageMetadata }) =>
        usageMetadata && Object.keys(serverContent ?? { none: 0 }).length === 0,
    );
    const heardSeconds = Math.floor((question.byteLength / 32 + 4000) / 1000);
    expect(seconds).toHaveLength(heardSeconds);
    for (const { usageMetadata } of seconds) {
      expect(usageMetadata?.promptTokensDetails).toEqual([{ modality: 'AUDIO', tokenCount: 25 }]);
    }
    const said = usagesIn(all).reduce((sum, usage) => sum + (usage.responseTokenCount ?? 0), 0);
    expect(said).toBe(Math.ceil((soundOf(all).byteLength / 48_000) * 25));
    await client.close();
  });

  it('goes on when somebody speaks, and takes one after the other', async () => {
    const client = await openSession(plain.url, setup);
    for (let times = 0; times < 2; times += 1) {
      sendSound(client, question);
      sendSound(client, quiet(1500));
    }
    expect(wordsOf(await client.turn(1))).toBe('good morning everybody');
    expect(wordsOf(await client.turn(2))).toBe('good morning everybody');
    expect(client.received.some(({ serverContent }) => serverContent?.interrupted)).toBe(false);
    await client.close();
  });

  it('of what is written is what is written', async () => {
    const client = await openSession(plain.url, setup);
    client.send({ realtimeInput: { text: 'good night' } });
    const turn = await client.turn();
    expect(wordsOf(turn)).toBe('good night');
    expect(usagesIn(turn).at(-1)?.promptTokensDetails).toEqual([
      { modality: 'TEXT', tokenCount: 3 },
    ]);
    await client.close();
  });
});
