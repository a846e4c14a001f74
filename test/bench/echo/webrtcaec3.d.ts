/** As much as the bench uses of a package that comes without usable types. */
declare module '@ennuicastr/webrtcaec3.js' {
  export type Rates = { sampleRateIn: number; sampleRateOut?: number };
  export class Aec3 {
    constructor(rateHz: number, renderChannels: number, captureChannels: number);
    /** What the loudspeaker plays, a channel each; 10 ms at a time. */
    analyze(far: Float32Array[], rates: Rates): void;
    processSize(microphone: Float32Array[], rates: Rates): number;
    process(out: Float32Array[], microphone: Float32Array[], rates: Rates): number;
  }
  const load: () => Promise<{ AEC3: typeof Aec3 }>;
  export default load;
}
