/**
 * Notices that the way from the loudspeaker to the microphone has changed. What is left is somebody's words,
 * or noise, as long as it has nothing to do with the echo that was subtracted; what goes along with that
 * says that the filter is wrong, and by how much. Where the echo as predicted is not there at all, it is lost: it may
 * only have moved, and for a moment nothing is learnt.
 */
import type { EchoFilter } from './filter.ts';
import { BINS } from './geometry.ts';
import { Likeness } from './likeness.ts';
import type { Suppressor } from './suppressor.ts';

/** Kept of the means per block: over 30 ms, and over a fifth of a second. */
const FAST = 0.75;
const SLOW = 0.96;
/** So much of the echo that was subtracted was too much or too little (as an amplitude): lost, wrong, right. */
const LOST = 0.5;
const WRONG = 0.35;
const RIGHT = 0.25;
/** How sure to be, in standard deviations. */
const SURE = 3;
/** Bins of echo that have to be seen before anything is said. */
const SEEN_FAST = 130;
const SEEN_SLOW = 800;
/** While something plays, the microphone is no louder than so many times the noise: nothing of it is heard. */
const QUIET = 4;
const UNHEARD_BLOCKS = 125;
/** So many blocks with sound are enough to learn from: 2.4 s. */
const LEARN_BLOCKS = 300;
/** While it learns the suppressor is careful for that long: 4 s. */
const CAREFUL_BLOCKS = 500;
/** When it is not found in so many blocks with echo, it is learnt anew. */
const SEARCH_BLOCKS = 28;
/** What plays again after a pause is heard within so many blocks with sound, 1 s, or it cannot be heard. */
const SUSPECT_BLOCKS = 125;
/** Something else may be wrong again after 3 s. */
const PATIENCE_BLOCKS = 375;
/** Frames that began before the filter was put right. */
const STALE_BLOCKS = 2;
/** What was put right is given so long to show it. */
const SETTLING_BLOCKS = 25;
/** A path can become louder by so much at once (of power). */
const MOST_WRONG = 4;
const TINY = 1e-9;

export class PathWatch {
  readonly #wrong = new Float64Array(BINS);
  readonly #fast = new Likeness(FAST);
  readonly #slow = new Likeness(SLOW);
  #searched = 0;
  #waits = PATIENCE_BLOCKS;
  #stale = 0;
  #trusted = false;
  #heard = false;
  #played = 0;
  #unheard = 0;
  /** Blocks with sound since it began to learn. */
  #learning = 0;
  /** Blocks with sound in which it was trusted without a break. */
  #trustedFor = 0;
  #lost = false;
  /** Lost as a precaution: where it is will be known as soon as it is heard. */
  #suspect = false;

  /** The filter has been right, and not wrong since: what else is heard is not for it. */
  get trusted(): boolean {
    return this.#trusted;
  }

  /**
   * The microphone contains the predicted echo, so there is an echo path. A voice alone never shows that, however loud it is.
   * On headphones this stays false, while {@link trusted} becomes true there as well.
   */
  get heard(): boolean {
    return this.#heard && this.#trusted;
  }

  /** All that was played of late may be echo. Not for ever: the user has to come through a filter that cannot learn. */
  get careful(): boolean {
    return this.#lost || (!this.#trusted && this.#learning < CAREFUL_BLOCKS);
  }

  /** The echo is not where it was, and not known to be anywhere else. */
  get lost(): boolean {
    return this.#lost;
  }

  /** So much of the subtracted echo (as an amplitude) was wrong in the last 30 ms, as far as can be said. */
  get share(): number {
    const { share, chance } = this.#fast;
    return Math.min(1, Math.max(0, Math.abs(share) - chance));
  }

