// The members of a profile beside name, status, type and office: accounts, statements, flags, origin (facts 1.4). Where each
// stands, and of what kind it is, the dictionary says; one that cannot be right is left out and told of, and costs no event.

import type { AddressColumn } from '../db/address.ts'
import type { CompanyDetails } from '../db/companies/told.ts'
import { type ColumnType, dataDictionary, filedColumns } from '../db/dataset/dictionary.ts'
import type { Note } from '../db/officers/fetches.ts'
import { filed, shortJson } from '../text.ts'
import { NO_ACCOUNTS_TYPE } from './register/filings.ts'

/** A member by its path, with its value as it came, as JSON. */
export interface OddMember {
  member: string
  value: string
}

/** Read by themselves, with what makes a profile one. */
type Head =
  | 'company_number'
  | 'company_name'
  | 'company_status'
  | 'company_status_detail'
  | 'type'
  | 'subtype'
  | 'jurisdiction'
  | 'date_of_creation'
  | 'date_of_cessation'
  | 'sic_codes'
  | AddressColumn

type Members = Omit<CompanyDetails, Head>
type Value = string | number | null

const MEMBERS = filedColumns(dataDictionary.companies)
  .filter(({ member }) => !member.startsWith('registered_office_address.'))
  .map(({ column, member, type }) => ({ column, member, path: member.split('.'), type }))

/** The members as their columns hold them: absent ones are null, truth is 1 or 0, lists and objects are JSON. */
export function readMembers(profile: object): { values: Members; odd: OddMember[] } {
  const odd: OddMember[] = []
  const values: Record<string, Value> = {}
  for (const { column, member, path, type } of MEMBERS) {
    const found = memberAt(profile, path)
    const value = found === undefined || found === null || found === '' ? null : columnValue(found, type)
    if (value === undefined) odd.push({ member, value: shortJson(found, LONGEST_VALUE) })
    values[column] = value ?? null
  }
  if (values.accounts_last_accounts_type === NULL_AS_TEXT) values.accounts_last_accounts_type = NO_ACCOUNTS_TYPE
  return { values: values as Members, odd }
}

/** `last_accounts.type` is this where the register does not know the type (facts 1.4). */
const NULL_AS_TEXT = 'null'

/** Own members only; undefined where a part of the path is absent. */
function memberAt(profile: object, path: readonly string[]): unknown {
  let at: unknown = profile
  for (const name of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined
    at = (at as Record<string, unknown>)[name]
  }
  return at
}

const DAY = /^\d{4}-\d{2}-\d{2}$/
/** Days and months come padded, unpadded, and as numbers in the documents (facts 1.4). */
const WHOLE_NUMBER = /^\d{1,9}$/

/** Undefined for what cannot be of that type. */
function columnValue(found: unknown, type: ColumnType): Value | undefined {
  if (type === 'JSON') return json(found)
  if (type === 'true or false') return typeof found === 'boolean' ? Number(found) : undefined
  if (type === 'whole number') {
    if (typeof found === 'number') return Number.isSafeInteger(found) && found >= 0 ? found : undefined
    return typeof found === 'string' && WHOLE_NUMBER.test(found) ? Number(found) : undefined
  }
  if (typeof found !== 'string') return undefined
  if (type === 'date (YYYY-MM-DD)') return DAY.test(found) ? found : undefined
  return filed(found)
}

/** More than this is no detail of a company. */
const LONGEST_JSON = 65_536

/** Members in one order, whatever order they came in, so that the same is the same text; null when there are none. */
function json(found: unknown): string | null | undefined {
  if (typeof found !== 'object' || found === null) return undefined
  if (Object.keys(found).length === 0) return null
  try {
    const text = JSON.stringify(found, ordered)
    return text.length <= LONGEST_JSON ? text : undefined
  } catch {
    // JSON can be read at any depth, but not written.
    return undefined
  }
}

/** The first members of an earlier name, as people read it. */
const FIRST = ['name', 'effective_from', 'ceased_on']

function ordered(_member: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const names = Object.keys(value).sort((a, b) => placeOf(a) - placeOf(b) || (a < b ? -1 : 1))
  return Object.fromEntries(names.map((name) => [name, (value as Record<string, unknown>)[name]]))
}

function placeOf(name: string): number {
  const place = FIRST.indexOf(name)
  return place === -1 ? FIRST.length : place
}

const LONGEST_VALUE = 200

/** The notes about members that cannot be right. */
export function oddMemberNotes(companyNumber: string, odd: readonly OddMember[]): Note[] {
  return odd.map((one) => ({ kind: 'odd-profile-member', companyNumber, detail: JSON.stringify(one) }))
}
