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

function sayQuestion(client: LiveClient): void {
  sendSound(client, question);
  sendSound(client, quiet(1500));
}

/** All that came up to the end of the count-th line: no message says that a turn is over. */
async function written(client: LiveClient, count = 1): Promise<Received[]> {
  const isOver = ({ serverContent }: Received): boolean =>
    serverContent?.generationComplete === true;
  const last = await client.until((one) => client.received.filter(isOver)[count - 1] === one);
  return client.received.slice(0, client.received.indexOf(last) + 1);
}

/** All that came up to the last of these words. */
async function translated(client: LiveClient, words: string): Promise<Received[]> {
  await client.until(() => wordsOf(client.received) === words);
  return client.received;
}

const endsOf = (messages: readonly Received[]): unknown[] =>
  messages.filter(
    ({ serverContent }) => serverContent?.turnComplete ?? serverContent?.generationComplete,
  );

describe('transcription', () => {
  it('writes down what was said, and answers nothing', async () => {
    const client = await openSession(plain.url, {
      model: TRANSCRIBE,
      generationConfig: { responseModalities: ['TEXT'] },
      inputAudioTranscription: {},
    });
    sayQuestion(client);
    const line = await written(client);
    expect(line.slice(1).map(({ serverContent }) => serverContent)).toEqual([
      { interimInputTranscription: { text: 'good morning' } },
      { inputTranscription: { text: 'good morning everybody' } },
      { generationComplete: true },
    ]);
    const [usage] = usagesIn(line);
    expect(usage?.responseTokensDetails).toEqual([{ modality: 'TEXT', tokenCount: 6 }]);
    await client.close();
  });

  it('goes on line by line, and no turn is ever over', async () => {
    const client = await openSession(plain.url, { model: TRANSCRIBE });
    for (const count of [1, 2]) {
      sayQuestion(client);
      await written(client, count);
    }
    expect(heardIn(client.received)).toEqual(['good morning everybody', 'good morning everybody']);
    expect(JSON.stringify(client.received)).not.toMatch(/turnComplete|modelTurn|interrupted/);
    await client.close();
  });

  it('says how long somebody spoke where there are no ears', async () => {
    const deaf = await startLiveServer({ stt: 'none', tts: 'none' });
    const client = await openSession(deaf.url, { model: TRANSCRIBE });
    sayQuestion(client);
    expect(heardIn(await written(client)).join()).toMatch(/^\[speech, \d\.\d s\]$/);
    await client.close();
    await deaf.close();
  });

  it('has nothing to write down of what is written', async () => {
    const client = await openSession(plain.url, { model: TRANSCRIBE });
    client.send({ realtimeInput: { text: 'what is 12 times 12' } });
    const line = await written(client);
    expect(wordsOf(line) + heardIn(line).join()).toBe('');
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
    sayQuestion(client);
    expect(heardIn(await written(client))).toEqual(['good morning everybody']);
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
    sayQuestion(client);
    const turn = await translated(client, 'good morning everybody');
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
    for (const words of ['Guten Morgen allerseits.', 'Guten Morgen allerseits.'.repeat(2)]) {
      sayQuestion(client);
      await translated(client, words);
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
    sayQuestion(client);
    await translated(client, 'good morning everybody');
    expect(model.asked).toHaveLength(before);
    await client.close();
  });

  it('is nothing where nothing was understood', async () => {
    const dull = join(folder, 'dull');
    writeFileSync(dull, '#!/bin/sh\ncat >/dev/null\n');
    chmodSync(dull, 0o755);
    const server = await startLiveServer({ stt: dull, tts: 'none' });
    const client = await openSession(server.url, setup);
    sayQuestion(client);
    await client.until(({ serverContent }) => serverContent?.inputTranscription !== undefined);
    // What is written is taken after what was said.
    client.send({ realtimeInput: { text: 'good night' } });
    await translated(client, 'good night');
    await client.close();
    await server.close();
  });

  it('has a receipt for each second, which sum up to what was heard and said', async () => {
    const client = await openSession(plain.url, setup);
    sendSound(client, question);
    sendSound(client, quiet(4000));
    const tokensOut = (): number =>
      usagesIn(client.received).reduce((sum, usage) => sum + (usage.responseTokenCount ?? 0), 0);
    const spokenTokens = (): number =>
      Math.ceil((soundOf(client.received).byteLength / 48_000) * 25);
    await client.until(() => tokensOut() > 0 && tokensOut() === spokenTokens());
    expect(wordsOf(client.received)).toBe('good morning everybody');
    const all = client.received;
    const seconds = all.filter(({ usageMetadata }) => (usageMetadata?.promptTokenCount ?? 0) > 0);
    const heardSeconds = Math.floor((question.byteLength / 32 + 4000) / 1000);
    expect(seconds).toHaveLength(heardSeconds);
    for (const { usageMetadata } of seconds) {
      expect(usageMetadata?.promptTokensDetails).toEqual([{ modality: 'AUDIO', tokenCount: 25 }]);
    }
    expect(endsOf(all)).toEqual([]);
    await client.close();
  });

  it('goes on when somebody speaks, and takes one after the other', async () => {
    const client = await openSession(plain.url, setup);
    for (let times = 0; times < 2; times += 1) sayQuestion(client);
    await translated(client, 'good morning everybody'.repeat(2));
    expect(endsOf(client.received)).toEqual([]);
    expect(client.received.some(({ serverContent }) => serverContent?.interrupted)).toBe(false);
    await client.close();
  });

  it('of what is written is what is written', async () => {
    const client = await openSession(plain.url, setup);
    client.send({ realtimeInput: { text: 'good night' } });
    await translated(client, 'good night');
    const { usageMetadata } = await client.until((message) => message.usageMetadata !== undefined);
    expect(usageMetadata?.promptTokensDetails).toEqual([{ modality: 'TEXT', tokenCount: 3 }]);
    await client.close();
  });
});
