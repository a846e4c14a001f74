/**
 * Who may speak over a reply. While one sounds, what the microphone hears is held back for 200 ms: speech goes
 * out from its onset as soon as it is known for speech, and a burst that is none goes out no louder than the
 * room, so that a cough does not cost the user an answer.
 */
import { FRAME_MS } from '../audio/format.ts';
import { FLOOR_DBFS, levelDbfs } from '../audio/pcm.ts';
import { VoicingDetector } from '../audio/voicing.ts';
import { RoomTone } from './roomTone.ts';

const HOLD_FRAMES = 200 / FRAME_MS;
/** So many of the held frames must have a pitch. */
const PITCHED_FRAMES = 60 / FRAME_MS;
/**
 * More of them must move than hold it: a voice's moves from one frame to the next by 2 % (the median of ten voices of flite and
 * espeak-ng), a note's by 0.1 %, where chords and noise do not blur it. A note is heard on and off, or as its octave, which is less exact:
 * no voice moves by that much within 20 ms.
 */
const HOLDS = 0.008;
const OCTAVE = 0.03;
const SAME_NOTE_FRAMES = 80 / FRAME_MS;
/** After so many frames that held, and were not this much softer, it has to move for longer: between two notes it moves too. */
const TUNE_FRAMES = 100 / FRAME_MS;
const NOTE_DB = 8;
const OVER_TUNE_FRAMES = 120 / FRAME_MS;
/**
 * Sound without pitch that goes on for so long is no burst: a whisper, or something the server may judge.
 * It goes on while most of it is not far below its loudest moment; keys that are typed are not.
 */
const SUSTAINED_FRAMES = 1000 / FRAME_MS;
const LOUD_SHARE = 0.8;
/** What is softer than that moment, for so long, is what a room leaves of a burst, or a canceller of an echo under it. */
const LOUD_BELOW_PEAK_DB = 18;
const PEAK_FRAMES = 500 / FRAME_MS;
/** The closure of a stop ("st", "sh-t") does not begin a new run. */
const GAP_FRAMES = 140 / FRAME_MS;
/** Speech begins before a detector hears it: the first sound of "six" and "shut" is noise to it, for 150 ms. */
const LEAD_FRAMES = 200 / FRAME_MS;
/** Unvoiced time after which the next sound has to prove itself again. */
const END_FRAMES = 500 / FRAME_MS;
const REMEMBERED_FRAMES = SUSTAINED_FRAMES + HOLD_FRAMES;

type Pitch = 'none' | 'begins' | 'moves' | 'holds';
type Held = { pcm: Uint8Array; dbfs: number; voiced: boolean; pitch: Pitch; sent: boolean };

export class BargeIn {
  readonly #voicing = new VoicingDetector();
  readonly #room = new RoomTone();
  /** The last frames: those that are still held, and before them those that went out as the room. */
  #recent: Held[] = [];
  /** Frames since the present run of sound began; 0 when there is none. */
  #run = 0;
  #unvoiced = 0;
  #confirmed = false;
  /** Where the pitch began to hold, and frames since there was one. */
  #noteHz: number | undefined;
  #unpitched = 0;

  /** It is speech; it has not ended for half a second. */
  get confirmed(): boolean {
    return this.#confirmed;
  }

