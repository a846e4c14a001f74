/**
 * What a script says, as it is written: YAML, JSON, or an object of this shape. `schema.ts` checks it and
 * `docs/script.schema.json` publishes it.
 */

/** `500ms`, `5s`, `1.5m`, or a number of milliseconds. At most a day. */
export type Duration = string | number;

/** Any JSON. In what is expected, `/…/` is a regular expression and null means absent. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** What a client sends, by its message or by the one field of `realtimeInput`. */
export type ClientFrameKind =
  | 'setup'
  | 'clientContent'
  | 'realtimeInput'
  | 'toolResponse'
  | 'contextUpdate'
  | 'audio'
  | 'video'
  | 'text'
  | 'audioStreamEnd'
  | 'activityStart'
  | 'activityEnd'
  | 'close';

/** Part of a frame: what is not named may be anything. `text`: the user's words, whichever message has them. */
export type Expected =
  | ClientFrameKind
  | { setup: Json }
  | { clientContent: Json }
  | { realtimeInput: Json }
  | { toolResponse: Json }
  | { contextUpdate: Json }
  | { text: string }
  | { close: number };

export type Close = number | { code: number; reason?: string };

/** What can go wrong, by name. From `slow-audio` on they last until `none`. `turns`: how many; default: all. */
export type Fault =
  /** The connection breaks without a close frame: the client sees 1006. */
  | { fault: 'drop' }
  /** Nothing is read or written any more, and the socket stays. */
  | { fault: 'half-open' }
  /** `not-json` (the default), `bad-utf8` or `not-object`. */
  | { fault: 'malformed-frame'; kind?: 'not-json' | 'bad-utf8' | 'not-object' }
  | { fault: 'close'; code?: number; reason?: string }
  /** `timeLeft`: default 30 s. The connection stays: what cuts it is a fault of its own. */
  | { fault: 'goAway'; timeLeft?: Duration }
  /** A frame `{"error": …}`; default: 13, INTERNAL. The connection stays. */
  | { fault: 'error-frame'; code?: number; message?: string; status?: string }
  /** Sound at `factor` times the speed of speech, or each frame of it `delay` later than the one before. */
  | { fault: 'slow-audio'; factor?: number; delay?: Duration }
  /** Sound is held for `hold` (default 1 s), then sent at once; and again. */
  | { fault: 'burst'; hold?: Duration }
  /** Default 1 s. */
  | { fault: 'late-transcription'; delay?: Duration }
  | { fault: 'unknown-keys' }
  /** An answer stops after so much sound (default 500 ms) for good: nothing ends its turn. */
  | { fault: 'stall'; sound?: Duration; turns?: number }
  /** The last part of an answer comes after its turnComplete; default 1 s. */
  | { fault: 'late-part'; delay?: Duration }
  /** Neither generationComplete nor turnComplete. `generated`: the first of them comes. */
  | { fault: 'no-turn-end'; generated?: boolean }
  /** turnComplete with a reason (default RESPONSE_REJECTED) in place of the answer. `content`: behind it. */
  | { fault: 'refused-turns'; reason?: string; turns?: number; content?: boolean }
  /** turnComplete in place of the answer. */
  | { fault: 'empty-turns'; turns?: number }
  /** The answer comes a second time, as a turn of its own. */
  | { fault: 'repeat-answer'; turns?: number }
  /** Text parts beside the transcription: its words again, or `text` before each answer. */
  | { fault: 'text-parts'; text?: string }
  /** Transcriptions are whole sentences without blanks around them. */
  | { fault: 'whole-sentences' }
  /** What the user said is transcribed twice. */
  | { fault: 'repeat-transcript' }
  /** The receipt comes in a frame of its own behind turnComplete; default 300 ms. */
  | { fault: 'late-usage'; delay?: Duration }
  /** Sound at another rate, as its mime type says; default 48000. */
  | { fault: 'other-rate'; rate?: number }
  /** One byte more at the end of the sound of an answer. */
  | { fault: 'half-sample' }
  /** Sound that is softer by so many dB; default 78. */
  | { fault: 'quiet-audio'; by?: number }
  /** What the user types is taken and never answered. */
  | { fault: 'ignore-text' }
  /** A setup with a handle is closed; default 1008 `BidiGenerateContent session expired`. */
  | { fault: 'refuse-handle'; code?: number; reason?: string }
  /** What the user says or types (`words`: only those) is not answered but ends the session; default: 1007, at once. */
  | { fault: 'kill'; words?: string; delay?: Duration; code?: number; reason?: string }
  | { fault: 'none' };

/** Counted on one connection, in what the server has sent: turns, frames, sound. */
export type After = { turns: number } | { frames: number } | { audio: Duration };

/** Without `at` (since the connection was opened) and `after`: from the beginning. */
export type TimedFault = Fault & { at?: Duration; after?: After };

export type Sound = string | { silence: Duration };

export type Step =
  /** `within`: default 10 s. `ms` of sound, with `audio` only: gathered since the step before. */
  | { expect: Expected; within?: Duration; ms?: Duration }
  /** A server message as it is, or one that has no content by its name. */
  | {
      send:
        | 'setupComplete'
        | 'generationComplete'
        | 'turnComplete'
        | 'interrupted'
        | { [key: string]: Json };
    }
  /** Sound of the server's voice (silence of its length without one), and its transcription. */
  | { say: string }
  /** The same, with all that ends a turn. */
  | { reply: string }
  /** WAV, or raw 24 kHz mono s16le; a path counts from the script's folder. `speed` 1: that of speech. Default: at once. */
  | { audio: Sound; speed?: number }
  /** A text part of the model. */
  | { text: string }
  /** A transcription of what the user said. */
  | { heard: string }
  | { call: { name: string; args?: { [key: string]: Json }; id?: string } }
  | { wait: Duration }
  | { close: Close }
  | { repeat: number | 'forever'; steps: Step[] }
  | Fault;

export type SessionScript = {
  /** Absent: the local server itself answers. */
  steps?: Step[];
  faults?: TimedFault[];
  /** What no step expects is no fault. */
  loose?: boolean;
  /** How long each `expect` waits. Default 10 s. */
  within?: Duration;
};

/** `sessions`: one for each connection, in their order. Otherwise all are alike. `faults` here hit all of them. */
export type Script = SessionScript & { sessions?: SessionScript[] };
