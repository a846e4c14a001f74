/** The official SDK's own setup frames beside ours. */
import {
  ActivityHandling,
  EndSensitivity,
  Modality,
  StartSensitivity,
  ThinkingLevel,
  TurnCoverage,
  type LiveConnectConfig,
} from '@google/genai';
import { describe, expect, it } from 'vitest';
import { runCli } from '../support/cli.ts';
import { startScriptedServer } from '../support/scriptedServer.ts';
import { until } from '../support/until.ts';
import { connectSdk, VOICE } from './clients/sdk.ts';

/** The first frame that the SDK sends. */
async function setupOf(
  model: string,
  config: LiveConnectConfig,
  { vertex = false } = {},
): Promise<unknown> {
  let frame: unknown;
  const capture = await startScriptedServer(async (peer) => {
    frame = await peer.next();
    peer.send({ setupComplete: {} });
  });
  const { session } = await connectSdk(config, { url: capture.url, model, vertex });
  await until('a setup', () => frame !== undefined);
  session.close();
  await capture.close();
  return frame;
}

/** The SDK names a role where the protocol has only one. */
function withoutRole(frame: unknown): unknown {
  const { setup } = frame as { setup: { systemInstruction?: { role?: string } } };
  delete setup.systemInstruction?.role;
  return { setup };
}

const WINDOW = { sessionResumption: {}, contextWindowCompression: { slidingWindow: {} } };

const MARKED = { automaticActivityDetection: { disabled: true } };

describe('its setup frames are ours', () => {
  it.concurrent.each<[string, string, LiveConnectConfig]>([
    ['', 'gemini-3.8-live', {}],
    [
      '--voice kore',
      'gemini-3.8-live',
      { speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: 'Kore' } } } },
    ],
    ['--system Hello', 'gemini-3.8-live', { systemInstruction: 'Hello' }],
    [
      '--temperature 0.5 --top-p 0.9 --top-k 40 --max-output-tokens 200 --seed 7',
      'gemini-3.8-live',
      { temperature: 0.5, topP: 0.9, topK: 40, maxOutputTokens: 200, seed: 7 },
    ],
    [
      '--start-sensitivity low --end-sensitivity high --prefix-ms 20 --silence-ms 500',
      'gemini-3.8-live',
      {
        realtimeInputConfig: {
          automaticActivityDetection: {
            startOfSpeechSensitivity: StartSensitivity.START_SENSITIVITY_LOW,
            endOfSpeechSensitivity: EndSensitivity.END_SENSITIVITY_HIGH,
            prefixPaddingMs: 20,
            silenceDurationMs: 500,
          },
        },
      },
    ],
    [
      '--no-interrupt --turn-coverage all',
      'gemini-3.8-live',
      {
        realtimeInputConfig: {
          activityHandling: ActivityHandling.NO_INTERRUPTION,
          turnCoverage: TurnCoverage.TURN_INCLUDES_ALL_INPUT,
        },
      },
    ],
    [
      '--thinking high --include-thoughts',
      'gemini-3.8-live-extended-thinking',
      { thinkingConfig: { thinkingLevel: ThinkingLevel.HIGH, includeThoughts: true } },
    ],
    [
      '--thinking 0 --affective --proactive',
      'gemini-2.5-flash-native-audio-latest',
      {
        thinkingConfig: { thinkingBudget: 0 },
        enableAffectiveDialog: true,
        proactivity: { proactiveAudio: true },
      },
    ],
    ['--search', 'gemini-3.8-live', { tools: [{ googleSearch: {} }] }],
    [
      '--voice puck --system Hi',
      'gemini-3.8-live-extended-thinking',
      {
        thinkingConfig: { thinkingLevel: ThinkingLevel.LOW },
        speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: 'Puck' } } },
        systemInstruction: 'Hi',
      },
    ],
    [
      '--translate-to fr',
      'gemini-3.5-live-translate-preview',
      { translationConfig: { targetLanguageCode: 'fr' } },
    ],
    [
      '--language de-DE',
      'gemini-3.5-transcribe-live',
      {
        responseModalities: [Modality.TEXT],
        inputAudioTranscription: { languageCodes: ['de-DE'] },
        // Ours asks for none: there is no sound.
        outputAudioTranscription: undefined,
      } as unknown as LiveConnectConfig,
    ],
    [
      '--language pt-BR --no-affective',
      'gemini-live-2.5-flash-native-audio',
      { speechConfig: { languageCode: 'pt-BR' } },
    ],
    [
      '--thinking off --include-thoughts',
      'gemini-2.5-flash-native-audio-latest',
      { thinkingConfig: { thinkingBudget: 0, includeThoughts: true } },
    ],
    ['--vad manual', 'gemini-3.8-live', { realtimeInputConfig: MARKED }],
    ['--ptt', 'gemini-2.5-flash-native-audio-latest', { realtimeInputConfig: MARKED }],
    [
      '--turn-coverage activity --code-execution --search',
      'gemini-live-2.5-flash-preview',
      {
        realtimeInputConfig: { turnCoverage: TurnCoverage.TURN_INCLUDES_ONLY_ACTIVITY },
        tools: [{ googleSearch: {} }, { codeExecution: {} }],
      },
    ],
  ])('%s (%s)', async (flags, model, config) => {
    const args = [
      'talk',
      '--dry-run',
      '-m',
      model,
      ...flags.split(' ').filter((flag) => flag !== ''),
    ];
    const [ours, theirs] = await Promise.all([
      runCli(args),
      setupOf(model, { ...VOICE, ...WINDOW, ...config }),
    ]);
    expect(withoutRole(JSON.parse(ours.stdout))).toEqual(withoutRole(theirs));
  });

  it('without transcription, compression and resumption', async () => {
    const ours = await runCli([
      'talk',
      '--dry-run',
      '--no-transcribe',
      '--no-compress',
      '--no-resume',
    ]);
    const theirs = await setupOf('gemini-3.8-live', { responseModalities: [Modality.AUDIO] });
    expect(JSON.parse(ours.stdout)).toEqual(theirs);
  });

  it('on Vertex AI, by a key: another name of the model, and the language as a code', async () => {
    const [ours, theirs] = await Promise.all([
      runCli(['talk', '--dry-run', '--vertex', '--language', 'de-DE', '--voice', 'kore']),
      setupOf(
        'gemini-3.8-live',
        {
          ...VOICE,
          ...WINDOW,
          sessionResumption: { transparent: true },
          speechConfig: {
            voiceConfig: { prebuiltVoiceConfig: { voiceName: 'Kore' } },
            languageCode: 'de-DE',
          },
        },
        { vertex: true },
      ),
    ]);
    expect(JSON.parse(ours.stdout)).toEqual(theirs);
    expect(ours.stdout).toContain('publishers/google/models/gemini-3.8-live');
  });

  it('but historyConfig, which it drops: raw frames stand in for it', async () => {
    const config = { historyConfig: { initialHistoryInClientContent: true } } as LiveConnectConfig;
    expect(JSON.stringify(await setupOf('gemini-3.8-live', config))).not.toContain('istory');
  });
});
