// Officers whom a rule leaves alone are not stored again: in the place of a row stands a hash of its appointment, under a
// key of the database, so that the company's list counts as known and the appointment is known again. Every function
// belongs in the transaction that replaces or erases the rows.
import { and, eq, inArray } from 'drizzle-orm'
import { nameWords } from '../../names.ts'
import { type Db, prepared, type Tx } from '../open.ts'
import { withheld_officers } from '../schema.ts'
import { keyedHash } from '../values.ts'
import {
  addFollower,
  databaseKey,
  listSuppressions,
  type OfficerFacts,
  type Suppressions,
  suppressionsOf,
} from './suppressions.ts'

/** An officer as far as it is looked at here. */
export type Appointment = OfficerFacts & { company_number: string; appointment_id: string }

export interface PartedRows<Row> {
  kept: Row[]
  /** What is not to be stored, and the id of the rule that says so. */
  withheld: { row: Row; rule: number }[]
}

const REPLACE = 'DELETE FROM withheld_officers WHERE company_number = ?'
const KNOWN = 'SELECT appointment, suppression_id AS rule FROM withheld_officers WHERE company_number = ?'
const STORED = 'SELECT * FROM officers WHERE company_number = ?'

/**
 * Parts a company's fresh list into the rows to store and those that a rule withholds, and remembers the latter instead of
 * those that were withheld before. An appointment that a rule has met, stored or not, stays with the rule whatever has
 * become of its name; when a rule by officer finds it under another officer id, the register has merged two people (facts
 * 10.4), and the rule goes on under that id too. `at` is ISO 8601.
 */
export function withholdOfficers<Row extends Appointment>(
  db: Db,
  companyNumber: string,
  rows: Row[],
  at: string,
): PartedRows<Row> {
  const parted = partOfficers(db, companyNumber, rows)
  if (parted === null) return { kept: rows, withheld: [] }
  const followed = parted.withheld.filter(({ row, rule }) => addFollower(db, rule, row, at))
  const more = followed.length > 0 ? partOfficers(db, companyNumber, parted.kept) : null
  const withheld = [...parted.withheld, ...(more?.withheld ?? [])]
  prepared(db, REPLACE).run(companyNumber)
  rememberOfficers(db, withheld)
  return { kept: more?.kept ?? parted.kept, withheld }
}

/**
 * Says whether a rule withholds one appointment, and remembers it beside those that are withheld already; a rule goes on
 * under another officer id as in a whole list. `at` is ISO 8601.
 */
export function withholdOfficer(db: Db, row: Appointment, at: string): boolean {
  const withheld = partOfficers(db, row.company_number, [row])?.withheld ?? []
  for (const { rule } of withheld) addFollower(db, rule, row, at)
  rememberOfficers(db, withheld)
  return withheld.length > 0
}

/** Forgets an appointment that was withheld, as it is not in the register any more; says whether one was. */
export function forgetWithheld(tx: Tx, appointment: Appointment): boolean {
  const { company_number } = appointment
  const hash = appointmentHash(databaseKey(tx), appointment)
  const where = and(eq(withheld_officers.company_number, company_number), eq(withheld_officers.appointment, hash))
  return tx.delete(withheld_officers).where(where).run().changes > 0
}

/** The same parting, without a change; null when there is no rule that could mean anybody. */
export function partOfficers<Row extends Appointment>(
  db: Db,
  companyNumber: string,
  rows: Row[],
): PartedRows<Row> | null {
  const known = currentRules(db)
  if (known.suppressions.empty) return null
  const ruleOf = ruleFinder(known, companyNumber)
  const key = databaseKey(db)
  const met = metAppointments(db, companyNumber, { key, ruleOf })
  const parted: PartedRows<Row> = { kept: [], withheld: [] }
  for (const row of rows) {
    const rule = ruleOf(row) ?? (met.size > 0 ? met.get(appointmentHash(key, row)) : undefined)
    if (rule === undefined) parted.kept.push(row)
    else parted.withheld.push({ row, rule })
  }
  return parted
}

/**
 * Parts rows of which some came by file, without ids of the register. Besides those whom `withholdOfficers` would withhold,
 * it is who bears the name of somebody withheld from this company before. What was remembered before stays, since it knows
 * the register's ids. `isNew` says which rows no list has had yet.
 */
export function withholdFiledOfficers<Row extends Appointment>(
  db: Db,
  companyNumber: string,
  rows: Row[],
  isNew: (row: Row) => boolean,
): PartedRows<Row> {
  const parted = partOfficers(db, companyNumber, rows)
  if (parted === null) return { kept: rows, withheld: [] }
  const names = new Map(
    (prepared(db, NAMES).all(companyNumber) as { name: string; rule: number }[]).map(({ name, rule }) => [name, rule]),
  )
  const key = databaseKey(db)
  const ruleOf = (row: Row) => {
    return names.size > 0 && isNew(row) ? names.get(nameHash(key, askedName(row)) ?? '') : undefined
  }
  const found = parted.kept.flatMap((row) => {
    const rule = ruleOf(row)
    return rule === undefined ? [] : [{ row, rule }]
  })
  const gone = new Set(found.map(({ row }) => row))
  const withheld = [...parted.withheld, ...found]
  rememberOfficers(db, withheld)
  return { kept: parted.kept.filter((row) => !gone.has(row)), withheld }
}

const NAMES = 'SELECT name, suppression_id AS rule FROM withheld_officers WHERE company_number = ? AND name IS NOT NULL'

