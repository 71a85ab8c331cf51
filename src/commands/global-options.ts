import type { OptionSpec } from './command.ts'
import { oneOf } from './parse.ts'

/** Options that every command takes, before its name or behind it. */
export const globalOptions: OptionSpec[] = [
  { flags: '--db <file>', description: 'the database', fallback: '$CHPIPE_DB, else companies.db' },
  { flags: '--json', description: 'print the result as JSON' },
  { flags: '--quiet', description: 'no progress and no notices, only results, warnings and errors' },
  { flags: '--log-format <format>', description: 'text or json', parse: oneOf(['text', 'json']) },
  { flags: '--log-file <file>', description: 'append the log to a file instead of stderr' },
]
