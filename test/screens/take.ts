/**
 * `npm run screens`: `gemlive talk --local` in a terminal, with a voice in its microphone, and pictures of
 * its screen in every state, for both of GitHub's themes; and of `gemlive doctor`. The meters differ from run to run.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { it } from 'vitest';

import { floatFromS16, s16FromFloat } from '../../src/audio/pcm.ts';
import { noise } from '../support/noise.ts';
import { pactl } from '../support/pactl.ts';
import { openPty, type Pty } from '../support/pty.ts';
import { startSoundServer, type SoundServer } from '../support/soundServer.ts';
import { cropped, Screen, textOf } from './grid.ts';
import { LAST_KEY, RUNS, type Run } from './steps.ts';
import { svgOf, THEMES } from './svg.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const FOLDER = join(ROOT, 'docs', 'screens');
const WIDTHS = [
  { columns: 80, suffix: '' },
  { columns: 40, suffix: '-narrow' },
];
/** The doctor does not redraw: all that it says is to be seen. */
const rowsOf = (command: string | undefined): number => (command === 'doctor' ? 40 : 24);
const STEP_TIMEOUT_MS = 10_000;
/** A recogniser mishears once in a while, more often on a busy machine: the conversation begins anew. */
const RETRIES = 2;

type Picture = { file: string; svg: string };

/** The screen as it is now, for every theme. */
function picturesOf(
  screen: Screen,
  args: readonly string[],
  { name, title }: { name: string; title: string },
): Picture[] {
  const grid = cropped(screen.grid);
  const call = `gemlive ${args.join(' ')}`;
  // Beside the window's buttons there is room for so much.
  const windowTitle = call.length < grid.columns - 12 ? call : 'gemlive talk';
  return Object.entries(THEMES).map(([theme, colours]) => ({
    file: `${args[0]}-${name}-${theme}.svg`,
    svg: svgOf(grid, { title, windowTitle, theme: colours }),
  }));
}

/** Follows the terminal. A frame may come in pieces: what is waited for ends in the last line that is drawn. */
function follow(pty: Pty, screen: Screen) {
  let read = 0;
  const catchUp = async (): Promise<string> => {
    const output = pty.output();
    await screen.write(output.slice(read));
    read = output.length;
    return textOf(screen.grid);
  };
  const until = async (pattern: RegExp): Promise<void> => {
    let text = '';
    for (const deadline = Date.now() + STEP_TIMEOUT_MS; Date.now() < deadline;) {
      text = await catchUp();
      if (pattern.test(text)) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`after ${STEP_TIMEOUT_MS} ms: no ${String(pattern)} on the screen:\n${text}`);
  };
  return { catchUp, until };
}

const SET = {
  muted: async (sound: SoundServer): Promise<void> => {
    await pactl(sound, 'set-source-mute', 'mic.monitor', '1');
  },
  room: async (sound: SoundServer): Promise<void> => {
    const quiet = floatFromS16(noise(60_000, 16_000, 5)).map((sample) => sample / 200);
    // Until the server is stopped.
    sound.playIntoMic(s16FromFloat(quiet)).catch(() => {});
    const options = ['source=speaker.monitor', 'sink=mic', 'latency_msec=80'];
    const module = await pactl(sound, 'load-module', 'module-loopback', ...options);
    const inputs = (await pactl(sound, 'list', 'sink-inputs')).split(/^Sink Input #/m);
    const own = inputs.find((input) => input.includes(`Owner Module: ${module}\n`)) ?? '';
    await pactl(sound, 'set-sink-input-volume', own.split('\n', 1)[0] ?? '', '-18dB');
  },
};

const CASES = WIDTHS.flatMap((width) => RUNS.map((run: Run) => ({ ...width, ...run })));

it.each(CASES)(
  'takes pictures of $args $stage, $columns columns',
  { timeout: 120_000, retry: RETRIES },
  async ({ columns, suffix, args, stage, steps, last }) => {
    const pictures: Picture[] = [];
    const sound = await startSoundServer();
    if (stage) await SET[stage](sound);
    const [command] = args;
    const rows = rowsOf(command);
    const screen = new Screen(columns, rows);
    const pty = openPty(args, { environment: sound.environment, columns, rows });
    try {
      const { catchUp, until } = follow(pty, screen);
      let voice = Promise.resolve();
      for (const { name, title = '', keys, says, sound: event, until: pattern } of steps) {
        await voice;
        if (keys !== undefined) pty.send(keys);
        if (says !== undefined) voice = sound.playIntoMic(join(ROOT, 'audio-fixtures', says));
        if (event !== undefined) await sound[event]();
        await until(pattern);
        if (name !== undefined)
          pictures.push(...picturesOf(screen, args, { name: `${name}${suffix}`, title }));
      }
      if (command === 'talk') pty.send(LAST_KEY);
      await pty.ended;
      await catchUp();
      if (last)
        pictures.push(...picturesOf(screen, args, { ...last, name: `${last.name}${suffix}` }));
    } finally {
      await pty.close();
      screen.close();
      await sound.stop();
    }
    mkdirSync(FOLDER, { recursive: true });
    for (const { file, svg } of pictures) writeFileSync(join(FOLDER, file), svg);
  },
);
