// A Live client against a script, under vitest: npx vitest run --config examples/vitest.config.mjs
// `assertComplete()` fails the test when the client has not done what the script says.
import { startLiveServer } from 'gemlive/server';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';

let server;
afterEach(() => server.close());

const serve = async (script) => {
  server = await startLiveServer({ script, stt: 'none', tts: 'none' });
  return `${server.url.replace('http', 'ws')}/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent`;
};

/** What is tested: a client that calls a function when it is asked to, and comes back when it is cut off. */
async function ask(url, question, weatherOf) {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await askOnce(url, question, weatherOf);
    if (answer !== undefined || attempt === 3) return answer;
  }
}

function askOnce(url, text, weatherOf) {
  const socket = new WebSocket(url);
  const send = (message) => socket.send(JSON.stringify(message));
  let answer = '';
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('close', () => resolve(undefined));
    socket.on('open', () =>
      send({ setup: { model: 'models/gemini-3.8-live', outputAudioTranscription: {} } }),
    );
    socket.on('message', (data) => {
      const { setupComplete, toolCall, serverContent } = JSON.parse(String(data));
      if (setupComplete) send({ realtimeInput: { text } });
      const functionResponses = toolCall?.functionCalls.map(({ id, name, args }) => ({
        id,
        name,
        response: { output: weatherOf(args.city) },
      }));
      if (functionResponses) send({ toolResponse: { functionResponses } });
      answer += serverContent?.outputTranscription?.text ?? '';
      if (serverContent?.turnComplete) resolve(answer);
    });
  }).finally(() => socket.close());
}

test('the weather is looked up where the script says', async () => {
  const url = await serve(new URL('script.yaml', import.meta.url));
  const asked = [];
  const answer = await ask(url, 'How is the weather?', (city) => asked.push(city));
  expect(answer).toBe('It is four degrees in Oslo.');
  expect(asked).toEqual(['Oslo']);
  await server.assertComplete();
});

test('a connection that breaks in the middle of an answer is opened again', async () => {
  // The first is cut after a second of sound; the second is the ordinary server.
  const url = await serve({
    sessions: [{ faults: [{ fault: 'drop', after: { audio: '1s' } }] }, {}],
  });
  expect(await ask(url, 'what is 12 times 12')).toBe('12 times 12 is 144.');
  expect(server.frames.map(({ session, kind }) => `${session} ${kind}`)).toEqual([
    '1 setup',
    '1 text',
    '2 setup',
    '2 text',
  ]);
  await server.assertComplete();
});

test('what a client does wrong is told with the line of the script', async () => {
  const url = await serve(new URL('script.yaml', import.meta.url));
  expect(await askOnce(url, 'What time is it?')).toBe(undefined);
  await expect(server.assertComplete()).rejects.toThrow(
    'session 1: script.yaml:5: expected {"text":"/weather/i"}, got the text "What time is it?"',
  );
});
