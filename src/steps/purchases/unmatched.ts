// The operator's word about rows of answers that match no name: whose one is, or that it is nobody's. When the last row of
// a request is settled, the names that are still without an answer are misses.
import type { Clock } from '../../clock.ts'
import { companyNumber } from '../../company-number.ts'
import { type Db, type Tx, write } from '../../db/open.ts'
import {
  endUnmatched,
  eraseUnmatched,
  findAnswers,
  findHeldKeys,
  listUnmatched,
  saveAnswers,
  settleUnmatched,
  type UnmatchedAnswer,
} from '../../db/purchases/answers.ts'
import { findCompany, findStoredOfficers } from '../../db/purchases/contacts.ts'
import type { AskedInput } from '../../db/purchases/requests.ts'
import { ChpipeError } from '../../errors.ts'
import { type DomainAnswer, type EmailsAnswer, hostName, isCatchAll, type UnmatchedRow } from './answers.ts'
import { catchAllKey, domainInput, matchName, personInput } from './inputs.ts'
import { companySearchName } from './match.ts'
import { wantedPeople } from './people.ts'

/**
 * Gives a row to the input that `owner` names: a company's number, or a name as it was asked for. Returns that name.
 * Throws `usage` for a row that does not wait, that cannot be read, or whose request asks for no such owner any more.
 */
export function assignAnswer(db: Db, clock: Clock, id: number, owner: string): string {
  return write(db, (tx) => {
    const row = findWaiting(tx, id)
    const input = findOwner(tx, row, owner)
    const now = clock.now()
    const { id: requestId, provider, operation } = row.request
    const answer = readAnswer(row)
    const answers = [{ key: input.key, outcome: 'hit' as const, answer }]
    const saved = { provider, operation, requestId, answeredAt: now }
    saveAnswers(tx, answers, saved)
    if ('catchAll' in answer && input.domain) tellCatchAll(tx, input.domain, answer.catchAll, saved)
    settleUnmatched(tx, id, { verdict: 'assigned', settledAt: now })
    endRequest(tx, row, now)
    return input.name
  })
}

/** Takes a row for nobody's. Throws `usage` for one that does not wait. */
export function dismissAnswer(db: Db, clock: Clock, id: number): void {
  write(db, (tx) => {
    const row = findWaiting(tx, id)
    const now = clock.now()
    settleUnmatched(tx, id, { verdict: 'dismissed', settledAt: now })
    endRequest(tx, row, now)
  })
}

/** The inputs of a row's request that it may belong to. */
export function findCandidateInputs(tx: Tx, { request }: UnmatchedAnswer): AskedInput[] {
  const held = findHeldKeys(tx, request)
  return request.status === 'unmatched' ? request.inputs.filter(({ key, name }) => held.has(key) && name !== '') : []
}

/**
 * Empties waiting rows that may be about somebody who is to be forgotten: those that `isMeant`, and those that may belong
 * to one of the inputs of `keys`. What else they may have been bought for counts as paid and lost. Returns how many.
 */
export function eraseUnmatchedRows(
  tx: Tx,
  { keys, isMeant, now }: { keys: Set<string>; isMeant(answer: UnmatchedRow['answer']): boolean; now: number },
): number {
  const meant = listUnmatched(tx).filter((row) => {
    const mayBelong = findCandidateInputs(tx, row).some(({ key }) => keys.has(key))
    return mayBelong || isMeant(row.answer as UnmatchedRow['answer'])
  })
  for (const row of meant) {
    eraseUnmatched(tx, row.id, now)
    endRequest(tx, row, now, { lost: true })
  }
  return meant.length
}

function findWaiting(tx: Tx, id: number): UnmatchedAnswer {
  const row = listUnmatched(tx).find((one) => one.id === id)
  if (row) return row
  throw new ChpipeError('usage', `There is no unmatched answer ${id}`, { hint: 'list them: chpipe enrich --unmatched' })
}

function findOwner(tx: Tx, row: UnmatchedAnswer, owner: string): AskedInput {
  const candidates = findCandidateInputs(tx, row)
  const keys = keysOfCompany(tx, row, owner)
  const named = candidates.filter(({ key, name }) => keys.has(key) || matchName(name) === matchName(owner))
  const [one, other] = named
  if (one && !other) return one
  const choice = candidates.map(({ name }) => name).join('; ')
  throw new ChpipeError(
    'usage',
    other ? `This answer may belong to several people of ${owner}` : `This answer cannot belong to: ${owner}`,
    { hint: choice === '' ? `chpipe enrich --dismiss ${row.id}` : `name one of these: ${choice}` },
  )
}

/** The keys under which a company, or its people at the domain, were asked for. */
function keysOfCompany(tx: Tx, { request }: UnmatchedAnswer, number: string): Set<string> {
  const company = findCompany(tx, companyNumber(number) ?? number)
  if (!company) return new Set()
  if (request.operation === 'domain') return new Set([domainInput(companySearchName(company.company_name)).key])
  const domain = request.inputs.find((input) => input.domain)?.domain ?? ''
  const people = wantedPeople(findStoredOfficers(tx, company.company_number), [''])
  return new Set(people.map((person) => personInput(person, domain).key))
}

function readAnswer({ id, answer }: UnmatchedAnswer): DomainAnswer | EmailsAnswer {
  const found = answer as UnmatchedRow['answer']
  if ('emails' in found) return { emails: found.emails, catchAll: found.emails.some(isCatchAll) }
  const domain = 'domain' in found ? hostName(found.domain) : null
  if (domain !== null) return { domain }
  throw new ChpipeError('usage', `The answer ${id} cannot be read, so it can belong to nobody`, {
    hint: `chpipe enrich --dismiss ${id}`,
  })
}

/** Whether a domain takes mail for everybody, where no other answer has told. */
function tellCatchAll(tx: Tx, domain: string, catchAll: boolean, saved: Parameters<typeof saveAnswers>[2]): void {
  const key = catchAllKey(domain)
  if (findAnswers(tx, 'emails', [key]).has(key)) return
  saveAnswers(tx, [{ key, outcome: catchAll ? 'hit' : 'miss', answer: { catchAll } }], saved)
}

function endRequest(tx: Tx, { request }: UnmatchedAnswer, now: number, answer: { lost: true } | null = null): void {
  const held = findHeldKeys(tx, request)
  if (!endUnmatched(tx, request.id)) return
  // Where the credits ran out on the way, what has no answer was not asked.
  if (answer === null && request.lastError !== null) return
  const misses = [...held].map((key) => ({ key, outcome: 'miss' as const, answer }))
  const { provider, operation, id: requestId } = request
  saveAnswers(tx, misses, { provider, operation, requestId, answeredAt: now })
}
