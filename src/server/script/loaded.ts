/** A script that has been checked: every step knows where it stands. */
import { msOf } from './duration.ts';
import type { Script, SessionScript, Step, TimedFault } from './script.ts';

/** `where`: `talk.yaml:7`, or `sessions[0].steps[2]` of an object. */
export type Place = { where: string; line?: number };
export type LoadedStep = Place & {
  step: Step;
  /** Of `repeat`. */
  steps: LoadedStep[];
  /** Of `audio`: 24 kHz mono s16le. */
  sound?: Uint8Array;
};
export type LoadedFault = Place & { fault: TimedFault };
export type LoadedSession = Place & {
  /** Absent: the local server itself answers. */
  steps?: LoadedStep[];
  faults: LoadedFault[];
  loose: boolean;
  withinMs: number;
};
export type LoadedScript = {
  /** One for each connection, in their order; or one for all of them. */
  sessions: LoadedSession[] | undefined;
  each: LoadedSession | undefined;
};

export type PathInScript = readonly (string | number)[];

const WITHIN_MS = 10_000;

/** `placeOf` tells where a path of the script stands in its text. */
export function loadedFrom(script: Script, placeOf: (path: PathInScript) => Place): LoadedScript {
  const stepsAt = (steps: readonly Step[], path: PathInScript): LoadedStep[] =>
    steps.map((step, index) => {
      const here = [...path, index];
      const inner = 'repeat' in step ? stepsAt(step.steps, [...here, 'steps']) : [];
      return { ...placeOf(here), step, steps: inner };
    });
  const faultsAt = (faults: readonly TimedFault[], path: PathInScript): LoadedFault[] =>
    faults.map((fault, index) => ({ ...placeOf([...path, index]), fault }));
  const sessionAt = (session: SessionScript, path: PathInScript): LoadedSession => ({
    ...placeOf(path),
    ...(session.steps && { steps: stepsAt(session.steps, [...path, 'steps']) }),
    faults: faultsAt(session.faults ?? [], [...path, 'faults']),
    loose: session.loose ?? script.loose ?? false,
    withinMs: msOf(session.within ?? script.within, WITHIN_MS),
  });
  if (!script.sessions) return { sessions: undefined, each: sessionAt(script, []) };
  const common = faultsAt(script.faults ?? [], ['faults']);
  const sessions = script.sessions.map((session, index) => {
    const loaded = sessionAt(session, ['sessions', index]);
    return { ...loaded, faults: [...common, ...loaded.faults] };
  });
  return { sessions, each: undefined };
}

/** Every step, those that are repeated too. */
export function* allSteps(steps: readonly LoadedStep[]): Generator<LoadedStep> {
  for (const step of steps) {
    yield step;
    yield* allSteps(step.steps);
  }
}

export const sessionsOf = ({ sessions, each }: LoadedScript): LoadedSession[] =>
  sessions ?? (each ? [each] : []);
