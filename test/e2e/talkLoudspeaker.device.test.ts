/** The loudspeaker vanishes in the middle of a reply: `talk` goes on, and so does the reply. */
import { afterEach, expect, it } from 'vitest';

import { eventsIn, spawnCli } from '../support/cli.ts';
import { exactSound, withoutSilence } from '../support/exactSound.ts';
import { between, soundsIn } from '../support/hearing.ts';
import { surroundings } from '../support/leftovers.ts';
import { addSink, removeSinks } from '../support/pactl.ts';
import { afterSetup, startScriptedServer } from '../support/scriptedServer.ts';
import { needsSound, startSoundServer } from '../support/soundServer.ts';
import type { SoundServer } from '../support/soundServer.ts';
import { until } from '../support/until.ts';

const REPLY = exactSound(5000, 81);

needsSound('the loudspeaker vanishes in the middle of a reply', () => {
  let sound: SoundServer;
  afterEach(() => sound.stop());

  type Break = { hurt: (player: number) => Promise<void>; heal: () => Promise<void>; told: RegExp };
  const nothing = (): Promise<void> => Promise.resolve();
  const told =
    /^warning: the loudspeaker is gone: [^\n]+\n(.*\n)?warning: the loudspeaker is back: pacat\n$/;
  const BREAKS: [what: string, how: Break][] = [
    [
      'its server is killed and started again',
      { hurt: () => sound.crash(), heal: () => sound.restart(), told },
    ],
    [
      'the sink is removed and brought back',
      { hurt: () => removeSinks(sound), heal: () => addSink(sound), told },
    ],
    [
      'the player is killed',
      {
        hurt: (player) => Promise.resolve(void process.kill(player, 'SIGKILL')),
        heal: nothing,
        told: /^$/,
      },
    ],
  ];

  it.each(BREAKS)('%s', { timeout: 60_000, retry: 1 }, async (_, { hurt, heal, told: says }) => {
    sound = await startSoundServer();
    const place = surroundings();
    const server = await startScriptedServer(
      afterSetup(async (peer) => {
        await peer.next(); // the greeting's prompt
        const data = Buffer.from(REPLY).toString('base64');
        const inlineData = { mimeType: 'audio/pcm;rate=24000', data };
        peer.send({ serverContent: { modelTurn: { parts: [{ inlineData }] } } });
        peer.send({ serverContent: { generationComplete: true, turnComplete: true } });
      }),
    );
    const before = await sound.recordSpeaker();
    const child = spawnCli(
      [
        'talk',
        '--json',
        '--no-mic',
        '--player',
        'pacat',
        '--greet',
        'go',
        '--base-url',
        server.url,
      ],
      { env: { ...sound.environment, ...place.env, GEMINI_API_KEY: 'none' } },
    );
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    try {
      await until('the reply is heard', () => soundsIn(before.soFar(), 100));
      await new Promise((resolve) => setTimeout(resolve, 800));
      await hurt(place.pidsOf('pacat')[0] ?? 0);
      // Long enough to be noticed.
      await new Promise((resolve) => setTimeout(resolve, 1000));
      const { pcm: first } = await before.stop();
      await heal();
      const after = await sound.recordSpeaker();
      await until('the end of the turn', () => stdout.includes('"type":"turn"'), 30_000);
      await new Promise((resolve) => setTimeout(resolve, 300));
      const { pcm: second } = await after.stop();
      child.kill('SIGINT');
      expect(await ended).toBe(0);
      expect(stderr).toMatch(says);
      expect(eventsIn(stdout).filter(({ type }) => type === 'error')).toEqual([]);
      // The last two seconds are heard whole, once and at the end, after it came back.
      const rest = Buffer.from(between(REPLY, 3000, 5000));
      const heard = withoutSilence(second);
      expect(rest.compare(heard.subarray(-rest.byteLength))).toBe(0);
      // It had begun with its begin; where it broke off is known to some milliseconds only.
      const begin = Buffer.from(between(REPLY, 0, 300));
      expect(begin.compare(withoutSilence(first).subarray(0, begin.byteLength))).toBe(0);
    } finally {
      child.kill('SIGKILL');
      await ended;
      await server.close();
      expect(await place.processes()).toEqual([]);
      place.remove();
    }
  });
});
