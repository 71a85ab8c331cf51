// The members of a profile beside name, status, type and office: accounts, statements, flags, origin (facts 1.4). Where each
// stands, and of what kind it is, the dictionary says; one that cannot be right is left out and told of, and costs no event.

import type { AddressColumn } from '../db/address.ts'
import type { CompanyDetails } from '../db/companies/told.ts'
import { type ColumnType, dataDictionary, type FiledColumn, filedColumns } from '../db/dataset/dictionary.ts'
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

const MEMBERS = filedColumns(dataDictionary.companies).filter(
  ({ member }) => !member.startsWith('registered_office_address.'),
)

/** The columns that `readMembers` fills. */
export const MEMBER_COLUMNS = MEMBERS.map(({ column }) => column) as (keyof Members)[]

/** A member of a profile: one with parts of its own, or one that fills a column. */
type Member = { name: string } & ({ parts: Member[] } | FiledColumn)

/** In the order of the dictionary, which names the members of one object one after the other. */
const TREE: readonly Member[] = MEMBERS.reduce<Member[]>((tree, filed) => {
  const path = filed.member.split('.')
  const name = path.pop() ?? ''
  const parts = path.reduce((members, parent) => {
    const last = members.at(-1)
    if (last?.name === parent && 'parts' in last) return last.parts
    const added = { name: parent, parts: [] }
    members.push(added)
    return added.parts
  }, tree)
  parts.push({ name, ...filed })
  return tree
}, [])

/**
 * Writes the members as their columns hold them: truth is 1 or 0, lists and objects are JSON. Columns of absent members stay
 * as they are. Returns those members that were left out since their values cannot be right.
 */
export function readMembers(profile: object, into: Members): OddMember[] {
  const odd: OddMember[] = []
  readParts(profile, TREE, into as Record<string, Value>, odd)
  if (into.accounts_last_accounts_type === NULL_AS_TEXT) into.accounts_last_accounts_type = NO_ACCOUNTS_TYPE
  return odd
}

/** Own members only. */
function readParts(object: object, members: readonly Member[], into: Record<string, Value>, odd: OddMember[]): void {
  for (const one of members) {
    if (!Object.hasOwn(object, one.name)) continue
    const found = (object as Record<string, unknown>)[one.name]
    if (found === undefined || found === null || found === '') continue
    if ('parts' in one) {
      if (typeof found === 'object') readParts(found, one.parts, into, odd)
      continue
    }
    const value = columnValue(found, one.type)
    if (value === undefined) odd.push({ member: one.member, value: shortJson(found, LONGEST_VALUE) })
    else into[one.column] = value
  }
}

/** `last_accounts.type` is this where the register does not know the type (facts 1.4). */
const NULL_AS_TEXT = 'null'

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

/** The kind of these notes. */
export const ODD_MEMBER = 'odd-profile-member'

/** The notes about members that cannot be right. */
export function oddMemberNotes(companyNumber: string, odd: readonly OddMember[]): Note[] {
  return odd.map((one) => ({ kind: ODD_MEMBER, companyNumber, detail: JSON.stringify(one) }))
}
