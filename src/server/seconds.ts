/** Receipts of a model that is billed as it goes: one for each second that was heard, with what was said meanwhile. */
import { bytesOfMs, INPUT_FORMAT } from '../audio/format.ts';
import type { UsageMetadata } from '../protocol/messages.ts';
import type { Turn } from './turn.ts';
import { NO_TOKENS, receipt, soundTokens } from './usage.ts';

const SECOND_MS = 1000;
const SECOND_BYTES = bytesOfMs(INPUT_FORMAT, SECOND_MS);

export class Seconds {
  readonly #vertex: boolean;
  #heardBytes = 0;

  constructor(vertex: boolean) {
    this.#vertex = vertex;
  }

  /** 16 kHz. Gives the receipts of all seconds that are over; what `turn` has said stands in the first. */
  hear(bytes: number, turn: Turn | undefined): UsageMetadata[] {
    this.#heardBytes += bytes;
    const receipts: UsageMetadata[] = [];
    for (; this.#heardBytes >= SECOND_BYTES; this.#heardBytes -= SECOND_BYTES) {
      const AUDIO = soundTokens(SECOND_MS);
      receipts.push(receipt({ ...NO_TOKENS, AUDIO }, said(turn), { vertex: this.#vertex }));
    }
    return receipts;
  }

  /** The rest of a turn: what was written to it, and what it has said since the last second. */
  rest(turn: Turn): UsageMetadata {
    const prompt = turn.input.kind === 'speech' ? NO_TOKENS : (turn.prompt ?? NO_TOKENS);
    return receipt(prompt, said(turn), { vertex: this.#vertex });
  }
}

/** Since the last receipt. */
function said(turn: Turn | undefined): { text: number; audio: number } {
  if (!turn) return { text: 0, audio: 0 };
  const { text, audio } = turn.stream?.tokens ?? { text: 0, audio: 0 };
  const since = { text: text - turn.billed.text, audio: audio - turn.billed.audio };
  turn.billed = { text, audio };
  return since;
}
