/** What happened on the wire in one scenario, and what of it can be compared between two servers. */
import { msOfBytes, OUTPUT_FORMAT } from '../../../src/audio/format.ts';
import type { ServerMessage } from '../../../src/protocol/messages.ts';
import { fieldsIn } from '../fieldPaths.ts';

/** `did`: of the client. Times are milliseconds of `performance.now()`. */
export type Step =
  | { atMs: number; did: string }
  | { atMs: number; message: ServerMessage }
  | { atMs: number; closed: string };

export type Trace = readonly Step[];

/** Figure → milliseconds. */
export type Timing = Readonly<Record<string, number>>;

/** Fields of all server messages, sorted. */
export const fieldsOf = (trace: Trace): string[] =>
  [...new Set(trace.flatMap((step) => ('message' in step ? fieldsIn(step.message) : [])))].sort();

/** What the client did and what came of it, in order, with repetitions left out. */
export function orderOf(trace: Trace): string[] {
  const order: string[] = [];
  let did: string | undefined;
  let came: string | undefined;
  // What goes on while the client does something is no news: it was on its way.
  const add = (name: string): void => {
    if (came === name) return;
    order.push(name);
    came = name;
    did = undefined;
  };
  for (const step of trace) {
    if ('closed' in step) add(`closed ${step.closed}`);
    else if ('message' in step) milestonesOf(step.message).forEach(add);
    else if (did !== step.did) {
      order.push(`> ${step.did}`);
      ({ did } = step);
    }
  }
  return order;
}

function milestonesOf(message: ServerMessage): string[] {
  const { serverContent: content, sessionResumptionUpdate: update } = message;
  const answers = (content?.modelTurn?.parts ?? []).some((part) => part.thought !== true);
  const status = content?.interactionStatus ?? message.interactionStatus;
  const marks: [unknown, string][] = [
    [message.setupComplete, 'setupComplete'],
    [content?.inputTranscription?.text, 'inputTranscription'],
    [answers || content?.outputTranscription, 'answer'],
    [message.toolCall, 'toolCall'],
    [message.toolCallCancellation, 'toolCallCancellation'],
    [content?.interrupted, 'interrupted'],
    [content?.generationComplete, 'generationComplete'],
    [content?.turnComplete, `turnComplete${status === undefined ? '' : ` ${status}`}`],
    [update, update?.resumable === true ? 'resumable' : 'not resumable'],
    [message.goAway, 'goAway'],
  ];
  return marks.filter(([found]) => Boolean(found)).map(([, name]) => name);
}

export const soundMsOf = (message: ServerMessage): number =>
  (message.serverContent?.modelTurn?.parts ?? []).reduce(
    (sum, { inlineData }) =>
      sum + msOfBytes(OUTPUT_FORMAT, Buffer.from(inlineData?.data ?? '', 'base64').byteLength),
    0,
  );

/** Of the first answer with sound, and of the first interruption. */
export function timingOf(trace: Trace): Timing {
  const timing: Record<string, number> = {};
  let didAtMs: number | undefined;
  let firstAtMs: number | undefined;
  let soundMs = 0;
  let isOver = false;
  for (const step of trace) {
    if ('did' in step) didAtMs = step.atMs;
    if (!('message' in step)) continue;
    const { serverContent: content } = step.message;
    if (content?.interrupted && didAtMs !== undefined) {
      timing['input to interrupted'] ??= step.atMs - didAtMs;
      isOver = true;
    }
    if (isOver) continue;
    const partMs = soundMsOf(step.message);
    if (partMs > 0 && firstAtMs === undefined) {
      firstAtMs = step.atMs;
      timing['first chunk'] = partMs;
      if (didAtMs !== undefined) timing['input to first sound'] = firstAtMs - didAtMs;
    }
    soundMs += partMs;
    if (firstAtMs === undefined) continue;
    if (content?.generationComplete) timing['first sound to generated'] = step.atMs - firstAtMs;
    if (content?.turnComplete) {
      timing['sound'] = soundMs;
      timing['end of sound to turnComplete'] = step.atMs - firstAtMs - soundMs;
      isOver = true;
    }
  }
  return timing;
}
