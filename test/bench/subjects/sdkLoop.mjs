// The same work with the official SDK: `live.connect`, `sendRealtimeInput`, a recorder and a player.
import { GoogleGenAI, Modality } from '@google/genai';

import { play, record, url } from './devices.mjs';

const ai = new GoogleGenAI({ apiKey: 'bench', httpOptions: { baseUrl: url } });
const write = play();
const session = await ai.live.connect({
  model: 'bench',
  config: { responseModalities: [Modality.AUDIO] },
  callbacks: {
    onmessage: (message) => {
      for (const part of message.serverContent?.modelTurn?.parts ?? [])
        if (part.inlineData?.data) write(Buffer.from(part.inlineData.data, 'base64'));
    },
    onerror: () => process.exit(1),
  },
});
record((frame) => {
  const audio = { data: frame.toString('base64'), mimeType: 'audio/pcm;rate=16000' };
  session.sendRealtimeInput({ audio });
});
