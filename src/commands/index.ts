import { oneOf } from './choices.ts'
import type { Command, CommandGroup, OptionSpec } from './command.ts'

/** A command's code is loaded when it is called, so that `chpipe --help` and `--version` stay quick. */
export interface CommandEntry {
  name: string
  summary: string
  load(): Promise<Command | CommandGroup>
}

export const commands: CommandEntry[] = [
  {
    name: 'init',
    summary: 'Ask for the keys, try each, and keep them in .env',
    load: async () => (await import('./init.ts')).initCommand,
  },
  {
    name: 'import-companies',
    summary: 'Load companies from the register file, or from advanced search',
    load: async () => (await import('./import-companies.ts')).importCompaniesCommand,
  },
  {
    name: 'import-officers',
    summary: 'Fetch complete officer lists until the target is reached',
    load: async () => (await import('./import-officers.ts')).importOfficersCommand,
  },
  {
    name: 'import-pscs',
    summary: 'Load who controls the stored companies, from the daily snapshot',
    load: async () => (await import('./import-pscs.ts')).importPscsCommand,
  },
  {
    name: 'import-postcodes',
    summary: 'Load the directory that says where each postcode lies',
    load: async () => (await import('./import-postcodes.ts')).importPostcodesCommand,
  },
  {
    name: 'progress',
    summary: 'How far, how fast, when done, ready for streaming?',
    load: async () => (await import('./progress.ts')).progressCommand,
  },
  {
    name: 'show',
    summary: 'Show all that is stored of one company',
    load: async () => (await import('./show.ts')).showCommand,
  },
  {
    name: 'find',
    summary: 'Find stored companies by words of their names',
    load: async () => (await import('./find.ts')).findCommand,
  },
  {
    name: 'stream',
    summary: 'Follow the live stream of companies, and enrich the new ones',
    load: async () => (await import('./stream.ts')).streamCommand,
  },
  {
    name: 'enrich',
    summary: 'Find domains and e-mail addresses for stored companies',
    load: async () => (await import('./enrich.ts')).enrichCommand,
  },
  {
    name: 'export',
    summary: 'Write the dataset that the customer receives',
    load: async () => (await import('./export.ts')).exportCommand,
  },
  {
    name: 'publish',
    summary: 'Load the dataset into PostgreSQL, and keep it up to date',
    load: async () => (await import('./publish.ts')).publishCommand,
  },
  {
    name: 'backup',
    summary: 'Copy the database while it is in use, and check the copy',
    load: async () => (await import('./backup.ts')).backupCommand,
  },
  {
    name: 'doctor',
    summary: 'Is this machine ready? Keys, clock, disk, database, backup',
    load: async () => (await import('./doctor.ts')).doctorCommand,
  },
  {
    name: 'audit',
    summary: 'Prove that no new company is missing, against the register itself',
    load: async () => (await import('./audit.ts')).auditCommand,
  },
  {
    name: 'suppress',
    summary: 'Keep people and companies out of enrichment and export',
    load: async () => (await import('./suppress.ts')).suppressCommand,
  },
  {
    name: 'subject',
    summary: 'Collect all that is stored about one person, and who received it',
    load: async () => (await import('./subject.ts')).subjectCommand,
  },
  {
    name: 'purge',
    summary: 'Remove what is older than you keep it, with a plan first',
    load: async () => (await import('./purge.ts')).purgeCommand,
  },
  {
    name: 'notify',
    summary: 'Tell the operator by webhook or command, and try it',
    load: async () => (await import('./notify.ts')).notifyCommand,
  },
  {
    name: 'serve',
    summary: 'Serve the dataset as a read-only HTTP API',
    load: async () => (await import('./serve.ts')).serveCommand,
  },
  {
    name: 'token',
    summary: 'Give and revoke access to `chpipe serve`',
    load: async () => (await import('./token.ts')).tokenCommand,
  },
  {
    name: 'sandbox',
    summary: 'Serve a stand-in for Companies House and Snov on this machine',
    load: async () => (await import('./sandbox.ts')).sandboxCommand,
  },
  {
    name: 'demo',
    summary: 'Run the whole pipeline against the sandbox, without any key',
    load: async () => (await import('./demo.ts')).demoCommand,
  },
  {
    name: 'completion',
    summary: 'Print the completion script for bash, zsh or fish',
    load: async () => (await import('./completion.ts')).completionCommand,
  },
]

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

/** Options that every command takes, before its name or behind it. */
export const globalOptions: OptionSpec[] = [
  { flags: '--db <file>', description: 'the database', fallback: '$CHPIPE_DB, else companies.db' },
  { flags: '--json', description: 'print the result as JSON' },
  { flags: '--quiet', description: 'no progress or notices, only results, warnings and errors' },
  { flags: '--log-format <format>', description: 'text or json', parse: oneOf(['text', 'json']) },
  { flags: '--log-file <file>', description: 'append the log to a file instead of stderr' },
]
