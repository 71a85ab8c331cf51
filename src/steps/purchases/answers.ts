// Shapes the rows of a finished task into one answer per input, and keeps what fits none. Rows are matched by name,
// never by position.
import { domainToASCII } from 'node:url'
import type { NewAnswer } from '../../db/purchases/answers.ts'
import type { AskedInput } from '../../db/purchases/requests.ts'
import { catchAllKey } from './inputs.ts'
import { matchRows } from './match.ts'
import type { DomainRow, EmailsRow, FoundEmail } from './provider.ts'

/** What is kept of a domain that was found. */
export interface DomainAnswer {
  domain: string
}

/** What is kept of a person's addresses; at a catch-all domain an address is a guess, or was never bought. */
export interface EmailsAnswer {
  emails: FoundEmail[]
  catchAll: boolean
}

/** What is kept of an input that was paid for, and whose answer nobody has seen. */
export interface LostAnswer {
  lost: true
}

/** A row of an answer that matches no name, as it is kept for the operator. */
export interface UnmatchedRow {
  /** As the provider writes it; empty where there is none. */
  name: string
  answer: { domain: string } | { emails: FoundEmail[] } | { raw: string }
}

export interface Answers {
  answers: NewAnswer[]
  /** In rows that are paid for: each domain, and each address that is valid or unknown. */
  price: number
  /** Paid rows that match no name. Inputs that they may belong to have no answer, and are none until they are settled. */
  unmatched: UnmatchedRow[]
  /** Whether an input has no answer, because one of these may be its own. */
  holds: boolean
  /** Addresses whose owners want to be left alone; they go nowhere but into the suppressions, as hashes. */
  hidden: string[]
}

/**
 * One answer per name; a name without a row is a miss, unless a paid row is left that may be its own. A domain that
 * cannot be read was paid for anyway, and so was one for a name that has been erased since it was asked for.
 */
export function domainAnswers(inputs: AskedInput[], rows: DomainRow[], odd: string[] = []): Answers {
  const { rows: found, left } = matchRows(namesOf(inputs), rows, 'company')
  const rest = remainderOf(inputs, found, left.filter(isPaid), odd)
  const unread = found.map((own) => (findHost(own) === null ? own.filter(isPaid) : []))
  const answers = inputs.map(({ key }, at): NewAnswer | null => {
    const domain = findHost(found[at] ?? [])
    if (domain !== null) return { key, outcome: 'hit', answer: { domain } satisfies DomainAnswer }
    return rest.mayHold(at) || unread[at]?.length ? null : { key, ...MISS }
  })
  const price = found.filter((own) => own.some(isPaid)).length + rest.paid.length + rest.paidOdd
  const unmatched = [...rest.kept, ...unread.flat()].map(({ name, domain }) => ({
    name,
    answer: { domain: domain ?? '' },
  }))
  const known = answers.filter(isNotNull)
  return {
    answers: known,
    price,
    unmatched: [...unmatched, ...rest.keptOdd],
    holds: answers.includes(null),
    hidden: [],
  }
}

/**
 * One answer per person, and one about the domain as soon as a row says whether it takes mail for everybody. An
 * address whose owner asked to be left alone is not kept.
 */
export function emailsAnswers(inputs: AskedInput[], rows: EmailsRow[], odd: string[] = []): Answers {
  const hidden = rows.flatMap((row) => row.emails.filter(isHidden).map(({ email }) => email))
  const { rows: found, left } = matchRows(namesOf(inputs), rows, 'person')
  const shown = left.map((row) => ({ ...row, emails: row.emails.filter((one) => !isHidden(one)) }))
  const rest = remainderOf(
    inputs,
    found,
    shown.filter(({ emails }) => emails.length > 0),
    odd,
  )
  const addresses = found.map(distinctEmails)
  const answers = inputs.map(({ key }, at): NewAnswer | null => {
    const emails = addresses[at] ?? []
    if (emails.some(isHidden)) return { key, outcome: 'suppressed', answer: null }
    if (emails.length === 0) return rest.mayHold(at) ? null : { key, ...MISS }
    return { key, outcome: 'hit', answer: { emails, catchAll: emails.some(isCatchAll) } satisfies EmailsAnswer }
  })
  const bought = [...addresses.flat(), ...distinctEmails(rest.paid)]
  const price = bought.filter(({ status }) => status !== 'not_valid').length + rest.paidOdd
  const unmatched = rest.kept.map(({ name, emails }) => ({ name, answer: { emails } }))
  const verdict = domainVerdict(inputs, answers, bought)
  const known = [...answers.filter(isNotNull), ...verdict]
  return { answers: known, price, unmatched: [...unmatched, ...rest.keptOdd], holds: answers.includes(null), hidden }
}

