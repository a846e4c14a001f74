/** What is done to each server. The words are such that a large model and the built-in brain do the same. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXTENDED_THINKING } from '../../support/liveClient.ts';
import { NATIVE_25, type Stage } from './stage.ts';

export type Scenario = {
  readonly name: string;
  /** It takes minutes: only with --long. */
  readonly long?: true;
  /** Rejects, or does not end, where the server does not do its part. */
  run(stage: Stage): Promise<void>;
};

let fixtures = '';
/** Where `audio-fixtures` is: the scenarios are bundled before they run. */
export const setFixtures = (folder: string): void => {
  fixtures = folder;
};
export const question = (): Buffer => readFileSync(join(fixtures, 'question.pcm'));
const stop = (): Buffer => readFileSync(join(fixtures, 'stop.pcm'));

const WEATHER = 'What is the weather in Oslo? Use the tool.';
const LONG = 'Count to one hundred.';
const functions = (behavior?: 'BLOCKING' | 'NON_BLOCKING') => ({
  tools: [
    {
      functionDeclarations: [
        {
          name: 'get_weather',
          description: 'The weather of a city, now.',
          parameters: {
            type: 'OBJECT',
            properties: { city: { type: 'STRING' } },
            required: ['city'],
          },
          ...(behavior && { behavior }),
        },
      ],
    },
  ],
});
const MANUAL = { realtimeInputConfig: { automaticActivityDetection: { disabled: true } } };
const COMPRESSES = { contextWindowCompression: { slidingWindow: {} } };

