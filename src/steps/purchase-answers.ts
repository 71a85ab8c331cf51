// Shapes the rows of a finished task into one answer per input. Rows are matched by name, never by position.
import { domainToASCII } from 'node:url'
import type { NewAnswer } from '../db/provider-answers.ts'
import type { AskedInput } from '../db/provider-requests.ts'
import type { DomainRow, EmailsRow, FoundEmail } from '../snov/tasks.ts'
import { catchAllKey } from './buy-input.ts'
import { matchName } from './normal-name.ts'

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

export interface Answers {
  answers: NewAnswer[]
  /** By the price list: a credit per domain, and per address that is valid or unknown (Snov facts 6.6). */
  price: number
  /** Rows that belong to no input. */
  strangers: number
  /** Addresses whose owners want to be left alone; they go nowhere but into the suppressions, as hashes. */
  hidden: string[]
}

/**
 * One answer per name; a name without a row is a miss. A domain that is none was paid for all the same, and so was one
 * for a name that has been erased since it was asked for.
 */
export function domainAnswers(inputs: AskedInput[], rows: DomainRow[]): Answers {
  const byName = groupByName(rows)
  const paid = paidNames(inputs, byName)
  const price = paid.filter((name) => byName.get(name)?.some(({ domain }) => domain)).length
  const answers = inputs.map(({ key, name }): NewAnswer => {
    const found = (byName.get(matchName(name)) ?? []).flatMap(({ domain }) => domain ?? [])
    const domain = found.map(hostName).find((host) => host !== null)
    return domain ? { key, outcome: 'hit', answer: { domain } satisfies DomainAnswer } : { key, ...MISS }
  })
  return { answers, price, strangers: countStrangers(inputs, rows), hidden: [] }
}

/**
 * One answer per person, and one about the domain as soon as a row tells whether it takes mail for everybody. An
 * address whose owner asked to be left alone is not kept.
 */
export function emailsAnswers(inputs: AskedInput[], rows: EmailsRow[]): Answers {
  const byName = groupByName(rows)
  const hidden = rows.flatMap((row) => row.emails.filter(isHidden).map(({ email }) => email))
  const addresses = new Map([...byName].map(([name, same]) => [name, distinctEmails(same)]))
  const bought = paidNames(inputs, byName).flatMap((name) => addresses.get(name) ?? [])
  const price = bought.filter(({ status }) => status !== 'not_valid').length
  const answers = inputs.map(({ key, name }): NewAnswer => {
    const emails = addresses.get(matchName(name)) ?? []
    if (emails.some(isHidden)) return { key, outcome: 'suppressed', answer: null }
    if (emails.length === 0) return { key, ...MISS }
    return { key, outcome: 'hit', answer: { emails, catchAll: emails.some(isCatchAll) } satisfies EmailsAnswer }
  })
  const verdict = domainVerdict(inputs, answers, bought)
  return { answers: [...answers, ...verdict], price, strangers: countStrangers(inputs, rows), hidden }
}

const MISS = { outcome: 'miss', answer: null } as const

/** An input whose name was erased tells nothing by its absence, though its address does. */
function domainVerdict(inputs: AskedInput[], answers: NewAnswer[], emails: FoundEmail[]): NewAnswer[] {
  const domain = inputs.find((input) => input.domain)?.domain
  if (domain === undefined) return []
  const catchAll = emails.some(isCatchAll)
  const named = answers.filter((_, index) => inputs[index]?.name !== '')
  const told = catchAll || named.some(({ outcome }) => outcome !== 'suppressed')
  return told ? [{ key: catchAllKey(domain), outcome: catchAll ? 'hit' : 'miss', answer: { catchAll } }] : []
}

/** The host of `https://www.Example.com/` and the like; null for what is none. */
function hostName(text: string): string | null {
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

function isCatchAll({ reason }: FoundEmail): boolean {
  return reason === 'catchall'
}

/** The names whose rows were asked for. While one is erased, any row may be its own. */
function paidNames(inputs: AskedInput[], byName: Map<string, unknown>): string[] {
  const asked = new Set(inputs.map(({ name }) => matchName(name)))
  const isErased = inputs.some(({ name }) => name === '')
  return [...byName.keys()].filter((name) => isErased || asked.has(name))
}

function distinctEmails(rows: EmailsRow[]): FoundEmail[] {
  return [...new Map(rows.flatMap((row) => row.emails).map((one) => [one.email.toLowerCase(), one])).values()]
}

function groupByName<Row extends { name: string }>(rows: Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>()
  for (const row of rows) {
    const name = matchName(row.name)
    groups.set(name, [...(groups.get(name) ?? []), row])
  }
  return groups
}

function countStrangers(inputs: AskedInput[], rows: { name: string }[]): number {
  const names = new Set(inputs.map(({ name }) => matchName(name)))
  return rows.filter(({ name }) => !names.has(matchName(name))).length
}
