/** Talk over a network that fails, on real sound: what is said is heard whole, and the reply is heard once. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';

import { startLiveServer, type LiveServer } from '../../src/server/server.ts';
import { startFragileProxy, type FragileProxy } from '../support/fragileProxy.ts';
import { openPty, type Pty } from '../support/pty.ts';
import { needsSound, startSoundServer, type SoundServer } from '../support/soundServer.ts';

const QUESTION = readFileSync(join(import.meta.dirname, '../../audio-fixtures/question.pcm'));
const REAL_TIME = { retry: 1, timeout: 90_000 };
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

needsSound('talking over a network that fails', () => {
  let sound: SoundServer;
  let live: LiveServer;
  let proxy: FragileProxy | undefined;
  let pty: Pty | undefined;

  beforeAll(async () => {
    [sound, live] = await Promise.all([startSoundServer(), startLiveServer()]);
    await live.engines;
  });
  afterEach(async () => {
    await pty?.close();
    await proxy?.close();
    [pty, proxy] = [undefined, undefined];
  });
  afterAll(async () => {
    await live?.close();
    await sound?.stop();
  });

  it('a question cut in its middle is understood and answered', REAL_TIME, async () => {
    const network = await startFragileProxy(live.url);
    proxy = network;
    const { environment } = sound;
    const terminal = openPty(['talk', '--base-url', network.url], { environment });
    pty = terminal;
    await terminal.until(/listening/);
    const asked = sound.playIntoMic(QUESTION);
    await pause(1300); // "what is twelve | times twelve"
    network.drop();
    await asked;
    await terminal.until(/you +what is twelve times? twelve/);
    await terminal.until(/gemini +12 times 12 is 144/);
    expect(network.count).toBe(2);
    terminal.send('q');
    expect((await terminal.ended).code).toBe(0);
  });

  it(
    'a network that is away for seconds is told in the status, and comes back',
    REAL_TIME,
    async () => {
      const network = await startFragileProxy(live.url);
      proxy = network;
      const { environment } = sound;
      const terminal = openPty(['talk', '--base-url', network.url], { environment });
      pty = terminal;
      await terminal.until(/listening/);
      network.refuse();
      network.drop();
      await terminal.until(/reconnecting/);
      terminal.mark();
      await pause(1500);
      network.accept();
      await terminal.until(/listening/);
      await sound.playIntoMic(QUESTION);
      await terminal.until(/gemini +12 times 12 is 144/);
      terminal.send('q');
      expect((await terminal.ended).code).toBe(0);
    },
  );
});
