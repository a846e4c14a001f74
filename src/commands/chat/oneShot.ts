/** One question, one answer, and away. */
import { systemClock } from '../../audio/clock.ts';
import type { AudioSink } from '../../audio/ports.ts';
import { Conversation, type Observer } from '../../conversation.ts';
import type { GemliveError } from '../../errors.ts';
import type { Content } from '../../protocol/messages.ts';
import { isBroken } from '../../protocol/turnReasons.ts';
import { harmless } from '../../ui/harmless.ts';
import { usageLine } from '../../ui/usageLine.ts';
import type { CommandContext } from '../context.ts';
import { newSession, type LivePlace } from '../live.ts';
import { quietAnswers } from '../quietAnswers.ts';
import { brokenAnswer, noAnswer } from '../brokenAnswer.ts';
import { answerInstead, mayFallBack } from './fallback.ts';
import type { PastSession } from '../pastSession.ts';

/** Nothing at all for this long after the question: a dead peer, not a slow thinker. */
const SILENCE_MS = 60_000;

export type Question = {
  prompt: string;
  history: Content[];
  /** Where the answer is heard; without one only its words count. */
  sink?: AudioSink;
  /** A session to ask in; default: a new one. */
  past?: PastSession;
};

/** The answer. @throws GemliveError: also for an empty answer (exit 6). */
export async function askOnce(
  context: CommandContext,
  place: LivePlace,
  { prompt, history, sink, past }: Question,
  signal: AbortSignal,
): Promise<string> {
  const { settings, resolved, stdout, stderr, events } = context;
  const extras = { asText: sink === undefined, seedsHistory: history.length > 0, once: true };
  const session = newSession(context, place, extras, { past });
  const untilTurnOver = settings.usage || settings.json || sink !== undefined;
  let failure: GemliveError | undefined;
  let answer = '';
  let printed = '';
  let cancelWatch = (): void => {};
  const stop = (error?: GemliveError): void => {
    failure = error;
    conversation.stop();
  };
  const watch = (): void => {
    cancelWatch();
    cancelWatch = systemClock.after(SILENCE_MS, () => stop(noAnswer(undefined)));
  };
  const print = (text: string): void => {
    printed += text;
    if (events || text === '') return;
    isLineOpen = true;
    stdout.write(harmless(text));
  };
  let isLineOpen = false;
  /** The answer ends with exactly one newline, before anything else is said. */
  const endLine = (): void => {
    if (isLineOpen) stdout.write('\n');
    isLineOpen = false;
  };
  let turn: number | undefined;
  /** All of the answer has come, though its turn may not be over; and whether that was so when the session ended. */
  let isWhole = false;
  let wasWhole = false;
  session.on((event) => {
    if (event.type === 'ended') wasWhole = isWhole;
  });
  const observer: Required<Pick<Observer, 'event'>> = {
    event: (event) => {
      if (event.type === 'warning') {
        // The error at the end tells of a broken answer.
        if (events || !event.code.startsWith('answer_')) context.warn(event);
      } else if (events) {
        const { type, ...fields } = event;
        events.emit(type, fields);
      }
      switch (event.type) {
        case 'session':
          if (event.state === 'ready') {
            conversation.sendText(prompt, { history });
            watch();
          }
          return;
        case 'user':
          turn = event.turn;
          return;
        case 'model':
          watch();
          if (!('final' in event)) {
            // Leading blanks of an answer are the stream's, and its end is exactly one newline.
            const delta = answer === '' ? event.delta.trimStart() : event.delta;
            answer += delta;
            const whole = answer.trimEnd();
            print(whole.slice(printed.length));
            return;
          }
          // The turn may end in the same message with a reason: then its failure counts.
          isWhole = answer.trim() !== '';
          if (isWhole && !untilTurnOver) stop();
          return;
        case 'thought':
        case 'audio':
          watch();
          return;
        case 'turn':
          if (answer.trim() === '') stop(noAnswer(event.reason));
          else stop(isBroken(event.reason) ? brokenAnswer(event.reason) : undefined);
          return;
        case 'usage':
          endLine();
          if (settings.usage && !settings.json) stderr.write(`${usageLine(event)}\n`);
          return;
        default:
      }
    },
  };
  const conversation = new Conversation({
    session,
    profile: resolved.profile,
    ...(settings.voice !== undefined && { voice: settings.voice }),
    ...(sink && { sink }),
    awaitsReceipt: settings.usage || settings.json,
    observers: [
      observer,
      ...(sink ? quietAnswers(settings, (warning) => context.warn(warning)) : []),
    ],
  });
  /** Live has failed, and nobody has read a word of its answer. */
  const fallBack = async (error: GemliveError): Promise<void> => {
    cancelWatch();
    answer = '';
    failure = undefined;
    const said: Content = { role: 'user', parts: [{ text: prompt }] };
    if (turn === undefined) observer.event({ type: 'user', turn: 1, text: prompt, final: true });
    const contents = [...(past?.lines ?? []), ...history, said];
    const unanswered = { failure: error, contents, turn: turn ?? 1 };
    await answerInstead(context, place, unanswered, observer.event, signal);
  };
  try {
    await conversation.run(signal).catch((error: unknown) => {
      const { code } = error as GemliveError;
      // A server that ends the session when the answer is whole has done its work.
      if (!(wasWhole && code === 'server_closed')) failure = error as GemliveError;
    });
    signal.throwIfAborted();
    if (printed === '' && mayFallBack(context, failure)) await fallBack(failure);
  } finally {
    cancelWatch();
    endLine();
  }
  if (failure) throw failure;
  return answer.trim();
}
