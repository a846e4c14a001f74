/** What becomes of a config.json when single settings of it are changed. */
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { changeConfig, changedText, type ConfigChanges } from '../../src/config/configWriter.ts';

const KEY = 'AIzaSy-of-the-test';

describe('the text', () => {
  const cases: [string, string, ConfigChanges, string][] = [
    ['nothing', '', { 'api-key': KEY }, `{\n  "api-key": "${KEY}"\n}\n`],
    ['an empty object', '{ }', { voice: 'Kore' }, '{\n  "voice": "Kore"\n}'],
    [
      'members on lines',
      '{\n    "voice": "Puck",\n    "search": true\n}\n',
      { 'api-key': KEY },
      `{\n    "voice": "Puck",\n    "search": true,\n    "api-key": "${KEY}"\n}\n`,
    ],
    [
      'members in a row',
      '{"a": [1, {"}": "]"}], "voice": "Puck"}',
      { voice: 'Kore' },
      '{"a": [1, {"}": "]"}], "voice": "Kore"}',
    ],
    ['another spelling', '{"apiKey":"old"}', { 'api-key': KEY }, `{"apiKey":"${KEY}"}`],
    [
      'one that stands twice',
      '{"voice":"A","Voice":"B"}',
      { voice: 'C' },
      '{"voice":"A","Voice":"C"}',
    ],
    [
      'taken out, the first',
      '{"voice": "A", "debug": true}',
      { voice: undefined },
      '{"debug": true}',
    ],
    [
      'taken out, the last',
      '{"debug": true,\n "voice": "A"\n}',
      { voice: undefined },
      '{"debug": true\n}',
    ],
    ['taken out, twice', '{"voice":1,"x":"\\"","VOICE":2}', { voice: undefined }, '{"x":"\\""}'],
    ['taken out, the only one', '{"voice":1}', { voice: undefined }, '{}'],
    ['not there', '{"x":1}', { voice: undefined }, '{"x":1}'],
    ['a byte order mark', '\uFEFF{"x":1}', { voice: 'Kore' }, '\uFEFF{"x":1, "voice": "Kore"}'],
    [
      'line ends of Windows',
      '{\r\n  "x": 1\r\n}\r\n',
      { voice: 'Kore' },
      '{\r\n  "x": 1,\n  "voice": "Kore"\r\n}\r\n',
    ],
  ];
  it.each(cases)('%s', (_name, before, changes, after) => {
    expect(changedText(before, changes)).toBe(after);
  });

  it('means the same as the object with the change, whatever it holds and however it is written', () => {
    const object = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }));
    const indent = fc.constantFrom(0, 1, 2, '\t');
    fc.assert(
      fc.property(object, indent, fc.string(), (given, space, value) => {
        const own = Object.fromEntries(
          Object.entries(given).filter(
            ([name]) => !/^no?voice$/i.test(name.replaceAll(/[-_]/g, '')),
          ),
        );
        const text = JSON.stringify(own, null, space);
        const added = changedText(text, { voice: value });
        expect(JSON.parse(added)).toEqual({ ...(JSON.parse(text) as object), voice: value });
        expect(JSON.parse(changedText(added, { voice: undefined }))).toEqual(JSON.parse(text));
      }),
    );
  });
});

describe('the file', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'gemlive-config-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is private, in a folder that is made', async () => {
    const path = join(folder, 'a', 'gemlive', 'config.json');
    await changeConfig(path, { 'api-key': KEY });
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ 'api-key': KEY });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(folder, 'a', 'gemlive'))).toEqual(['config.json']);
  });

  it('is private, too, where everybody could read it before', async () => {
    const path = join(folder, 'config.json');
    writeFileSync(path, '{"voice": "Puck"}');
    chmodSync(path, 0o644);
    await changeConfig(path, { 'api-key': KEY });
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('stays a link to where it is kept', async () => {
    const path = join(folder, 'config.json');
    mkdirSync(join(folder, 'dotfiles'));
    writeFileSync(join(folder, 'dotfiles', 'gemlive.json'), '{"voice": "Puck"}\n');
    symlinkSync(join('dotfiles', 'gemlive.json'), path);
    await changeConfig(path, { voice: 'Kore' });
    expect(lstatSync(path).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(folder, 'dotfiles', 'gemlive.json'), 'utf8')).toBe(
      '{"voice": "Kore"}\n',
    );
  });

  it('is left as it is when it is not JSON', async () => {
    const path = join(folder, 'config.json');
    writeFileSync(path, '{"voice": ');
    await expect(changeConfig(path, { voice: 'Kore' })).rejects.toMatchObject({ exitCode: 2 });
    expect(readFileSync(path, 'utf8')).toBe('{"voice": ');
  });
});
