/** What thinks in the conformance tests: the built-in rules, and a call wherever a declared function is spoken of. */
import type { Brain } from '../../src/server/brain/brain.ts';
import { BUILT_IN } from '../../src/server/brain/builtIn.ts';

/** `get_weather` is spoken of where somebody says `weather`. */
const subjectOf = (name: string): string => name.split('_').at(-1) ?? name;

export const CALLER: Brain = {
  name: 'caller',
  async *think(request, signal) {
    const { turns, tools, system } = request;
    const last = turns.at(-1);
    if (last?.role === 'tool') {
      yield {
        text: `The ${subjectOf(last.name)}: ${Object.values(last.response).map(String).join(', ')}.`,
      };
      return;
    }
    const text = last?.text ?? '';
    if (/who are you told to be/.test(text)) {
      yield { text: `I am told: ${system ?? 'nothing'}` };
      return;
    }
    const tool = tools.find(({ name }) => text.includes(subjectOf(name)));
    if (tool) {
      yield { thought: `They want the ${subjectOf(tool.name)}.` };
      yield { call: { name: tool.name, args: { city: 'Oslo' } } };
    } else yield* BUILT_IN.think(request, signal);
  },
};
