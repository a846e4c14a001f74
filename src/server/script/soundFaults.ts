/** What can be wrong with the sound of an answer: its rate, its level, its last sample. */
import { msOfBytes, OUTPUT_FORMAT } from '../../audio/format.ts';
import { audioBlob, sampleRateOf } from '../../protocol/codec.ts';
import type { Blob, Part, ServerMessage } from '../../protocol/messages.ts';
import type { Distortion } from './distortions.ts';

const isSound = (blob: Blob | undefined): blob is Blob =>
  typeof blob?.data === 'string' && /^audio\//i.test(blob.mimeType ?? '');

const partsOf = ({ serverContent }: ServerMessage): readonly Part[] => {
  const parts: unknown = serverContent?.modelTurn?.parts;
  return Array.isArray(parts) ? (parts as Part[]) : [];
};

export function soundMsOf(message: ServerMessage): number {
  let ms = 0;
  for (const part of partsOf(message)) {
    const blob = part?.inlineData;
    if (!isSound(blob)) continue;
    const sampleRateHz = sampleRateOf(blob.mimeType, OUTPUT_FORMAT.sampleRateHz);
    ms += msOfBytes({ sampleRateHz, channels: 1 }, Buffer.byteLength(blob.data, 'base64'));
  }
  return ms;
}

type SoundChange = (pcm: Buffer) => Blob;

export function mapSound(change: SoundChange): Distortion {
  return (message) => {
    if (soundMsOf(message) === 0) return [{ message }];
    const parts = partsOf(message).map((part) =>
      isSound(part.inlineData)
        ? { ...part, inlineData: change(Buffer.from(part.inlineData.data, 'base64')) }
        : part,
    );
    const { serverContent } = message;
    const modelTurn = { ...serverContent?.modelTurn, parts };
    return [{ message: { ...message, serverContent: { ...serverContent, modelTurn } } }];
  };
}

/** Attenuated by so many dB. */
export function quieter(by: number): SoundChange {
  const gain = 10 ** (-by / 20);
  return (pcm) => {
    const quiet = Buffer.alloc(pcm.byteLength);
    for (let at = 0; at + 1 < pcm.byteLength; at += 2) {
      quiet.writeInt16LE(Math.round(pcm.readInt16LE(at) * gain), at);
    }
    return audioBlob(quiet, OUTPUT_FORMAT.sampleRateHz);
  };
}

/** The same sound at another rate, by linear interpolation: the rate is what a client is tested with. */
export function otherRate(rateHz: number): SoundChange {
  const step = OUTPUT_FORMAT.sampleRateHz / rateHz;
  /** The last sample of the chunk before, and where the next one is to be taken, from the first of this chunk. */
  let last = 0;
  let position = 0;
  return (pcm) => {
    const count = Math.floor(pcm.byteLength / 2);
    const sampleAt = (index: number): number => (index < 0 ? last : pcm.readInt16LE(index * 2));
    const samples: number[] = [];
    for (; position < count - 1; position += step) {
      const index = Math.floor(position);
      const before = sampleAt(index);
      samples.push(Math.round(before + (sampleAt(index + 1) - before) * (position - index)));
    }
    position -= count;
    if (count > 0) last = sampleAt(count - 1);
    return audioBlob(Buffer.from(Int16Array.from(samples).buffer), rateHz);
  };
}

/** One byte more at the end of each answer that has sound. */
export function halfSample(): Distortion {
  let hasSound = false;
  return (message) => {
    const { serverContent } = message;
    if (soundMsOf(message) > 0) hasSound = true;
    const ends = serverContent?.generationComplete ?? serverContent?.turnComplete;
    if (serverContent?.interrupted) hasSound = false;
    if (!ends || !hasSound) return [{ message }];
    hasSound = false;
    const inlineData = audioBlob(Buffer.from([7]), OUTPUT_FORMAT.sampleRateHz);
    const half: ServerMessage = { serverContent: { modelTurn: { parts: [{ inlineData }] } } };
    return [{ message: half }, { message }];
  };
}
