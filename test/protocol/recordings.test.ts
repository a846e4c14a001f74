/**
 * Real traffic of the service, recorded by the tests of googleapis/js-genai. The logs are not part of
 * this project; where they are missing the tests are skipped by name, but never in CI.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LiveEvent } from '../../src/events.ts';
import { decodeFrame, decodeServerFrame } from '../../src/protocol/codec.ts';
import { toEvents } from '../../src/protocol/events.ts';

const FOLDER = join(import.meta.dirname, '..', '..', '..', 'shared', 'recordings');
const isHere = existsSync(FOLDER);

type Frame = { from: 'client' | 'server'; bytes: Buffer };

/** `>` or `<`, the length in bytes, a space, and that many bytes. */
function framesIn(log: string): Frame[] {
  const data = readFileSync(join(FOLDER, `${log}.log`));
  const frames: Frame[] = [];
  let at = 0;
  while (at < data.length) {
    const head = /^([<>])(\d+) /.exec(data.subarray(at, at + 20).toString('latin1'));
    if (!head) throw new Error(`${log}.log: no frame at byte ${at}`);
    const begin = at + head[0].length;
    const end = begin + Number(head[2]);
    if (end > data.length) throw new Error(`${log}.log: cut at byte ${data.length}`);
    frames.push({ from: head[1] === '>' ? 'client' : 'server', bytes: data.subarray(begin, end) });
    at = end;
    while (data[at] === 0x0a) at += 1;
  }
  return frames;
}

/** The events of each server frame; a bad frame fails the test. */
function eventsOf(log: string): LiveEvent[][] {
  return framesIn(log)
    .filter(({ from }) => from === 'server')
    .map(({ bytes }) => {
      const decoded = decodeServerFrame(bytes);
      if (!decoded.ok) throw new Error(decoded.reason);
      return toEvents(decoded.message);
    });
}

const typesOf = (frames: LiveEvent[][]): string[][] =>
  frames.map((events) => events.map(({ type }) => type));

describe.skipIf(!isHere && process.env['CI'] !== 'true')('recorded sessions', () => {
  it('speech marked by hand, answered in text', () => {
    const frames = eventsOf('ML_Dev_handle_activity_start_and_end');
    expect(typesOf(frames)).toEqual([['setupComplete'], ['text'], ['text']]);
    expect(textOf(frames.flat(), 'text')).toBe("Yeah, I can hear you. What's up?");
  });

  it('spoken output, transcribed', () => {
    const frames = eventsOf(
      'ML_Dev_should_receive_transcription_in_async_session_with_transcription_enabled',
    );
    expect(typesOf(frames)).toEqual([
      ['setupComplete'],
      ['outputTranscription'],
      ['outputTranscription'],
      ['outputTranscription'],
    ]);
    expect(textOf(frames.flat(), 'outputTranscription')).toBe(
      "We could talk about anything you like. Perhaps you have a hobby or an interest you'd like to discuss, or maybe there's a topic you've been curious about lately.",
    );
  });

  it('text in, text out', () => {
    const frames = eventsOf('ML_Dev_should_reply_to_realtime_text_input');
    expect(textOf(frames.flat(), 'text')).toBe("Yes, I'm here! How can I help you today?");
  });

  it('a function call', () => {
    const frames = eventsOf('ML_Dev_should_send_tool_response');
    expect(frames).toEqual([
      [{ type: 'setupComplete' }],
      [
        {
          type: 'executableCode',
          language: 'PYTHON',
          code: "print(default_api.get_current_weather(location='Redmond, WA'))",
        },
      ],
      [
        {
          type: 'toolCall',
          calls: [
            {
              id: 'function-call-5831923424298605773',
              name: 'get_current_weather',
              args: { location: 'Redmond, WA' },
            },
          ],
        },
      ],
    ]);
  });

  it('Vertex: a session id, and a transcription with nothing in it', () => {
    const frames = eventsOf(
      'Vertex_should_receive_transcription_in_async_session_with_transcription_enabled',
    );
    expect(frames).toEqual([
      [{ type: 'setupComplete', sessionId: '66755954-0ad4-4e0b-b021-d457073bde47' }],
      [],
      [{ type: 'outputTranscription', text: 'We' }],
    ]);
  });

  it('Vertex: sound, without its rate', () => {
    const frames = eventsOf('Vertex_should_send_text_in_async_session');
    expect(typesOf(frames)).toEqual([['setupComplete'], ['audio'], ['audio']]);
    const audio = frames.flat().filter((event) => event.type === 'audio');
    // 200 ms and 240 ms at 24 kHz, 16 bits, mono.
    expect(audio.map(({ pcm }) => pcm.length)).toEqual([9_600, 11_520]);
    expect(audio.every(({ sampleRateHz }) => sampleRateHz === 24_000)).toBe(true);
    expect(audio.some(({ pcm }) => pcm.some((byte) => byte !== 0))).toBe(true);
  });

  it("the clients' frames are text with one key each, setup first", () => {
    for (const log of LOGS) {
      const keys = framesIn(log)
        .filter(({ from }) => from === 'client')
        .map(({ bytes }) => {
          const decoded = decodeFrame(bytes.toString('utf8'));
          return decoded.ok ? Object.keys(decoded.message) : [];
        });
      expect(keys[0]).toEqual(['setup']);
      expect(keys.every((names) => names.length === 1)).toBe(true);
    }
  });
});

const LOGS = [
  'ML_Dev_handle_activity_start_and_end',
  'ML_Dev_should_receive_transcription_in_async_session_with_transcription_enabled',
  'ML_Dev_should_reply_to_realtime_text_input',
  'ML_Dev_should_send_tool_response',
  'Vertex_should_receive_transcription_in_async_session_with_transcription_enabled',
  'Vertex_should_send_text_in_async_session',
] as const;

function textOf(events: readonly LiveEvent[], type: 'text' | 'outputTranscription'): string {
  return events.map((event) => (event.type === type ? event.text : '')).join('');
}
