import type { Context } from '../../context.ts'
import { wakePaidJobs } from '../../db/job-claims.ts'
import { listFailed } from '../../db/job-lists.ts'
import { snapshot, write } from '../../db/open.ts'
import { listUnconfirmed } from '../../db/provider-requests.ts'
import { listUnmatched } from '../../db/unmatched-answers.ts'
import { retryJobs } from '../../steps/enrich/queue-companies.ts'
import type { UnmatchedRow } from '../../steps/purchase-answers.ts'
import { settleByOperator } from '../../steps/settle-doubt.ts'
import { assignAnswer, dismissAnswer, findCandidateInputs } from '../../steps/settle-unmatched.ts'
import { printable, safeJson } from '../../text.ts'
import type { Answer } from '../command.ts'

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

/** Takes the operator's word about a purchase in doubt; what waited for it may go on. */
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

/** Takes the operator's word about an answer that matches no name: whose it is. What waited for it may go on. */
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
