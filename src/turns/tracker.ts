/**
 * Turns as the user reads them: an index, the user's line, the model's line, latencies, usage. Pure: what
 * happened goes in, ConversationEvents come out; the clock is passed in.
 *
 * The two sides of a turn do not line up on the wire: a transcription may come late, and the next
 * utterance may begin while the answer to this one still sounds. What belongs where is decided here and
 * nowhere else.
 */
import type { ConversationEvent, Latency, Usage } from '../events.ts';
import type { Price } from '../protocol/models.ts';
import { joint, mergeTranscripts } from '../protocol/joinWords.ts';
import { EMPTY_TURN, isBroken, reasonWarning } from '../protocol/turnReasons.ts';
import { addUsage, costUsd, NO_USAGE } from './cost.ts';
import { cutAtHeard } from './cut.ts';

type Turn = {
  index: number;
  user: string;
  /** When the last of them came, and whether another utterance has begun since. */
  heardMs: number;
  hasNewUtterance: boolean;
  /** The line when the connection was made again, and what has been transcribed since: it may be the same. */
  replay: { said: string; again: string } | undefined;
  /** Told with `final` already: typed text is whole at once. */
  userFinal: boolean;
  /** When a voice began to say the user's words, on the clock. */
  userBeganMs: number | undefined;
  /** When the user's words ended, on the clock; `spoken` when a voice said them. */
  userEndMs: number | undefined;
  spoken: boolean;
  model: string;
  modelFinal: boolean;
  /** The model has begun its side: words, sound, or a tool call. */
  answered: boolean;
  soundMs: number;
  /** When the last of the model's side came, and when all of its sound would have been played. */
  lastSignMs: number;
  soundEndsMs: number;
  latency: Latency;
  usage: Usage | undefined;
  interrupted: boolean;
  /** It is over but for its receipt: its lines are final. */
  isClosing: boolean;
  /** When it was over. */
  endedMs: number;
};

/** Pieces of one word follow each other faster than that. */
const NEW_SEGMENT_MS = 1_000;
const NEW_UTTERANCE_MS = 300;
/** Parts of an answer may come for so long after its turn. */
const LATE_MS = 5_000;
/** An answer that was silent for so long is not gone on with after the next utterance. */
export const ABANDONED_MS = 3_000;
/** The same where utterances wait for their turn: a slow answer is likelier than one that has stopped. */
const ABANDONED_WAITING_MS = 8_000;

export class TurnTracker {
  readonly #emit: (event: ConversationEvent) => void;
  readonly #nowMs: () => number;
  readonly #price: Price | undefined;
  readonly #interruptible: boolean;
  readonly #receipts: 'turn' | 'second';
  readonly #converses: boolean;
  #current: Turn | undefined;
  /** The user's side of the turn after this one, begun while the model still has the word. */
  #next: Turn | undefined;
  /** Utterances after that one. Their turns have no number yet: the server may take several for one. */
  #later: Turn[] = [];
  /** The turn of the utterance that was begun last. */
  #utterance: Turn | undefined;
  #last: Turn | undefined;
  #count = 0;
  #total: Usage = NO_USAGE;
  /** Answers in a row that were refused or stopped. */
  #broken = 0;

  constructor(
    emit: (event: ConversationEvent) => void,
    {
      nowMs,
      price,
      interruptible = true,
      receipts = 'turn',
      converses = true,
    }: {
      nowMs: () => number;
      price: Price | undefined;
      interruptible?: boolean;
      /** Each is of the whole turn, or of a part of it. Default `turn`. */
      receipts?: 'turn' | 'second';
      /** The model answers what is said. Default true. */
      converses?: boolean;
    },
  ) {
    this.#emit = emit;
    this.#nowMs = nowMs;
    this.#price = price;
    this.#interruptible = interruptible;
    this.#receipts = receipts;
    this.#converses = converses;
  }

  /** The model has begun to answer, and the turn is not over. */
  get answering(): boolean {
    return this.#current?.answered ?? false;
  }

