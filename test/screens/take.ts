/**
 * `npm run screens`: `gemlive talk --local` in a terminal, with a voice in its microphone, and pictures of
 * its screen in every state, for both of GitHub's themes. The meters differ from run to run.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { it } from 'vitest';

import { openPty, type Pty } from '../support/pty.ts';
import { startSoundServer } from '../support/soundServer.ts';
import { cropped, Screen, textOf } from './grid.ts';
import { LAST_KEY, RUNS, type Run } from './steps.ts';
import { svgOf, THEMES } from './svg.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const FOLDER = join(ROOT, 'docs', 'screens');
const WIDTHS = [
  { columns: 80, suffix: '' },
  { columns: 40, suffix: '-narrow' },
];
const ROWS = 24;
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
    file: `talk-${name}-${theme}.svg`,
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

const CASES = WIDTHS.flatMap((width) => RUNS.map((run: Run) => ({ ...width, ...run })));

it.each(CASES)(
  'takes pictures of $args, $columns columns',
  { timeout: 120_000, retry: RETRIES },
  async ({ columns, suffix, args, steps, last }) => {
    const pictures: Picture[] = [];
    const sound = await startSoundServer();
    const screen = new Screen(columns, ROWS);
    const pty = openPty(args, { environment: sound.environment, columns, rows: ROWS });
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
      pty.send(LAST_KEY);
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
