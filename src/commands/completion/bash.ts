/** bash, from 3.2 (macOS) on; the `compopt` of newer ones only makes it quieter. */
import type { CommandLine, Flag, Values } from './describe.ts';

export function bashScript({ commands, takesValue }: CommandLine): string {
  const names = commands.map(({ name }) => name);
  const talk = commands.find(({ name }) => name === 'talk');
  return `# bash completion for gemlive. Made by: gemlive completion bash
_gemlive() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} command= word i
  COMPREPLY=()
  # bash cuts words at =: --voice=K comes as three.
  if [[ $cur == = ]]; then
    cur=
  elif [[ $prev == = ]]; then
    prev=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case $word in
      --) _gemlive_files; return ;;
      ${takesValue.join('|')})
        [[ \${COMP_WORDS[i + 1]} == = ]] && ((i++))
        ((i++)) ;;
      -* | =) ;;
      *) [[ -n $command ]] || command=$word ;;
    esac
  done
  case $command:$prev in
${commands.flatMap(({ name, flags }) => flags.flatMap((flag) => valueCase(name, flag))).join('\n')}
${(talk?.flags ?? []).flatMap((flag) => valueCase('', flag)).join('\n')}
  esac
  if [[ $cur == -* ]]; then
    case $command in
${commands.map(({ name, flags }) => `      ${name}) _gemlive_words '${spellings(flags)}' ;;`).join('\n')}
      '') _gemlive_words '${spellings(talk?.flags ?? [])} --version -V' ;;
    esac
    return
  fi
  case $command in
    '') _gemlive_words '${names.join(' ')}' ;;
${commands.map(({ name, words }) => `    ${name}) ${complete(words)} ;;`).join('\n')}
  esac
}

# Of these words, those that begin as it was typed; nothing else.
_gemlive_words() {
  _gemlive_quiet
  COMPREPLY=($(compgen -W "$1" -- "$cur"))
}

_gemlive_quiet() {
  type compopt >/dev/null 2>&1 && compopt +o default
  return 0
}

# No words of ours: readline completes paths by itself, and quotes them.
_gemlive_files() {
  COMPREPLY=()
}

_gemlive_folders() {
  _gemlive_quiet
  type compopt >/dev/null 2>&1 && compopt -o dirnames
  COMPREPLY=()
}

complete -o default -F _gemlive gemlive
`;
}

const spellings = (flags: readonly Flag[]): string =>
  flags.flatMap(({ long, short }) => (short === undefined ? [long] : [long, short])).join(' ');

function valueCase(command: string, { long, short, value }: Flag): string[] {
  if (!value) return [];
  const patterns = [long, ...(short === undefined ? [] : [short])].map(
    (flag) => `${command}:${flag}`,
  );
  return [`    ${patterns.join(' | ')}) ${complete(value.values)}; return ;;`];
}

function complete(values: Values): string {
  if (values === 'files') return '_gemlive_files';
  if (values === 'folders') return '_gemlive_folders';
  return values === 'anything' ? '_gemlive_quiet' : `_gemlive_words '${values.join(' ')}'`;
}
