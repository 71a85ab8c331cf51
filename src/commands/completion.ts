import { ChpipeError } from '../errors.ts'
import { defineCommand } from './command.ts'
import { helpTopics } from './help-topics.ts'
import { commands, type Listed, type ListedOption, listCommands, listGlobalOptions, takesFile } from './index.ts'
import { oneOf } from './values.ts'

const shells = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion }
const shellNames = ['bash', 'zsh', 'fish'] as const

export const completionCommand = defineCommand({
  name: 'completion',
  summary: 'Print the completion script for bash, zsh or fish',
  description: `Prints a script that lets your shell complete the commands, verbs, options, files and known values of chpipe when you
press TAB. It holds all it needs: chpipe is not started while you type. Load it in the file that your shell reads at its
start, and make it again after an upgrade.`,
  argument: { name: '<shell>', description: shellNames.join(', '), choices: shellNames },
  options: [],
  examples: [
    { line: 'source <(chpipe completion bash)', does: 'a line for ~/.bashrc' },
    { line: 'source <(chpipe completion zsh)', does: 'a line for ~/.zshrc, below compinit' },
    { line: 'chpipe completion fish > ~/.config/fish/completions/chpipe.fish', does: 'once, for fish' },
  ],
  async run({ print }, { argument = '' }) {
    const shell = knownShell(argument)
    await print(shells[shell](await readGrammar()))
    return 0
  },
})

function knownShell(text: string): (typeof shellNames)[number] {
  try {
    return oneOf(shellNames)(text)
  } catch (cause) {
    const hint = cause instanceof ChpipeError ? cause.hint : undefined
    throw new ChpipeError('usage', `There is no completion for this shell: ${text}`, {
      hint: hint ?? `chpipe completion ${shellNames.join('|')}`,
      cause,
    })
  }
}

/** What a shell must know: for each place on the line the words, options and values that may come next. */
interface Grammar {
  places: Place[]
  /** Options that stand anywhere. */
  globals: ListedOption[]
}

interface Place {
  /** The words so far: empty, `export`, `suppress`, `suppress add`, `help`. */
  path: string
  words: { name: string; summary: string }[]
  /** Whether a file may stand here as the argument. */
  file: boolean
  options: ListedOption[]
}

const HELP: ListedOption = {
  spec: { flags: '-h, --help', description: 'show this help' },
  long: '--help',
  short: '-h',
  value: 'none',
}

const VERSION: ListedOption = {
  spec: { flags: '-V, --version', description: 'print the version' },
  long: '--version',
  short: '-V',
  value: 'none',
}

/** Reads the grammar off the commands' own data. */
async function readGrammar(): Promise<Grammar> {
  const names = commands.map(({ name, summary }) => ({ name, summary }))
  const topics = [
    ...helpTopics,
    { name: 'reference', summary: 'the commands in detail, with their output' },
    { name: 'man', summary: 'the manual page, for man' },
  ]
  const root = { path: '', words: [...names, { name: 'help', summary: 'Show the help of a command, or of a topic' }] }
  const help = { path: 'help', words: [...names, ...topics.map(({ name, summary }) => ({ name, summary }))] }
  return {
    places: [
      { ...root, file: false, options: [VERSION] },
      { ...help, file: false, options: [] },
      ...(await listCommands()).map(placeOf),
    ],
    globals: [...listGlobalOptions(), HELP],
  }
}

function placeOf({ path, words, argument, options }: Listed): Place {
  const choices = argument?.choices?.map((name) => ({ name, summary: '' })) ?? []
  return { path, words: [...words, ...choices], file: argument !== undefined && takesFile(argument.name), options }
}

/** Every option that has a value behind it, with the place where it stands; an empty place stands for everywhere. */
function valuedOptions({ places, globals }: Grammar): { path: string | null; option: ListedOption }[] {
  const valued = ({ value }: ListedOption) => value !== 'none' && value !== 'optional'
  return [
    ...globals.filter(valued).map((option) => ({ path: null, option })),
    ...places.flatMap(({ path, options }) => options.filter(valued).map((option) => ({ path, option }))),
  ]
}

