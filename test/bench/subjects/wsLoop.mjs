// The least that can talk: `ws`, a recorder and a player. No turns, no barge-in, no screen, no errors told.
import { WebSocket } from 'ws';

import { play, record, url } from './devices.mjs';

const socket = new WebSocket(url.replace('http', 'ws'), { perMessageDeflate: false });
socket.on('open', () => {
  const generationConfig = { responseModalities: ['AUDIO'] };
  socket.send(JSON.stringify({ setup: { model: 'models/bench', generationConfig } }));
});
const write = play();
socket.on('message', (/** @type {Buffer} */ data) => {
  const message = JSON.parse(data.toString());
  if (message.setupComplete) {
    record((frame) => {
      const audio = { data: frame.toString('base64'), mimeType: 'audio/pcm;rate=16000' };
      socket.send(JSON.stringify({ realtimeInput: { audio } }));
    });
  }
  for (const part of message.serverContent?.modelTurn?.parts ?? [])
    if (part.inlineData) write(Buffer.from(part.inlineData.data, 'base64'));
});
