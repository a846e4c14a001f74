// The way of the official sample for Node: `mic`, `speaker` and the SDK; messages and sound each wait in an
// array, and a loop that turns with every round of the event loop looks into it. Kinder than the sample in
// one point: the loudspeaker stays open when there is nothing to play.
import { createRequire } from 'node:module';

import { GoogleGenAI, Modality } from '@google/genai';
import Speaker from 'speaker';

/** `mic` is installed for the bench alone: its folder comes as the second word. */
const [, , url = '', micFolder = ''] = process.argv;
const mic = createRequire(`${micFolder}/`)('mic');

/** @type {import('@google/genai').LiveServerMessage[]} */
const responses = [];
/** @type {Buffer[]} */
const sound = [];
const nextRound = () => new Promise((resolve) => setImmediate(resolve));

async function readMessages() {
  for (;;) {
    const message = responses.shift();
    if (message === undefined) {
      await nextRound();
      continue;
    }
    const { interrupted, modelTurn } = message.serverContent ?? {};
    if (interrupted) sound.length = 0;
    for (const part of modelTurn?.parts ?? [])
      if (part.inlineData?.data) sound.push(Buffer.from(part.inlineData.data, 'base64'));
  }
}

async function playSound() {
  const speaker = new Speaker({ channels: 1, bitDepth: 16, sampleRate: 24_000 });
  for (;;) {
    const chunk = sound.shift();
    if (chunk === undefined) await nextRound();
    else await new Promise((resolve) => speaker.write(chunk, resolve));
  }
}

const ai = new GoogleGenAI({ apiKey: 'bench', httpOptions: { baseUrl: url } });
const session = await ai.live.connect({
  model: 'bench',
  config: { responseModalities: [Modality.AUDIO] },
  callbacks: { onmessage: (message) => responses.push(message), onerror: () => process.exit(1) },
});
const microphone = mic({ rate: '16000', bitwidth: '16', channels: '1', device: 'default' });
microphone.getAudioStream().on('data', (/** @type {Buffer} */ data) => {
  const audio = { data: data.toString('base64'), mimeType: 'audio/pcm;rate=16000' };
  session.sendRealtimeInput({ audio });
});
microphone.start();
process.on('SIGTERM', () => {
  microphone.stop();
  process.exit(0);
});
void readMessages();
void playSound();
