/** fish: one `complete` line for each option, true for the command that stands on the line. */
import type { CommandLine, Flag, Subcommand, Values } from './describe.ts';

export function fishScript({ commands, takesValue }: CommandLine): string {
  const lines = commands.map(
    ({ name, summary }) =>
      `complete -c gemlive -n '__gemlive_is ""' -a ${name} -d ${quoted(summary)}`,
  );
  return `# fish completion for gemlive. Made by: gemlive completion fish

# Prints the command that stands on the line, if any.
function __gemlive_command
    set -l words (commandline -opc)
    set -e words[1]
    set -l skip 0
    for word in $words
        if test $skip = 1
            set skip 0
            continue
        end
        switch $word
            case --
                return
            case ${takesValue.join(' ')}
                set skip 1
            case '-*'
            case '*'
                echo $word
                return
        end
    end
end

# True where that command is one of these; "" is none yet.
function __gemlive_is
    set -l command (__gemlive_command)
    contains -- "$command" $argv
end

complete -c gemlive -f
${lines.join('\n')}
complete -c gemlive -n '__gemlive_is ""' -s V -l version -d 'show the version'
${optionLines(commands).join('\n')}
${commands.flatMap(wordLine).join('\n')}
`;
}

/** Options that read the same in several commands share a line. */
function optionLines(commands: readonly Subcommand[]): string[] {
  const users = new Map<string, string[]>();
  for (const { name, flags } of commands) {
    for (const flag of flags) {
      const option = optionOf(flag);
      users.set(option, [...(users.get(option) ?? []), name]);
    }
  }
  return [...users].map(([option, names]) => {
    // Without a command, gemlive talks.
    const all = names.includes('talk') ? ['""', ...names] : names;
    return `complete -c gemlive -n '__gemlive_is ${all.join(' ')}' ${option}`;
  });
}

function optionOf({ long, short, help, value }: Flag): string {
  const spellings = `${short === undefined ? '' : `-s ${short.slice(1)} `}-l ${long.slice(2)}`;
  const takes = value ? ` ${valueOf(value.values)}` : '';
  return `${spellings}${takes} -d ${quoted(help)}`;
}

function valueOf(values: Values): string {
  if (values === 'files') return '-r -F';
  if (values === 'folders') return "-x -a '(__fish_complete_directories)'";
  return values === 'anything' ? '-x' : `-x -a ${quoted(values.join(' '))}`;
}

function wordLine({ name, words }: Subcommand): string[] {
  const what = words === 'files' ? '-F' : valueOf(words).replace(/^-x ?/, '');
  return what === '' || words.length === 0
    ? []
    : [`complete -c gemlive -n '__gemlive_is ${name}' ${what}`];
}

const quoted = (text: string): string => `'${text.replaceAll(/['\\]/g, '\\$&')}'`;
