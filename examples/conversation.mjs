// A conversation without a microphone or a loudspeaker: a recording in, the spoken answer into a file.
// Any AudioSource and AudioSink will do in their places.
//
//   node examples/conversation.mjs question.wav reply.wav
import {
  Conversation,
  createSpeechDetector,
  DEFAULT_MODEL,
  FileSink,
  LiveSession,
  openRecording,
  openSoundFile,
  OUTPUT_FORMAT,
  pace,
  profileOf,
  silence,
  toEndpoint,
} from 'gemlive';
import { startLiveServer } from 'gemlive/server';

const [input = 'audio-fixtures/question.pcm', output = 'reply.wav'] = process.argv.slice(2);

const recording = await openRecording(input);
/** The recording at the pace of speech, and then silence: a turn is closed only while sound keeps coming. */
const source = {
  format: recording.format,
  label: recording.label,
  frames(signal) {
    async function* everything() {
      yield* recording.frames(signal);
      yield* silence(recording.format).frames(signal);
    }
    return pace(everything(), { signal });
  },
};
const sink = new FileSink(openSoundFile(output, OUTPUT_FORMAT));
const detector = await createSpeechDetector();
const server = await startLiveServer();
const profile = profileOf(DEFAULT_MODEL);
const session = new LiveSession({
  endpoint: toEndpoint({ baseUrl: server.url, apiVersion: 'v1beta' }),
  setup: {
    model: `models/${profile.id}`,
    generationConfig: { responseModalities: ['AUDIO'] },
    inputAudioTranscription: {},
    outputAudioTranscription: {},
  },
  profile,
  timeoutMs: 15_000,
});

const conversation = new Conversation({
  session,
  profile,
  source,
  sink,
  detector,
  observers: [
    {
      event(event) {
        if (event.type === 'user' && 'final' in event) console.log(`user   ${event.text}`);
        if (event.type === 'model' && 'final' in event) console.log(`model  ${event.text}`);
        if (event.type === 'turn') conversation.stop();
      },
    },
  ],
});
try {
  await conversation.run(AbortSignal.timeout(60_000));
} finally {
  await sink.close();
  detector.close();
  await server.close();
}