/** Every step from one place to the next: `suppress` and `add` lead to `suppress add`. */
function steps({ places }: Grammar): { from: string; word: string }[] {
  return places
    .filter(({ path }) => path !== '')
    .map(({ path }) => ({ from: path.includes(' ') ? path.replace(/ \S+$/, '') : '', word: path.replace(/^.* /, '') }))
}

/** `'it'\''s'`, as every shell but fish reads it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

/** The names of an option, long one first. */
function namesOf({ long, short }: ListedOption): string[] {
  return short ? [long, short] : [long]
}

/** What `case` of a POSIX shell compares `place:option` with, for each name of an option. */
function patterns({ path, option }: { path: string | null; option: ListedOption }): string[] {
  return namesOf(option).map((name) => (path === null ? `*:${name}` : quoted(`${path}:${name}`)))
}

/**
 * Completion for bash 3.2 and newer, without the package bash-completion. Bash hands over `--format=csv` as three words,
 * because `=` is one of its word breaks.
 */
function bashCompletion(grammar: Grammar): string {
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
${valuedOptions(grammar).map(bashValueCase).join('\n')}
  esac
  case $place in
${grammar.places.map((place) => bashPlaceCase(place, grammar.globals)).join('\n')}
  esac
}

complete -F _chpipe chpipe
`
}

function bashValueCase(valued: { path: string | null; option: ListedOption }): string {
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

function bashPlaceCase({ path, words, file, options }: Place, globals: ListedOption[]): string {
  const names = [...options, ...globals].map(({ long }) => long).join(' ')
  const otherwise = file ? '_chpipe_files' : `_chpipe_words ${quoted(words.map(({ name }) => name).join(' '))}`
  return `    ${quoted(path)}) if [[ $cur == -* ]]; then _chpipe_words ${quoted(names)}; else ${otherwise}; fi ;;`
}

/** Completion for fish 3 and newer. */
function fishCompletion(grammar: Grammar): string {
  const valued = valuedOptions(grammar).flatMap(({ path, option }) =>
    namesOf(option).map((name) => fishQuoted(`${path ?? '*'}:${name}`)),
  )
  const moves = steps(grammar).map(({ from, word }) => fishQuoted(`${from}:${word}`))
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
  const here = `complete -c chpipe -n ${fishQuoted(`__chpipe_at ${fishQuoted(path)}`)}`
  return [
    ...words.map(({ name, summary }) => `${here} -a ${fishQuoted(name)}${summary ? ` -d ${fishQuoted(summary)}` : ''}`),
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
    words: ` -x -a ${fishQuoted(spec.parse?.list ? list : choices.join(' '))}`,
    other: ' -x',
  }
  const where = path === null ? '' : ` -n ${fishQuoted(`__chpipe_at ${fishQuoted(path)}`)}`
  const names = `${short ? ` -s ${short.slice(1)}` : ''} -l ${long.slice(2)}`
  return `complete -c chpipe${where}${names}${takes[value]} -d ${fishQuoted(spec.description)}`
}

/** Within fish's single quotes only the quote and the backslash need a backslash. */
function fishQuoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}

/** Completion for zsh: works from a folder of `fpath` as well as from `source <(...)` behind `compinit`. */
function zshCompletion(grammar: Grammar): string {
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
${valuedOptions(grammar).map(zshValueCase).join('\n')}
  esac
  case $place in
${grammar.places.map((place) => zshPlaceCase(place, grammar.globals)).join('\n')}
  esac
}

if [[ $funcstack[1] == _chpipe ]]; then _chpipe "$@"; else compdef _chpipe chpipe; fi
`
}

function zshValueCase(valued: { path: string | null; option: ListedOption }): string {
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

function zshPlaceCase({ path, words, file, options }: Place, globals: ListedOption[]): string {
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
