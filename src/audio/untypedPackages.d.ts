/** The parts that gemlive uses of packages that bring no types. Sources: their code, at the pinned versions. */

declare module '@echogarden/speex-resampler-wasm' {
  /** Emscripten build of speexdsp's resampler: pointers are byte offsets into the heaps. */
  export type SpeexModule = {
    readonly HEAPF32: Float32Array;
    readonly HEAPU32: Uint32Array;
    _malloc(bytes: number): number;
    _free(pointer: number): void;
    _speex_resampler_init(
      channels: number,
      inRateHz: number,
      outRateHz: number,
      quality: number,
      errorPointer: number,
    ): number;
    _speex_resampler_destroy(state: number): void;
    _speex_resampler_skip_zeros(state: number): number;
    _speex_resampler_reset_mem(state: number): number;
    _speex_resampler_get_input_latency(state: number): number;
    /** Lengths go in as room and come out as what was used. */
    _speex_resampler_process_float(
      state: number,
      channel: number,
      inPointer: number,
      inLengthPointer: number,
      outPointer: number,
      outLengthPointer: number,
    ): number;
  };
  export default function load(): Promise<SpeexModule>;
}

declare module '@echogarden/fvad-wasm' {
  /** Emscripten build of libfvad (WebRTC's voice activity detector). */
  export type FvadModule = {
    readonly HEAP16: Int16Array;
    _malloc(bytes: number): number;
    _free(pointer: number): void;
    _fvad_new(): number;
    _fvad_free(state: number): void;
    _fvad_reset(state: number): void;
    _fvad_set_mode(state: number, mode: number): number;
    _fvad_set_sample_rate(state: number, rateHz: number): number;
    /** 1 voiced, 0 not, -1 bad length. */
    _fvad_process(state: number, framePointer: number, samples: number): number;
  };
  export default function load(): Promise<FvadModule>;
}

declare module 'node-record-lpcm16' {
  import type { ChildProcess } from 'node:child_process';
  import type { Readable } from 'node:stream';

  export type Recording = {
    readonly process: ChildProcess;
    /** Emits its errors as strings. */
    stream(): Readable;
    stop(): void;
  };
  export type RecordOptions = {
    sampleRate: number;
    channels: number;
    audioType: 'raw';
    /** Absolute path of a CommonJS module: `(options) => ({ cmd, args, spawnOptions })`. */
    recorder: string;
    [own: string]: unknown;
  };
  const library: { record(options: RecordOptions): Recording };
  export default library;
}
