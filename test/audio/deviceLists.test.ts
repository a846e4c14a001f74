/** What the programs print, read; and how a device is found in a list. The text is as they print it, shortened. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { parseAlsa } from '../../src/audio/devices/alsa.ts';
import { findDevices } from '../../src/audio/devices/choose.ts';
import { listOf, type Device } from '../../src/audio/devices/device.ts';
import { parseFfmpeg } from '../../src/audio/devices/ffmpeg.ts';
import { isRunning, parsePipewire } from '../../src/audio/devices/pipewire.ts';
import { parsePulse } from '../../src/audio/devices/pulse.ts';

const device = (id: string, name: string, more: Partial<Device> = {}): Device => ({
  id,
  name,
  isDefault: false,
  isMonitor: false,
  ...more,
});

describe('pactl list sources', () => {
  const TEXT = `Source #0
	State: IDLE
	Name: alsa_output.pci.monitor
	Description: Monitor of Built-in Audio
	Mute: no
	Volume: front-left: 65536 / 100% / 0.00 dB,   front-right: 65536 / 100% / 0.00 dB
	Base Volume: 65536 / 100% / 0.00 dB
	Monitor of Sink: alsa_output.pci
	Properties:
		device.description = "Monitor of Built-in Audio"

Source #7
	State: RUNNING
	Name: alsa_input.usb
	Description: Kopfhörer „Größe 2“: Mono
	Mute: yes
	Volume: mono: 29491 /  45% / -20.81 dB
	        balance 0.00
	Monitor of Sink: n/a
`;
  it('gives names, state and the default, monitors last', () => {
    expect(listOf(parsePulse(TEXT, 'Source', 'alsa_input.usb'))).toEqual({
      devices: [
        device('alsa_input.usb', 'Kopfhörer „Größe 2“: Mono', {
          isDefault: true,
          muted: true,
          volumePercent: 45,
        }),
        device('alsa_output.pci.monitor', 'Monitor of Built-in Audio', {
          isMonitor: true,
          muted: false,
          volumePercent: 100,
        }),
      ],
    });
    expect(parsePulse('', 'Source', undefined)).toEqual([]);
  });
});

describe('arecord -L', () => {
  const TEXT = `null
    Discard all samples (playback) or generate zero samples (capture)
default
sysdefault:CARD=PCH
    HDA Intel PCH, ALC295 Analog
    Default Audio Device
hw:CARD=PCH,DEV=0
    HDA Intel PCH, ALC295 Analog
    Direct hardware device without any conversions
plughw:CARD=PCH,DEV=0
    HDA Intel PCH, ALC295 Analog
    Hardware device with all software conversions
`;
  it('gives one device for each card, and what leads to a sound server', () => {
    expect(parseAlsa(TEXT)).toEqual([
      device('default', 'default', { isDefault: true }),
      device('plughw:CARD=PCH,DEV=0', 'HDA Intel PCH, ALC295 Analog'),
    ]);
  });
});

describe('pw-dump', () => {
  const node = (id: number, kind: string, name: string, more: object = {}): object => ({
    id,
    type: 'PipeWire:Interface:Node',
    info: {
      props: { 'media.class': kind, 'node.name': name, 'node.description': `The ${name}` },
      params: { Props: [{ volume: 1, mute: false }, { params: [] }] },
      ...more,
    },
  });
  const TEXT = JSON.stringify([
    { id: 0, type: 'PipeWire:Interface:Core', info: { props: { 'core.name': 'x' } } },
    { id: 1, info: null },
    {
      id: 2,
      type: 'PipeWire:Interface:Metadata',
      metadata: [
        { subject: 0, key: 'default.audio.source', value: { name: 'usb' } },
        { subject: 0, key: 'clock.rate', value: '48000' },
      ],
    },
    node(3, 'Audio/Sink', 'box'),
    node(4, 'Audio/Source', 'usb'),
    node(5, 'Stream/Output/Audio', 'player'),
    node(6, 'Audio/Source/Virtual', 'mapped', { params: {} }),
  ]);
  it('gives sources, and sinks as what can be recorded of them', () => {
    expect(parsePipewire(TEXT, 'input')?.map(({ id, name }) => [id, name])).toEqual([
      ['box', 'Monitor of The box'],
      ['usb', 'The usb'],
      ['mapped', 'The mapped'],
    ]);
    expect(parsePipewire(TEXT, 'input')?.[1]).toMatchObject({ isDefault: true, muted: false });
    expect(parsePipewire(TEXT, 'output')?.map(({ id }) => id)).toEqual(['box']);
  });
  it('no dump is no list', () => {
    for (const text of ['', '{}', 'pw-dump: error']) {
      expect(parsePipewire(text, 'input')).toBeUndefined();
    }
  });
});

describe('ffmpeg -list_devices', () => {
  it('of macOS: the audio devices only', () => {
    const text = `[AVFoundation indev @ 0x7f8] AVFoundation video devices:
[AVFoundation indev @ 0x7f8] [0] FaceTime HD Camera
[AVFoundation indev @ 0x7f8] AVFoundation audio devices:
[AVFoundation indev @ 0x7f8] [0] MacBook Pro Microphone
[AVFoundation indev @ 0x7f8] [1] BlackHole 2ch
: Input/output error`;
    const names = parseFfmpeg(text, 'avfoundation').map(({ id }) => id);
    expect(names).toEqual(['MacBook Pro Microphone', 'BlackHole 2ch']);
  });
  it('of Windows: with headings, as it was, and without, as it is', () => {
    const before = `[dshow @ 0001] DirectShow video devices (some may be both video and audio devices)
[dshow @ 0001]  "Integrated Camera"
[dshow @ 0001]     Alternative name "@device_pnp_x"
[dshow @ 0001] DirectShow audio devices
[dshow @ 0001]  "Microphone (Realtek(R) Audio)"
[dshow @ 0001]     Alternative name "@device_cm_y"
dummy: Immediate exit requested`;
    const since = `[dshow @ 0001] "Integrated Camera" (video)
[dshow @ 0001]   Alternative name "@device_pnp_x"
[dshow @ 0001] "Microphone (Realtek(R) Audio)" (audio)
[dshow @ 0001]   Alternative name "@device_cm_y"`;
    for (const text of [before, since]) {
      expect(parseFfmpeg(text, 'dshow')).toEqual([
        device('Microphone (Realtek(R) Audio)', 'Microphone (Realtek(R) Audio)'),
      ]);
    }
  });
});

describe('the device that is meant', () => {
  const LIST = [
    device('alsa_input.usb', 'USB Headset Mono'),
    device('alsa_input.pci', 'Built-in Audio'),
    device('alsa_output.usb.monitor', 'Monitor of USB Headset Stereo', { isMonitor: true }),
  ];
  const meant = (wanted: string): string[] => findDevices(wanted, LIST).map(({ id }) => id);
  it.each([
    ['alsa_input.usb', 'its id'],
    ['USB Headset Mono', 'its name'],
    ['headset', 'part of its name; a monitor only where nothing else is called so'],
    ['1', 'its number'],
  ])('%j: %s', (wanted) => expect(meant(wanted)).toEqual(['alsa_input.usb']));
  it('may be a monitor, several, or none', () => {
    expect(meant('monitor of')).toEqual(['alsa_output.usb.monitor']);
    expect(meant('alsa_input')).toEqual(['alsa_input.usb', 'alsa_input.pci']);
    for (const wanted of ['0', '4', 'hw:0', 'attic']) expect(meant(wanted)).toEqual([]);
  });
  it('is always found by its id, whatever the others are called', () => {
    const words = fc.constantFrom('1', '2', 'a', 'ab', 'A', 'b', '');
    fc.assert(
      fc.property(fc.uniqueArray(words, { minLength: 1 }), fc.array(words), (ids, names) => {
        const list = ids.map((id, at) => device(id, names[at] ?? id));
        for (const id of ids) expect(findDevices(id, list).map((one) => one.id)).toEqual([id]);
      }),
    );
  });
});

describe('a stream on PipeWire', () => {
  const dump = (state: string, pid: unknown = 4711): string =>
    JSON.stringify([
      {
        id: 31,
        type: 'PipeWire:Interface:Client',
        info: { props: { 'application.process.id': pid } },
      },
      {
        id: 32,
        type: 'PipeWire:Interface:Client',
        info: { props: { 'application.process.id': 12 } },
      },
      { id: 40, type: 'PipeWire:Interface:Node', info: { state, props: { 'client.id': 31 } } },
      {
        id: 41,
        type: 'PipeWire:Interface:Node',
        info: { state: 'running', props: { 'client.id': 32 } },
      },
      { id: 42, type: 'PipeWire:Interface:Node', info: { state: 'running', props: {} } },
    ]);
  it.each([
    ['the server runs it', dump('running'), true],
    ['its number comes as text', dump('running', '4711'), true],
    ['it is not linked to any device yet', dump('suspended'), false],
    ['it failed', dump('error'), false],
    ['the server does not know it', dump('running', 4712), false],
    ['no dump', 'pw-dump: out of memory', false],
    ['an empty one', '[]', false],
  ])('%s', (_, text, runs) => expect(isRunning(text, 4711)).toBe(runs));
});
