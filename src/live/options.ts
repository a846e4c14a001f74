import type { Content, Setup } from '../protocol/messages.ts';
import type { ModelProfile } from '../protocol/models.ts';
import type { EndpointSource } from './connection.ts';
import type { KeeperOptions } from './keeping.ts';
import type { Clock } from './timers.ts';

export type LiveSessionOptions = {
  endpoint: EndpointSource;
  setup: Setup;
  profile: ModelProfile;
  /** Until setupComplete, retries included. */
  timeoutMs: number;
  /**
   * A connection that is lost is made again, with the handle of `setup.sessionResumption` where there is one, and
   * one that is to be cut is left before. Default false: the session ends with its connection.
   */
  resumes?: boolean;
  /**
   * A session of another process to go on with: by its handle, or where there is none or it is refused, by its
   * last lines. `isWhole`: they are all of it.
   */
  past?: { handle: string | undefined; lines: readonly Content[]; isWhole: boolean };
  /** Told of each state to come back to, with the last lines of the conversation. The handle is a secret. */
  onResumable?: (handle: string, lines: Content[]) => void;
  /** 10 s after an utterance or a text without an answer, look whether anybody is there. */
  watches?: boolean;
  /**
   * The session hears of each utterance (`utteranceBegan`, `utteranceEnded`, `sendActivity`): it warns of speech that
   * it drops, and not of silence. Default false: all sound counts as speech.
   */
  detects?: boolean;
  random?: () => number;
  clock?: Clock;
  /** In place of a socket. */
  open?: KeeperOptions['open'];
};