const scheduled = (scheduling: 'WHEN_IDLE' | 'INTERRUPT' | 'SILENT', turns: number): Scenario => ({
  name: `tool-${scheduling.toLowerCase().replace('_', '-')}`,
  async run(stage) {
    const actor = await stage.ready(functions('NON_BLOCKING'));
    actor.text(WEATHER);
    const call = await actor.call();
    await actor.turn();
    actor.text(scheduling === 'INTERRUPT' ? LONG : 'Count to twelve.');
    const from = actor.received.length;
    await actor.client.until((message) => message.serverContent?.modelTurn !== undefined, from);
    actor.result(call, { scheduling });
    await actor.turn(turns);
  },
});

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'text',
    async run(stage) {
      const actor = await stage.ready();
      actor.text('What is 12 times 12?');
      await actor.turn();
    },
  },
  {
    name: 'content',
    async run(stage) {
      const actor = await stage.ready();
      actor.content('user', 'My name is Ada.', false);
      actor.content('model', 'Nice to meet you, Ada.', false);
      actor.content('user', 'What is my name?', true);
      await actor.turn();
    },
  },
  {
    name: 'audio',
    async run(stage) {
      const actor = await stage.ready();
      await actor.speak(question(), () => actor.turnsOver() > 0);
    },
  },
  {
    name: 'audio-without-transcription',
    async run(stage) {
      const actor = await stage.ready({
        inputAudioTranscription: undefined,
        outputAudioTranscription: undefined,
      });
      await actor.speak(question(), () => actor.turnsOver() > 0);
    },
  },
  {
    name: 'barge-in',
    async run(stage) {
      const actor = await stage.ready();
      actor.text(LONG);
      await actor.sound();
      await actor.speak(stop(), () => actor.turnsOver() > 1);
    },
  },
  {
    name: 'barge-in-by-text',
    async run(stage) {
      const actor = await stage.ready();
      actor.text(LONG);
      await actor.sound();
      actor.text('Say yes.');
      await actor.turn(2);
    },
  },
  {
    name: 'no-interruption',
    async run(stage) {
      const actor = await stage.ready({
        realtimeInputConfig: { activityHandling: 'NO_INTERRUPTION' },
      });
      actor.text('Count to five.');
      await actor.sound();
      actor.text('Say yes.');
      await actor.turn(2);
    },
  },
  {
    name: 'activity-markers',
    async run(stage) {
      const actor = await stage.ready(MANUAL);
      actor.do('activityStart', { realtimeInput: { activityStart: {} } });
      await actor.speak(question());
      actor.do('activityEnd', { realtimeInput: { activityEnd: {} } });
      await actor.turn();
    },
  },
  {
    name: 'audio-stream-end',
    async run(stage) {
      const actor = await stage.ready();
      await actor.speak(question());
      actor.do('audioStreamEnd', { realtimeInput: { audioStreamEnd: true } });
      await actor.turn();
    },
  },
  {
    name: 'video',
    async run(stage) {
      const actor = await stage.ready();
      actor.do('video', { realtimeInput: { video: { data: PIXEL, mimeType: 'image/png' } } });
      actor.text('Say yes.');
      await actor.turn();
    },
  },
  {
    name: 'tool-blocking',
    async run(stage) {
      const actor = await stage.ready(functions('BLOCKING'));
      actor.text(WEATHER);
      actor.result(await actor.call());
      await actor.turn();
    },
  },
  {
    name: 'tool-cancelled',
    async run(stage) {
      const actor = await stage.ready(functions('BLOCKING'));
      actor.text(WEATHER);
      await actor.call();
      actor.text('Never mind. Say yes.');
      await actor.until((message) => message.toolCallCancellation !== undefined);
      await actor.turn(2);
    },
  },
  scheduled('WHEN_IDLE', 3),
  scheduled('INTERRUPT', 3),
  scheduled('SILENT', 2),
  {
    name: 'tool-thinking',
    async run(stage) {
      const actor = await stage.ready({ ...functions(), ...EXTENDED_THINKING });
      actor.text(WEATHER);
      actor.result(await actor.call());
      await actor.until((message) => message.serverContent?.interactionStatus === 'IDLE');
    },
  },
  {
    name: 'tool-2.5',
    async run(stage) {
      const actor = await stage.ready({ ...functions(), model: NATIVE_25 });
      actor.text(WEATHER);
      actor.result(await actor.call());
      await actor.turn();
    },
  },
  {
    name: 'context-update',
    async run(stage) {
      const actor = await stage.ready({ systemInstruction: { parts: [{ text: 'Be brief.' }] } });
      const systemInstruction = { parts: [{ text: 'You are Bob.' }] };
      actor.do('contextUpdate', { contextUpdate: { systemInstruction, ...functions0() } });
      actor.text(WEATHER);
      actor.result(await actor.call());
      await actor.turn();
    },
  },
  {
    name: 'history',
    async run(stage) {
      const actor = await stage.ready({ historyConfig: { initialHistoryInClientContent: true } });
      actor.content('user', 'My name is Ada.', false);
      actor.content('model', 'Nice to meet you, Ada.', true);
      actor.text('What is my name?');
      await actor.turn();
    },
  },
  {
    name: 'resumption',
    async run(stage) {
      const actor = await stage.ready({ sessionResumption: {} });
      actor.text('My name is Ada.');
      const handle = await actor.handle();
      actor.client.socket.close(1000);
      await actor.client.closed;
      const again = await stage.ready({ sessionResumption: { handle } });
      // Whether a handle comes at once is one of the differences.
      await Promise.race([again.handle(), new Promise((resolve) => setTimeout(resolve, 1000))]);
      again.text('What is my name?');
      await again.turn();
    },
  },
  {
    name: 'newest-wins',
    async run(stage) {
      const actor = await stage.ready({ sessionResumption: {} });
      actor.text('My name is Ada.');
      const handle = await actor.handle();
      await stage.ready({ sessionResumption: { handle } });
      await actor.client.closed;
    },
  },
  {
    name: 'go-away',
    long: true,
    async run(stage) {
      const actor = await stage.ready({ sessionResumption: {}, ...COMPRESSES });
      actor.speak(new Uint8Array(0), () => false).catch(() => {}); // it ends with the connection
      await actor.until((message) => message.goAway !== undefined);
      await actor.client.closed;
    },
  },
];

function functions0(): { tools: unknown } {
  return { tools: { tools: functions('BLOCKING').tools } };
}

/** A picture of one pixel. */
const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';