  /** After each block has been analysed. `mic`: mean square of a sample of the microphone, of late. */
  look(filter: EchoFilter, suppressor: Suppressor, mic: number): void {
    const [fast, slow] = [this.#fast, this.#slow];
    if (this.#stale > 0) {
      this.#stale--;
      return;
    }
    fast.update(suppressor);
    slow.update(suppressor);
    if (slow.seen > SEEN_SLOW && Math.abs(slow.share) + SURE * slow.chance < RIGHT) {
      this.#trusted = true;
      this.#heard = true;
    }
    if (filter.isLoud) {
      this.#played++;
      this.#learning++;
      if (this.#trusted) this.#trustedFor++;
      this.#unheard = mic <= QUIET * suppressor.noise.meanSquare + TINY ? this.#unheard + 1 : 0;
    }
    // On headphones there is nothing to learn, and nothing to be wrong about.
    const nothing = this.#played > LEARN_BLOCKS && this.#unheard > UNHEARD_BLOCKS;
    if (nothing) {
      this.#trusted = true;
      this.#heard = false;
      this.confirmed();
      return;
    }
    const off = Math.abs(fast.share);
    const seen = fast.seen > SEEN_FAST;
    if (this.#suspect) {
      if (filter.isLoud && ++this.#searched > SUSPECT_BLOCKS) this.#found();
      return;
    }
    if (this.#lost) {
      if (seen && off + SURE * fast.chance < WRONG) this.#lost = false;
      else if (filter.isLoud && ++this.#searched > SEARCH_BLOCKS) {
        this.#lost = false;
        if (off > WRONG) this.#learn(filter, suppressor);
      }
      return;
    }
    const wrong = slow.seen > SEEN_SLOW && Math.abs(slow.share) > WRONG + SURE * slow.chance;
    if (this.#trusted && off > LOST && (wrong || (seen && off > LOST + SURE * fast.chance))) {
      this.#lost = true;
      this.#searched = 0;
      return;
    }
    if (this.#waits > 0) {
      this.#waits--;
      if (
        this.#waits < PATIENCE_BLOCKS / 2 &&
        slow.seen > SEEN_SLOW &&
        Math.abs(slow.share) < RIGHT
      )
        this.#waits = 0;
    } else if (wrong) this.#learn(filter, suppressor);
  }

  /** Something plays again after a pause. When exactly it sounds is not known before it is heard. */
  suspect(): void {
    if (!this.#trusted || this.#lost || this.#unheard > UNHEARD_BLOCKS) return;
    this.#lost = true;
    this.#suspect = true;
    this.#searched = 0;
  }

  /** The echo is where it is predicted. */
  confirmed(): void {
    if (this.#suspect) this.#found();
  }

  #found(): void {
    this.#lost = false;
    this.#suspect = false;
  }

  /** The filter has been put right. */
  found(): void {
    this.#found();
    this.#stale = STALE_BLOCKS;
    this.#waits = Math.max(this.#waits, SETTLING_BLOCKS);
    this.#fast.forget();
    this.#slow.forget();
  }

  /** The filter learns anew, and the suppressor is careful. */
  #learn(filter: EchoFilter, suppressor: Suppressor): void {
    const { crossRe, crossIm, meanEcho } = suppressor;
    const least = Math.abs(this.#slow.share);
    for (let k = 0; k < BINS; k++) {
      const power = crossRe[k]! ** 2 + crossIm[k]! ** 2;
      // The power of H that is wrong, as a share of it, were it wrong in this bin alone.
      const share = power / (meanEcho[k]! ** 2 + TINY * TINY);
      // A bin that has not sounded since is as wrong as the others are.
      this.#wrong[k] = Math.min(MOST_WRONG, Math.max(share, least));
      suppressor.mayLeak(k, this.#wrong[k]!);
    }
    filter.doubt(this.#wrong);
    // One that was trusted only for a moment cannot be learnt: the echo may come before it is told.
    if (this.#trustedFor > PATIENCE_BLOCKS) this.#learning = 0;
    this.#trustedFor = 0;
    this.#trusted = false;
    this.#heard = false;
    this.#waits = PATIENCE_BLOCKS;
    this.found();
  }
}
