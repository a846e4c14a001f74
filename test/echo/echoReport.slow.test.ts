/** What `talk` says of the echo: a voice is none, and one that cannot be cancelled is. */
import { expect, it } from 'vitest';

import { EchoFreeSource } from '../../src/audio/echo/echoFree.ts';
import { EchoProcessor } from '../../src/audio/echo/processor.ts';
import type { EchoStatistics } from '../../src/audio/echo/statistics.ts';
import { s16FromFloat } from '../../src/audio/pcm.ts';
import { EchoReport } from '../../src/commands/talk/echo.ts';
import type { ConversationEvent } from '../../src/events.ts';
import { StreamingConvolver } from '../bench/echo/convolver.ts';
import { response, throughSpeaker } from '../bench/echo/room.ts';
import { atLevel, fromDb, gauss, powerOf, randomOf, RATE } from '../bench/echo/signal.ts';
import { assistant, user } from './inRoom.ts';

const PIECE = RATE / 50;
const FAR = atLevel(assistant, -20);

type Scene = {
  seconds: number;
  path?: { delayMs: number; couplingDb: number; reverberationMs: number; distortion: number };
  noiseDbfs?: number;
  /** The user speaks from here to there, in seconds. */
  speaks?: [from: number, to: number, dbfs: number];
};

/** A talk with answers of 8 s and 2 s between them. */
function talk({ seconds, path, noiseDbfs, speaks = [0, 0, -26] }: Scene) {
  const events: ConversationEvent[] = [];
  let report: (statistics: EchoStatistics) => void = () => {};
  const source = Object.assign(Object.create(EchoFreeSource.prototype) as EchoFreeSource, {
    onStatistics: (listener: typeof report) => void (report = listener),
  });
  const echoReport = new EchoReport(source, 'aec', (event) => events.push(event));
  const processor = new EchoProcessor('aec');
  const random = randomOf(5);
  const [from, to, dbfs] = speaks;
  const words = atLevel(user, dbfs);
  const way = response(5, path?.delayMs ?? 0, path?.reverberationMs ?? 100);
  const gain = path ? fromDb(path.couplingDb) / Math.sqrt(way.length * powerOf(way)) : 0;
  const room = new StreamingConvolver(way.map((sample) => sample * gain));
  const distort = throughSpeaker(path?.distortion ?? 0);
  for (let at = 0; at < seconds * RATE; at += PIECE) {
    const far = new Float32Array(PIECE).map((_, i) => {
      const second = (at + i) / RATE;
      return second % 10 < 0.5 || second % 10 > 8.5 ? 0 : FAR[(at + i) % FAR.length]!;
    });
    const heard = room.push(far.map(distort));
    const mic = heard.map((echo, i) => {
      const second = (at + i) / RATE;
      const near = second >= from && second < to ? words[(at + i) % words.length]! : 0;
      return echo + near + (noiseDbfs === undefined ? 0 : fromDb(noiseDbfs) * gauss(random));
    });
    const { statistics } = processor.process(far, s16FromFloat(mic));
    if (statistics) report(statistics);
    if (at % (10 * RATE) === 9 * RATE) echoReport.turnEnded();
  }
  const warnings = events.filter(({ type }) => type === 'warning');
  const figures = events.slice(1).filter(({ type }) => type === 'echo');
  return { warnings, figures, line: echoReport.line };
}

it.each([
  ['digital silence, a loud voice', { seconds: 20, speaks: [1, 20, -26] }],
  ['noise, a soft voice', { seconds: 20, noiseDbfs: -66, speaks: [0.8, 20, -36] }],
  ['a voice in the first seconds only', { seconds: 15, noiseDbfs: -66, speaks: [0.6, 7, -30] }],
] satisfies [string, Scene][])('on headphones, %s: there is no echo to speak of', (_, scene) => {
  const { warnings, figures, line } = talk(scene);
  expect(warnings).toEqual([]);
  expect(figures).toEqual([]);
  expect(line).toBe('echo         cancelled; nothing was heard of it yet');
});

const LAPTOP = { delayMs: 20, couplingDb: -9, reverberationMs: 300, distortion: 0.5 };

it('in a room that can be cancelled it gives the figures after each answer, and does not warn', () => {
  const { warnings, figures, line } = talk({
    seconds: 20,
    path: LAPTOP,
    noiseDbfs: -66,
    speaks: [4, 8, -26],
  });
  expect(warnings).toEqual([]);
  expect(figures).toHaveLength(2);
  expect(figures[1]).toMatchObject({ type: 'echo', mode: 'aec', delayMs: expect.any(Number) });
  expect(line).toMatch(/cancelled: -[23]\d dBFS, [234]\d dB softer/);
});

it.each([
  ['nobody speaks', undefined],
  ['the user speaks over it at once', [1, 7, -20]],
] satisfies [string, Scene['speaks']][])(
  'an echo that cannot be cancelled is told, once, also where %s',
  (_, speaks) => {
    const { warnings } = talk({
      seconds: 20,
      path: { delayMs: 60, couplingDb: 9, reverberationMs: 900, distortion: 4 },
      noiseDbfs: -66,
      ...(speaks && { speaks }),
    });
    expect(warnings).toMatchObject([
      { code: 'echo_loud', message: expect.stringMatching(/of -1\d dBFS only [12]\d dB could/) },
    ]);
  },
);
