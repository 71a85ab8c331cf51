import { companyNumber } from '../company-number.ts'
import type { Context } from '../context.ts'
import { listFailed } from '../db/jobs/lists.ts'
import { wakePaidJobs } from '../db/jobs/queue.ts'
import { snapshot, write } from '../db/open.ts'
import { listUnmatched } from '../db/purchases/answers.ts'
import { listUnconfirmed } from '../db/purchases/requests.ts'
import { ChpipeError } from '../errors.ts'
import { retryJobs } from '../steps/enrich/queue.ts'
import type { UnmatchedRow } from '../steps/purchases/answers.ts'
import { settleByOperator } from '../steps/purchases/doubt.ts'
import { assignAnswer, dismissAnswer, findCandidateInputs } from '../steps/purchases/unmatched.ts'
import { printable, safeJson } from '../text.ts'
import type { Answer, OptionSpec, OptionsOf } from './command.ts'
import { between, count, duration, words } from './values.ts'

const iso = (ms: number) => new Date(ms).toISOString()

/** Prints the companies whose enrichment failed. */
export async function printFailed(context: Context): Promise<Answer> {
  const rows = snapshot(await context.existingDb(), listFailed).map((job) => ({
    id: job.companyNumber,
    company_number: job.companyNumber,
    company_name: job.companyName,
    stage: job.stage,
    error: job.error,
    failed_at: iso(job.failedAt),
  }))
  const line = (row: (typeof rows)[number]) =>
    `${row.company_number}  ${row.stage.padEnd(8)}  ${row.company_name}: ${row.error ?? ''}`
  return printRows(context, rows, line, 'No enrichment has failed.')
}

/** Prints the purchases in doubt. */
export async function printUnconfirmed(context: Context): Promise<Answer> {
  const rows = snapshot(await context.existingDb(), listUnconfirmed).map((request) => ({
    id: request.id,
    operation: request.operation,
    inputs: request.inputs.map(({ name }) => name),
    domain: request.inputs[0]?.domain ?? null,
    worst_case_credits: request.reserved,
    balance_before: request.balanceBefore,
    requested_at: iso(request.requestedAt),
    error: request.lastError,
  }))
  const line = (row: (typeof rows)[number]) =>
    [
      String(row.id).padStart(6),
      row.operation.padEnd(6),
      row.requested_at,
      `at most ${row.worst_case_credits} credits`,
      `${row.domain ? `${row.domain}: ` : ''}${row.inputs.join('; ')}`,
    ].join('  ')
  return printRows(context, rows, line, 'No purchase is in doubt.')
}

async function printRows<Row>(
  context: Context,
  rows: Row[],
  line: (row: Row) => string,
  none: string,
): Promise<Answer> {
  const text = rows.length === 0 ? none : rows.map((row) => printable(line(row))).join('\n')
  await context.print(`${context.json ? safeJson(rows) : text}\n`)
  return 0
}

/** Puts failed companies back. */
export async function retry(context: Context, company: string): Promise<Answer> {
  const retried = retryJobs(await context.db({ create: false }), context.clock, company)
  const sentence = `${retried} ${retried === 1 ? 'company is' : 'companies are'} due again; chpipe enrich takes them up.`
  await context.print(`${context.json ? safeJson({ retried }) : sentence}\n`)
  return 0
}

/** Takes the operator's decision about a purchase in doubt; what waited for it may continue. */
export async function settle(
  context: Context,
  { id, verdict }: { id: number; verdict: 'bought' | 'not-bought' },
): Promise<Answer> {
  const { clock } = context
  const db = await context.db({ create: false })
  settleByOperator(db, clock, id, verdict)
  write(db, (tx) => wakePaidJobs(tx, clock.now()))
  const meaning = verdict === 'bought' ? 'booked, and not asked for again' : 'free to be asked for again'
  await context.print(`${context.json ? safeJson({ id, settled: verdict }) : `Purchase ${id} is ${meaning}.`}\n`)
  return 0
}

/** Prints the paid answers that match no name, and whom each may belong to. */
export async function printUnmatched(context: Context): Promise<Answer> {
  const rows = snapshot(await context.existingDb(), (tx) =>
    listUnmatched(tx).map((row) => ({
      id: row.id,
      request: row.request.id,
      operation: row.request.operation,
      name: row.name,
      answer: row.answer,
      may_belong_to: findCandidateInputs(tx, row).map(({ name }) => name),
      domain: row.request.inputs[0]?.domain ?? null,
      received_at: iso(row.receivedAt),
    })),
  )
  const line = ({ id, operation, name, answer, may_belong_to: names, received_at: at }: (typeof rows)[number]) =>
    [
      String(id).padStart(6),
      operation.padEnd(6),
      at,
      `${name === '' ? '(no name)' : name}: ${foundIn(answer as UnmatchedRow['answer'])}`,
      names.length === 0 ? 'every name asked for has its own answer' : `may belong to: ${names.join('; ')}`,
    ].join('  ')
  return printRows(context, rows, line, 'No paid answer is unmatched.')
}

function foundIn(answer: UnmatchedRow['answer']): string {
  if ('domain' in answer) return answer.domain
  return 'emails' in answer ? answer.emails.map(({ email }) => email).join(', ') : answer.raw
}

/** Takes the operator's decision about an answer that matches no name: whose it is. What waited for it may continue. */
export async function assign(context: Context, { id, owner }: { id: number; owner: string }): Promise<Answer> {
  const { clock } = context
  const db = await context.db({ create: false })
  const name = assignAnswer(db, clock, id, owner)
  write(db, (tx) => wakePaidJobs(tx, clock.now()))
  const sentence = `Answer ${id} is assigned to ${printable(name)}; chpipe enrich takes it up.`
  await context.print(`${context.json ? safeJson({ id, assigned: name }) : sentence}\n`)
  return 0
}

/** The same for one that is nobody's. */
export async function dismiss(context: Context, id: number): Promise<Answer> {
  const { clock } = context
  const db = await context.db({ create: false })
  dismissAnswer(db, clock, id)
  write(db, (tx) => wakePaidJobs(tx, clock.now()))
  await context.print(`${context.json ? safeJson({ id, dismissed: true }) : `Answer ${id} is dismissed.`}\n`)
  return 0
}

export const ENRICH_OPTIONS = [
  { flags: '--limit <n>', description: 'take at most this many companies', parse: count(0) },
  { flags: '--company <number>', description: 'take this company alone', parse: company },
  { flags: '--max-credits <n>', description: 'spend at most this many credits in this run', parse: count(0) },
  { flags: '--dry-run', description: 'show what would be asked and what it could cost; ask and write nothing' },
  {
    flags: '--retry-skipped-after <age>',
    description: 'ask again for companies that had no domain this long ago, such as 30d',
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
  { flags: '--unconfirmed', description: 'list purchases that may or may not have been made' },
  { flags: '--retry <number>', description: 'put a failed company back, or `all`', parse: retried },
  { flags: '--settle <id...>', description: 'record that an unconfirmed purchase was `bought` or `not-bought`' },
  { flags: '--unmatched', description: 'list paid answers that match none of the requested names' },
  {
    flags: '--assign <id...>',
    description: 'assign such an answer to a company number, or to a name as it was requested',
  },
  { flags: '--dismiss <id>', description: 'state that such an answer belongs to nobody', parse: count(1) },
] as const satisfies readonly OptionSpec[]

export type EnrichArguments = OptionsOf<typeof ENRICH_OPTIONS>

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
export function chosenTask(given: EnrichArguments): EnrichTask {
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