const MISS = { outcome: 'miss', answer: null } as const

function isPaid({ domain }: DomainRow): boolean {
  return Boolean(domain)
}

function isNotNull<T>(value: T | null): value is T {
  return value !== null
}

function namesOf(inputs: AskedInput[]): string[] {
  return inputs.map(({ name }) => name)
}

interface Remainder<Row> {
  /** Rows that count as paid though they match no name: as many as there are names that they may belong to. */
  paid: Row[]
  paidOdd: number
  kept: Row[]
  keptOdd: UnmatchedRow[]
  /** Whether one of them may be the answer to this input, which has none. */
  mayHold(at: number): boolean
}

/** More rows than a request has names for are no answer to it. */
const MAX_KEPT = 20

/** What becomes of paid rows that match no name. While a name is erased any of them may be its own, and none is kept. */
function remainderOf<Row>(inputs: AskedInput[], found: Row[][], left: Row[], odd: string[]): Remainder<Row> {
  if (inputs.some(({ name }) => name === '')) {
    return { paid: left, paidOdd: 0, kept: [], keptOdd: [], mayHold: () => false }
  }
  const bare = found.filter((own) => own.length === 0).length
  const paid = left.slice(0, bare)
  const keptOdd = bare > 0 ? odd.map((raw) => ({ name: '', answer: { raw } })) : []
  const holds = left.length + keptOdd.length > 0
  const paidOdd = Math.min(bare - paid.length, keptOdd.length)
  return { paid, paidOdd, kept: left.slice(0, MAX_KEPT), keptOdd, mayHold: (at) => holds && found[at]?.length === 0 }
}

/** An input whose name was erased tells nothing by its absence, though its address does. */
function domainVerdict(inputs: AskedInput[], answers: (NewAnswer | null)[], emails: FoundEmail[]): NewAnswer[] {
  const domain = inputs.find((input) => input.domain)?.domain
  if (domain === undefined) return []
  const catchAll = emails.some(isCatchAll)
  const named = answers.filter((answer, index) => answer !== null && inputs[index]?.name !== '')
  const told = catchAll || named.some((answer) => answer?.outcome !== 'suppressed')
  return told ? [{ key: catchAllKey(domain), outcome: catchAll ? 'hit' : 'miss', answer: { catchAll } }] : []
}

function findHost(rows: DomainRow[]): string | null {
  return rows.map(({ domain }) => (domain ? hostName(domain) : null)).find(isNotNull) ?? null
}

/** The host of `https://www.Example.com/` and the like; null for what is none. */
export function hostName(text: string): string | null {
  const bare = text
    .trim()
    .replace(/^[a-z]+:\/\//i, '')
    .replace(/[/?#:].*$/s, '')
    .replace(/^www\.(?=.+\.)/i, '')
    .replace(/\.$/, '')
  const host = domainToASCII(bare.toLowerCase())
  return /^(?=.{4,253}$)([a-z0-9_]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$/.test(host) ? host : null
}

function isHidden({ reason }: FoundEmail): boolean {
  return reason === 'hidden_by_owner'
}

export function isCatchAll({ reason }: FoundEmail): boolean {
  return reason === 'catchall'
}

function distinctEmails(rows: EmailsRow[]): FoundEmail[] {
  return [...new Map(rows.flatMap((row) => row.emails).map((one) => [one.email.toLowerCase(), one])).values()]
}
