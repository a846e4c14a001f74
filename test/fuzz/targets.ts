import { OPTION_TARGETS } from './options.ts';
import { PROTOCOL_TARGETS } from './protocol.ts';
import { QUEUE_TARGETS } from './queues.ts';
import { SESSION_TARGETS } from './sessions.ts';
import type { Target } from './target.ts';
import { TURN_TARGETS } from './turns.ts';
import { WAV_TARGETS } from './wav.ts';

/** Their shares sum to 100. */
export const TARGETS: readonly Target[] = [
  ...PROTOCOL_TARGETS,
  ...WAV_TARGETS,
  ...QUEUE_TARGETS,
  ...OPTION_TARGETS,
  ...TURN_TARGETS,
  ...SESSION_TARGETS,
];
