/** Something is going on and takes a moment: for terminals only. */
import { ASCII, glyphsFor } from './glyphs.ts';

export type Spinner = { stop(): void };

const NO_SPINNER: Spinner = { stop: () => {} };

/**
 * `shown` false (not a terminal, plain, quiet): nothing is loaded and nothing is written. Nor in a terminal
 * that reports 0 columns: there ora counts lines without an end. `environment` tells what it can show.
 */
export async function startSpinner(
  stream: NodeJS.WriteStream,
  text: string,
  shown: boolean,
  environment: NodeJS.ProcessEnv,
): Promise<Spinner> {
  if (!shown || stream.columns === 0) return NO_SPINNER;
  const { default: ora } = await import('ora');
  // stdin is the command's: its keys are not the spinner's to swallow.
  const dots = glyphsFor(environment) === ASCII ? 'line' : 'dots';
  const spinner = ora({ text, stream, discardStdin: false, spinner: dots }).start();
  return { stop: () => void spinner.stop() };
}
