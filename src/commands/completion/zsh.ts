/** zsh: `_arguments` for the command that stands on the line. */
import type { CommandLine, Flag, Subcommand, Values } from './describe.ts';

export function zshScript({ commands, takesValue }: CommandLine): string {
  const talk = commands.find(({ name }) => name === 'talk');
  const list = commands.map(({ name, summary }) => `    ${quoted(`${name}:${escaped(summary)}`)}`);
  return `#compdef gemlive
# zsh completion for gemlive. Made by: gemlive completion zsh

_gemlive_commands() {
  local -a commands
  commands=(
${list.join('\n')}
  )
  _describe -t commands 'command' commands
}

_gemlive() {
  local command= word i curcontext=$curcontext
  # The command may stand anywhere; what is left are its options and words.
  for ((i = 2; i < CURRENT; i++)); do
    case $words[i] in
      (--) break ;;
      (${takesValue.join('|')}) ((i++)) ;;
      (-*) ;;
      (*)
        command=$words[i]
        words[i]=()
        ((CURRENT--))
        break ;;
    esac
  done
  case $command in
    ('')
      _arguments -s -S ${(talk?.flags ?? []).map(spec).join(' \\\n        ')} \\
        '(- *)'{-V,--version}'[show the version]' \\
        '1:command:_gemlive_commands' ;;
${commands.map(branch).join('\n')}
  esac
}

if [[ $funcstack[1] == _gemlive ]]; then
  _gemlive "$@"
else
  compdef _gemlive gemlive
fi
`;
}

function branch({ name, flags, words }: Subcommand): string {
  const rest = name === 'file' || name === 'chat' ? '*' : '1';
  const specs = [
    ...flags.map(spec),
    ...(words.length === 0 ? [] : [quoted(`${rest}:word:${action(words)}`)]),
  ];
  return `    (${name})\n      _arguments -s -S ${specs.join(' \\\n        ')} ;;`;
}

function spec({ long, short, help, value }: Flag): string {
  const text = `[${escaped(help)}]`;
  const tail = value ? `${text}:${escaped(value.placeholder)}:${action(value.values)}` : text;
  const [longSpec, shortSpec] = value ? [`${long}=`, `${short}+`] : [long, short];
  // What may be given again is not told here: a second one wins, or adds to the first.
  if (short === undefined) return quoted(`*${longSpec}${tail}`);
  return `'*'{${shortSpec},${longSpec}}${quoted(tail)}`;
}

function action(values: Values): string {
  if (values === 'files') return '_files';
  if (values === 'folders') return '_files -/';
  return values === 'anything' ? ' ' : `(${values.join(' ')})`;
}

const escaped = (text: string): string => text.replaceAll(/[\\[\]:]/g, '\\$&');
const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
