/** What a file is, judged by its first bytes, and by its name only where those say nothing. */
import { extname } from 'node:path';

import { viewOf } from '../pcm.ts';
import { isWav } from '../wav.ts';

export type Sniffed =
  | { kind: 'wav' }
  /** For a decoder program. `soxType` is what sox must be told when it reads from a pipe. */
  | { kind: 'encoded'; name: string; soxType?: string }
  | { kind: 'notAudio'; name: string }
  /** Raw PCM, by its name or because the user said so. */
  | { kind: 'raw' }
  /** Nothing that is known here: a decoder may know it. `isWavName`: then it cannot be raw PCM. */
  | { kind: 'unknown'; isWavName: boolean };

/** Enough for every signature, and to tell text from sound: 16 ms of it. */
export const HEAD_BYTES = 512;

type Signature = { at?: number; bytes: string; name: string; soxType?: string };

/** `bytes` is Latin-1. */
const ENCODED: readonly Signature[] = [
  { bytes: 'ID3', name: 'MP3', soxType: 'mp3' },
  { bytes: 'fLaC', name: 'FLAC', soxType: 'flac' },
  { bytes: 'OggS', name: 'Ogg', soxType: 'ogg' },
  { at: 4, bytes: 'ftyp', name: 'MP4' },
  { bytes: '\x1aE\xdf\xa3', name: 'WebM or Matroska' },
  { bytes: 'FORM', name: 'AIFF', soxType: 'aiff' },
  { bytes: '.snd', name: 'AU', soxType: 'au' },
  { bytes: 'caff', name: 'CAF', soxType: 'caf' },
  { bytes: '#!AMR', name: 'AMR', soxType: 'amr-nb' },
  { bytes: '\x30\x26\xb2\x75', name: 'WMA' },
  { bytes: 'RIFX', name: 'big-endian WAV', soxType: 'wav' },
  { bytes: 'riff.\x91\xcf\x11', name: 'Wave64', soxType: 'w64' },
  { bytes: 'wvPk', name: 'WavPack', soxType: 'wv' },
  { bytes: 'MAC ', name: "Monkey's Audio" },
  { bytes: 'FLV', name: 'FLV' },
  { at: 8, bytes: 'AVI ', name: 'AVI' },
  { bytes: '\0\0\x01\xba', name: 'MPEG' },
  { bytes: 'Creative Voice File', name: 'VOC', soxType: 'voc' },
];

const NOT_AUDIO: readonly Signature[] = [
  { bytes: '\x89PNG', name: 'a PNG image' },
  { bytes: '\xff\xd8\xff', name: 'a JPEG image' },
  { bytes: 'GIF8', name: 'a GIF image' },
  { bytes: 'II*\0', name: 'a TIFF image' },
  { bytes: 'MM\0*', name: 'a TIFF image' },
  { bytes: '8BPS', name: 'a Photoshop image' },
  { at: 8, bytes: 'WEBP', name: 'a WebP image' },
  { bytes: '%PDF', name: 'a PDF document' },
  { bytes: 'PK\x03\x04', name: 'a ZIP archive or office document' },
  { bytes: '\x1f\x8b\x08', name: 'a gzip archive' },
  { bytes: '\xfd7zXZ\0', name: 'an xz archive' },
  { bytes: '7z\xbc\xaf', name: 'a 7z archive' },
  { bytes: 'BZh', name: 'a bzip2 archive' },
  { bytes: '\x28\xb5\x2f\xfd', name: 'a zstd archive' },
  { bytes: 'Rar!', name: 'a RAR archive' },
  { at: 257, bytes: 'ustar', name: 'a tar archive' },
  { bytes: '\x7fELF', name: 'a program' },
  { bytes: '\xcf\xfa\xed\xfe', name: 'a program' },
  { bytes: '\xca\xfe\xba\xbe', name: 'a program' },
  { bytes: '\0asm', name: 'a WebAssembly module' },
  { bytes: 'SQLite format 3', name: 'a database' },
];

/** Names of encoded sound whose files may begin with anything. */
const ENCODED_NAMES = new Set(
  '.mp3 .mp2 .aac .m4a .m4b .mp4 .mov .ogg .oga .opus .flac .webm .mkv .wma .amr .aif .aiff .caf .gsm .ac3'.split(
    ' ',
  ),
);
const RAW_NAMES = new Set(['.pcm', '.raw', '.s16', '.s16le', '.sw']);
const WAV_NAMES = new Set(['.wav', '.wave', '.bwf', '.rf64']);

