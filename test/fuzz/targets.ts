import { AUDIO_TARGETS } from './audio.ts';
import { OPTION_TARGETS } from './options.ts';
import { PROTOCOL_TARGETS } from './protocol.ts';
import type { Target } from './target.ts';

/** Their shares sum to 100. */
export const TARGETS: readonly Target[] = [
  ...PROTOCOL_TARGETS,
  ...AUDIO_TARGETS,
  ...OPTION_TARGETS,
];
