import { type Listed, type ListedOption, listCommands, listGlobalOptions, takesFile } from '../catalogue.ts'
import { helpTopics } from '../help-topics.ts'
import { commands } from '../index.ts'

/** What a shell must know: for each place on the line the words, options and values that may come next. */
export interface Grammar {
  places: Place[]
  /** Options that stand anywhere. */
  globals: ListedOption[]
}

export interface Place {
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
export async function readGrammar(): Promise<Grammar> {
  const names = commands.map(({ name, summary }) => ({ name, summary }))
  const topics = [...helpTopics, { name: 'man', summary: 'the manual page, for man' }]
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
export function valuedOptions({ places, globals }: Grammar): { path: string | null; option: ListedOption }[] {
  const valued = ({ value }: ListedOption) => value !== 'none' && value !== 'optional'
  return [
    ...globals.filter(valued).map((option) => ({ path: null, option })),
    ...places.flatMap(({ path, options }) => options.filter(valued).map((option) => ({ path, option }))),
  ]
}

/** Every step from one place to the next: `suppress` and `add` lead to `suppress add`. */
export function steps({ places }: Grammar): { from: string; word: string }[] {
  return places
    .filter(({ path }) => path !== '')
    .map(({ path }) => ({ from: path.includes(' ') ? path.replace(/ \S+$/, '') : '', word: path.replace(/^.* /, '') }))
}

/** `'it'\''s'`, as every shell but fish reads it. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

/** The names of an option, long one first. */
export function namesOf({ long, short }: ListedOption): string[] {
  return short ? [long, short] : [long]
}

/** What `case` of a POSIX shell compares `place:option` with, for each name of an option. */
export function patterns({ path, option }: { path: string | null; option: ListedOption }): string[] {
  return namesOf(option).map((name) => (path === null ? `*:${name}` : quoted(`${path}:${name}`)))
}
