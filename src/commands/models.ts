/** `gemlive models`: every Live model that anybody may name, and what is known of it. */
import { EXIT } from '../errors.ts';
import type { Fact } from '../protocol/facts.ts';
import { DEFAULT_MODEL, MODELS, type ModelProfile, type ThinkingRule } from '../protocol/models.ts';
import type { CommandContext } from './context.ts';

const MARKS = { sure: '', uncertain: ' ?', disputed: ' !' } as const;

export async function run(context: CommandContext): Promise<number> {
  const { stdout, stderr, events, settings, stdoutTty } = context;
  if (settings.remote) {
    const { listRemote } = await import('./models/remote.ts');
    return listRemote(context, description);
  }
  for (const model of MODELS) {
    if (events) events.emit('model', eventFields(model));
    else stdout.write(description(model));
  }
  if (!events && stdoutTty && !settings.quiet) {
    stderr.write('? uncertain: one weak source   ! disputed: sources differ\n');
  }
  return EXIT.ok;
}

function description(model: ModelProfile): string {
  const { id, status, platforms, summary } = model;
  const isDefault = id === DEFAULT_MODEL ? ' (default)' : '';
  const facts = CAPABILITIES.map(([label, say]) => `${label} ${say(model)}`).join(' · ');
  return `${id}${isDefault}\n  ${status}, ${platforms.join(' and ')}: ${summary}\n  ${facts}\n`;
}

const said = <T>(fact: Fact<T>, words: (value: T) => string): string =>
  words(fact.value) + MARKS[fact.confidence];
const yesNo = (value: boolean): string => (value ? 'yes' : 'no');
const tokens = (count: number): string => `${Math.round(count / 1024)}k`;

const CAPABILITIES: readonly [label: string, say: (model: ModelProfile) => string][] = [
  ['answers', ({ modalities }) => said(modalities, (value) => value.join(' or ').toLowerCase())],
  ['thinking', ({ thinking }) => said(thinking, thinkingWords)],
  ['tools', ({ functions }) => said(functions, (value) => FUNCTIONS[value])],
  ['search', ({ search }) => said(search, yesNo)],
  ['code', ({ codeExecution }) => said(codeExecution, yesNo)],
  ['affective', ({ affective }) => said(affective, (value) => FLAGS[value])],
  ['proactive', ({ proactive }) => said(proactive, (value) => FLAGS[value])],
  ['translates', ({ translation }) => said(translation, yesNo)],
  ['context', ({ contextTokens }) => said(contextTokens, tokens)],
];

const FLAGS = {
  optional: 'on request',
  always: 'always',
  builtIn: 'always',
  refused: 'no',
} as const;
const FUNCTIONS = {
  none: 'no',
  blocking: 'blocking',
  both: 'blocking or not',
  nonBlocking: 'not blocking',
} as const;

function thinkingWords(rule: ThinkingRule): string {
  switch (rule.kind) {
    case 'omit':
      return 'by itself';
    case 'budget':
      return 'a number of tokens';
    case 'levels':
      return rule.levels.join(', ').toLowerCase() + (rule.takesBudget ? ' or tokens' : '');
  }
  return rule satisfies never;
}

function eventFields(model: ModelProfile): Record<string, unknown> {
  return { ...model, default: model.id === DEFAULT_MODEL };
}
