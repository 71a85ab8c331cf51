import type { Command, CommandGroup, OptionSpec } from './command.ts'
import { globalOptions } from './global-options.ts'
import { commands } from './index.ts'

/** A command or a verb as the manual and the shells see it. */
export interface Listed {
  /** The words that call it, `suppress add`; empty for `chpipe` itself. */
  path: string
  summary: string
  description: string
  /** The words that may follow: commands or verbs. */
  words: { name: string; summary: string }[]
  argument: Command['argument'] | undefined
  options: ListedOption[]
  examples: Command['examples']
}

export interface ListedOption {
  spec: OptionSpec
  long: string
  short: string | undefined
  /** What stands behind it: nothing, something that may be left out, a file, words that are known, or anything else. */
  value: 'none' | 'optional' | 'file' | 'words' | 'other'
}

/** All commands, each followed by its verbs, in the order of the help. Loads their code. */
export async function listCommands(): Promise<Listed[]> {
  const loaded = await Promise.all(commands.map(({ load }) => load()))
  return loaded.flatMap((definition) => {
    if (!('verbs' in definition)) return [listed(definition, definition.name)]
    return [group(definition), ...definition.verbs.map((verb) => listed(verb, `${definition.name} ${verb.name}`))]
  })
}

/** The options that every command takes. */
export function listGlobalOptions(): ListedOption[] {
  return globalOptions.map(listedOption)
}

function listed({ summary, description, argument, options, examples }: Command, path: string): Listed {
  return { path, summary, description, words: [], argument, options: options.map(listedOption), examples }
}

function group({ name, summary, description, verbs }: CommandGroup): Listed {
  const words = verbs.map((verb) => ({ name: verb.name, summary: verb.summary }))
  return { path: name, summary, description, words, argument: undefined, options: [], examples: [] }
}

function listedOption(spec: OptionSpec): ListedOption {
  const [, short, long = '', placeholder = ''] = /^(?:(-\w), )?(--[\w-]+)(?: ([<[].*))?$/.exec(spec.flags) ?? []
  return { spec, long, short, value: valueKind(placeholder, spec) }
}

function valueKind(placeholder: string, { parse }: OptionSpec): ListedOption['value'] {
  if (placeholder === '') return 'none'
  if (placeholder.startsWith('[')) return 'optional'
  if (parse?.choices) return 'words'
  return takesFile(placeholder) ? 'file' : 'other'
}

/** `<file>`, `[file]`, `<path>`, `<folder>`. */
export function takesFile(placeholder: string): boolean {
  return /\b(?:file|path|folder|dir)\b/.test(placeholder)
}
