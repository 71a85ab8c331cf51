// Adds rules about whom to leave alone, and erases on request. A rule is added once, whatever happens in between.

import { parseOfficerName } from '../../companies-house/officer-name.ts'
import { companyNumber } from '../../company-number.ts'
import { type DatasetTable, datasetTables } from '../../db/dataset/columns.ts'
import { type Db, type Tx, write } from '../../db/open.ts'
import { eraseFromNamesFile } from '../../db/served/names-file.ts'
import { indexBirths } from '../../db/suppress/birth-index.ts'
import { emptyLog } from '../../db/suppress/erase.ts'
import { nameValue } from '../../db/suppress/names.ts'
import { followPeople, standAlone } from '../../db/suppress/people.ts'
import { listWithheldRows } from '../../db/suppress/subject.ts'
import {
  addSuppressions,
  type NewSuppression,
  type Suppression,
  type SuppressionKind,
} from '../../db/suppress/suppressions.ts'
import { emailHash, normalDomain, normalEmail, personPrefix } from '../../db/values.ts'
import { type Erased, eraseSuppressed } from './erase.ts'
import { type Recipient, readRecipients } from './recipients.ts'

export interface Suppressed {
  suppression: Suppression
  /** False when the rule was there already. */
  isNew: boolean
  /** What was removed; null when nothing was to be. */
  erased: Erased | null
  /** Whoever was given a delivery that may hold it, and is to be told of the erasure. */
  recipients: Recipient[]
  /** Removed text may still be in the write-ahead log, because another process is reading an older state. */
  logKept: boolean
}

export interface SuppressOptions {
  erase: boolean
  /** In milliseconds. */
  now: number
  /** Hears that an index of about so many people is made first. */
  tell?: (people: number) => void
}

/** Adds one rule and, with `erase`, removes what is stored about whom it means, both or neither. */
export function suppress(db: Db, rule: NewSuppression, { erase, now, tell }: SuppressOptions): Suppressed {
  if (erase && rule.kind === 'name') indexBirths(db, (people) => tell?.(people))
  const done = write(db, (tx) => {
    const addedAt = new Date(now).toISOString()
    const [added] = addSuppressions(tx, [rule], addedAt)
    if (!added) throw new Error('a rule was neither found nor added')
    standAlone(tx, [added.suppression])
    followPeople(tx, [added.suppression], addedAt)
    if (!erase) return { ...added, erased: null, recipients: [] }
    const erased = eraseSuppressed(tx, added.suppression, now)
    return { ...added, erased, recipients: recipientsOf(tx, added.suppression, erased) }
  })
  const logKept = erase && !emptyLog(db)
  if (erase) eraseFromNamesFile(db)
  return { ...done, logKept }
}

/** The tables from which something is erased, now or, as hashes in the place of rows tell, at an earlier time. */
function recipientsOf(tx: Tx, { id }: Suppression, erased: Erased): Recipient[] {
  const before = listWithheldRows(tx, [{ id }], []).length > 0
  const gone: Record<DatasetTable, boolean> = {
    companies: erased.companies > 0,
    officers: erased.officers > 0 || erased.companies > 0 || before,
    persons_with_significant_control: erased.pscs > 0 || erased.companies > 0 || before,
    domains: erased.domains > 0,
    emails: erased.emails > 0 || before,
  }
  return readRecipients(
    tx,
    datasetTables.filter((table) => gone[table]),
  )
}

export interface ImportedRules {
  rows: number
  added: number
  known: number
}

/** Adds many rules, all or none. `now` in milliseconds. */
export function suppressAll(db: Db, rules: NewSuppression[], now: number): ImportedRules {
  const addedAt = new Date(now).toISOString()
  const all = write(db, (tx) => {
    const rows = addSuppressions(tx, rules, addedAt)
    const all = rows.map(({ suppression }) => suppression)
    standAlone(tx, all)
    followPeople(tx, all, addedAt)
    return rows
  })
  const added = all.filter(({ isNew }) => isNew).length
  return { rows: all.length, added, known: all.length - added }
}

// What an operator or a file says about whom to suppress, checked and normalised.

export const suppressionKinds: readonly SuppressionKind[] = ['email', 'domain', 'company', 'officer', 'name']

export interface RawRule {
  kind: SuppressionKind
  value: string
  born: string | null
  reason: string | null
}

/** Under these everybody registers; a rule would mean them all. */
const REGISTRY = /^(?:ac|co|gov|ltd|me|net|nhs|org|plc|sch)\.uk$/
const MONTH = /^(?:18|19|20)\d{2}-(?:0[1-9]|1[0-2])$/
const MAX_REASON_LENGTH = 1000

const ADDRESS = /[^\s@<>]+@[^\s@<>]+/g

/** The rule, or why it is none as a sentence; neither ever holds an e-mail address. */
export function readRule({ kind, value, born, reason }: RawRule): NewSuppression | string {
  if (kind !== 'name' && born !== null) return 'a month of birth belongs to a name'
  if (kind === 'name' && !MONTH.test(born ?? ''))
    return `expected a month of birth as YYYY-MM, got: ${shown(born ?? '')}`
  const why = reason?.trim().replace(ADDRESS, '(address)') || null
  if (why !== null && why.length > MAX_REASON_LENGTH) return `the reason is longer than ${MAX_REASON_LENGTH} characters`
  const misplaced = kind !== 'email' && value.includes('@')
  const normal = misplaced ? null : NORMAL[kind](value)
  return normal === null ? EXPECTED[kind](shown(value)) : { kind, value: normal, born, reason: why }
}

const NORMAL: Record<SuppressionKind, (value: string) => string | null> = {
  email: (value) => (normalEmail(value) === null ? null : emailHash(value)),
  domain: (value) => {
    const domain = normalDomain(value)
    return domain !== null && REGISTRY.test(domain) ? null : domain
  },
  company: companyNumber,
  officer: (value) => personPrefix(value) ?? /^[^\s/\p{C}]{1,100}$/u.exec(value.trim())?.[0] ?? null,
  name: (value) => {
    if (/\p{C}/u.test(value)) return null
    const { surname, forenames } = parseOfficerName(value.trim(), null)
    return nameValue(surname ?? '', forenames ?? '')
  },
}

const EXPECTED: Record<SuppressionKind, (shownValue: string) => string> = {
  email: () => 'expected an e-mail address such as a.name@example.co.uk',
  domain: (value) => `expected a domain such as example.co.uk, got: ${value}`,
  company: (value) => `expected a company number such as 00445790 or SC123456, got: ${value}`,
  officer: (value) => `expected an officer id, as in /officers/<id>/appointments, or a person number, got: ${value}`,
  name: (value) => `expected a name as "SURNAME, Forename", got: ${value}`,
}

/** An address in the wrong place is not repeated either. */
function shown(value: string): string {
  if (value.includes('@')) return 'an e-mail address'
  return value.trim() === '' ? 'nothing' : value.slice(0, 100)
}
