import { companyNumber } from '../../company-number.ts'
import { ChpipeError } from '../../errors.ts'
import type { OptionSpec } from '../command.ts'
import { between, count, duration, words } from '../parse.ts'

export interface EnrichArguments {
  limit?: number
  company?: string
  maxCredits?: number
  dryRun?: boolean
  retrySkippedAfter?: number
  includeInactive?: boolean
  minConfidence?: number
  roles?: string[]
  failed?: boolean
  unconfirmed?: boolean
  retry?: string
  settle?: string[]
  unmatched?: boolean
  assign?: string[]
  dismiss?: number
}

export const enrichOptions: OptionSpec[] = [
  { flags: '--limit <n>', description: 'take at most this many companies', parse: count(0) },
  { flags: '--company <number>', description: 'take this company alone', parse: company },
  { flags: '--max-credits <n>', description: 'spend at most this many credits in this run', parse: count(0) },
  { flags: '--dry-run', description: 'show what would be asked and what it could cost; ask and write nothing' },
  {
    flags: '--retry-skipped-after <age>',
    description: 'ask again for companies that had no domain so long ago, such as 30d',
    parse: duration,
  },
  { flags: '--include-inactive', description: 'also companies that are not active, such as those in liquidation' },
  {
    flags: '--min-confidence <0-100>',
    description: 'buy no addresses at domains that are less likely the company’s own',
    parse: between(0, 100),
    fallback: '60',
  },
  {
    flags: '--roles <words>',
    description: 'ask for active people whose role contains one of these',
    parse: words,
    fallback: 'director,llp',
  },
  { flags: '--failed', description: 'list the companies whose enrichment failed' },
  { flags: '--unconfirmed', description: 'list the purchases of which nobody knows whether they were made' },
  { flags: '--retry <number>', description: 'put a failed company back, or `all`', parse: retried },
  { flags: '--settle <id...>', description: 'say of an unconfirmed purchase that it was `bought` or `not-bought`' },
  { flags: '--unmatched', description: 'list paid answers that match none of the names asked for' },
  {
    flags: '--assign <id...>',
    description: 'assign such an answer to a company number, or to a name as it was asked for',
  },
  { flags: '--dismiss <id>', description: 'say that such an answer belongs to nobody', parse: count(1) },
]

function company(text: string): string {
  const number = companyNumber(text)
  if (number !== null) return number
  throw new ChpipeError('usage', `Expected a company number such as 00445790 or SC123456, got: ${text}`)
}

function retried(text: string): string {
  return text === 'all' ? 'all' : company(text)
}

/** What the command is asked to do; each of these goes without the others. */
export type EnrichTask = 'run' | 'dry-run' | 'failed' | 'unconfirmed' | 'retry' | 'settle' | Unmatched

/** What is done about paid answers that match no name. */
type Unmatched = 'unmatched' | 'assign' | 'dismiss'

const TASKS = [
  ['dry-run', 'dryRun', '--dry-run'],
  ['failed', 'failed', '--failed'],
  ['unconfirmed', 'unconfirmed', '--unconfirmed'],
  ['retry', 'retry', '--retry'],
  ['settle', 'settle', '--settle'],
  ['unmatched', 'unmatched', '--unmatched'],
  ['assign', 'assign', '--assign'],
  ['dismiss', 'dismiss', '--dismiss'],
] as const

const OF_RUNS = [
  ['limit', '--limit'],
  ['company', '--company'],
  ['maxCredits', '--max-credits'],
  ['retrySkippedAfter', '--retry-skipped-after'],
  ['includeInactive', '--include-inactive'],
  ['minConfidence', '--min-confidence'],
  ['roles', '--roles'],
] as const

/** The one task that the options name. Throws `usage` for options that do not go together. */
export function readTask(given: EnrichArguments): EnrichTask {
  const tasks = TASKS.filter(([, name]) => given[name] !== undefined)
  const [first, second] = tasks
  if (first && second) throw apart(first[2], second[2])
  const task = first?.[0] ?? 'run'
  const option = OF_RUNS.find(([name]) => given[name] !== undefined)
  if (first && task !== 'dry-run' && option) throw apart(first[2], option[1])
  if (given.limit !== undefined && given.company !== undefined) throw apart('--limit', '--company')
  return task
}

function apart(one: string, other: string): ChpipeError {
  return new ChpipeError('usage', `${one} and ${other} do not go together`, { hint: 'chpipe enrich --help' })
}

/** `--settle 12 bought`. Throws `usage` for anything else. */
export function readVerdict(words: string[]): { id: number; verdict: 'bought' | 'not-bought' } {
  const [id = '', verdict = '', ...rest] = words
  const known = verdict === 'bought' || verdict === 'not-bought'
  if (/^[1-9]\d{0,14}$/.test(id) && known && rest.length === 0) return { id: Number(id), verdict }
  throw new ChpipeError('usage', `--settle: expected an id and bought or not-bought, got: ${words.join(' ')}`, {
    hint: 'chpipe enrich --settle 12 not-bought; the ids: chpipe enrich --unconfirmed',
  })
}

/** `--assign 3 01234567`, `--assign 3 Jane Smith`. Throws `usage` for anything else. */
export function readAssignment([id = '', ...owner]: string[]): { id: number; owner: string } {
  if (/^[1-9]\d{0,14}$/.test(id) && owner.length > 0) return { id: Number(id), owner: owner.join(' ') }
  throw new ChpipeError('usage', '--assign: expected an id, and a company number or a name', {
    hint: 'chpipe enrich --assign 3 01234567; the ids: chpipe enrich --unmatched',
  })
}
