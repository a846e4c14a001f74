/**
 * Faults that change what an answer says, message by message, as services were seen to send it: answers that stop, late
 * parts, turns without an end, refused and empty turns, words twice, sound in another form.
 */
import type { ServerContent, ServerMessage } from '../../protocol/messages.ts';
import { msOf } from './duration.ts';
import type { Fault } from './script.ts';
import { halfSample, mapSound, otherRate, quieter, soundMsOf } from './soundFaults.ts';

/** `afterMs`: sent so much later than its place in the line. */
export type Out = { message: ServerMessage; afterMs?: number };
export type Distortion = (message: ServerMessage) => Out[];

const PART_MS = 50;
const EMPTY: Out[] = [];

const one = (message: ServerMessage): Out[] => [{ message }];
const content = (serverContent: ServerContent): Out => ({ message: { serverContent } });
const isAnswer = (said: ServerContent | undefined): boolean =>
  said?.modelTurn !== undefined || said?.outputTranscription !== undefined;
const isOver = (said: ServerContent | undefined): boolean => said?.turnComplete === true;

/** What is left of a message without some fields of its content; nothing where that was all it said. */
function without(message: ServerMessage, fields: readonly (keyof ServerContent)[]): Out[] {
  const { serverContent, ...rest } = message;
  const kept = Object.fromEntries(
    Object.entries(serverContent ?? {}).filter(([name]) => !fields.some((field) => field === name)),
  );
  if (Object.keys(kept).length === 0 && Object.keys(rest).length === 0) return EMPTY;
  return one({ ...rest, serverContent: kept });
}

/** How many turns a fault still concerns. Default: all. */
function counter(turns = Infinity): { takes: () => boolean } {
  let left = turns;
  return { takes: () => (left -= 1) >= 0 };
}

/** After so much of an answer nothing of its turn comes any more, not even a handle. */
function stall({ sound, turns }: Extract<Fault, { fault: 'stall' }>): Distortion {
  const limitMs = msOf(sound, 500);
  const count = counter(turns);
  let heardMs = 0;
  let state: 'before' | 'answering' | 'stalled' | 'swallowed' = 'before';
  return (message) => {
    const said = message.serverContent;
    if (state === 'swallowed') {
      if (said === undefined) return message.sessionResumptionUpdate ? EMPTY : one(message);
      state = 'before';
    }
    if (state === 'before' && isAnswer(said)) {
      if (!count.takes()) return one(message);
      heardMs = 0;
      state = 'answering';
    }
    if (state === 'stalled') {
      if (isOver(said)) state = 'swallowed';
      return said === undefined || said.inputTranscription ? one(message) : EMPTY;
    }
    if (state === 'answering') {
      if (isOver(said)) state = 'before';
      heardMs += Math.max(soundMsOf(message), isAnswer(said) ? PART_MS : 0);
      if (heardMs >= limitMs) state = 'stalled';
      // The end of an answer that is shorter is withheld, too.
      if (said?.generationComplete) {
        state = 'stalled';
        return EMPTY;
      }
    }
    return one(message);
  };
}

/** The last part of an answer comes so long after the end of its turn. */
function latePart({ delay }: Extract<Fault, { fault: 'late-part' }>): Distortion {
  let held: ServerMessage | undefined;
  return (message) => {
    const said = message.serverContent;
    const before = held;
    if (said?.modelTurn) {
      held = message;
      return before ? one(before) : EMPTY;
    }
    if (said?.interrupted) held = undefined;
    if (!isOver(said) || !before) return one(message);
    held = undefined;
    return [{ message }, { message: before, afterMs: msOf(delay, 1000) }];
  };
}

/** The user's turn is over at once: without an answer, or with all of it and a reason. */
function barren(
  turnCompleteReason: string | undefined,
  turns: number | undefined,
  hasContent: boolean,
): Distortion {
  const count = counter(turns);
  const over = content({ turnComplete: true, ...(turnCompleteReason && { turnCompleteReason }) });
  let state: 'before' | 'swallows' | 'passes' = 'before';
  return (message) => {
    const said = message.serverContent;
    const begins = isAnswer(said) || said?.generationComplete === true;
    if (state === 'before' && begins) {
      state = count.takes() ? 'swallows' : 'passes';
      if (state === 'swallows' && !hasContent) return [over];
    }
    const was = state;
    if (isOver(said)) state = 'before';
    if (was !== 'swallows' || said === undefined) return one(message);
    if (hasContent) {
      const reason = isOver(said) ? { turnCompleteReason } : {};
      return one({ ...message, serverContent: { ...said, ...reason } as ServerContent });
    }
    return said.inputTranscription ? one(message) : EMPTY;
  };
}

