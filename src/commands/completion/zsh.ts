import type { ListedOption } from '../catalogue.ts'
import { type Grammar, type Place, patterns, quoted, steps, valuedOptions } from './grammar.ts'

/** Completion for zsh: works from a folder of `fpath` as well as from `source <(...)` behind `compinit`. */
export function zshCompletion(grammar: Grammar): string {
  const valued = valuedOptions(grammar).flatMap(patterns)
  const moves = steps(grammar).map(({ from, word }) => quoted(`${from}:${word}`))
  return `#compdef chpipe
# Completion of chpipe for zsh. Load it with: source <(chpipe completion zsh)
_chpipe() {
  local place='' skip='' option=\${words[CURRENT-1]} word
  local -a found
  for word in "\${(@)words[2,CURRENT-1]}"; do
    if [[ -n $skip ]]; then skip=''; continue; fi
    case $place:$word in
      (${valued.join('|')}) skip=1 ;;
      (${moves.join('|')}) place=\${place:+$place }$word ;;
    esac
  done
  if [[ $PREFIX == --*=* ]]; then
    option=\${PREFIX%%=*}
    compset -P '*='
  fi
  case $place:$option in
${valuedOptions(grammar).map(valueCase).join('\n')}
  esac
  case $place in
${grammar.places.map((place) => placeCase(place, grammar.globals)).join('\n')}
  esac
}

if [[ $funcstack[1] == _chpipe ]]; then _chpipe "$@"; else compdef _chpipe chpipe; fi
`
}

function valueCase(valued: { path: string | null; option: ListedOption }): string {
  const { spec, value } = valued.option
  const choices = (spec.parse?.choices ?? []).map(quoted).join(' ')
  const answers = {
    file: '_files; return',
    words: spec.parse?.list ? `compset -P '*,'; compadd -qS , -- ${choices}; return` : `compadd -- ${choices}; return`,
    other: '_message value; return',
    none: 'return',
    optional: 'return',
  }
  return `    (${patterns(valued).join('|')}) ${answers[value]} ;;`
}

function placeCase({ path, words, file, options }: Place, globals: ListedOption[]): string {
  const described = (name: string, text: string) => quoted(`${name}:${text.replaceAll(':', '\\:')}`)
  const offered = [...options, ...globals].map(({ long, spec }) => described(long, spec.description))
  const otherwise = file
    ? '_files'
    : `found=(${words.map(({ name, summary }) => described(name, summary)).join(' ')}); _describe 'word' found`
  return `    (${quoted(path)})
      if [[ $PREFIX == -* ]]; then
        found=(${offered.join(' ')}); _describe -o 'option' found
      else
        ${otherwise}
      fi ;;`
}