/** `fileName` is empty for a pipe; `headerless` when the user has said so (`--rate`, `--channels`). */
export function sniff(head: Uint8Array, fileName: string, headerless = false): Sniffed {
  const text = Buffer.from(head).toString('latin1');
  const extension = extname(fileName).toLowerCase();
  const matches = ({ at = 0, bytes }: Signature): boolean => text.startsWith(bytes, at);

  if (isWav(head)) return { kind: 'wav' };
  const encoded = ENCODED.find(matches);
  if (encoded !== undefined) return { ...encoded, kind: 'encoded' };
  const other = NOT_AUDIO.find(matches);
  if (other !== undefined) return { kind: 'notAudio', name: other.name };
  if (isBitmap(head)) return { kind: 'notAudio', name: 'a BMP image' };
  if (isText(head)) return { kind: 'notAudio', name: 'text' };
  if (headerless || RAW_NAMES.has(extension)) return { kind: 'raw' };
  if (isMpegStream(head)) return { kind: 'encoded', name: 'MP3', soxType: 'mp3' };
  if (isAdtsStream(head)) return { kind: 'encoded', name: 'AAC' };
  if (ENCODED_NAMES.has(extension)) {
    return { kind: 'encoded', name: extension.slice(1).toUpperCase() };
  }
  return { kind: 'unknown', isWavName: WAV_NAMES.has(extension) };
}

/** Two letters alone happen in PCM; behind them stand four zeros, and the size of one of the known headers. */
function isBitmap(head: Uint8Array): boolean {
  if (head.byteLength < 18 || head[0] !== 0x42 || head[1] !== 0x4d) return false;
  const view = viewOf(head);
  return view.getUint32(6, true) === 0 && [12, 40, 108, 124].includes(view.getUint32(14, true));
}

/** Sixteen bytes or more, nearly all of them printable, no control characters: hardly sound. */
function isText(head: Uint8Array): boolean {
  if (head.byteLength < 16) return head.byteLength > 0 && head.every(isPrintable);
  if (head[0] === 0xff && head[1] === 0xfe) {
    let zeros = 0;
    for (let i = 3; i < head.byteLength; i += 2) if (head[i] === 0) zeros++;
    return zeros > head.byteLength * 0.4;
  }
  let printable = 0;
  for (const byte of head) {
    if (byte === 0) return false;
    if (isPrintable(byte)) printable++;
  }
  if (printable / head.byteLength > 0.95) return true;
  // Other scripts than ours: bytes from 0x80 up are text only where they are valid UTF-8.
  const decoded = new TextDecoder().decode(head.subarray(0, head.byteLength - 3));
  const odd = decoded.match(/[\p{Cc}\p{Cn}\p{Co}\ufffd]/gu)?.filter((char) => !/\s/.test(char));
  return (odd?.length ?? 0) <= decoded.length * 0.02;
}

function isPrintable(byte: number): boolean {
  return (byte >= 0x20 && byte < 0x7f) || (byte >= 0x09 && byte <= 0x0d);
}

/** Layer III kbit/s by header index: MPEG 1, then MPEG 2 and 2.5. */
const MP3_KBITS = [
  [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0],
  [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0],
];
const MP3_RATES_HZ = [44_100, 48_000, 32_000];

/**
 * An MP3 frame with no ID3 before it. The 11 sync bits alone happen in every quiet PCM recording, so the
 * whole header must make sense, and where the next one is within the head it must be there.
 */
function isMpegStream(head: Uint8Array): boolean {
  const length = mp3FrameBytes(head, 0);
  if (length === undefined) return false;
  return length + 4 > head.byteLength
    ? head.byteLength >= HEAD_BYTES && hasMp3SideInfo(head)
    : mp3FrameBytes(head, length) !== undefined;
}

function mp3FrameBytes(head: Uint8Array, at: number): number | undefined {
  const [a = 0, b = 0, c = 0] = head.subarray(at, at + 3);
  const version = (b >> 3) & 3;
  const layer = (b >> 1) & 3;
  if (a !== 0xff || b < 0xe0 || version === 1 || layer !== 1) return undefined;
  const mpeg1 = version === 3;
  const kbits = MP3_KBITS[mpeg1 ? 0 : 1]?.[c >> 4] ?? 0;
  const rateHz = (MP3_RATES_HZ[(c >> 2) & 3] ?? 0) / (mpeg1 ? 1 : version === 2 ? 2 : 4);
  if (kbits === 0 || rateHz === 0) return undefined;
  return Math.floor(((mpeg1 ? 144_000 : 72_000) * kbits) / rateHz) + ((c >> 1) & 1);
}

/** Frames longer than the head are 128 kbit/s and more: encoders put their name or zeros first. */
function hasMp3SideInfo(head: Uint8Array): boolean {
  return /Xing|Info|LAME|Lavc/.test(Buffer.from(head).toString('latin1'));
}

/** AAC as encoders write it into a stream: each frame has a header of its own, and the next one must be there. */
function isAdtsStream(head: Uint8Array): boolean {
  const length = adtsFrameBytes(head, 0);
  if (length === undefined) return false;
  if (length + 7 <= head.byteLength) return adtsFrameBytes(head, length) !== undefined;
  return head.byteLength >= HEAD_BYTES;
}

function adtsFrameBytes(head: Uint8Array, at: number): number | undefined {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = head.subarray(at, at + 6);
  // 12 bits of sync, layer 0, one of 13 sample rates, one to seven channels.
  const channels = ((c & 1) << 2) | (d >> 6);
  if (a !== 0xff || (b & 0xf6) !== 0xf0 || ((c >> 2) & 15) > 12 || channels === 0) return undefined;
  const length = ((d & 3) << 11) | (e << 3) | (f >> 5);
  return length > 7 ? length : undefined;
}
