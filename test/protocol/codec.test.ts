import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  audioBlob,
  decodeFrame,
  decodeServerFrame,
  durationMs,
  encodeClientMessage,
  encodeServerMessage,
  sampleRateOf,
} from '../../src/protocol/codec.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('decodeFrame', () => {
  it('takes text and binary frames alike', () => {
    const message = { setupComplete: {} };
    expect(decodeServerFrame(JSON.stringify(message))).toEqual({ ok: true, message });
    expect(decodeServerFrame(utf8(JSON.stringify(message)))).toEqual({ ok: true, message });
    expect(decodeServerFrame(Buffer.from(JSON.stringify(message)))).toEqual({ ok: true, message });
  });

  it.each([
    ['nothing', '', /not JSON/],
    ['no JSON', 'hello', /not JSON/],
    ['half of it', '{"setupComplete":', /not JSON/],
    ['two of it', '{}{}', /not JSON/],
    ['a list', '[{}]', /not a JSON object/],
    ['null', 'null', /not a JSON object/],
    ['a number', '1', /not a JSON object/],
    ['text', '"setupComplete"', /not a JSON object/],
    ['no UTF-8', new Uint8Array([0x7b, 0xff, 0x7d]), /not UTF-8/],
    ['a cut character', new Uint8Array([0x22, 0xe2, 0x82]), /not UTF-8/],
  ])('%s is a bad frame', (_, frame, reason) => {
    const decoded = decodeFrame(frame);
    expect(decoded.ok).toBe(false);
    expect(decoded.ok ? '' : decoded.reason).toMatch(reason);
  });

  it('of a large frame that is nested too deeply is refused before it is parsed', () => {
    const decoded = decodeFrame(Buffer.alloc(4_000_000, '['));
    expect(decoded).toEqual({ ok: false, reason: 'nested more than 100 deep' });
    const deep = (depth: number, text: string): Buffer =>
      Buffer.from(`{"text":${JSON.stringify(text)},"a":${'['.repeat(depth)}${']'.repeat(depth)}}`);
    // Brackets within strings count for nothing, wherever their quotes are.
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('[', '{', ']', '"', '\\', 'x', ':"'), { maxLength: 30 }),
        (pieces) => {
          const text = pieces.join('') + '['.repeat(70_000) + pieces.join('');
          expect(decodeFrame(deep(99, text)).ok).toBe(true);
          expect(decodeFrame(deep(100, text)).ok).toBe(false);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(typeof decodeFrame(bytes).ok).toBe('boolean');
      }),
    );
  });

  it('writes sound as it writes everything else', () => {
    const texts = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('~sound~', '"~sound~"'));
    const others = fc.dictionary(fc.string(), fc.oneof(fc.jsonValue(), texts));
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 3000 }), { minLength: 1, maxLength: 2 }),
        others,
        others,
        texts,
        (sounds, beside, inside, text) => {
          const blobs = sounds.map((pcm) => audioBlob(pcm, 24_000));
          const parts = blobs.map((inlineData) => ({ inlineData }));
          const outputTranscription = { text };
          const message = {
            ...beside,
            serverContent: { ...inside, modelTurn: { parts }, outputTranscription },
          };
          const plain = `${JSON.stringify(message, null, 2)}\n`;
          expect(encodeServerMessage(message).equals(Buffer.from(plain))).toBe(true);
        },
      ),
    );
  });

  it('gives back what was encoded, and the service writes binary, indented, with a newline', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (message) => {
        const frame = encodeServerMessage(message);
        expect(frame.at(-1)).toBe(0x0a);
        const decoded = decodeFrame(frame);
        expect(decoded).toEqual({ ok: true, message: JSON.parse(JSON.stringify(message)) });
      }),
    );
    expect(encodeServerMessage({ setupComplete: {} }).toString()).toBe(
      '{\n  "setupComplete": {}\n}\n',
    );
  });
});

describe('client messages', () => {
  it('are one line of JSON', () => {
    const text = encodeClientMessage({ realtimeInput: { text: 'two\nlines' } });
    expect(text).toBe('{"realtimeInput":{"text":"two\\nlines"}}');
  });

  it('carry sound as base64 of the very bytes, also of a view into a larger buffer', () => {
    const samples = new Uint8Array([9, 9, 0, 1, 2, 255, 9]).subarray(2, 6);
    expect(audioBlob(samples, 16_000)).toEqual({
      data: 'AAEC/w==',
      mimeType: 'audio/pcm;rate=16000',
    });
  });
});

describe('small fields', () => {
  it.each([
    ['audio/pcm;rate=24000', 24_000],
    ['audio/pcm; rate=16000', 16_000],
    ['audio/pcm;channels=1;RATE=8000', 8_000],
    ['audio/pcm', 48_000],
    ['audio/pcm;rate=', 48_000],
    ['audio/pcm;rate=abc', 48_000],
    ['', 48_000],
  ])('the rate of %j', (mimeType, rate) => {
    expect(sampleRateOf(mimeType, 48_000)).toBe(rate);
  });

  it.each([
    ['30s', 30_000],
    ['9.5s', 9_500],
    ['0s', 0],
    ['0.001s', 1],
    ['9.5', undefined],
    ['s', undefined],
    ['1m', undefined],
    [30, undefined],
    [null, undefined],
  ])('the duration %j', (value, ms) => {
    expect(durationMs(value)).toBe(ms);
  });
});
