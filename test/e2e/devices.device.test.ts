/** `gemlive devices`, and the devices of `talk` by number, name and part of a name, on real sound servers. */
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { eventsIn, runCli, spawnCli } from '../support/cli.ts';
import { surroundings } from '../support/leftovers.ts';
import { expectFailure } from '../support/messages.ts';
import { pactl } from '../support/pactl.ts';
import { needsPipewire, startPipewire } from '../support/pipewireServer.ts';
import { hasProgram, programPath } from '../support/programs.ts';
import { needsSound, startSoundServer, type SoundServer } from '../support/soundServer.ts';
import { until } from '../support/until.ts';

const addHeadset = async (server: SoundServer): Promise<void> => {
  const args = ['master=mic.monitor', 'source_name=headset', 'format=s16le', 'rate=16000'];
  const named = 'source_properties=device.description=USB-Headset';
  await pactl(server, 'load-module', 'module-remap-source', ...args, named);
  await pactl(server, 'set-source-mute', 'headset', '1');
};

needsSound('gemlive devices on PulseAudio', () => {
  let server: SoundServer;
  beforeAll(async () => {
    server = await startSoundServer();
    await addHeadset(server);
  });
  afterAll(() => server.stop());
  const run = (...args: string[]) => runCli(args, { env: server.environment });
  const LOCAL = ['--local', '--stt', 'none', '--tts', 'none'];

  it('lists both kinds, marks the default, and says by what and why', async () => {
    const { code, stdout, stderr } = await run('devices');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^microphones\n {2}1 {3}USB-Headset +headset +muted$/m);
    expect(stdout).toMatch(/^ {2}3 \* .* mic\.monitor +what that loudspeaker plays, 100 %$/m);
    expect(stdout).toMatch(/^ {4}recorder: parec \(the first recorder that opened\)$/m);
    expect(stdout).toMatch(/^loudspeakers\n {2}1 \* Null Output {2}speaker {2}100 %$/m);
    expect(stdout).toMatch(/^ {4}player: pacat \(the first player that opened\)$/m);
  });

  it('as events', async () => {
    const events = eventsIn((await run('devices', '--json')).stdout);
    expect(events[0]).toEqual({
      type: 'device',
      t: expect.any(Number),
      direction: 'input',
      index: 1,
      id: 'headset',
      name: 'USB-Headset',
      default: false,
      monitor: false,
      muted: true,
      volumePercent: 100,
    });
    expect(events.filter(({ type }) => type === 'backend')).toMatchObject([
      { direction: 'input', name: 'parec', why: 'the first recorder that opened' },
      { direction: 'output', name: 'pacat' },
    ]);
  });

  it.skipIf(!hasProgram('arecord'))('says what could not be opened before', async () => {
    const place = surroundings();
    const folder = join(place.folder, 'bin');
    mkdirSync(folder);
    for (const name of ['arecord', 'pacat', 'pactl'])
      symlinkSync(programPath(name) ?? '', join(folder, name));
    const { stdout } = await runCli(['devices'], { env: { ...server.environment, PATH: folder } });
    expect(stdout).toMatch(
      /recorder: arecord \(the first .* before it parec: not installed; pw-record: not installed\)/,
    );
    expect(stdout).toMatch(/PulseAudio Sound Server +pulse$/m);
    place.remove();
  });

  it.each([['headset'], ['USB-Headset'], ['usb'], ['1'], ['HEAD']])(
    'talk --input-device %s opens it',
    async (wanted) => {
      const place = surroundings();
      const args = ['talk', '--no-speaker', '--input-device', wanted, ...LOCAL, '--json'];
      const child = spawnCli(args, { env: { ...server.environment, ...place.env } });
      child.stdout.resume();
      child.stderr.resume();
      const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
      let used = '';
      await until('its stream', async () => {
        const outputs = await pactl(server, 'list', 'short', 'source-outputs');
        const sources = await pactl(server, 'list', 'short', 'sources');
        // Its own stream; the remapped source has one as well.
        const index = outputs.split('\n').find((line) => /\tprotocol-native\.c\t/.test(line));
        const source = sources
          .split('\n')
          .find((line) => line.split('\t')[0] === index?.split('\t')[1]);
        used = source?.split('\t')[1] ?? '';
        return used !== '';
      });
      expect(used).toBe('headset');
      child.kill('SIGINT');
      expect(await ended).toBe(0);
      expect(await place.processes()).toEqual([]);
      place.remove();
    },
  );

  it('several that are meant: exit 2, with their names', async () => {
    const result = await run('talk', '--no-speaker', '--input-device', 'null', ...LOCAL);
    expectFailure(
      result,
      2,
      /may be any of 2 devices: Monitor of Null Output \(speaker\.monitor\); .*mic\.monitor/,
      /gemlive devices/,
    );
  });

  it.each([
    ['--no-speaker', '--input-device', /no microphone could be opened/],
    ['--no-mic', '--output-device', /no loudspeaker could be opened/],
  ])('talk %s %s attic: exit 4, and where the list is', async (off, option, says) => {
    const result = await run('talk', off, option, 'attic', ...LOCAL);
    expectFailure(result, 4, says, /no such device: attic/, /try: `gemlive devices`/);
  });
});

needsPipewire('gemlive devices on PipeWire', () => {
  let server: SoundServer;
  beforeAll(async () => {
    server = await startPipewire();
    await addHeadset(server);
  });
  afterAll(() => server.stop());

  it.each([
    ['parec', 'mic.monitor'],
    ['pw-record', 'mic'],
  ])('lists what %s can record from', async (recorder, id) => {
    const args = ['devices', '--recorder', recorder, '--json'];
    const { stdout } = await runCli(args, { env: server.environment });
    const inputs = eventsIn(stdout).filter(({ direction }) => direction === 'input');
    expect(inputs).toContainEqual(expect.objectContaining({ id: 'headset', monitor: false }));
    expect(inputs).toContainEqual(expect.objectContaining({ id, monitor: true, default: true }));
    expect(inputs.at(-1)).toMatchObject({ type: 'backend', name: recorder, why: 'as asked for' });
  });

  it('a device that is not there is an error, not the default', async () => {
    const args = ['talk', '--no-speaker', '--local', '--stt', 'none', '--tts', 'none'];
    const result = await runCli([...args, '--recorder', 'pw-record', '--input-device', 'attic'], {
      env: server.environment,
    });
    expectFailure(result, 4, /pw-record: the sound server has no such device: attic/);
  });
});

describe('gemlive devices without any sound', () => {
  it('exit 4, and what to do', async () => {
    const result = await runCli(['devices', '--json'], { env: { PATH: '' } });
    expectFailure(result, 4, /neither a microphone nor a loudspeaker/, /apt install/);
    expect(eventsIn(result.stdout).at(-1)).toMatchObject({ type: 'end', exitCode: 4 });
  });
});
