/** A voice that is heard before it is chosen. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { eventsIn, runCli } from '../support/cli.ts';
import { tone } from '../support/hearing.ts';
import { startScriptedServer } from '../support/scriptedServer.ts';
import { needsSound, startSoundServer } from '../support/soundServer.ts';

const folder = mkdtempSync(join(tmpdir(), 'gl-voices-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('gemlive voices --preview', () => {
  it('asks for the voice, and plays what it says to the end', async () => {
    const said = tone(700, 440);
    const seen: Record<string, unknown>[] = [];
    const server = await startScriptedServer(async (peer) => {
      seen.push(await peer.next());
      peer.send({ setupComplete: {} });
      seen.push(await peer.next());
      const data = Buffer.from(said).toString('base64');
      const parts = [{ inlineData: { mimeType: 'audio/pcm;rate=24000', data } }];
      peer.send({
        serverContent: { modelTurn: { parts }, outputTranscription: { text: 'Hello there.' } },
      });
      peer.send({ serverContent: { generationComplete: true } });
      peer.send({ serverContent: { turnComplete: true } });
    });
    const heard = join(folder, 'heard.pcm');
    const place = ['--base-url', server.url, '--speaker-command', `cat > '${heard}'`];
    const { code, stdout, stderr } = await runCli(['voices', '--preview', 'EN-us-tavi', ...place]);
    await server.close();
    expect([code, stdout, stderr]).toEqual([0, 'Hello there.\n', '']);
    expect(seen[0]).toMatchObject({
      setup: {
        generationConfig: {
          responseModalities: ['AUDIO'],
          speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: 'en-us-tavi' } } },
        },
      },
    });
    expect(JSON.stringify(seen[1])).toContain('my name is Tavi');
    expect(readFileSync(heard).indexOf(said)).toBe(0);
  });

  it.each([
    [['--player', 'pacat'], /--player is for hearing a voice\n {2}try: add --preview/],
    [['--no-check'], /--no-check is for hearing a voice/],
    [['--preview', 'Krre'], /no voice Krre; did you mean Kore/],
    [['--preview', 'Kore', '-m', 'gemini-3.5-transcribe-live'], /does not speak/],
  ])('refuses %j', async (args, words) => {
    const { code, stderr } = await runCli(['voices', ...args]);
    expect(code).toBe(2);
    expect(stderr).toMatch(words);
  });

  it('lists voices whatever model is set', async () => {
    const { code, stderr } = await runCli(['voices'], { env: { GEMLIVE_MODEL: 'unheard-of' } });
    expect([code, stderr]).toEqual([0, '']);
  });
});

needsSound('a voice on a real sound server', () => {
  it('is heard', { timeout: 30_000 }, async () => {
    const server = await startSoundServer();
    try {
      const recording = await server.recordSpeaker();
      const args = ['voices', '--preview', 'Kore', '--local', '--json'];
      const { code, stdout } = await runCli(args, { env: server.environment, timeoutMs: 25_000 });
      const { pcm } = await recording.stop();
      const events = eventsIn(stdout);
      const sentMs = events
        .filter(({ type }) => type === 'audio')
        .reduce((sum, { ms }) => sum + Number(ms), 0);
      const heard = new Int16Array(pcm.buffer, pcm.byteOffset, pcm.byteLength / 2);
      const [first, last] = [
        heard.findIndex((sample) => Math.abs(sample) > 200),
        heard.findLastIndex((sample) => Math.abs(sample) > 200),
      ];
      expect(code).toBe(0);
      expect(events.at(-1)).toMatchObject({ type: 'end', exitCode: 0 });
      expect(sentMs).toBeGreaterThan(1500);
      // flite begins and ends with a little silence.
      expect((last - first) / 24).toBeGreaterThan(sentMs - 700);
    } finally {
      await server.stop();
    }
  });
});
