/** Whether what a hint names is there: commands, options, settings of the environment, models. */
import { expect } from 'vitest';
import { optionOf, SETTING_KEYS, settingOfEnvName } from '../../src/config/options.ts';
import { COMMANDS, type CommandName } from '../../src/config/settings.ts';
import { findModel } from '../../src/protocol/models.ts';

/** Names of the environment that are not settings of ours. */
const OTHERS = [
  'GEMINI_API_KEY',
  'GOOGLE_API_KEY',
  'NODE_EXTRA_CA_CERTS',
  'HTTPS_PROXY',
  'NO_PROXY',
];

const isCommand = (word: string): word is CommandName => COMMANDS.some((name) => name === word);

/** `command`: the one that failed; an option that does not follow a command is for that one. */
export function expectHintToBeTrue(hint: string, command: CommandName): void {
  const text = hint.replaceAll(/https?:\/\/\S+/g, '');
  let named: { command: CommandName; end: number } | undefined;
  for (const { 0: token, index } of text.matchAll(
    /\bgemlive [a-z]+|(?<![\w-])--?[a-z][a-z-]*|\b[A-Z][A-Z0-9]*_[A-Z_]+\b|\bgemini-[\w.-]+/g,
  )) {
    if (token.startsWith('gemlive ')) {
      const name = token.slice('gemlive '.length);
      if (!isCommand(name)) expect.fail(`there is no command ${token}, in: ${hint}`);
      named = { command: name, end: index + token.length };
    } else if (token.startsWith('-')) {
      const follows = named && /^( [A-Z]+)? $/.test(text.slice(named.end, index));
      const current = named && follows ? named.command : command;
      if (named && follows) named.end = index + token.length;
      const key = SETTING_KEYS.find((one) => {
        const { name, short } = optionOf(one);
        return [`--${name}`, `--no-${name}`, `-${short}`].includes(token);
      });
      const takers = key === undefined ? [] : optionOf(key).commands;
      expect(takers, `gemlive ${current} ${token}, in: ${hint}`).toContain(current);
    } else if (token.startsWith('gemini-')) {
      expect(findModel(token.replace(/\.$/, '')), `${token}, in: ${hint}`).toBeDefined();
    } else {
      const isKnown = OTHERS.includes(token) || settingOfEnvName(token) !== undefined;
      expect(isKnown, `${token}, in: ${hint}`).toBe(true);
    }
  }
}
