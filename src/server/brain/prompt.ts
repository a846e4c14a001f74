/**
 * A conversation as plain text, for commands that take a question and print an answer (docs/engines.md). The
 * words to be answered stand last; where nothing came before them, they stand alone.
 */
import type { BrainRequest, BrainTurn } from './brain.ts';

/** What an earlier answer begins with. */
export const ASSISTANT = 'Assistant:';

export function promptFor({ system, turns, tools }: BrainRequest): string {
  const parts: string[] = [];
  if (system?.trim()) parts.push(system.trim());
  if (tools.length > 0) parts.push(toolsPart(tools));
  const results = turns.slice(turns.findLastIndex((turn) => turn.role !== 'tool') + 1);
  const last = results.length > 0 ? undefined : turns.at(-1);
  const question = last?.role === 'user' ? last.text : undefined;
  const earlier = turns.slice(0, turns.length - results.length - (question === undefined ? 0 : 1));
  if (earlier.length > 0) {
    parts.push(`The conversation so far:\n${earlier.flatMap(linesOf).join('\n')}`);
  }
  if (results.length > 0) {
    const lines = results.flatMap(linesOf).join('\n');
    parts.push(`Tell the user in a sentence what the functions answered:\n${lines}`);
  } else if (question !== undefined) {
    parts.push(parts.length === 0 ? question : `The user now says:\n${question}`);
  }
  return `${parts.join('\n\n')}\n`;
}

function toolsPart(tools: BrainRequest['tools']): string {
  const lines = tools.map((tool) => {
    const parameters = JSON.stringify(tool.parametersJsonSchema ?? tool.parameters ?? {});
    const description = tool.description ? `: ${oneLine(tool.description)}` : '';
    return `- ${tool.name}${description} (parameters: ${parameters})`;
  });
  return (
    'You can call these functions. To call one, answer with nothing but a line such as ' +
    `CALL ${tools[0]?.name ?? 'name'} {"argument": "value"}\n${lines.join('\n')}`
  );
}

function linesOf(turn: BrainTurn): string[] {
  if (turn.role === 'user') return [`User: ${oneLine(turn.text)}`];
  if (turn.role === 'tool') return [`Result of ${turn.name}: ${JSON.stringify(turn.response)}`];
  return [
    ...(turn.text.trim() === '' ? [] : [`${ASSISTANT} ${oneLine(turn.text)}`]),
    ...(turn.calls ?? []).map(
      ({ name, args }) => `${ASSISTANT} CALL ${name} ${JSON.stringify(args)}`,
    ),
  ];
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();
