// What one record about persons with significant control holds (facts 5.5, 7.2). Absent members may be missing or null;
// kinds, codes and members that nobody knows yet are let through.

import { type FiledColumn, pscsFiled } from '../../db/dataset/dictionary.ts'
import type { PscFiled } from '../../db/pscs/pscs.ts'
import { filed } from '../../text.ts'
import { derivedId } from '../derived-id.ts'
import { isObject } from '../plain.ts'

export interface ReadPsc {
  /** Stable under publishing it again: the last part of `links.self`, or derived from what does not change. */
  pscId: string
  kind: string
  values: PscFiled
  /** Paths of members that are not stored: they have no column, or are of another kind than it. */
  unknown: string[]
  /** Some member is of another kind than its column. */
  odd: boolean
}

type Members = Record<string, unknown>

const DAY = /^\d{4}-\d{2}-\d{2}$/
const SELF = /^\/?company\/([^/]+)\/(?:[^/]+\/)*?([^/]+)\/?$/

/**
 * Reads the `data` of a record of that company; members of the wrong kind are left out. A text says why it is none: it is no
 * object, has no kind, or belongs to another company.
 */
export function readPsc(data: unknown, companyNumber: string): ReadPsc | string {
  if (!isObject(data)) return 'it has no data'
  const kind = typeof data.kind === 'string' ? filed(data.kind) : null
  if (kind === null) return 'it has no kind'
  const [, owner, id] =
    SELF.exec(isObject(data.links) && typeof data.links.self === 'string' ? data.links.self : '') ?? []
  if (owner !== undefined && owner.toUpperCase() !== companyNumber) return 'its data belongs to another company number'
  const odd = GROUPS.filter((member) => isSaid(data[member]) && !isObject(data[member]))
  const values: Record<string, string | number | null> = {}
  for (const filedColumn of COLUMNS) {
    const found = at(data, filedColumn.path)
    const cell = cellOf(filedColumn, found)
    values[filedColumn.column] = cell
    if (cell === null && isSaid(found)) odd.push(filedColumn.member)
  }
  const unknown = [...unknownMembers(data, KNOWN), ...odd]
  const facts = values as PscFiled
  return { pscId: id ?? derivedPscId(facts), kind, values: facts, unknown, odd: odd.length > 0 }
}

/** Empty texts and lists say nothing. */
function isSaid(value: unknown): boolean {
  if (typeof value === 'string') return value.trim() !== ''
  return value !== null && value !== undefined && !(Array.isArray(value) && value.length === 0)
}

/** The columns, and on which way their members are found: a file has millions of records. */
const COLUMNS = pscsFiled.map((column) => ({ ...column, path: column.member.split('.') }))

function at(data: Members, path: readonly string[]): unknown {
  let value: unknown = data
  for (const name of path) {
    if (!isObject(value)) return undefined
    value = value[name]
  }
  return value
}

/** A value as its column holds it; null for what is no such value. */
function cellOf({ type }: FiledColumn, value: unknown): string | number | null {
  if (value === null || value === undefined) return null
  if (type === 'true or false') return typeof value === 'boolean' ? Number(value) : null
  if (type === 'whole number') return Number.isSafeInteger(value) ? Number(value) : null
  if (type === 'JSON') return typeof value === 'object' ? JSON.stringify(value) : null
  if (type === 'date (YYYY-MM-DD)') return dayOf(value)
  if (type === 'list of codes') return Array.isArray(value) ? codesOf(value) : textOf(value)
  return textOf(value)
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? filed(value) : typeof value === 'number' ? String(value) : null
}

function codesOf(values: unknown[]): string | null {
  return values.flatMap((value) => textOf(value) ?? []).join(',') || null
}

/** Some events have a day as an array of year, month and day (facts 7.1). */
function dayOf(value: unknown): string | null {
  if (Array.isArray(value) && value.length === 3 && value.every(Number.isInteger)) {
    const [year, month, day] = value.map(String)
    return dayOf(`${year?.padStart(4, '0')}-${month?.padStart(2, '0')}-${day?.padStart(2, '0')}`)
  }
  return typeof value === 'string' && DAY.test(value) ? value : null
}

function derivedPscId({
  kind,
  name,
  statement,
  notified_on,
  date_of_birth_year,
  date_of_birth_month,
}: PscFiled): string {
  const parts = [kind, name, statement, notified_on, date_of_birth_year, date_of_birth_month]
  return derivedId(parts)
}

/** `true` where what is inside does not matter. */
interface Known {
  [member: string]: Known | true
}

/** Members that are known and have no column of their own. */
const ASIDE = ['date_of_birth.day', 'links']

const KNOWN = knownMembers([...pscsFiled.map(({ member }) => member), ...ASIDE])

/** Members with columns for what is inside them. */
const GROUPS = Object.keys(KNOWN).filter((member) => KNOWN[member] !== true)

function knownMembers(paths: string[]): Known {
  const known: Known = {}
  for (const path of paths) {
    let place = known
    const names = path.split('.')
    const last = names.pop() ?? ''
    for (const name of names) {
      const inside = place[name]
      const next = inside === undefined || inside === true ? {} : inside
      place[name] = next
      place = next
    }
    place[last] = true
  }
  return known
}

function unknownMembers(data: Members, known: Known, path = ''): string[] {
  return Object.entries(data).flatMap(([member, value]) => {
    const inside = Object.hasOwn(known, member) ? known[member] : undefined
    if (inside === undefined) return [path + member]
    return inside !== true && isObject(value) ? unknownMembers(value, inside, `${path}${member}.`) : []
  })
}
