/**
 * docs/conformance.md: every message and field of the protocol, what becomes of it at the local server, and the
 * tests that say so. Written by `npx vitest run test/conformance/table.test.ts -u`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MODELS } from '../../src/protocol/models.ts';
import { OPEN_QUESTIONS } from '../../src/protocol/openQuestions.ts';
import { PROBES } from './compare/probes.ts';
import { DRIVES } from './drives.ts';
import { EXPECTATIONS, NOT_PROVOKED } from './expectations.ts';
import { fieldsOfSchema, fieldsOfType } from './fieldLists.ts';
import { NOT_SENT, REFUSED, TAKEN } from './fields.ts';
import { ABSENT, PLAIN, PROVEN, type Proof } from './proven.ts';

const schema = fieldsOfSchema();
const fromClient = [...new Set([...schema.keys(), ...fieldsOfType('ClientMessage')])];
const fromServer = fieldsOfType('ServerMessage');
const proofsOf = (field: string): Proof[] => PROVEN.filter(({ fields }) => fields.includes(field));

/** What becomes of a field that a client sends; undefined: nobody has said. */
function clientState(field: string): string | undefined {
  if (proofsOf(field).length > 0) return 'works';
  const why = TAKEN.find((taken) => taken.field === field)?.why;
  if (why !== undefined) return `taken, no effect: ${why}`;
  if (REFUSED.includes(field)) return 'refused';
  return undefined;
}

function serverState(field: string): string | undefined {
  if (proofsOf(field).length > 0) return 'sent';
  const why = NOT_SENT.find(({ fields }) => fields.includes(field))?.why;
  if (why !== undefined) return `not sent: ${why}`;
  // A Part is a Part: what only clients write stands in the other table.
  return clientState(field) === undefined ? undefined : 'not sent';
}

const test = (file: string, name: string): string => `${file}: ${name}`;

function proofCells(field: string): [string, string] {
  const proofs = proofsOf(field);
  const [first] = proofs;
  if (!first) return ['', ''];
  const clients = [...new Set(proofs.map(({ client }) => client))];
  return [clients.join(', '), test(first.file, first.test)];
}

function clientRow(field: string): string[] {
  const [client, shown] = proofCells(field);
  const state = clientState(field) ?? '';
  const generic = state.startsWith('taken')
    ? ['raw', test('fieldValues', 'is taken, without effect')]
    : state === 'refused'
      ? ['raw', test('fieldValues', 'is refused in a Live session')]
      : [client, shown];
  const negative = state === 'refused' ? 'itself' : `\`${field}X\`: 1007 Unknown name`;
  return [`\`${field}\``, state, generic[0] ?? '', generic[1] ?? '', negative];
}

function serverRow(field: string): string[] {
  const [client, shown] = proofCells(field);
  const state = serverState(field) ?? '';
  const absent = ABSENT.find(({ fields }) => fields.includes(field));
  const negative = absent ? test(absent.file, absent.test) : test(PLAIN.file, PLAIN.test);
  return [`\`${field}\``, state, client, shown, `absent: ${negative}`];
}