  /** The user still seems to speak in the turn that is to be answered: the local detector is late. */
  get awaitsEndOfSpeech(): boolean {
    return this.#utterance !== undefined && this.#utterance === this.#current && !this.answering;
  }

  /** Words and sound of the turn in progress, or of the last one. */
  get answer(): { index: number; text: string; soundMs: number; final: boolean } | undefined {
    const turn = this.#current ?? this.#last;
    return (
      turn && { index: turn.index, text: turn.model, soundMs: turn.soundMs, final: turn.modelFinal }
    );
  }

  get total(): { usage: Usage; costUsd: number | undefined } | undefined {
    if (this.#total === NO_USAGE) return undefined;
    return { usage: this.#total, costUsd: this.#price && costUsd(this.#total, this.#price) };
  }

  /** How long the answer in progress has been silent: no message, and its sound would have been played. */
  get quietMs(): number {
    const turn = this.#current;
    if (!turn?.answered) return 0;
    return Math.max(0, this.#nowMs() - Math.max(turn.lastSignMs, turn.soundEndsMs));
  }

  /** The next utterance began and ended while nothing of this answer came: what comes now answers that one. */
  get isAbandoned(): boolean {
    const { userBeganMs, userEndMs } = this.#next ?? {};
    if (!this.#current || userBeganMs === undefined || userEndMs === undefined) return false;
    const quietMs = this.#interruptible ? ABANDONED_MS : ABANDONED_WAITING_MS;
    return this.#current.lastSignMs < userBeganMs && this.quietMs >= quietMs;
  }

  /** The user speaks, and what is said waits for an answer. */
  get userSpeaks(): boolean {
    const { userBeganMs, userEndMs } = this.#current ?? {};
    return userBeganMs !== undefined && userEndMs === undefined;
  }

  get wasInterrupted(): boolean {
    return this.#last?.interrupted === true;
  }

  /** What comes of an answer now may belong to the turn before: nobody waits for an answer yet. */
  get mayBeLate(): boolean {
    if (!this.#last || this.answering || this.#nowMs() - this.#last.endedMs > LATE_MS) return false;
    return !this.#current || (this.userSpeaks && this.#current.user === '');
  }

  /** When the words ended that wait for an answer. */
  get userEndMs(): number | undefined {
    return this.#current?.userEndMs;
  }

  #open(turn = newTurn()): Turn {
    this.#count += 1;
    turn.index = this.#count;
    return turn;
  }

  /** The turn whose user side is open: this one before the answer, the next one after. */
  #userTurn(): Turn {
    if (this.#current?.answered) return (this.#next ??= this.#open());
    return (this.#current ??= this.#open());
  }

  #modelTurn(): Turn {
    const turn = (this.#current ??= this.#open());
    turn.answered = true;
    turn.lastSignMs = this.#nowMs();
    return turn;
  }

  // ---- the user's side ---------------------------------------------------------------------------

  /**
   * Words before the answer to earlier ones: where they interrupt, the server hears both as one question;
   * where they cannot, each utterance waits for a turn of its own.
   */
  speechStarted(): void {
    const waits = this.#current?.spoken === true && !this.#interruptible;
    if (this.#next === undefined && (waits || this.#current?.answered)) {
      this.#next = this.#open();
      this.#utterance = this.#next;
    } else if (this.#next?.userEndMs !== undefined) {
      this.#utterance = newTurn();
      this.#later.push(this.#utterance);
    } else {
      this.#utterance = this.#userTurn();
    }
    this.#utterance.userBeganMs ??= this.#nowMs();
    this.#utterance.hasNewUtterance = true;
  }

  /** `endMs`: when the last voiced frame ended, on the tracker's clock. */
  speechEnded(endMs: number): void {
    const turn = this.#utterance ?? this.#userTurn();
    this.#utterance = undefined;
    turn.userEndMs = endMs;
    turn.spoken = true;
  }

  /** Typed text. `shown` is false for a prompt the user did not type, such as a greeting's. */
  textSent(text: string, shown = true): void {
    const turn = this.#userTurn();
    turn.user = turn.user === '' ? text : `${turn.user}\n${text}`;
    turn.userFinal = true;
    turn.userEndMs = this.#nowMs();
    if (shown) this.#emit({ type: 'user', turn: turn.index, text: turn.user, final: true });
  }

  transcribed(delta: string): void {
    const last = this.#current?.isClosing ? this.#current : this.#last;
    if ((!this.#current || this.#current.isClosing) && !this.#next && last) {
      // After the turn's end and before the next speech: it corrects that line.
      last.user += this.#joined(last, last.user, delta);
      this.#emit({ type: 'user', turn: last.index, text: last.user.trim(), final: true });
      return;
    }
    const turn =
      this.#current?.answered && !this.#next && !this.#current.interrupted
        ? this.#current
        : this.#userTurn();
    if (turn.replay) return this.#transcribedAgain(turn, turn.replay, delta);
    const piece = this.#joined(turn, turn.user, delta);
    turn.user += piece;
    turn.userFinal = false;
    this.#emit({ type: 'user', turn: turn.index, delta: piece });
  }

  /** The connection was made again, and what nobody has answered was sent again: it may be transcribed again, too. */
  replayed(): void {
    for (const turn of [this.#current, this.#next, ...this.#later]) {
      if (turn && !turn.answered && turn.user !== '' && turn.userBeganMs !== undefined) {
        turn.replay = { said: turn.user, again: '' };
      }
    }
  }

  #transcribedAgain(turn: Turn, replay: { said: string; again: string }, delta: string): void {
    replay.again += this.#joined(turn, replay.again, delta);
    const line = mergeTranscripts(replay.said, replay.again);
    if (line.trim() === turn.user.trim()) return;
    turn.user = line;
    turn.userFinal = true;
    this.#emit({ type: 'user', turn: turn.index, text: line.trim(), final: true });
  }

  /** A piece of a transcription with the blank that it may lack before it. */
  #joined(turn: Turn, before: string, piece: string): string {
    const sinceMs = this.#nowMs() - turn.heardMs;
    const isNew =
      sinceMs >= NEW_SEGMENT_MS || (turn.hasNewUtterance && sinceMs >= NEW_UTTERANCE_MS);
    turn.heardMs = this.#nowMs();
    turn.hasNewUtterance = false;
    return joint(before, piece, isNew) + piece;
  }

  // ---- the model's side --------------------------------------------------------------------------

  words(delta: string): void {
    const turn = this.#modelTurn();
    turn.latency.firstTextMs ??= this.#sinceUser(turn);
    const piece = joint(turn.model, delta) + delta;
    turn.model += piece;
    // Words may follow `generationComplete`: the end of the turn emits the line again.
    turn.modelFinal = turn.interrupted;
    this.#emit({ type: 'model', turn: turn.index, delta: piece });
  }

  /** Words of the turn before that come after its end: they correct its line. */
  lateWords(text: string): void {
    const last = this.#last;
    if (!last || last.interrupted) return;
    last.model += joint(last.model, text) + text;
    this.#emit({ type: 'model', turn: last.index, text: last.model.trim(), final: true });
  }

  sound(ms: number): void {
    const turn = this.#modelTurn();
    const sinceMs = this.#sinceUser(turn);
    if (turn.latency.firstAudioMs === undefined) {
      turn.latency.firstAudioMs = sinceMs;
      if (turn.spoken) turn.latency.endOfSpeechToAudioMs = sinceMs;
    }
    turn.soundMs += ms;
    turn.soundEndsMs = Math.max(turn.soundEndsMs, turn.lastSignMs) + ms;
  }

  /** The model does something that is neither words nor sound: a tool call, a thought. */
  acted(): void {
    this.#modelTurn();
  }

  #sinceUser(turn: Turn): number {
    // An answer without a question (a greeting of the model's own) counts from its first sign.
    turn.userEndMs ??= this.#nowMs();
    return Math.max(0, Math.round(this.#nowMs() - turn.userEndMs));
  }

  get hasReceipt(): boolean {
    return this.#current?.usage !== undefined;
  }

  /** `late`: the receipt of a turn that has ended. It still counts. */
  used(usage: Usage, late = false): void {
    const turn = late ? undefined : this.#current;
    const before = this.#receipts === 'second' ? turn?.usage : undefined;
    if (turn) turn.usage = before ? addUsage(before, usage) : usage;
    else this.#total = addUsage(this.#total, usage);
  }

  generationComplete(): void {
    if (this.#current?.answered) this.#finishModelLine(this.#current);
  }

  /** `heardMs` of this turn's sound reached the user's ears. */
  interrupted(heardMs: number, estimated: boolean): void {
    const turn = this.#current;
    if (!turn?.answered || turn.interrupted) return;
    turn.interrupted = true;
    turn.modelFinal = true;
    const text = cutAtHeard(turn.model.trim(), heardMs, turn.soundMs);
    turn.model = text;
    const cut = text.endsWith('—');
    this.#emit({
      type: 'model',
      turn: turn.index,
      text,
      final: true,
      interrupted: true,
      heardMs: Math.round(heardMs),
      ...((estimated || cut) && { estimated: true }),
    });
  }

  /** The turn is over but for its receipt. */
  closing(): void {
    const turn = this.#current;
    if (!turn) return;
    turn.isClosing = true;
    this.#finishUserLine(turn);
    if (turn.answered) this.#finishModelLine(turn);
  }

  /** The turn is over: the server has said so and, where there is a player, the sound has ended. */
  ended(reason?: string): void {
    const turn = this.#current;
    if (!turn) return;
    const isEmpty = !turn.answered && reason === undefined;
    if (isEmpty && turn.user === '' && turn.userEndMs === undefined) return; // nothing happened
    this.#finishUserLine(turn);
    if (turn.answered) this.#finishModelLine(turn);
    const { index, latency, usage } = turn;
    const cost = usage && this.#price && costUsd(usage, this.#price);
    if (usage) this.#total = addUsage(this.#total, usage);
    this.#broken = isBroken(reason) ? this.#broken + 1 : 0;
    const warning =
      isEmpty && this.#converses ? EMPTY_TURN : reason && reasonWarning(reason, this.#broken);
    if (warning) this.#emit({ type: 'warning', ...warning });
    this.#emit({
      type: 'turn',
      index,
      latency,
      ...(usage && { usage }),
      ...(cost !== undefined && { costUsd: cost }),
      ...(reason !== undefined && { reason }),
    });
    turn.endedMs = this.#nowMs();
    this.#last = turn;
    this.#current = this.#next;
    this.#next = undefined;
    const later = this.#later.shift();
    if (later) this.#next = this.#open(later);
  }

  /** Nothing more will come: lines that are open become final as they are, and receipts count. */
  close(): void {
    for (const turn of [this.#current, this.#next]) {
      if (!turn) continue;
      if (turn.usage) this.#total = addUsage(this.#total, turn.usage);
      turn.usage = undefined;
      this.#finishUserLine(turn);
      if (turn.answered) this.#finishModelLine(turn);
    }
  }

  #finishUserLine(turn: Turn): void {
    if (turn.userFinal || turn.user.trim() === '') return;
    turn.userFinal = true;
    this.#emit({ type: 'user', turn: turn.index, text: turn.user.trim(), final: true });
  }

  #finishModelLine(turn: Turn): void {
    if (turn.modelFinal) return;
    turn.modelFinal = true;
    this.#emit({ type: 'model', turn: turn.index, text: turn.model.trim(), final: true });
  }
}

function newTurn(): Turn {
  return {
    index: 0,
    user: '',
    heardMs: -Infinity,
    hasNewUtterance: false,
    replay: undefined,
    userFinal: false,
    userBeganMs: undefined,
    userEndMs: undefined,
    spoken: false,
    model: '',
    modelFinal: false,
    answered: false,
    soundMs: 0,
    lastSignMs: 0,
    soundEndsMs: 0,
    latency: {},
    usage: undefined,
    interrupted: false,
    isClosing: false,
    endedMs: 0,
  };
}