/** What was answered is answered again behind the end of its turn. */
function repeatAnswer({ turns }: Extract<Fault, { fault: 'repeat-answer' }>): Distortion {
  const count = counter(turns);
  let answer: Out[] = [];
  return (message) => {
    const said = message.serverContent;
    if (isAnswer(said) || said?.generationComplete) answer.push({ message });
    if (said?.interrupted) answer = [];
    if (!isOver(said) || answer.length === 0) return one(message);
    const again = count.takes() ? [...answer, { message }] : [];
    answer = [];
    return [{ message }, ...again];
  };
}

/** Words of the model as text parts: those of the transcription again, or others before each answer. */
function textParts({ text }: Extract<Fault, { fault: 'text-parts' }>): Distortion {
  let isAnswering = false;
  return (message) => {
    const said = message.serverContent;
    const begins = isAnswer(said) && !isAnswering;
    if (isAnswer(said)) isAnswering = true;
    if (isOver(said)) isAnswering = false;
    if (text !== undefined) {
      const planned = begins ? [content({ modelTurn: { parts: [{ text }] } })] : [];
      return [...planned, { message }];
    }
    const words = said?.outputTranscription?.text;
    if (words === undefined) return one(message);
    const parts = [{ text: words }, ...(said?.modelTurn?.parts ?? [])];
    return one({
      ...message,
      serverContent: { ...said, modelTurn: { ...said?.modelTurn, parts } },
    });
  };
}

/** Transcriptions sentence by sentence, with no blank around them. */
function wholeSentences(): Distortion {
  let words = '';
  const flush = (): Out[] => {
    const text = words.trim();
    words = '';
    return text === '' ? [] : [content({ outputTranscription: { text } })];
  };
  return (message) => {
    const said = message.serverContent;
    const heard = said?.inputTranscription?.text;
    if (heard !== undefined) {
      const inputTranscription = { ...said?.inputTranscription, text: heard.trim() };
      return one({ ...message, serverContent: { ...said, inputTranscription } });
    }
    words += said?.outputTranscription?.text ?? '';
    const rest = said?.outputTranscription
      ? without(message, ['outputTranscription'])
      : one(message);
    const ends = said?.generationComplete ?? said?.turnComplete ?? said?.interrupted;
    if (ends) return [...flush(), ...rest];
    return /[.!?]\s*$/.test(words) ? [...rest, ...flush()] : rest;
  };
}

/** Undefined for faults of another kind. */
export function distortionFor(fault: Fault): Distortion | undefined {
  switch (fault.fault) {
    case 'stall':
      return stall(fault);
    case 'late-part':
      return latePart(fault);
    case 'no-turn-end':
      return (message) => {
        const ends = ['turnComplete', 'turnCompleteReason', 'interactionStatus'] as const;
        const fields = fault.generated ? ends : ([...ends, 'generationComplete'] as const);
        return message.serverContent && Object.keys(message.serverContent).length > 0
          ? without(message, fields)
          : one(message);
      };
    case 'refused-turns':
      return barren(fault.reason ?? 'RESPONSE_REJECTED', fault.turns, fault.content ?? false);
    case 'empty-turns':
      return barren(undefined, fault.turns, false);
    case 'repeat-answer':
      return repeatAnswer(fault);
    case 'text-parts':
      return textParts(fault);
    case 'whole-sentences':
      return wholeSentences();
    case 'repeat-transcript':
      return (message) => {
        const { inputTranscription } = message.serverContent ?? {};
        return inputTranscription ? [{ message }, content({ inputTranscription })] : one(message);
      };
    case 'late-usage':
      return (message) => {
        const { usageMetadata, ...rest } = message;
        if (!usageMetadata || !isOver(message.serverContent)) return one(message);
        const receipt = { serverContent: {}, usageMetadata };
        return [{ message: rest }, { message: receipt, afterMs: msOf(fault.delay, 300) }];
      };
    case 'other-rate':
      return mapSound(otherRate(fault.rate ?? 48_000));
    case 'quiet-audio':
      return mapSound(quieter(fault.by ?? 78));
    case 'half-sample':
      return halfSample();
    default:
      return undefined;
  }
}
