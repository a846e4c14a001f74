// One question over a LiveSession, the answer as it comes.
//
//   node examples/client.mjs "what is 12 times 12"                              the local server
//   GEMINI_API_KEY=… node examples/client.mjs --remote "what is a fjord?"       the Gemini API
import { DEFAULT_MODEL, LiveSession, profileOf, toEndpoint } from 'gemlive';
import { startLiveServer } from 'gemlive/server';

const remote = process.argv[2] === '--remote';
const question = process.argv.slice(remote ? 3 : 2).join(' ') || 'what is 12 times 12';

const server = remote ? undefined : await startLiveServer();
const session = new LiveSession({
  endpoint: toEndpoint(
    { baseUrl: server?.url, apiVersion: 'v1beta' },
    remote ? { apiKey: process.env.GEMINI_API_KEY } : {},
  ),
  // The first message of the Live API, as it goes over the wire.
  setup: {
    model: `models/${DEFAULT_MODEL}`,
    generationConfig: { responseModalities: ['AUDIO'] },
    outputAudioTranscription: {},
  },
  profile: profileOf(DEFAULT_MODEL),
  timeoutMs: 15_000,
});

try {
  const answered = new Promise((resolve, reject) => {
    session.on((event) => {
      if (event.type === 'ended') reject(event.error ?? new Error('the session is over'));
      if (event.type !== 'live') return;
      for (const said of event.events) {
        if (said.type === 'outputTranscription') process.stdout.write(said.text);
        if (said.type === 'turnComplete') resolve();
      }
    });
  });
  answered.catch(() => {}); // start() tells the same
  await session.start();
  session.sendText(question);
  await answered;
  process.stdout.write('\n');
} finally {
  await session.close();
  await server?.close();
}
