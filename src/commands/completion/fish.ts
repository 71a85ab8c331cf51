import type { ListedOption } from '../catalogue.ts'
import { type Grammar, namesOf, type Place, steps, valuedOptions } from './grammar.ts'

/** Completion for fish 3 and newer. */
export function fishCompletion(grammar: Grammar): string {
  const valued = valuedOptions(grammar).flatMap(({ path, option }) =>
    namesOf(option).map((name) => quoted(`${path ?? '*'}:${name}`)),
  )
  const moves = steps(grammar).map(({ from, word }) => quoted(`${from}:${word}`))
  return `# Completion of chpipe for fish. Load it with: chpipe completion fish | source
function __chpipe_at --description 'whether the words so far lead to this command'
    set -l place ''
    set -l skip ''
    for word in (commandline -opc)[2..-1]
        if test -n "$skip"
            set skip ''
            continue
        end
        switch "$place:$word"
            case ${valued.join(' ')}
                set skip 1
            case ${moves.join(' ')}
                set place (string trim -- "$place $word")
        end
    end
    test "$place" = "$argv[1]"
end

complete -c chpipe -f
${grammar.globals.map((option) => optionLine(option, null)).join('\n')}
${grammar.places.flatMap(placeLines).join('\n')}
`
}

function placeLines({ path, words, file, options }: Place): string[] {
  const here = `complete -c chpipe -n ${quoted(`__chpipe_at ${quoted(path)}`)}`
  return [
    ...words.map(({ name, summary }) => `${here} -a ${quoted(name)}${summary ? ` -d ${quoted(summary)}` : ''}`),
    ...(file ? [`${here} -F`] : []),
    ...options.map((option) => optionLine(option, path)),
  ]
}

function optionLine(option: ListedOption, path: string | null): string {
  const { long, short, spec, value } = option
  const choices = spec.parse?.choices ?? []
  const list = `(__fish_complete_list , 'printf "%s\\n" ${choices.join(' ')}')`
  const takes = {
    none: '',
    optional: '',
    file: ' -r -F',
    words: ` -x -a ${quoted(spec.parse?.list ? list : choices.join(' '))}`,
    other: ' -x',
  }
  const where = path === null ? '' : ` -n ${quoted(`__chpipe_at ${quoted(path)}`)}`
  const names = `${short ? ` -s ${short.slice(1)}` : ''} -l ${long.slice(2)}`
  return `complete -c chpipe${where}${names}${takes[value]} -d ${quoted(spec.description)}`
}

/** Within fish's single quotes only the quote and the backslash need a backslash. */
function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
