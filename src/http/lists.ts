// What each list walks over.

import { companyNumber } from '../company-number.ts'
import type { Since } from '../db/changes.ts'
import type { Item } from '../db/dataset/columns.ts'
import type { Db } from '../db/open.ts'
import { type Change, readChanges } from '../db/served/changes.ts'
import {
  companySource,
  listedSource,
  oneSource,
  type RowSource,
  readWindow,
  type ServedCompany,
  type ServedFilter,
} from '../db/served/companies.ts'
import { isFindable, type NameQuery } from '../db/served/terms.ts'
import type { VerificationState } from '../db/standing.ts'
import { nameWords } from '../names.ts'
import { postcodeTest } from '../postcode.ts'
import { MEMBERS, type Member, nestedCompany, nestedOfficer } from './answers.ts'
import type { Position, Walk } from './listing.ts'

export type Find = (query: NameQuery, after: string, limit: number) => string[]

export interface CompaniesWanted extends ServedFilter {
  words?: NameQuery['words']
  include: readonly Member[]
  /** The day of reading, `YYYY-MM-DD`. */
  today: string
}

/** The index of names, and whether it knows all that is stored now, so that it may be asked in the place of the rows. */
export interface Index {
  find: Find
  isCurrent: boolean
}

/** Companies of a filter, in the order of their numbers. */
export function walkCompanies(db: Db, wanted: CompaniesWanted, { find, isCurrent }: Index): Walk<object> {
  const { all, words, include, postcode, hasDomain, hasEmail, verification, today } = wanted
  const { status, type, sic, locality, region } = wanted
  const sieve = { ...wanted, postcode: postcode?.map((prefix) => /[A-Z]+/.exec(prefix)?.[0] ?? '') }
  const query = { all, words, ...(isCurrent && { status, type, sic, postcode, locality, region }) }
  const source = isFindable(query)
    ? listedSource(db, sieve, (after, limit) => find(query, after, limit))
    : companySource(db, sieve)
  const members = MEMBERS.filter(
    (member) =>
      include.includes(member) ||
      (member === 'officers' && verification !== undefined) ||
      (member === 'domains' && hasDomain !== undefined) ||
      (member === 'emails' && hasEmail !== undefined),
  )
  const places = postcode?.map(postcodeTest)
  const fits = ({ company, officers, domains, emails }: ServedCompany) =>
    (!verification || officers.some((officer) => stands(officer, verification))) &&
    (!places || places.some((test) => test?.(company.postal_code as string | null))) &&
    (hasDomain === undefined || domains.length > 0 === hasDomain) &&
    (hasEmail === undefined || emails.length > 0 === hasEmail)
  return (after, limit) => {
    const { companies, reached } = readWindow(db, source, { after: after?.[0] ?? '', limit, members, today })
    const entries = companies
      .filter(fits)
      .map((one) => ({ value: nestedCompany(one, include), position: [one.number] }))
    return { entries, reached: reached === null ? null : [reached] }
  }
}

/** One company with everything inside; null when it is not there, not in the scope or suppressed. */
export function readCompany(db: Db, typed: string, { all, today }: { all: boolean; today: string }): object | null {
  const source = oneSource(db, { all }, canonical(typed))
  const [found] = readWindow(db, source, { after: '', limit: 1, members: MEMBERS, today }).companies
  return found ? nestedCompany(found, MEMBERS) : null
}

/** Who controls a company; null where `readCompany` finds none. */
export function readPscs(db: Db, typed: string, { all, today }: { all: boolean; today: string }): object | null {
  const source = oneSource(db, { all }, canonical(typed))
  const members = ['persons_with_significant_control'] as const
  const [found] = readWindow(db, source, { after: '', limit: 1, members, today }).companies
  if (!found) return null
  const { pscs_state, pscs_fetched_at } = found.company
  return { pscs_state, pscs_fetched_at, items: found.persons_with_significant_control }
}

export interface OfficersWanted {
  all: boolean
  company?: string | undefined
  officerId?: string | undefined
  /** Words of the surname. */
  surname?: string[] | undefined
  active: boolean
  /** How the identity stands: any of these. */
  verification?: VerificationState[] | undefined
  /** The day of reading, `YYYY-MM-DD`. */
  today: string
}

/** Officers, in the order of their companies' numbers and their appointment ids. */
export function walkOfficers(db: Db, wanted: OfficersWanted, find: Find): Walk<object> {
  const { all, company, officerId, surname, active, verification, today } = wanted
  const searched = officerId !== undefined || surname !== undefined
  const source = searched
    ? listedSource(db, { all }, (after, limit) => find({ all, surname, officerId }, after, limit))
    : companySource(db, { all })
  const fits = (officer: Item) =>
    (officerId === undefined || officer.officer_id === officerId) &&
    (surname === undefined || nameWords(String(officer.surname ?? '')).join(' ') === surname.join(' ')) &&
    (!active || officer.is_active === true) &&
    (!verification || stands(officer, verification))
  const entriesOf = ({ number, officers, emails }: ServedCompany, behind = '') =>
    officers
      .filter((officer) => String(officer.appointment_id) > behind && fits(officer))
      .map((officer) => ({
        value: nestedOfficer(officer, emails),
        position: [number, String(officer.appointment_id)],
      }))
  const read = (from: RowSource, after: string, limit: number) =>
    readWindow(db, from, { after, limit, members: ['officers', 'emails'], today })
  return (after, limit) => {
    const [number = '', appointment = ''] = after ?? []
    const only = company === undefined ? null : canonical(company)
    if (only !== null || appointment !== '') {
      const { companies } = read(oneSource(db, { all }, only ?? number), '', 1)
      const entries = companies.flatMap((one) => entriesOf(one, appointment))
      return { entries, reached: only === null ? [number, ''] : null }
    }
    const { companies, reached } = read(source, number, limit)
    return { entries: companies.flatMap((one) => entriesOf(one)), reached: reached === null ? null : [reached, ''] }
  }
}

function stands({ identity_verification: state }: Item, wanted: readonly VerificationState[]): boolean {
  return wanted.some((one) => one === state)
}

/** Looks at this many changed companies at least, as most may have changed for nobody. */
const CHANGES_PER_STEP = 200

/** Companies that changed, in the order of their numbers. */
export function walkChanges(
  db: Db,
  { all, since, today }: { all: boolean; since: Since; today: string },
): Walk<object> {
  return (after, limit) => {
    const from: string = after?.[0] ?? ''
    const step = readChanges(db, { all, since, today, after: from, limit: Math.max(limit, CHANGES_PER_STEP) })
    const entries = step.changes.map((change) => ({
      value: shownChange(change),
      position: [change.number] as Position,
    }))
    return { entries, reached: step.reached === null ? null : [step.reached] }
  }
}

function shownChange({ number, changedAt, company }: Change): object {
  return {
    company_number: number,
    changed_at: changedAt,
    removed: company === null,
    company: company && nestedCompany(company, MEMBERS),
  }
}

/** As the register writes it, however it was typed. */
function canonical(typed: string): string {
  return companyNumber(typed) ?? typed.toUpperCase()
}
