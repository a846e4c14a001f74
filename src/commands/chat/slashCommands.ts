/** `/help`, `/voice`, `/system`, `/context`, `/usage`, `/save`, `/quit`. */
import { readFile, writeFile } from 'node:fs/promises';
import { whyNot } from '../../config/refuse.ts';
import { findVoice } from '../../protocol/voices.ts';
import type { Content } from '../../protocol/messages.ts';
import type { CommandContext } from '../context.ts';
import type { Transcript } from './transcript.ts';

/** What a command may do to the REPL. */
export interface ReplControls {
  readonly context: CommandContext;
  readonly transcript: Transcript;
  readonly usage: string | undefined;
  say(text: string): void;
  addContext(turn: Content): void;
  restart(settings: Partial<CommandContext['settings']>): Promise<void>;
  quit(): void;
}

type SlashCommand = {
  argument?: string;
  help: string;
  run(repl: ReplControls, argument: string): Promise<void> | void;
};

const COMMANDS: Record<string, SlashCommand> = {
  help: {
    help: 'this list',
    run: (repl) => {
      for (const [name, { argument, help }] of Object.entries(COMMANDS)) {
        repl.say(`  ${`/${name}${argument ? ` ${argument}` : ''}`.padEnd(18)}${help}`);
      }
      repl.say('  """               begins and ends a text of several lines');
      repl.say('  Ctrl+C            stops the answer; twice leaves');
    },
  },
  voice: {
    argument: '[NAME]',
    help: 'the voice; with a name, a new one (the conversation goes on)',
    run: async (repl, name) => {
      if (name === '') {
        repl.say(`voice: ${repl.context.settings.voice ?? "the model's own"}`);
        return;
      }
      const { settings, resolved } = repl.context;
      const voice = findVoice(name);
      if (!voice) throw new Error(`there is no voice "${name}"; gemlive voices lists them`);
      const reason = whyNot('voice', { ...settings, voice }, resolved.profile);
      if (reason !== undefined) throw new Error(reason);
      await repl.restart({ voice });
      repl.say(`voice: ${voice}`);
    },
  },
  system: {
    argument: '[TEXT]',
    help: 'the system instruction; with a text, a new one (the conversation goes on)',
    run: async (repl, text) => {
      if (text === '') {
        repl.say(`system: ${repl.context.settings.system ?? '(none)'}`);
        return;
      }
      await repl.restart({ system: text });
      repl.say('system instruction changed');
    },
  },
  context: {
    argument: 'FILE',
    help: 'sends a text file along with the next question',
    run: async (repl, path) => {
      if (path === '') throw new Error('/context wants a file: /context notes.txt');
      const text = await readFile(path, 'utf8');
      repl.addContext({ role: 'user', parts: [{ text: `${path}:\n\n${text}` }] });
      repl.say(`${path} goes with your next question`);
    },
  },
  usage: {
    help: 'tokens so far, and what they cost',
    run: (repl) => repl.say(repl.usage ?? 'usage: nothing yet'),
  },
  save: {
    argument: 'FILE',
    help: 'writes the conversation as JSON, for --history',
    run: async (repl, path) => {
      if (path === '') throw new Error('/save wants a file: /save talk.json');
      const entries = repl.transcript.entries();
      await writeFile(path, `${JSON.stringify(entries, null, 2)}\n`, { flag: 'wx' });
      repl.say(`${entries.length} lines saved in ${path}`);
    },
  },
  quit: { help: 'leaves', run: (repl) => repl.quit() },
};

/** @throws Error with a line for the user; the REPL goes on. */
export async function runSlashCommand(repl: ReplControls, line: string): Promise<void> {
  const match = /^\/(\S*)\s*([\s\S]*)$/.exec(line);
  const name = match?.[1] ?? '';
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) throw new Error(`there is no command /${name}; /help lists them`);
  await command.run(repl, match?.[2]?.trim() ?? '');
}
