/** Devices that work and give nothing, because they are muted or turned down in the sound server: what `talk` says. */
import { afterAll, beforeAll, expect, it } from 'vitest';

import { eventsIn, spawnCli } from '../support/cli.ts';
import { addSink, pactl } from '../support/pactl.ts';
import { needsSound, startSoundServer, type SoundServer } from '../support/soundServer.ts';

const LOCAL = ['--local', '--stt', 'none', '--tts', 'none', '--echo', 'off'];

/** Ends `talk` when `enough` of its events have come; gives all of its warnings. */
async function warningsOf(
  environment: Record<string, string>,
  args: string[],
  enough: (event: Record<string, unknown>) => boolean,
): Promise<Record<string, unknown>[]> {
  const child = spawnCli(['talk', ...LOCAL, '--json', ...args], { env: environment });
  let stdout = '';
  child.stderr.resume();
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    const whole = stdout.slice(0, stdout.lastIndexOf('\n') + 1);
    if (eventsIn(whole).some(enough)) child.kill('SIGINT');
  });
  await new Promise((resolve) => child.once('close', resolve));
  return eventsIn(stdout).filter(({ type }) => type === 'warning');
}

needsSound('talk on devices that are muted or turned down', () => {
  let server: SoundServer;
  beforeAll(async () => {
    server = await startSoundServer();
    for (const name of ['muted', 'down', 'fine']) await addSink(server, name);
    await pactl(server, 'set-sink-mute', 'muted', '1');
    await pactl(server, 'set-sink-volume', 'down', '0');
    for (const name of ['headset', 'mute_mic', 'desk']) {
      const options = ['master=mic.monitor', `source_name=${name}`, 'format=s16le', 'rate=16000'];
      await pactl(server, 'load-module', 'module-remap-source', ...options);
    }
    await pactl(server, 'set-source-volume', 'headset', '0');
    await pactl(server, 'set-source-mute', 'mute_mic', '1');
  });
  afterAll(() => server.stop());

  const isTurn = ({ type }: Record<string, unknown>): boolean => type === 'turn';
  const isWarning = ({ type }: Record<string, unknown>): boolean => type === 'warning';
  const SPEAKERS = [
    [
      'muted',
      'the loudspeaker is muted in the sound settings (muted)',
      'pactl set-sink-mute muted 0',
    ],
    [
      'down',
      'the volume of the loudspeaker is 0 in the sound settings (down)',
      'pactl set-sink-volume down 80%',
    ],
  ];

  it.concurrent.each(SPEAKERS)('a loudspeaker that is %s', async (sink, message, hint) => {
    const args = ['--no-mic', '--greet', 'count to 5', '--output-device', sink ?? ''];
    expect(await warningsOf(server.environment, args, isTurn)).toMatchObject([
      { code: 'loudspeaker_silent', message, hint },
    ]);
  });

  it.concurrent('a loudspeaker that is fine: nothing is said', async () => {
    const args = ['--no-mic', '--greet', 'count to 5', '--output-device', 'fine'];
    expect(await warningsOf(server.environment, args, isTurn)).toEqual([]);
  });

  const MICROPHONES = [
    ['headset', /its volume is 0$/, 'pactl set-source-volume headset 80%'],
    ['mute_mic', /it is muted$/, 'pactl set-source-mute mute_mic 0'],
    ['desk', /only digital silence comes from the microphone$/, /gemlive devices/],
  ] as const;
  it.concurrent.each(MICROPHONES)('a microphone: %s', async (source, message, hint) => {
    const args = ['--no-speaker', '--input-device', source];
    const [told, ...more] = await warningsOf(server.environment, args, isWarning);
    expect(told).toMatchObject({ code: 'mic_silent', message: expect.stringMatching(message) });
    expect(told?.['hint']).toMatch(hint);
    expect(more).toEqual([]);
  });
});

needsSound('talk where the default microphone is what the loudspeaker plays', () => {
  let server: SoundServer;
  beforeAll(async () => {
    server = await startSoundServer();
    await pactl(server, 'set-default-source', 'speaker.monitor');
  });
  afterAll(() => server.stop());

  it('says that there is no other one only where there is none', async () => {
    const told = async (): Promise<unknown[]> => {
      const isIt = ({ code }: Record<string, unknown>): boolean => code === 'mic_is_loudspeaker';
      const warning = (await warningsOf(server.environment, [], isIt)).find(isIt);
      return [warning?.['message'], warning?.['hint']];
    };
    const message = 'the microphone is what the loudspeaker plays (speaker.monitor)';
    expect(await told()).toEqual([
      `${message}: there is no other`,
      'connect a microphone, or choose one: gemlive devices',
    ]);
    const options = ['master=mic.monitor', 'source_name=usb', 'format=s16le', 'rate=16000'];
    const named = 'source_properties=device.description=USB-Headset';
    await pactl(server, 'load-module', 'module-remap-source', ...options, named);
    await pactl(server, 'set-default-source', 'speaker.monitor');
    expect(await told()).toEqual([
      message,
      'USB-Headset is another one: gemlive talk --input-device usb',
    ]);
  });
});
