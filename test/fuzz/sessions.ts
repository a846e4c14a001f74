/** The session's state machine: test/live/model.test.ts, for longer. */
import { sessionModel } from '../live/model/property.ts';
import type { Target } from './target.ts';

export const SESSION_TARGETS: readonly Target[] = [
  { name: 'session', share: 1, property: sessionModel },
];
