/** What there is to know of a player program: how it is started, what it says, how far ahead it is fed. */
import type { PcmFormat } from '../format.ts';
import type { ChildEnvironment } from '../subprocess.ts';

export type PlayerReport =
  /** The device is open and takes sound. */
  | { type: 'ready' }
  /** The device that it plays on is open, or is another one now: its name as the sound server has it. */
  | { type: 'device'; name: string; suspended: boolean }
  /** The sound server has suspended the device, at somebody's wish, or has resumed it. */
  | { type: 'suspended' | 'resumed' }
  /** Bytes that it wants to hold, and those that it waits for before it begins. */
  | { type: 'buffer'; targetBytes: number }
  | { type: 'started' }
  | { type: 'position'; playedMs: number; latencyMs: number }
  /** A position of what sounds at this moment. */
  | { type: 'playing'; playedMs: number }
  | { type: 'underrun' }
  /** It lives, and says nothing new. */
  | { type: 'waiting' }
  /** Bytes that the device has taken, of all that was handed over: it cannot have played more. */
  | { type: 'accepted'; bytes: number }
  /** All that was handed over before the flush is gone. */
  | { type: 'flushed' };

export type PlayerProgram = {
  name: string;
  command: string;
  /** Why it cannot be had on this machine, where that is known without starting it. */
  missing?: () => string | undefined;
  /**
   * A child of our own (nativePlayer.cjs): it takes frames, can be silenced without being killed, reports
   * on stdout, and is slow to start, so that a spare one is kept beside it.
   */
  framed?: true;
  /** A line for the shell, of the user. */
  shell?: true;
  /**
   * It never says that it is ready: its sound server is asked whether the process `pid` plays, until it does.
   * `failure`: the server cannot be asked.
   */
  plays?: (
    pid: number,
    environment: ChildEnvironment | undefined,
  ) => Promise<boolean | { failure: string }>;
  /**
   * A line of the user proves nothing, and there is no other one to try: it counts as open unless it has ended by
   * then, so that a mistake in it is told at once.
   */
  readyAfterMs?: number;
  /** It may hold more than we know of: let it come to its end by itself. */
  endsByEof?: true;
  /** It cannot be told to use another device. */
  defaultDeviceOnly?: true;
  /** Silence that it must get before it opens its device. */
  primeMs?: number;
  args: (format: PcmFormat, device: string | undefined) => string[];
  /** What one line on stderr (framed: stdout) says. */
  parse: (line: string) => PlayerReport | undefined;
  /** False: its position is reckoned by the clock. */
  reports: boolean;
  /** How much it is given ahead of the ear; more where the device itself holds more. */
  aheadMs: number;
  /** From handing over to hearing, where it does not report it. Measured. */
  latencyMs: number;
  /** Silence after the last sample that pushes it through the program's own blocks. */
  padMs: number;
  /** When to send it, as sound that is left, once it is known that no more sound comes. */
  padWhenLeftMs: number;
  /** Framed, and leaks: its spare takes over when it has been given so many writes and is idle. */
  renewAfterWrites?: number;
};
