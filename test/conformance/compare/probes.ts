/** One probe for each open question: it asks a server, and says in a few words what came. */
import type { OpenQuestionId } from '../../../src/protocol/openQuestions.ts';
import {
  ALPHA_PATH,
  EXTENDED_THINKING,
  GEMINI_PATH,
  VERTEX_PATH,
} from '../../support/liveClient.ts';
import {
  closeOf,
  isOver,
  messageOrClose,
  pause,
  setupAnswer,
  upgrade,
  videoTokens,
  WEATHER,
} from './asking.ts';
import { PROBES_OF_JOBS } from './probesOfJobs.ts';
import { question } from './scenarios.ts';
import { NATIVE_25, type Stage } from './stage.ts';

export type Probe = (stage: Stage) => Promise<string>;

/** How long nothing must come to be called nothing. */
const QUIET_MS = 1500;
/** A turn takes seconds. */
const IDLE_MS = 3000;

const PREVIEW_25 = 'models/gemini-2.5-flash-native-audio-preview';
/** Setups of the models that converse. */
const CURRENT = [{ model: 'models/gemini-3.8-live' }, EXTENDED_THINKING, { model: NATIVE_25 }];

export const PROBES: Readonly<Record<OpenQuestionId, Probe>> = {
  keyOnV1alpha: (stage) => setupAnswer(stage, {}, { path: ALPHA_PATH }),

  async modelsOnV1(stage) {
    const path = GEMINI_PATH.replace('v1beta', 'v1');
    const missing: string[] = [];
    for (const setup of CURRENT) {
      const answer = await setupAnswer(stage, setup, { path });
      if (answer !== 'setupComplete') missing.push(`${setup.model}: ${answer}`);
    }
    return missing.length === 0 ? 'all' : `not ${missing.join('; ')}`;
  },

  async keyInQueryOfTokens({ endpoint: { url, key } }) {
    const query = key === undefined ? '' : `?key=${encodeURIComponent(key)}`;
    const response = await fetch(`${url}/v1alpha/auth_tokens${query}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"uses":1}',
    });
    await response.arrayBuffer();
    return String(response.status);
  },

  transcriptionFields: (stage) =>
    setupAnswer(stage, {
      inputAudioTranscription: { languageCodes: ['en-US'], customVocabulary: ['gemlive'] },
    }),

  async schedulingWord(stage) {
    const words = await Promise.all(
      ['INTERRUPT', 'INTERRUPTED'].map(async (scheduling) => {
        const actor = await stage.ready({ tools: WEATHER });
        actor.text('What is the weather in Oslo? Use the tool.');
        actor.result(await actor.call(), { scheduling });
        const came = await messageOrClose(actor, () => actor.turnsOver() > 1);
        return `${scheduling} ${typeof came === 'string' ? came.slice(0, 4) : 'taken'}`;
      }),
    );
    return words.join(', ');
  },

  async schedulingInResponse(stage) {
    const actor = await stage.ready({ tools: WEATHER });
    actor.text('What is the weather in Oslo? Use the tool.');
    const call = await actor.call();
    await actor.turn();
    actor.result(call, { response: { output: 'four degrees', scheduling: 'SILENT' } });
    const from = actor.received.length;
    await pause(QUIET_MS);
    const said = actor.received.slice(from).some((message) => message.serverContent?.modelTurn);
    return said ? 'does not count' : 'counts';
  },

  async contextUpdateModels(stage) {
    const refused: string[] = [];
    for (const setup of CURRENT) {
      const actor = await stage.ready(setup);
      actor.do('contextUpdate', {
        contextUpdate: { systemInstruction: { parts: [{ text: 'Be kind.' }] } },
      });
      actor.text('Say yes.');
      const came = await messageOrClose(actor, isOver);
      if (typeof came === 'string') refused.push(`${setup.model}: ${came}`);
    }
    return refused.length === 0 ? 'all' : `not ${refused.join('; ')}`;
  },

  async contextUpdateAck(stage) {
    const actor = await stage.ready();
    const from = actor.received.length;
    actor.do('contextUpdate', {
      contextUpdate: { systemInstruction: { parts: [{ text: 'Be kind.' }] } },
    });
    await pause(QUIET_MS);
    const keys = actor.received
      .slice(from)
      .flatMap((message) => Object.keys(message).filter((key) => key !== 'at'));
    return keys.length === 0 ? 'no message' : keys.join(', ');
  },

  async statusPlace(stage) {
    const actor = await stage.ready({ ...EXTENDED_THINKING, tools: WEATHER });
    actor.text('What is the weather in Oslo? Use the tool.');
    const message = await actor.until(({ toolCall }) => toolCall !== undefined);
    if (message.interactionStatus !== undefined) return 'beside toolCall';
    return message.serverContent?.interactionStatus === undefined ? 'absent' : 'in serverContent';
  },

  async statusOnPlain38(stage) {
    const actor = await stage.ready();
    actor.text('Say yes.');
    const { serverContent, interactionStatus } = await actor.until(isOver);
    return serverContent?.interactionStatus ?? interactionStatus ?? 'absent';
  },

  async usagePerTurn(stage) {
    const actor = await stage.ready();
    const responses: number[] = [];
    for (const [index, text] of ['Count to twelve.', 'Say yes.'].entries()) {
      actor.text(text);
      const over = (await actor.turn(index + 1)).find((message) => message.usageMetadata);
      responses.push(over?.usageMetadata?.responseTokenCount ?? NaN);
    }
    const [first = NaN, second = NaN] = responses;
    return second < first ? 'of the turn' : 'of the session';
  },

  async unaskedTranscription(stage) {
    const actor = await stage.ready({
      inputAudioTranscription: undefined,
      outputAudioTranscription: undefined,
    });
    await actor.speak(question(), () => actor.turnsOver() > 0);
    const kinds = (['inputTranscription', 'outputTranscription'] as const).filter((kind) =>
      actor.received.some((message) => message.serverContent?.[kind]?.text),
    );
    return kinds.length === 0 ? 'none' : kinds.join(', ');
  },

  async markersUnderAutoVad(stage) {
    const actor = await stage.ready();
    actor.do('activityStart', { realtimeInput: { activityStart: {} } });
    return Promise.race([
      closeOf(actor.client.closed),
      pause(QUIET_MS).then(() => 'taken without a word'),
    ]);
  },

  async idleTimeout(stage) {
    const actor = await stage.ready();
    const startMs = performance.now();
    return Promise.race([
      closeOf(actor.client.closed).then(
        (close) => `${close} after ${Math.round((performance.now() - startMs) / 1000)} s`,
      ),
      pause(idleMs).then(() => 'not within the time of the probe'),
    ]);
  },

  unknownVoice: (stage) =>
    setupAnswer(stage, { generationConfig: { speechConfig: voice('Nobody') } }),

  async defaultVoice(stage) {
    const actor = await stage.ready();
    actor.text('Say yes.');
    await actor.turn();
    const names = JSON.stringify(actor.received).match(/"voice\w*":"[^"]+"/i);
    return names?.[0] ?? 'not told on the wire';
  },

  libraryVoice: (stage) =>
    setupAnswer(stage, { generationConfig: { speechConfig: voice('en-us-arlo') } }),

  // Asked for nothing: who has a good key is not refused for want of permission.
  permissionTexts: async () => 'cannot be provoked with a good key',

  vertexBearer: ({ endpoint: { url } }) => {
    const isReal = new URL(url).hostname.endsWith('googleapis.com');
    const host = isReal ? 'https://us-central1-aiplatform.googleapis.com' : url;
    return upgrade(new URL(VERTEX_PATH, host), { authorization: 'Bearer nobody' });
  },

  videoTokens: async (stage) =>
    String(
      await videoTokens(stage, {
        generationConfig: { mediaResolution: 'MEDIA_RESOLUTION_LOW' },
      }),
    ),

  async oldModels(stage) {
    const gone: string[] = [];
    for (const model of [NATIVE_25, `${PREVIEW_25}-12-2025`, `${PREVIEW_25}-09-2025`]) {
      const answer = await setupAnswer(stage, { model });
      if (answer !== 'setupComplete') gone.push(`${model}: ${answer}`);
    }
    return gone.length === 0 ? 'all' : `not ${gone.join('; ')}`;
  },

  ...PROBES_OF_JOBS,
};

const voice = (voiceName: string) => ({ voiceConfig: { prebuiltVoiceConfig: { voiceName } } });

let idleMs = IDLE_MS;
/** With --long the idle probe waits for four minutes. */
export const setIdleProbe = (ms: number): void => {
  idleMs = ms;
};