  /** One frame of 20 ms and what the activity detector made of it. Returns what goes out now, in order. */
  push(pcm: Uint8Array, voiced: boolean): Uint8Array[] {
    if (!voiced) this.#room.hear(pcm);
    this.#unvoiced = voiced ? 0 : this.#unvoiced + 1;
    if (this.#confirmed) {
      if (this.#unvoiced >= END_FRAMES) this.reset();
      return [pcm];
    }
    this.#voicing.push(pcm);
    const pitch = this.#followPitch(voiced);
    this.#recent.push({ pcm, dbfs: levelDbfs(pcm), voiced, pitch, sent: false });
    if (this.#recent.length > REMEMBERED_FRAMES) this.#recent.shift();
    this.#followRun(voiced);
    if (this.#isSpeech()) return this.#confirm();
    const due = this.#recent.at(-1 - HOLD_FRAMES);
    if (!due || due.sent) return [];
    due.sent = true;
    return [this.#room.instead(due.pcm)];
  }

  /** One frame while no reply sounds. */
  idle(pcm: Uint8Array): void {
    this.#room.hear(pcm);
  }

  /** The reply is over: what is still held goes out as it is. */
  release(): Uint8Array[] {
    const held = this.#recent.filter(({ sent }) => !sent).map(({ pcm }) => pcm);
    this.reset();
    return held;
  }

  reset(): void {
    this.#recent = [];
    this.#run = 0;
    this.#unvoiced = 0;
    this.#confirmed = false;
    this.#noteHz = undefined;
  }

  #followRun(voiced: boolean): void {
    if (this.#run > 0 || voiced) this.#run += 1;
    if (this.#unvoiced > GAP_FRAMES) this.#run = 0;
  }

  #followPitch(voiced: boolean): Pitch {
    const now = voiced ? this.#voicing.pitchHz : undefined;
    if (now === undefined) {
      if (++this.#unpitched > SAME_NOTE_FRAMES) this.#noteHz = undefined;
      return 'none';
    }
    this.#unpitched = 0;
    const note = this.#noteHz;
    const ratio = note === undefined ? 0 : Math.max(now, note) / Math.min(now, note);
    if (ratio > 0 && ratio <= 1 + HOLDS) return 'holds';
    this.#noteHz = now;
    const isOctave = ratio > 1.5 && Math.abs(ratio / Math.round(ratio) - 1) <= OCTAVE;
    return note === undefined || isOctave ? 'begins' : 'moves';
  }

  #isSpeech(): boolean {
    const now = this.#recent.slice(-HOLD_FRAMES);
    const peakDb = Math.max(...this.#recent.slice(-PEAK_FRAMES).map(({ dbfs }) => dbfs));
    const loud = now.filter(({ dbfs }) => dbfs > peakDb - LOUD_BELOW_PEAK_DB);
    const isPitched = loud.length - count(loud, 'none') >= PITCHED_FRAMES;
    if (!isPitched && !(this.#run >= SUSTAINED_FRAMES && this.#isSteady())) return false;
    const [held, moved] = [count(loud, 'holds'), count(loud, 'moves')];
    // As many of both: what has ended by now was no note.
    const isNote =
      (isPitched && moved === 0) ||
      held > moved ||
      (held > 0 && held === moved && now.at(-1)!.pitch !== 'none');
    if (isNote) return false;
    const before = this.#recent.slice(0, -HOLD_FRAMES);
    const notes = count(
      before.filter(({ dbfs }) => dbfs > peakDb - NOTE_DB),
      'holds',
    );
    return notes < TUNE_FRAMES || moved >= OVER_TUNE_FRAMES;
  }

  #isSteady(): boolean {
    const frames = this.#recent.slice(-SUSTAINED_FRAMES);
    const levels = frames.map(({ dbfs, voiced }) => (voiced ? dbfs : FLOOR_DBFS));
    const peakDb = Math.max(...levels);
    const loud = levels.filter((level) => level > peakDb - LOUD_BELOW_PEAK_DB);
    return loud.length >= LOUD_SHARE * frames.length;
  }

  /** From the onset, even where it went out as the room before it was known. */
  #confirm(): Uint8Array[] {
    const onset = this.#recent.length - this.#run - LEAD_FRAMES;
    const out = this.#recent.flatMap(({ pcm, sent }, i) => {
      if (i >= onset) return [pcm];
      return sent ? [] : [this.#room.instead(pcm)];
    });
    this.reset();
    this.#confirmed = true;
    return out;
  }
}

const count = (frames: readonly Held[], pitch: Pitch): number =>
  frames.filter((frame) => frame.pitch === pitch).length;
