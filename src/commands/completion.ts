/** `gemlive completion`: a script for the user's shell. It asks nobody: Tab does not wait for Node. */
import { nearest } from '../config/nearest.ts';
import { EXIT, usageError } from '../errors.ts';
import { bashScript } from './completion/bash.ts';
import { describeCommandLine, type CommandLine } from './completion/describe.ts';
import { fishScript } from './completion/fish.ts';
import { zshScript } from './completion/zsh.ts';
import type { CommandContext } from './context.ts';

const SCRIPTS = new Map<string, (line: CommandLine) => string>([
  ['bash', bashScript],
  ['zsh', zshScript],
  ['fish', fishScript],
]);

export async function run({ args, stdout }: CommandContext): Promise<number> {
  const [shell = ''] = args;
  const script = SCRIPTS.get(shell);
  if (!script) {
    const near = nearest(shell, [...SCRIPTS.keys()]);
    throw usageError(
      `there is no completion for ${JSON.stringify(shell.slice(0, 60))}`,
      near === undefined ? 'it is there for bash, zsh and fish' : `gemlive completion ${near}`,
    );
  }
  stdout.write(script(describeCommandLine([...SCRIPTS.keys()])));
  return EXIT.ok;
}
