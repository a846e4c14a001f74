/** The options of how an answer is made. */
import type { OptionTable } from './options.ts';
import { SETUPS } from './settings.ts';
import { integer, LANGUAGE, number, SWITCH, THINKING } from './values.ts';

const GENERATION = { group: 'Generation', commands: SETUPS } as const;
const INT32_MAX = 2_147_483_647;

export const GENERATION_OPTIONS = {
  temperature: {
    ...GENERATION,
    name: 'temperature',
    placeholder: 'N',
    value: number(0, 2),
    default: undefined,
    help: 'how free the wording is; models of 3.x ignore it',
  },
  topP: {
    ...GENERATION,
    name: 'top-p',
    placeholder: 'N',
    value: number(0, 1),
    default: undefined,
    help: 'nucleus sampling threshold; models of 3.x ignore it',
  },
  topK: {
    ...GENERATION,
    name: 'top-k',
    placeholder: 'N',
    value: integer(1, INT32_MAX),
    default: undefined,
    help: 'choose among this many words; models of 3.x ignore it',
  },
  maxOutputTokens: {
    ...GENERATION,
    name: 'max-output-tokens',
    placeholder: 'N',
    value: integer(1, INT32_MAX),
    default: undefined,
    help: 'the longest answer, in tokens',
  },
  seed: {
    ...GENERATION,
    name: 'seed',
    placeholder: 'N',
    value: integer(-INT32_MAX - 1, INT32_MAX),
    default: undefined,
    help: 'the same seed, the same choices',
  },
  presencePenalty: {
    ...GENERATION,
    name: 'presence-penalty',
    placeholder: 'N',
    value: number(-2, 2),
    default: undefined,
    help: 'avoid words that were used; models of 3.x refuse it',
  },
  frequencyPenalty: {
    ...GENERATION,
    name: 'frequency-penalty',
    placeholder: 'N',
    value: number(-2, 2),
    default: undefined,
    help: 'avoid words that were used often; models of 3.x refuse it',
  },
  thinking: {
    ...GENERATION,
    name: 'thinking',
    placeholder: 'LEVEL',
    value: THINKING,
    default: undefined,
    help: 'minimal, low, medium, high, off, or a budget in tokens',
  },
  includeThoughts: {
    ...GENERATION,
    name: 'include-thoughts',
    value: SWITCH,
    default: false,
    help: 'have the thoughts summed up as well',
    helpOff: 'no summaries of thoughts',
  },
  affective: {
    ...GENERATION,
    name: 'affective',
    value: SWITCH,
    default: undefined,
    help: "answer in the tone of the speaker's voice (2.5 only, over v1alpha)",
    helpOff: "take no notice of the speaker's tone",
  },
  proactive: {
    ...GENERATION,
    name: 'proactive',
    value: SWITCH,
    default: undefined,
    help: 'let the model stay silent when not spoken to (2.5: over v1alpha; 3.8: always)',
    helpOff: 'have everything answered',
  },
  translateTo: {
    ...GENERATION,
    name: 'translate-to',
    placeholder: 'BCP47',
    value: LANGUAGE,
    default: undefined,
    help: 'the target language of a translating model',
  },
  search: {
    ...GENERATION,
    name: 'search',
    value: SWITCH,
    default: false,
    help: 'let the model search the web',
    helpOff: 'no web search',
  },
  codeExecution: {
    ...GENERATION,
    name: 'code-execution',
    value: SWITCH,
    default: false,
    help: 'let the model run code, on its side',
    helpOff: 'no code execution',
  },
} satisfies Partial<OptionTable>;