/** As the formatter has it. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = head.map((_, column) =>
    Math.max(3, ...cells.map((row) => (row[column] ?? '').length)),
  );
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - cell.length)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(cells[0] ?? []), rule, ...cells.slice(1).map(line)].join('\n');
}

function document(): string {
  const columns = ['field', 'here', 'shown by', 'test', 'negative case'];
  const closes = [
    ...EXPECTATIONS.map(({ code, reason, cause }) => [
      String(code),
      reason,
      cause,
      test('closes', `${code}: ${cause}`),
    ]),
    ...NOT_PROVOKED.map(({ code, reason, why }) => [
      String(code),
      reason,
      `not by itself: ${why}`,
      '',
    ]),
  ];
  return `# What the local server does of the Live API

Made by \`test/conformance/table.test.ts\` from the server's schema, the types of the protocol and
[proven.ts](../test/conformance/proven.ts), which is written by hand. SDK is \`@google/genai\`, Firebase is
\`@firebase/ai\`: clients that nobody here wrote; raw is a bare WebSocket, for what they cannot send. A proxy on the wire
sees to it that each test really sent or received what it is named for. Tests are below test/conformance.

## What the clients of others do here

${table(
  ['what', 'SDK', 'Firebase'],
  DRIVES.map(({ what, sdk, firebase }) => [what, sdk, firebase]),
)}

## From the client

${table(columns, fromClient.map(clientRow))}

A field of the wrong type is refused with 1007 \`Invalid value at …\` too (fieldValues: is refused with 1007).

## From the server

${table(columns, fromServer.map(serverRow))}

## How it closes

Texts as public reports quote them, in [expectations.ts](../test/conformance/expectations.ts); cut to 123 bytes on the
wire; \`…\` stands for words that nobody quoted.

${table(['code', 'reason', 'cause', 'test'], closes)}

## What nobody knows for sure

Data in [openQuestions.ts](../src/protocol/openQuestions.ts); \`npm run conformance -- --real\` asks the service.

${table(
  ['probe', 'question', 'assumed', 'how sure', 'used in'],
  OPEN_QUESTIONS.map(({ id, question, assumed, confidence, usedIn }) => [
    id,
    question,
    assumed,
    confidence,
    usedIn,
  ]),
)}
`;
}

describe('the table of fields', () => {
  it('has every field that the schema or the types have, and what becomes of it', () => {
    expect(fromClient.length).toBeGreaterThan(140);
    expect(fromServer.length).toBeGreaterThan(80);
    expect(fromClient.filter((field) => clientState(field) === undefined)).toEqual([]);
    expect(fromServer.filter((field) => serverState(field) === undefined)).toEqual([]);
  });

  it('names no field that is not there', () => {
    const known = new Set([...fromClient, ...fromServer]);
    const named = [
      ...PROVEN.flatMap(({ fields }) => fields),
      ...ABSENT.flatMap(({ fields }) => fields),
      ...NOT_SENT.flatMap(({ fields }) => fields),
      ...TAKEN.map(({ field }) => field),
      ...REFUSED,
    ];
    expect(named.filter((field) => !known.has(field))).toEqual([]);
  });

  it('names tests that are there', () => {
    const driven = DRIVES.flatMap(({ sdk, firebase }) =>
      [sdk, firebase].flatMap((cell) => {
        const [file = '', ...rest] = cell.split(': ');
        const isTest = /^(?:officialSdk|sdk\w+|firebase|serveCommand)$/.test(file);
        return isTest ? [{ file, test: rest.join(': ') }] : [];
      }),
    );
    expect(driven.length).toBeGreaterThan(25);
    for (const { file, test: name } of [...PROVEN, ...ABSENT, PLAIN, ...driven]) {
      const path = ['.test.ts', '.slow.test.ts']
        .map((ending) => join(import.meta.dirname, `${file}${ending}`))
        .find((one) => existsSync(one));
      expect(path, file).toBeDefined();
      const text = readFileSync(path ?? '', 'utf8');
      // A row of it.each is part of its title: `in content, %s: …`.
      const pattern = name.replace(/by the (Gemini|Vertex) path/, '%s');
      expect(text.includes(`'${pattern}'`), `${file}: ${name}`).toBe(true);
    }
  });

  it('says of each fact that is used where it stands', () => {
    for (const { id, usedIn } of OPEN_QUESTIONS) {
      const [file = '', what = ''] = usedIn.split(': ');
      const path = join(import.meta.dirname, '../../src', file);
      expect(existsSync(path), id).toBe(true);
      if (what === 'ASSUMED') expect(readFileSync(path, 'utf8'), id).toContain('ASSUMED.');
      if (file === 'protocol/models.ts') expect(Object.keys(MODELS[0] ?? {}), id).toContain(what);
    }
    expect(Object.keys(PROBES).sort()).toEqual(OPEN_QUESTIONS.map(({ id }) => id).sort());
  });

  it('is docs/conformance.md', async () => {
    await expect(document()).toMatchFileSnapshot('../../docs/conformance.md');
  });
});
