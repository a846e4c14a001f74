/** Faults of what a client sends: typed text that nobody reads, handles that are refused, words that end a session. */
import type { ServerMessage } from '../../protocol/messages.ts';
import type { Distortion } from './distortions.ts';
import { msOf } from './duration.ts';
import { readFrame, wordsIn } from './frames.ts';
import { difference } from './match.ts';
import type { Fault } from './script.ts';

/** Ends the session, `afterMs` from now. */
export type End = (code: number, reason: string, afterMs: number) => void;
/** False: the session does not get the message of the client. In the canonical spelling. */
export type Gate = (message: Record<string, unknown>) => boolean;

const EXPIRED = 'BidiGenerateContent session expired';
const INVALID = 'Request contains an invalid argument.';

/** The ways in and out that a fault watches. */
export function gatesFor(fault: Fault, end: End): { incoming?: Gate; outgoing?: Distortion } {
  switch (fault.fault) {
    case 'ignore-text':
      return { incoming: (message) => wordsIn(readFrame(message)) === undefined };
    case 'refuse-handle':
      return {
        incoming: (message) => {
          const { sessionResumption } = (message['setup'] ?? {}) as {
            sessionResumption?: { handle?: string };
          };
          if (!sessionResumption?.handle) return true;
          end(fault.code ?? 1008, fault.reason ?? EXPIRED, 0);
          return false;
        },
      };
    case 'kill':
      return kill(fault, end);
    default:
      return {};
  }
}

/** What was said shows in its transcription, or, where any words are meant, in the answer. */
function kill(fault: Extract<Fault, { fault: 'kill' }>, end: End): ReturnType<typeof gatesFor> {
  let isDying = false;
  const die = (): void => {
    if (!isDying) end(fault.code ?? 1007, fault.reason ?? INVALID, msOf(fault.delay, 0));
    isDying = true;
  };
  const isMeant = (words: string): boolean =>
    fault.words === undefined || difference(words, fault.words) === undefined;
  return {
    incoming: (message) => {
      const words = wordsIn(readFrame(message));
      if (words !== undefined && isMeant(words)) die();
      return !isDying;
    },
    outgoing: (message: ServerMessage) => {
      const { inputTranscription, modelTurn, outputTranscription } = message.serverContent ?? {};
      const words = inputTranscription?.text;
      const answers = (modelTurn ?? outputTranscription) !== undefined;
      if (words === undefined ? answers && fault.words === undefined : isMeant(words)) die();
      return isDying && message.serverContent ? [] : [{ message }];
    },
  };
}
