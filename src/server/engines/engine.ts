/** What listens and what speaks for the local server: each a small interface over a program or a service. */

export interface Ears {
  readonly name: string;
  /** 16 kHz mono s16le → its words; empty when there were none. Rejects with the signal's reason. */
  transcribe(pcm: Uint8Array, signal: AbortSignal): Promise<string>;
}

export interface Voice {
  readonly name: string;
  /** One sentence → 24 kHz mono s16le. `voiceName` is Gemini's. Rejects with the signal's reason. */
  speak(text: string, voiceName: string | undefined, signal: AbortSignal): Promise<Uint8Array>;
  /**
   * The same in pieces of whole samples, as they are made: of a voice that can be heard before its sentence
   * is whole. Whoever stops reading stops the voice.
   */
  stream?(
    text: string,
    voiceName: string | undefined,
    signal: AbortSignal,
  ): AsyncIterable<Uint8Array>;
}
