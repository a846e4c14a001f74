/** Who reports answers that cannot be heard. */
import type { Settings } from '../config/settings.ts';
import type { Warning } from '../errors.ts';
import { QuietAnswers } from '../turns/quietAnswers.ts';

/** Nobody for the local server: without a voice it sends silence, and it is no service whose fault that could be. */
export const quietAnswers = (
  { local }: Pick<Settings, 'local'>,
  warn: (warning: Warning) => void,
): QuietAnswers[] => (local ? [] : [new QuietAnswers(warn)]);
