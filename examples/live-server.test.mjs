// Your own Live client, tested without a key or a network: the local server speaks the wire protocol, and
// `assertComplete()` tells what a client did wrong. Runs under node:test: node --test examples/
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { startLiveServer } from 'gemlive/server';
import { WebSocket } from 'ws';

/** What is tested: a client of twenty lines. */
function ask(baseUrl, question) {
  const url = `${baseUrl.replace('http', 'ws')}/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent`;
  const socket = new WebSocket(url);
  return new Promise((resolve, reject) => {
    let answer = '';
    socket.on('error', reject);
    socket.on('close', (code, reason) => reject(new Error(`${code} ${reason.toString()}`)));
    socket.on('open', () => {
      const setup = { model: 'models/gemini-3.8-live', outputAudioTranscription: {} };
      socket.send(JSON.stringify({ setup }));
    });
    socket.on('message', (data) => {
      const { setupComplete, serverContent } = JSON.parse(String(data));
      if (setupComplete) socket.send(JSON.stringify(question));
      answer += serverContent?.outputTranscription?.text ?? '';
      if (serverContent?.turnComplete) resolve(answer);
    });
  }).finally(() => socket.close());
}

let server;
beforeEach(async () => {
  server = await startLiveServer({ stt: 'none', tts: 'none' });
});
afterEach(() => server.close());

test('the client gets its answer, and does nothing wrong', async () => {
  const turns = [{ role: 'user', parts: [{ text: 'what is 12 times 12' }] }];
  const answer = await ask(server.url, { clientContent: { turns, turnComplete: true } });
  assert.match(answer, /144|hundred and forty-four/i);
  await server.assertComplete();
});

test('a misspelt field is told, as the service would tell it', async () => {
  const told = /1007.*Unknown name "trns"/;
  await assert.rejects(ask(server.url, { clientContent: { trns: [] } }), told);
  await assert.rejects(server.assertComplete(), told);
});

test('a client that must wait for a slow answer does', async () => {
  await server.close();
  const steps = [
    { expect: 'setup' },
    { send: 'setupComplete' },
    { expect: { text: '/12 times 12/' } },
    { wait: '300ms' },
    { reply: 'It is 144.' },
  ];
  server = await startLiveServer({ script: { steps }, tts: 'none' });
  const answer = await ask(server.url, { realtimeInput: { text: 'what is 12 times 12' } });
  assert.equal(answer, 'It is 144.');
  await server.assertComplete();
});
