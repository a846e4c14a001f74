/** Something is going on and takes a moment: for terminals only. */
import { ASCII, glyphsFor } from './glyphs.ts';

export type Spinner = { stop(): void };

const NO_SPINNER: Spinner = { stop: () => {} };

/** What takes less than this needs no sign that it goes on, and shall not wait for one to be loaded. */
const SHOWN_AFTER_MS = 300;

/**
 * `shown` false (not a terminal, plain, quiet): nothing is loaded and nothing is written. Nor in a terminal
 * that reports 0 columns: there ora counts lines without an end. `environment` tells what it can show.
 */
export function startSpinner(
  stream: NodeJS.WriteStream,
  text: string,
  shown: boolean,
  environment: NodeJS.ProcessEnv,
): Spinner {
  if (!shown || stream.columns === 0) return NO_SPINNER;
  let stopped = false;
  let spinner: Spinner | undefined;
  const show = async (): Promise<void> => {
    const { default: ora } = await import('ora');
    if (stopped) return;
    // stdin is the command's: its keys are not the spinner's to swallow.
    const dots = glyphsFor(environment) === ASCII ? 'line' : 'dots';
    spinner = ora({ text, stream, discardStdin: false, spinner: dots }).start();
  };
  const timer = setTimeout(() => void show(), SHOWN_AFTER_MS);
  return {
    stop: () => {
      stopped = true;
      clearTimeout(timer);
      spinner?.stop();
    },
  };
}
