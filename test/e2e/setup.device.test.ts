/** `gemlive setup` on a real sound server: devices that are chosen are the ones that are used. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { levelDbfs } from '../../src/audio/pcm.ts';
import { pactl } from '../support/pactl.ts';
import { openPty, plainText, type Pty } from '../support/pty.ts';
import { needsSound, startSoundServer, type SoundServer } from '../support/soundServer.ts';
import { until } from '../support/until.ts';

const QUESTION = join(import.meta.dirname, '../../audio-fixtures/question.pcm');

needsSound('setup on PulseAudio', () => {
  let server: SoundServer;
  let home: string;
  let pty: Pty | undefined;
  beforeAll(async () => {
    server = await startSoundServer();
    const named = 'sink_properties=device.description=Other-Speaker';
    await pactl(server, 'load-module', 'module-null-sink', 'sink_name=other', named);
    const args = ['master=mic.monitor', 'source_name=headset', 'format=s16le', 'rate=16000'];
    const source = 'source_properties=device.description=USB-Headset';
    await pactl(server, 'load-module', 'module-remap-source', ...args, source);
    await pactl(server, 'set-default-source', 'headset');
  });
  afterAll(() => server.stop());
  beforeEach(() => (home = mkdtempSync(join(tmpdir(), 'gemlive-setup-'))));
  afterEach(async () => {
    await pty?.close();
    rmSync(home, { recursive: true, force: true });
  });

  it('plays through the chosen loudspeaker, hears the microphone, and saves what is not the default', async () => {
    const PATH = process.env['PATH'] ?? '';
    const environment = { ...server.environment, PATH, XDG_CONFIG_HOME: home };
    const terminal = openPty(['setup'], { environment });
    pty = terminal;
    const press = async (pattern: RegExp, keys: string): Promise<void> => {
      await terminal.until(pattern);
      terminal.mark();
      terminal.send(keys);
    };
    const recording = await server.recordSpeaker();
    await press(/1 paste a key/, '2');
    await press(
      /1 Null Output \(speaker, the system's default\)\n {2}2 Null Output \(mic\)\n {2}3 Other-Speaker\n/,
      '1',
    );
    await until('it is heard', () => levelDbfs(recording.soFar()) > -60);
    await press(/Did you hear it\?\n[\s\S]*no, try another one/, '3');
    const before = (await recording.stop()).pcm.byteLength;
    expect(before).toBeGreaterThan(0);
    await press(/Loudspeaker:\n/, '3');
    await press(/playing/, 's');
    await press(/Did you hear it\?\n/, '1');
    await terminal.until(/Does the bar move\?\n.*nobody is heard yet/);
    await server.playIntoMic(QUESTION);
    await press(/you are heard/, '1');
    await press(/Voice, to hear:\n/, 's');
    const { code } = await terminal.ended;
    expect(code).toBe(0);
    expect(plainText(terminal.output())).toContain(': output-device.\n');
    const config = readFileSync(join(home, 'gemlive', 'config.json'), 'utf8');
    expect(JSON.parse(config)).toEqual({ 'output-device': 'other' });
  });
});
