/**
 * The one conversation on a real sound server that `npm test` has. It checks what happens and not when, and not which
 * words a recognizer makes of a microphone that a busy machine feeds late: the device and realtime tests of
 * `npm run test:all` measure the same paths.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startLiveServer, type LiveServer } from '../../src/server/server.ts';
import { soundsIn } from '../support/hearing.ts';
import { openPty } from '../support/pty.ts';
import { soundIn, startRecordingProxy, type RecordingProxy } from '../support/recordingProxy.ts';
import { matchBlocks } from '../support/signal.ts';
import { needsSound, startSoundServer, type SoundServer } from '../support/soundServer.ts';
import { until } from '../support/until.ts';

const RATE_HZ = 24_000;
const fixture = (name: string): Uint8Array =>
  readFileSync(join(import.meta.dirname, '..', '..', 'audio-fixtures', name));

needsSound('a conversation on a sound server', () => {
  let sound: SoundServer;
  let live: LiveServer;
  let proxy: RecordingProxy;

  beforeAll(async () => {
    [sound, live] = await Promise.all([startSoundServer(), startLiveServer()]);
    await live.engines;
    proxy = await startRecordingProxy(live.url);
  });
  afterAll(async () => {
    await proxy?.close();
    await live?.close();
    await sound?.stop();
  });

  it('hears a question, is heard, and falls silent when somebody speaks', async () => {
    const terminal = openPty(['talk', '--headphones', '--base-url', proxy.url], {
      environment: sound.environment,
    });
    try {
      await terminal.until(/● listening/);
      const recording = await sound.recordSpeaker();
      terminal.mark();
      await sound.playIntoMic(fixture('question.pcm'));
      await terminal.until(/you +\S[^]*gemini +\S[^]*● listening[^●]*$/);
      await until('it is silent', () => !soundsIn(recording.soFar(), 300));
      const answer = soundIn(proxy.fromServer);
      const blocks = matchBlocks(answer, recording.soFar(), { rateHz: RATE_HZ });
      const heard = blocks.filter(({ correlation }) => correlation >= 0.9);
      // A machine with other work to do may leave a gap; the rest of the answer is there all the same.
      expect(heard.length).toBeGreaterThan(0.75 * blocks.length);

      terminal.mark();
      await sound.playIntoMic(fixture('count.pcm'));
      await until('it answers', () => soundsIn(recording.soFar(), 300));
      await sound.playIntoMic(fixture('stop.pcm'));
      await terminal.until(/gemini +\S[^]*—[^]*● listening[^●]*$/);
      await until('it is silent', () => !soundsIn(recording.soFar(), 300));
      await recording.stop();
      terminal.send('q');
      expect((await terminal.ended).code).toBe(0);
    } finally {
      await terminal.close();
    }
  }, 120_000);
});
