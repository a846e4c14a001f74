/** The language of a user whose system is not in English: what gemlive reads of other programs, and what it leaves alone. */
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { eventsIn, runCli } from '../support/cli.ts';
import { surroundings, type Surroundings } from '../support/leftovers.ts';
import { pactl } from '../support/pactl.ts';
import { needsSound, startSoundServer, type SoundServer } from '../support/soundServer.ts';

const LANGUAGES = ['de', 'fr:en', 'ja'];
const LOCAL = ['--local', '--stt', 'none', '--tts', 'none'];
const PROGRAMS = 'pactl pacat parec pw-cat pw-record pw-dump aplay arecord sox ffplay ffmpeg'.split(
  ' ',
);

describe.skipIf(process.platform === 'win32')('programs whose words are read', () => {
  let place: Surroundings;
  let log: string;
  let env: Record<string, string>;
  /** Each of them notes its language, speaks it, and fails. */
  beforeAll(() => {
    place = surroundings();
    log = join(place.folder, 'languages');
    const bin = join(place.folder, 'bin');
    mkdirSync(bin);
    symlinkSync('/bin/sh', join(bin, 'sh'));
    for (const name of PROGRAMS) {
      const script = `#!/bin/sh
echo "\${0##*/} LC_ALL=\${LC_ALL-none} LANGUAGE=\${LANGUAGE-none}" >> "$GL_LANGUAGES"
echo "Verbindung verweigert" >&2
exit 1
`;
      writeFileSync(join(bin, name), script, { mode: 0o755 });
    }
    env = {
      ...place.env,
      PATH: bin,
      GL_LANGUAGES: log,
      LANGUAGE: 'de',
      LC_MESSAGES: 'de_DE.UTF-8',
    };
  });
  afterAll(() => place.remove());

  it('get LC_ALL and no LANGUAGE, every one of them', async () => {
    const song = join(place.folder, 'song.mp3');
    writeFileSync(song, Buffer.from('ID3\u0004 no song'));
    await Promise.all([
      runCli(['doctor', '--json', ...LOCAL], { env }),
      runCli(['doctor', '--json', '--input-device', 'x', '--output-device', 'x', ...LOCAL], {
        env,
      }),
      runCli(['file', song, ...LOCAL], { env }),
    ]);
    const noted = [...new Set(readFileSync(log, 'utf8').trim().split('\n'))].sort();
    expect(noted).toEqual(PROGRAMS.map((name) => `${name} LC_ALL=C.UTF-8 LANGUAGE=none`).sort());
  });

  it('the user’s own commands keep the user’s language', async () => {
    const heard = join(place.folder, 'commands');
    const note = (name: string): string =>
      `echo ${name} "$LANGUAGE $LC_MESSAGES \${LC_ALL-none}" >> '${heard}'`;
    const microphone = ['--mic-command', `${note('mic')}; cat /dev/zero`];
    const speaker = ['--speaker-command', `${note('speaker')}; cat > /dev/null`];
    const options = [...microphone, ...speaker];
    const PATH = process.env['PATH'] ?? '';
    await runCli(['talk', ...options, ...LOCAL, '--max-duration', '3'], { env: { ...env, PATH } });
    const noted = new Set(readFileSync(heard, 'utf8').trim().split('\n'));
    expect(noted).toEqual(new Set(['mic de de_DE.UTF-8 none', 'speaker de de_DE.UTF-8 none']));
  });
});

needsSound('gemlive devices beside another language', () => {
  let server: SoundServer;
  beforeAll(async () => {
    server = await startSoundServer();
    const properties = 'sink_properties=device.description=Büro-Lautsprecher';
    await pactl(server, 'load-module', 'module-null-sink', 'sink_name=desk', properties);
  });
  afterAll(() => server.stop());

  const translated = existsSync('/usr/share/locale/de/LC_MESSAGES/pulseaudio.mo');
  (translated ? it.concurrent : it.concurrent.skip).each(LANGUAGES)(
    'LANGUAGE=%s',
    async (LANGUAGE) => {
      const { LC_ALL: _, ...environment } = server.environment;
      const run = (...args: string[]) =>
        runCli(args, { env: { ...environment, LANGUAGE, LANG: 'C.UTF-8' } });
      const { stdout } = await run('devices', '--json');
      const found = eventsIn(stdout).filter(({ type }) => type === 'device');
      expect(found.map(({ direction, id, muted }) => [direction, id, muted])).toEqual([
        ['input', 'speaker.monitor', false],
        ['input', 'mic.monitor', false],
        ['input', 'desk.monitor', false],
        ['output', 'speaker', false],
        ['output', 'mic', false],
        ['output', 'desk', false],
      ]);
      expect(found.at(-1)).toMatchObject({ name: 'Büro-Lautsprecher', volumePercent: 100 });
      const args = ['doctor', '--no-mic', '--output-device', 'Büro', '--json', ...LOCAL];
      const checks = eventsIn((await run(...args)).stdout);
      expect(checks).toContainEqual(
        expect.objectContaining({
          name: 'player',
          summary: expect.stringMatching(/^pacat: Büro-Lautsprecher/),
        }),
      );
      expect(checks).toContainEqual(
        expect.objectContaining({
          name: 'sound',
          summary: expect.stringMatching(/^PulseAudio \d/),
        }),
      );
    },
  );
});
