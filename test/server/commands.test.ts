/** Commands of the user as ears, brain and voice: what they are given, what they may do, and that they end. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseWav } from '../../src/audio/wav.ts';
import type { BrainPiece, BrainRequest, BrainTurn } from '../../src/server/brain/brain.ts';
import { commandBrain } from '../../src/server/brain/command.ts';
import { promptFor } from '../../src/server/brain/prompt.ts';
import { commandEars, commandVoice, wordsIn } from '../../src/server/engines/commands.ts';
import { streamOf } from '../../src/server/engines/run.ts';
import { untilGone } from '../support/programs.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gemlive-commands-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const never = new AbortController().signal;
const user = (text: string): BrainTurn => ({ role: 'user', text });
const request = (turns: BrainTurn[], more: Partial<BrainRequest> = {}): BrainRequest => ({
  system: undefined,
  turns,
  tools: [],
  now: new Date(),
  ...more,
});
const WEATHER = { tools: [{ name: 'get_weather', description: 'Of a\ncity' }] };

async function think(line: string, asked = request([user('hi')])): Promise<BrainPiece[]> {
  const pieces: BrainPiece[] = [];
  for await (const piece of commandBrain(line, undefined).think(asked, never)) pieces.push(piece);
  return pieces;
}
const textOf = (pieces: BrainPiece[]): string =>
  pieces.map((piece) => ('text' in piece ? piece.text : '')).join('');

describe('the prompt', () => {
  it('is what the user says, where there is nothing else', () =>
    expect(promptFor(request([user('one\ntwo')]))).toBe('one\ntwo\n'));

  it('has what the user says last, after all that went before', () => {
    const turns: BrainTurn[] = [
      user('Weather in\nOslo?'),
      { role: 'model', text: 'Let me see.', calls: [{ id: '1', name: 'get_weather', args: {} }] },
      { role: 'tool', id: '1', name: 'get_weather', response: { tempC: 4 } },
      { role: 'model', text: 'Four degrees.' },
      user('And tomorrow?'),
    ];
    expect(promptFor(request(turns, { system: ' Be brief. ', ...WEATHER }))).toBe(`Be brief.

You can call these functions. To call one, answer with nothing but a line such as CALL get_weather {"argument": "value"}
- get_weather: Of a city (parameters: {})

The conversation so far:
User: Weather in Oslo?
Assistant: Let me see.
Assistant: CALL get_weather {}
Result of get_weather: {"tempC":4}
Assistant: Four degrees.

The user now says:
And tomorrow?
`);
  });

  it('ends with results that are to be told', () => {
    const turns: BrainTurn[] = [
      user('Weather?'),
      { role: 'model', text: '', calls: [{ id: '1', name: 'get_weather', args: {} }] },
      { role: 'tool', id: '1', name: 'get_weather', response: { tempC: 4 } },
    ];
    expect(promptFor(request(turns))).toMatch(
      /Tell the user.*\nResult of get_weather: \{"tempC":4\}\n$/,
    );
  });
});

describe('a command as the brain', () => {
  it('answers with what it prints', async () =>
    expect(textOf(await think('tr a-z A-Z', request([user('hello 👋')])))).toBe('HELLO 👋\n'));

  it('is heard while it still prints', async () => {
    const flag = join(folder, 'flag');
    const line = `echo One.; while [ ! -e ${flag} ]; do sleep 0.02; done; echo Two.`;
    const texts: string[] = [];
    for await (const piece of commandBrain(line, undefined).think(request([user('x')]), never)) {
      if ('text' in piece) texts.push(piece.text);
      writeFileSync(flag, ''); // it ends only when its first words have come
    }
    expect(texts).toEqual(['One.\n', 'Two.\n']);
  });

  it('may cut letters in two', async () => {
    const line = String.raw`printf 'Gr\303'; sleep 0.1; printf '\274\303\237e \360\237'; sleep 0.1; printf '\221\213'`;
    expect(textOf(await think(line))).toBe('Grüße 👋');
  });

  it('may put its name before its answer, as the conversation has it', async () => {
    expect(textOf(await think('printf Assis; sleep 0.1; printf "tant: Yes."'))).toBe('Yes.');
    expect(textOf(await think('printf "Assistants say no."'))).toBe('Assistants say no.');
  });

  it('may think aloud', async () => {
    const pieces = await think(`printf '<think>Hm.\\n</think>\\n\\nYes.'`);
    expect(textOf(pieces)).toBe('Yes.');
    expect(pieces[0]).toEqual({ thought: 'Hm.\n' });
  });

  it('calls functions, by a line of its own', async () => {
    const line = `printf 'Wait.\\nCAL'; sleep 0.1; printf 'L get_weather {"city":"Os'; printf 'lo"}\\nCALL other {}\\nCALL get_weather {broken}\\n'`;
    const pieces = await think(line, request([user('x')], WEATHER));
    expect(pieces.filter((piece) => 'call' in piece)).toEqual([
      { call: { name: 'get_weather', args: { city: 'Oslo' } } },
    ]);
    expect(textOf(pieces)).toBe('Wait.\nCALL other {}\nCALL get_weather {broken}\n');
    const fenced = `printf 'Assistant: \\140\\140\\140json\nCALL get_weather {}\n\\140\\140\\140\n'`;
    expect(await think(fenced, request([user('x')], WEATHER))).toEqual([
      { call: { name: 'get_weather', args: {} } },
    ]);
    expect(await think('printf "CALL get_weather"', request([user('x')], WEATHER))).toEqual([
      { call: { name: 'get_weather', args: {} } },
    ]);
    expect(textOf(await think('echo CALL get_weather'))).toBe('CALL get_weather\n');
  });

  it.each([
    ['echo Well.; echo "no model" >&2; exit 3', /ended with 3: no model/],
    ['kill -9 $$', /ended with a signal/],
    ['exit 0', /answered nothing/],
    ['no-such-program-here', /ended with 127: .*not found/],
    ['yes', /wrote more than 1048576 bytes/],
  ])('%s: fails in plain words', async (line, words) => {
    await expect(think(line)).rejects.toThrow(words);
  });

  it('is killed with all it has started, on abort and when nobody reads on', async () => {
    for (const how of ['abort', 'leave']) {
      const file = join(folder, `pids-${how}`);
      const line = `sleep 60 & echo $! > ${file}; echo $$ >> ${file}; echo One.; sleep 60`;
      const abort = new AbortController();
      const read = async (): Promise<void> => {
        const pieces = commandBrain(line, undefined).think(request([user('x')]), abort.signal);
        for await (const piece of pieces) {
          expect(piece).toEqual({ text: 'One.\n' });
          if (how === 'leave') break;
          abort.abort(new Error('interrupted'));
        }
      };
      if (how === 'abort') await expect(read()).rejects.toThrow('interrupted');
      else await read();
      const pids = readFileSync(file, 'utf8').trim().split('\n').map(Number);
      expect(pids).toHaveLength(2);
      for (const pid of pids) expect(await untilGone(pid)).toBe(true);
    }
  });

  it('does not hold us up by a child that has left its group', async () => {
    const file = join(folder, 'pid-away');
    const abort = new AbortController();
    const line = `setsid sh -c 'echo $$ > ${file}; exec sleep 30' & sleep 60`;
    const answer = readAll(line, abort.signal);
    answer.catch(() => {});
    await expect.poll(() => readPid(file)).toBeGreaterThan(0);
    abort.abort(new Error('interrupted'));
    await expect(answer).rejects.toThrow('interrupted');
    process.kill(readPid(file), 'SIGKILL');
  });

  it('that says nothing for too long is killed', async () => {
    const run = streamOf({ command: 'sleep 60', shell: true, signal: never, timeoutMs: 200 });
    await expect(run.next()).rejects.toThrow(/sleep 60: it said nothing for 0\.2 s/);
  });
});

async function readAll(line: string, signal: AbortSignal): Promise<void> {
  for await (const piece of commandBrain(line, undefined).think(request([user('x')]), signal)) {
    expect(piece).toBeUndefined();
  }
}

function readPid(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch {
    return 0;
  }
}

describe('a command as the ears', () => {
  const SPEECH = new Uint8Array(32_000).fill(7);

  it.each(['cat', 'cat {file}'])('%s: gets a WAV of what was said', async (how) => {
    const copy = join(folder, 'heard.wav');
    const ears = commandEars(`${how} > ${copy}; echo ' what  is\n this '`, undefined);
    expect(await ears.transcribe(SPEECH, never)).toBe('what is this');
    const { format, data } = parseWav(readFileSync(copy));
    expect(format).toEqual({
      encoding: 'int',
      bytesPerSample: 2,
      sampleRateHz: 16_000,
      channels: 1,
    });
    expect(Buffer.from(data)).toEqual(Buffer.from(SPEECH));
  });

  it('leaves no file behind', async () => {
    const ears = commandEars('echo {file}', undefined);
    const path = await ears.transcribe(SPEECH, never);
    expect(path).toMatch(/\.wav$/);
    expect(() => readFileSync(path)).toThrow(/ENOENT/);
  });

  it('fails in plain words', async () => {
    const ears = commandEars('echo no model >&2; exit 2', undefined);
    await expect(ears.transcribe(SPEECH, never)).rejects.toThrow(/ended with 2: no model/);
  });

  it.each([
    [
      '[00:00:00.000 --> 00:00:02.000]   Hello there.\n[00:00:02.000 --> 00:00:04.000]  Yes.\n',
      'Hello there. Yes.',
    ],
    ['\n [BLANK_AUDIO]\n', ''],
    ['(wind blowing)', ''],
    ['*coughs*', ''],
    ['I said (twice) yes.', 'I said (twice) yes.'],
  ])('%j is %j', (output, words) => expect(wordsIn(output)).toBe(words));
});

describe('a command as the voice', () => {
  const pcm = (...samples: number[]): Buffer => {
    const bytes = Buffer.alloc(samples.length * 2);
    for (const [at, sample] of samples.entries()) bytes.writeInt16LE(sample, at * 2);
    return bytes;
  };

  it('writes raw 24 kHz sound, cut anywhere', async () => {
    const line = String.raw`printf '\001\002\003\004\005\006\007\010\011\012\013\014\015'; sleep 0.1; printf '\016\017\020'`;
    const voice = commandVoice(line, undefined);
    const sound = await voice.speak('x', undefined, never);
    expect([...sound]).toEqual(Array.from({ length: 16 }, (_, at) => at + 1));
    for await (const piece of voice.stream?.('x', undefined, never) ?? []) {
      expect(piece.byteLength % 2).toBe(0);
    }
  });

  it.each(['cat FILE', 'cat FILE > {file}'])('or WAV of any rate (%s)', async (how) => {
    const { wavHeader } = await import('../../src/audio/fileWriters.ts');
    const file = join(folder, 'tone.wav');
    const tone = pcm(...Array.from({ length: 4000 }, () => [1000, 3000]).flat());
    const format = { sampleRateHz: 8000, channels: 2 } as const;
    writeFileSync(file, Buffer.concat([wavHeader(format, undefined), tone]));
    const voice = commandVoice(how.replace('FILE', file), undefined);
    const sound = Buffer.from(await voice.speak('x', undefined, never));
    expect(sound.byteLength).toBe(24_000);
    expect(sound.readInt16LE(12_000)).toBeCloseTo(2000, -1); // both channels, at 24 kHz
  });

  it('is heard before its sentence is whole', async () => {
    const flag = join(folder, 'spoken');
    const line = `head -c 4800 /dev/zero; while [ ! -e ${flag} ]; do sleep 0.02; done; head -c 4800 /dev/zero`;
    const voice = commandVoice(line, undefined);
    let bytes = 0;
    for await (const piece of voice.stream?.('x', undefined, never) ?? []) {
      bytes += piece.byteLength;
      writeFileSync(flag, '');
    }
    expect(bytes).toBe(9600);
  });

  it('is not asked to speak what has no words', async () => {
    const voice = commandVoice('exit 4', undefined);
    for (const text of ['---', ' … ', '👋!']) {
      expect(await voice.speak(text, undefined, never)).toHaveLength(0);
    }
  });

  it('gets one line, without markup', async () => {
    const file = join(folder, 'said');
    const voice = commandVoice(`cat > ${file}; head -c 100 /dev/zero`, undefined);
    await voice.speak('**Done** `x`,\nand <b>more</b>.', undefined, never);
    expect(readFileSync(file, 'utf8').replace(/ +/g, ' ')).toBe('Done x , and b more /b .\n');
  });

  it.each([
    ['true', /no sound/],
    ['printf "ID3............"', /MP3/],
    ['printf \'{"error":"no voice"}\'', /speaks words/],
    ['exit 4', /ended with 4/],
  ])('%s: fails in plain words', async (line, words) => {
    await expect(commandVoice(line, undefined).speak('x', undefined, never)).rejects.toThrow(words);
  });
});
