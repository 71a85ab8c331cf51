import type { ListedOption } from '../catalogue.ts'
import { type Grammar, type Place, patterns, quoted, steps, valuedOptions } from './grammar.ts'

/**
 * Completion for bash 3.2 and newer, without the package bash-completion. Bash hands over `--format=csv` as three words,
 * because `=` is one of its word breaks.
 */
export function bashCompletion(grammar: Grammar): string {
  const valued = valuedOptions(grammar).flatMap(patterns)
  const moves = steps(grammar).map(({ from, word }) => quoted(`${from}:${word}`))
  return `# Completion of chpipe for bash. Load it with: source <(chpipe completion bash)
_chpipe_words() {
  COMPREPLY=($(compgen -W "$1" -- "$cur"))
}

_chpipe_list() {
  local before=''
  [[ $cur == *,* ]] && before=\${cur%,*},
  COMPREPLY=($(compgen -P "$before" -W "$1" -- "\${cur##*,}"))
  compopt -o nospace 2>/dev/null
}

_chpipe_files() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -f -- "$cur"))
  compopt -o filenames 2>/dev/null
}

_chpipe() {
  local cur=\${COMP_WORDS[COMP_CWORD]} option=\${COMP_WORDS[COMP_CWORD - 1]} place='' skip='' word i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    [[ $word == '=' ]] && continue
    [[ $skip ]] && { skip=''; continue; }
    case $place:$word in
      ${valued.join(' | ')}) skip=1 ;;
      ${moves.join(' | ')}) place=\${place:+$place }$word ;;
    esac
  done
  if [[ $option == '=' ]]; then option=\${COMP_WORDS[COMP_CWORD - 2]}; fi
  if [[ $cur == '=' ]]; then cur=''; fi
  case $place:$option in
${valuedOptions(grammar).map(valueCase).join('\n')}
  esac
  case $place in
${grammar.places.map((place) => placeCase(place, grammar.globals)).join('\n')}
  esac
}

complete -F _chpipe chpipe
`
}

function valueCase(valued: { path: string | null; option: ListedOption }): string {
  const { spec, value } = valued.option
  const choices = quoted((spec.parse?.choices ?? []).join(' '))
  const answers = {
    file: '_chpipe_files; return',
    words: `${spec.parse?.list ? '_chpipe_list' : '_chpipe_words'} ${choices}; return`,
    other: 'return',
    none: 'return',
    optional: 'return',
  }
  return `    ${patterns(valued).join(' | ')}) ${answers[value]} ;;`
}

function placeCase({ path, words, file, options }: Place, globals: ListedOption[]): string {
  const names = [...options, ...globals].map(({ long }) => long).join(' ')
  const otherwise = file ? '_chpipe_files' : `_chpipe_words ${quoted(words.map(({ name }) => name).join(' '))}`
  return `    ${quoted(path)}) if [[ $cur == -* ]]; then _chpipe_words ${quoted(names)}; else ${otherwise}; fi ;;`
}
