/** The built-in rules with functions: when one is called, with what, and what is said of its result. */
import { describe, expect, it } from 'vitest';
import type { BrainPiece, BrainTurn } from '../../src/server/brain/brain.ts';
import { BUILT_IN } from '../../src/server/brain/builtIn.ts';
import { toolUseFor, wordsOfName } from '../../src/server/brain/toolUse.ts';
import type { FunctionDeclaration } from '../../src/protocol/messages.ts';

const tool = (
  name: string,
  properties: Record<string, object> = {},
  required: string[] = Object.keys(properties),
): FunctionDeclaration => ({
  name,
  parametersJsonSchema: { type: 'object', properties, required },
});
const CITY = { city: { type: 'string' } };

it.each([
  ['get_weather', 'get weather'],
  ['turnOnTheLights', 'turn on the lights'],
  ['home.lights:set-level', 'home lights set level'],
  ['parseHTTPResponse2', 'parse http response2'],
])('%s is %s', (name, words) => expect(wordsOfName(name).join(' ')).toBe(words));

describe('a function is called', () => {
  it.each<[string, FunctionDeclaration[], unknown]>([
    ['Weather in Oslo?', [tool('get_weather', CITY)], { get_weather: { city: 'Oslo' } }],
    [
      'What is the weather in New York today?',
      [tool('getWeather', CITY)],
      { getWeather: { city: 'New York' } },
    ],
    ['oslo weather please', [tool('get_weather', CITY)], { get_weather: { city: 'oslo' } }],
    ['get the weather', [tool('get_weather', CITY, [])], { get_weather: {} }],
    ['turn the lights on', [tool('turn_on_lights')], { turn_on_lights: {} }],
    [
      'search for cheap flights',
      [tool('search', { query: { type: 'STRING' } })],
      { search: { query: 'cheap flights' } },
    ],
    [
      'weather forecast for Rome',
      [tool('get_weather', CITY), tool('get_weather_forecast', CITY)],
      { get_weather_forecast: { city: 'Rome' } },
    ],
    [
      'the weather and the time in Rome',
      [tool('get_weather', CITY), tool('get_time', CITY)],
      { get_weather: { city: 'Rome' }, get_time: { city: 'Rome' } },
    ],
    [
      'book a table for two at Luigi’s',
      [
        {
          name: 'book_table',
          parameters: {
            type: 'OBJECT',
            properties: { people: { type: 'INTEGER' }, name: { type: 'STRING' } },
          },
        },
      ],
      { book_table: { people: 2, name: 'Luigi’s' } },
    ],
    [
      'set the light to warm white at thirty percent',
      [
        tool('set_light', {
          color: { type: 'string', enum: ['red', 'WARM_WHITE'] },
          level: { type: 'number' },
        }),
      ],
      { set_light: { color: 'WARM_WHITE', level: 30 } },
    ],
    ['light off', [tool('set_light', { on: { type: 'boolean' } })], { set_light: { on: false } }],
    [
      'add 1.5 and 2 to the sum',
      [tool('sum', { values: { type: 'array', items: { type: 'number' } } })],
      { sum: { values: [1.5, 2] } },
    ],
    [
      'invite guests called Ada, Bob and Cem',
      [tool('invite_guests', { names: { type: 'array', items: { type: 'string' } } })],
      { invite_guests: { names: ['Ada', 'Bob', 'Cem'] } },
    ],
    ['start the timer', [{ name: 'start_timer' }], { start_timer: {} }],
  ])('%s', (text, tools, calls) => {
    const use = toolUseFor(text, tools);
    if (!use || !('calls' in use)) throw new Error(`not called: ${JSON.stringify(use)}`);
    expect(Object.fromEntries(use.calls.map(({ name, args }) => [name, args]))).toEqual(calls);
  });

  it.each(['What is two plus two?', 'whether or not', 'get it', ''])('not by %j', (text) =>
    expect(toolUseFor(text, [tool('get_weather', CITY)])).toBeUndefined(),
  );
});

describe('the built-in brain', () => {
  const think = async (turns: BrainTurn[], tools = [tool('get_weather', CITY)]) => {
    const pieces: BrainPiece[] = [];
    const request = { system: undefined, turns, tools, now: new Date() };
    for await (const piece of BUILT_IN.think(request, AbortSignal.timeout(1000)))
      pieces.push(piece);
    return pieces;
  };
  const user = (text: string): BrainTurn => ({ role: 'user', text });

  it('asks for what is missing, and takes it from the next words', async () => {
    const question = 'For get weather I need the city.';
    expect(await think([user('the weather?')])).toEqual([{ text: question }]);
    const turns = [user('the weather?'), { role: 'model' as const, text: question }, user('Oslo')];
    expect(await think(turns)).toEqual([{ call: { name: 'get_weather', args: { city: 'Oslo' } } }]);
  });

  it('answers by itself what names no function, and repeats what it is told to', async () => {
    expect(await think([user('what is 3 times 4')])).toEqual([{ text: '3 times 4 is 12.' }]);
    expect(await think([user('say weather in Oslo')])).toEqual([{ text: 'Weather in Oslo.' }]);
  });

  it.each<[Record<string, unknown>, string]>([
    [{ output: { tempC: 4 } }, 'get weather says: tempC is 4.'],
    [{ tempC: 4, sky: ['grey', 'wet'] }, 'get weather says: tempC is 4, sky is grey, wet.'],
    [{ output: 'Rain!' }, 'get weather says: Rain!'],
    [{ error: 'no such city' }, 'get weather failed: no such city.'],
    [{ error: { code: 5 } }, 'get weather failed: code is 5.'],
    [{}, 'get weather is done.'],
    [{ result: { a: null, b: { c: true } } }, 'get weather says: a is empty, b is c is true.'],
  ])('says %j', async (response, text) => {
    const call = { id: '1', name: 'get_weather', args: {} };
    const turns: BrainTurn[] = [
      user('weather in Oslo'),
      { role: 'model', text: '', calls: [call] },
      { role: 'tool', id: '1', name: 'get_weather', response },
    ];
    expect(await think(turns)).toEqual([{ text }]);
  });
});