/** Puts hashes in the place of rows. */
export function rememberOfficers(tx: Tx, withheld: PartedRows<Appointment>['withheld']): void {
  const key = withheld.length > 0 ? databaseKey(tx) : ''
  for (const { row, rule } of withheld) {
    const hashes = { appointment: appointmentHash(key, row), name: nameHash(key, askedName(row)) }
    tx.insert(withheld_officers)
      .values({ company_number: row.company_number, ...hashes, suppression_id: rule })
      .onConflictDoNothing()
      .run()
  }
}

/** Whom rules withhold from the list of one company. */
export interface Withheld {
  companyNumber: string
  appointment(appointmentId: string): boolean
  /** By the name as it is asked for, `First Last`. */
  name(asked: string): boolean
}

/** Whom any rule withholds from a company's list. */
export function withheldFrom(tx: Tx, companyNumber: string): Withheld {
  const rows = tx.select().from(withheld_officers).where(eq(withheld_officers.company_number, companyNumber)).all()
  return withheldOf(tx, companyNumber, rows)
}

/** Whom these rules withhold, company by company. */
export function withheldBy(tx: Tx, ruleIds: number[]): Withheld[] {
  const rows = tx.select().from(withheld_officers).where(inArray(withheld_officers.suppression_id, ruleIds)).all()
  const byCompany = new Map<string, typeof rows>()
  for (const row of rows) byCompany.set(row.company_number, [...(byCompany.get(row.company_number) ?? []), row])
  return [...byCompany].map(([companyNumber, own]) => withheldOf(tx, companyNumber, own))
}

function withheldOf(tx: Tx, companyNumber: string, rows: { appointment: string; name: string | null }[]): Withheld {
  const key = rows.length > 0 ? databaseKey(tx) : ''
  const appointments = new Set(rows.map(({ appointment }) => appointment))
  const names = new Set(rows.flatMap(({ name }) => name ?? []))
  return {
    companyNumber,
    appointment: (id) =>
      appointments.size > 0 &&
      appointments.has(appointmentHash(key, { company_number: companyNumber, appointment_id: id })),
    name: (asked) => names.size > 0 && names.has(nameHash(key, asked) ?? ''),
  }
}

/** The appointments that a rule means or has met, by their hashes. */
function metAppointments(
  db: Db,
  companyNumber: string,
  { key, ruleOf }: { key: string; ruleOf: (row: Appointment) => number | undefined },
): Map<string, number> {
  const stored = (prepared(db, STORED).all(companyNumber) as Appointment[]).flatMap((row): [string, number][] => {
    const rule = ruleOf(row)
    return rule === undefined ? [] : [[appointmentHash(key, row), rule]]
  })
  const withheld = prepared(db, KNOWN).all(companyNumber) as { appointment: string; rule: number }[]
  return new Map([...stored, ...withheld.map(({ appointment, rule }) => [appointment, rule] as const)])
}

interface Rules {
  version: string
  suppressions: Suppressions
  /** Those that can mean an officer, each by itself. */
  single: { id: number; means: Suppressions }[]
}

const current = new WeakMap<Db, Rules>()

const VERSION = 'SELECT count(*) AS n, max(id) AS top, max(added_at) AS newest FROM suppressions'

/** All rules, read anew when they have changed. */
function currentRules(db: Db): Rules {
  const version = JSON.stringify(prepared(db, VERSION).get())
  const cached = current.get(db)
  if (cached?.version === version) return cached
  const list = listSuppressions(db)
  const single = list
    .filter(({ kind }) => kind === 'company' || kind === 'officer' || kind === 'name')
    .map((rule) => ({ id: rule.id, means: suppressionsOf([rule], '') }))
  const rules = { version, single, suppressions: suppressionsOf(list, databaseKey(db)) }
  current.set(db, rules)
  return rules
}

/** Which rule means an officer: the company's own, or one about the officer. */
function ruleFinder({ single, suppressions }: Rules, companyNumber: string): (row: Appointment) => number | undefined {
  const isOwn = suppressions.company(companyNumber)
  const own = isOwn ? single.find(({ means }) => means.company(companyNumber))?.id : undefined
  return (row) => own ?? (suppressions.officer(row) ? single.find(({ means }) => means.officer(row))?.id : undefined)
}

function appointmentHash(key: string, { company_number, appointment_id }: Appointment): string {
  return keyedHash(key, `appointment:${company_number}/${appointment_id}`)
}

/** The hash under which the name of a withheld person is known again; null where nothing is asked. */
export function nameHash(key: string, asked: string): string | null {
  const written = nameWords(asked).join('')
  return written === '' ? null : keyedHash(key, `name:${written}`)
}

/** The first forename that is more than an initial and the surname, as a person is asked for. */
function askedName({ surname, forenames }: Appointment): string {
  const first = (forenames ?? '').split(/\s+/)
  return `${first.find((word) => nameWords(word).join('').length > 1) ?? first[0]} ${surname ?? ''}`
}

/** Whether a text about a company's list, such as an odd item, names one of these officers. */
export function namesOfficer(text: string, officers: Appointment[]): boolean {
  const said = ` ${nameWords(text).join(' ')} `
  return officers.some(({ officer_id, appointment_id, surname, name }) => {
    const words = ` ${nameWords(surname ?? name ?? '').join(' ')} `
    return (
      text.includes(appointment_id) ||
      (officer_id && text.includes(officer_id)) ||
      (words.trim() !== '' && said.includes(words))
    )
  })
}
