import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';

import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { wavHeader } from '../../src/audio/fileWriters.ts';
import { INPUT_FORMAT } from '../../src/audio/format.ts';
import { concatBytes, levelDbfs, s16FromFloat } from '../../src/audio/pcm.ts';
import { openRecording } from '../../src/audio/sources/file.ts';
import type { Recording, RecordingOptions } from '../../src/audio/sources/file.ts';
import { GemliveError } from '../../src/errors.ts';
import { hasProgram } from '../support/programs.ts';
import { withoutRights } from '../support/withoutRights.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gemlive-file-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, ...parts: Uint8Array[]): string {
  const path = join(folder, name);
  writeFileSync(path, concatBytes(parts));
  return path;
}

async function soundOf(recording: Recording, signal = new AbortController().signal) {
  const frames: Uint8Array[] = [];
  for await (const frame of recording.frames(signal)) frames.push(frame);
  expect(frames.slice(0, -1).every((frame) => frame.byteLength === 640)).toBe(true);
  return concatBytes(frames);
}

async function failureOf(input: string, options?: RecordingOptions): Promise<GemliveError> {
  try {
    await soundOf(await openRecording(input, options));
  } catch (error) {
    if (error instanceof GemliveError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

/** A tone with an edge to it: 0.5 s, 16 kHz mono. */
const tone = s16FromFloat(Float32Array.from({ length: 8000 }, (_, i) => 0.4 * Math.sin(i * 0.17)));

describe('openRecording', () => {
  it('passes 16 kHz mono s16le bit for bit: raw, WAV, and from a pipe in any pieces', async () => {
    const wav = concatBytes([wavHeader(INPUT_FORMAT, tone.byteLength), tone]);
    const raw = await openRecording(file('a.pcm', tone));
    expect(raw.durationMs).toBe(500);
    expect(raw.format).toEqual(INPUT_FORMAT);
    expect(await soundOf(raw)).toEqual(tone);
    const fromWav = await openRecording(file('a.wav', wav));
    expect(fromWav.durationMs).toBe(500);
    expect(await soundOf(fromWav)).toEqual(tone);
    for (const bytes of [tone, wav]) {
      for (const size of [1, 37, 999, 100_000]) {
        const pieces: Buffer[] = [];
        for (let at = 0; at < bytes.byteLength; at += size) {
          pieces.push(Buffer.from(bytes.subarray(at, at + size)));
        }
        const piped = await openRecording('-', { stdin: Readable.from(pieces) });
        expect(piped.durationMs).toBe(bytes === wav ? 500 : undefined);
        expect(await soundOf(piped)).toEqual(tone);
        expect(piped.warnings.map(({ code }) => code)).toEqual(
          bytes === wav ? [] : ['input_taken_as_raw'],
        );
      }
    }
  });

  it('gives the frames of a pipe before the pipe ends', async () => {
    const stdin = new PassThrough();
    const stop = new AbortController();
    stdin.write(tone.subarray(0, 1280));
    const recording = await openRecording('-', { stdin });
    const frames = recording.frames(stop.signal)[Symbol.asyncIterator]();
    expect((await frames.next()).value?.byteLength).toBe(640);
    expect((await frames.next()).value?.byteLength).toBe(640);
    const waiting = frames.next();
    stop.abort();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(stdin.destroyed).toBe(true);
  });

  it('can be called off while it waits for the first byte', async () => {
    const stop = new AbortController();
    const opening = openRecording('-', { stdin: new PassThrough(), signal: stop.signal });
    stop.abort();
    await expect(opening).rejects.toThrow();
  });

  it('converts rate and channels of raw input, as it is told', async () => {
    const stereo48 = s16FromFloat(
      Float32Array.from({ length: 48_000 * 2 }, (_, i) => 0.5 * Math.sin(Math.floor(i / 2) * 0.05)),
    );
    const recording = await openRecording(file('a.raw', stereo48), { rateHz: 48_000, channels: 2 });
    expect(recording.durationMs).toBe(1000);
    const sound = await soundOf(recording);
    expect(sound.byteLength).toBe(32_000);
    expect(levelDbfs(sound)).toBeCloseTo(levelDbfs(stereo48), 1);
  });

  it('takes for raw PCM what is named or said to be, and warns where only nothing else knows it', async () => {
    const wav = concatBytes([wavHeader(INPUT_FORMAT, tone.byteLength), tone]);
    const said = await openRecording(file('said.wav', wav), { raw: true });
    expect(await soundOf(said)).toEqual(wav);
    expect(said.warnings).toEqual([]);
    const unknown = await openRecording(file('tone.bin', tone), {
      rateHz: 16_000,
      headerless: false,
    });
    expect(await soundOf(unknown)).toEqual(tone);
    expect(unknown.warnings.map(({ code }) => code)).toEqual(['input_taken_as_raw']);
  });

  it('reads sound behind a data size of zero, and no empty chunk as sound', async () => {
    for (const riffBytes of [0, 36, 36 + tone.byteLength, 0x7f_ff_ff_ff, 0xff_ff_ff_ff]) {
      const header = Buffer.from(wavHeader(INPUT_FORMAT, 0));
      header.writeUInt32LE(riffBytes, 4);
      for (const tag of ['RIFF', 'RF64', 'BW64']) {
        header.write(tag, 0, 'latin1');
        const recording = await openRecording(file('zero.wav', header, tone));
        expect(await soundOf(recording), `${tag} ${riffBytes}`).toEqual(tone);
      }
    }
    const list = Buffer.from('LIST\x04\0\0\0INFO', 'latin1');
    const header = Buffer.from(wavHeader(INPUT_FORMAT, 0));
    header.writeUInt32LE(36 + list.byteLength, 4);
    expect((await failureOf(file('list.wav', header, list))).exitCode).toBe(8);
  });

  it('warns of a cut WAV file and of half a sample', async () => {
    const cut = await openRecording(file('cut.wav', wavHeader(INPUT_FORMAT, 99_999), tone));
    expect(cut.durationMs).toBe(500);
    expect(await soundOf(cut)).toEqual(tone);
    expect(cut.warnings.map((warning) => warning.code)).toEqual(['input_truncated']);
    const odd = await openRecording(file('odd.pcm', tone, Uint8Array.of(1)));
    expect(await soundOf(odd)).toEqual(tone);
    expect(odd.warnings.map((warning) => warning.code)).toEqual(['input_odd_bytes']);
  });

  it('names each failure, exit 8', async () => {
    mkdirSync(join(folder, 'sub'));
    const cases: [input: string, code: string, text: RegExp][] = [
      [join(folder, 'none.wav'), 'input_missing', /none\.wav: no such file/],
      [join(folder, 'sub'), 'input_unreadable', /a folder/],
      [file('empty.pcm'), 'input_empty', /empty\.pcm: no sound/],
      [file('empty.wav', wavHeader(INPUT_FORMAT, 0)), 'input_empty', /no sound/],
      [
        file('notes.txt', Buffer.from('Dear diary, today I spoke to a machine.\n')),
        'input_not_audio',
        /notes/,
      ],
      [
        file('utf8.pcm', Buffer.from('Это не звук, а только слова. '.repeat(30))),
        'input_not_audio',
        /utf8/,
      ],
      [
        file('utf16.txt', Buffer.from('\ufeffThese are words too, two bytes each', 'utf16le')),
        'input_not_audio',
        /utf16/,
      ],
      [file('a.json', Buffer.from('{"a":1}')), 'input_not_audio', /a\.json/],
      [
        file('a.png', Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), tone),
        'input_not_audio',
        /a\.png/,
      ],
      [file('fake.wav', tone), 'input_not_audio', /fake\.wav/],
      [file('half.wav', wavHeader(INPUT_FORMAT, 100).subarray(0, 30)), 'input_not_audio', /half/],
    ];
    for (const [input, code, text] of cases) {
      const failure = await failureOf(input);
      expect([failure.code, failure.exitCode], input).toEqual([code, 8]);
      expect(failure.message).toMatch(text);
    }
    const piped = await failureOf('-', {
      stdin: Readable.from([Buffer.from('some words, no sound')]),
    });
    expect([piped.code, piped.message]).toEqual([
      'input_not_audio',
      'stdin: not audio that can be read',
    ]);
    expect((await failureOf('-', { stdin: Readable.from([]) })).code).toBe('input_empty');
  });

  it.skipIf(process.platform === 'win32')('names a file that it may not read', async () => {
    const path = file('secret.pcm', tone);
    chmodSync(path, 0);
    expect((await withoutRights(() => failureOf(path))).why).toBe('no permission to read it');
  });

  it('fails with GemliveError only, on any bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 1500 }), fc.boolean(), async (bytes, asWav) => {
        const all = asWav ? concatBytes([wavHeader(INPUT_FORMAT, bytes.byteLength), bytes]) : bytes;
        try {
          const stdin = Readable.from([Buffer.from(all)]);
          await soundOf(await openRecording('-', { stdin, environment: {} }));
        } catch (error) {
          expect(error).toBeInstanceOf(GemliveError);
        }
      }),
    );
  });
});

describe('encoded recordings', () => {
  const made = (name: string): string => {
    const path = join(folder, name);
    const from = file('source.wav', wavHeader(INPUT_FORMAT, tone.byteLength), tone);
    execFileSync('ffmpeg', ['-y', '-loglevel', 'error', '-i', from, path]);
    return path;
  };

  it.skipIf(!hasProgram('ffmpeg')).each(['mp3', 'flac', 'ogg', 'm4a', 'webm', 'aiff', 'opus'])(
    '%s is read through a decoder, from a file and (where it can be) from a pipe',
    async (extension) => {
      const path = made(`tone.${extension}`);
      const fromFile = await soundOf(await openRecording(path));
      expect(Math.abs(fromFile.byteLength - tone.byteLength)).toBeLessThan(32 * 120);
      expect(Math.abs(levelDbfs(fromFile) - levelDbfs(tone))).toBeLessThan(2);
      if (extension === 'm4a') return;
      const stdin = Readable.from([execFileSync('cat', [path])]);
      const fromPipe = await soundOf(await openRecording('-', { stdin }));
      expect(Math.abs(levelDbfs(fromPipe) - levelDbfs(tone))).toBeLessThan(2);
    },
  );

  it.skipIf(!hasProgram('ffmpeg'))(
    'an MP3 stream without a header is known by its frames',
    async () => {
      const bare = '-f mp3 -id3v2_version 0 -write_xing 0 -b:a 48k pipe:1'.split(' ');
      const mp3 = execFileSync('ffmpeg', ['-loglevel', 'error', '-i', made('again.wav'), ...bare]);
      const sound = await soundOf(await openRecording('-', { stdin: Readable.from([mp3]) }));
      expect(Math.abs(levelDbfs(sound) - levelDbfs(tone))).toBeLessThan(2);
    },
  );

  it.skipIf(!hasProgram('ffmpeg'))(
    'MP3 and AAC without a tag are known under any name, and with the default rate given',
    async () => {
      for (const [format, more] of [
        ['adts', '-b:a 32k'],
        ['adts', '-ar 44100 -b:a 192k'],
        ['mp3', '-id3v2_version 0 -b:a 64k'],
        ['mp3', '-id3v2_version 0 -ar 44100 -b:a 128k'],
      ] as const) {
        const path = join(folder, 'untagged.wav');
        const line = ['-y', '-loglevel', 'error', '-i', made('c.wav'), ...more.split(' ')];
        execFileSync('ffmpeg', [...line, '-f', format, path]);
        const recording = await openRecording(path, {
          rateHz: 16_000,
          channels: 1,
          headerless: false,
        });
        expect(Math.abs(levelDbfs(await soundOf(recording)) - levelDbfs(tone)), more).toBeLessThan(
          2,
        );
      }
    },
  );

  it.skipIf(!hasProgram('ffmpeg')).each([
    ['mp4', 'it has no sound track'],
    ['avi', 'it has no sound track'],
    ['bmp', 'it is a BMP image'],
    ['tiff', 'it is a TIFF image'],
  ])('pictures without sound are not sent: %s', async (extension, reason) => {
    const path = join(folder, `silent.${extension}`);
    const line = '-y -loglevel error -f lavfi -i color=black:s=32x32:d=0.04';
    execFileSync('ffmpeg', [...line.split(' '), path]);
    const { exitCode, why, hint } = await failureOf(path);
    expect([exitCode, why]).toEqual([8, reason]);
    expect(hint).toMatch(/^give it a recording/);
  });

  it.skipIf(!hasProgram('ffmpeg'))(
    'a WAV file of another coding goes to the decoder too',
    async () => {
      const path = join(folder, 'adpcm.wav');
      execFileSync('ffmpeg', [
        '-y',
        '-loglevel',
        'error',
        '-i',
        made('b.wav'),
        '-c:a',
        'adpcm_ms',
        path,
      ]);
      const sound = await soundOf(await openRecording(path));
      expect(Math.abs(levelDbfs(sound) - levelDbfs(tone))).toBeLessThan(2);
    },
  );

  it('without a decoder: says which program to install', async () => {
    const path = file('a.mp3', Buffer.from('ID3'), tone);
    const failure = await failureOf(path, { environment: { PATH: folder } });
    expect([failure.code, failure.exitCode]).toEqual(['input_not_audio', 8]);
    expect(failure.why).toBe('neither ffmpeg nor sox is installed');
    expect(failure.hint).toContain('apt install ffmpeg');
  });

  it.skipIf(!hasProgram('ffmpeg'))('rubbish under a known name: the decoder says why', async () => {
    const failure = await failureOf(
      file('rubbish.mp3', Buffer.from('ID3'), Buffer.alloc(4000, 0x93)),
    );
    expect([failure.code, failure.exitCode]).toEqual(['input_not_audio', 8]);
    expect(failure.why).toMatch(/ffmpeg: /);
  });
});
