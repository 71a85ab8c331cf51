// What is stored about one person who asks what is: queries that only read. Each belongs in one snapshot.
import { and, eq, inArray, or, type SQL, sql } from 'drizzle-orm'
import { type Db, prepared, type Tx } from '../open.ts'
import { emails, notes, officers, stream_rejects, withheld_officers } from '../schema.ts'
import type { StoredOfficer } from './erase.ts'
import { type NameRule, nameRules, type PersonFacts } from './names.ts'
import type { Suppression } from './suppressions.ts'

export type SubjectEmail = typeof emails.$inferSelect

/** Any month: a rule needs one, and whoever is looked for by name alone is given the same. */
const ANY_MONTH = { date_of_birth_year: 1900, date_of_birth_month: 1 }
const ANY_BORN = '1900-01'

const OFFICER_NAMES = `SELECT name, surname, forenames, date_of_birth_year, date_of_birth_month FROM officers`
const PSC_NAMES = `SELECT coalesce(name, linked_psc_name) AS name, surname,
  nullif(trim(coalesce(forename, '') || ' ' || coalesce(middle_name, '')), '') AS forenames,
  date_of_birth_year, date_of_birth_month FROM persons_with_significant_control`

/** The months of birth (`YYYY-MM`) of everybody with this name, as `nameValue` writes it, and how many rows tell none. */
export function monthsOfBirth(db: Db, value: string): { months: string[]; undated: number } {
  const bears = nameRules([{ value, born: ANY_BORN } satisfies NameRule])
  const months = new Set<string>()
  let undated = 0
  for (const sql of [OFFICER_NAMES, PSC_NAMES]) {
    for (const person of prepared(db, sql).iterate() as Iterable<PersonFacts>) {
      if (!bears({ ...person, ...ANY_MONTH })) continue
      const { date_of_birth_year: year, date_of_birth_month: month } = person
      if (year && month) months.add(`${year}-${String(month).padStart(2, '0')}`)
      else undated += 1
    }
  }
  return { months: [...months].sort(), undated }
}

/** The officers to whose appointments an address belongs. */
export function findOfficersByAddress(tx: Tx, address: string): StoredOfficer[] {
  return listAddressRows(tx, address).flatMap(({ company_number, appointment_id }) => {
    const row = and(eq(officers.company_number, company_number), eq(officers.appointment_id, appointment_id))
    return tx.select().from(officers).where(row).all()
  })
}

/** Every row of one address, whatever case it was found in. */
export function listAddressRows(tx: Tx, address: string): SubjectEmail[] {
  return tx
    .select()
    .from(emails)
    .where(eq(sql`lower(${emails.email})`, address.toLowerCase()))
    .all()
}

/** The addresses of one appointment. */
export function listAppointmentEmails(
  tx: Tx,
  { company_number, appointment_id }: { company_number: string; appointment_id: string },
): SubjectEmail[] {
  const row = and(eq(emails.company_number, company_number), eq(emails.appointment_id, appointment_id))
  return tx.select().from(emails).where(row).all()
}

export interface KeptText {
  id: number
  /** The kind of note, or the stream of a line that could not be applied. */
  kind: string
  company_number: string | null
  text: string
  /** Milliseconds. */
  noted_at: number
}

/** The notes about a company, and the kept lines of streams in which its number is written. */
export function listKeptTexts(tx: Tx, companyNumber: string): KeptText[] {
  const noted = tx.select().from(notes).where(eq(notes.company_number, companyNumber)).all()
  const naming = sql`instr(${stream_rejects.line}, ${companyNumber}) > 0`
  const lines = tx.select().from(stream_rejects).where(naming).all()
  return [
    ...noted.map(({ id, kind, detail, noted_at }) => {
      return { id, kind, company_number: companyNumber, text: detail, noted_at }
    }),
    ...lines.map(({ id, stream, line, received_at }) => {
      return {
        id,
        kind: `line of the stream ${stream}`,
        company_number: companyNumber,
        text: line,
        noted_at: received_at,
      }
    }),
  ]
}

/** Appointments of which only hashes are kept: under one of these rules, or with one of these hashed names. */
export function listWithheldRows(tx: Tx, rules: Pick<Suppression, 'id'>[], nameHashes: string[]) {
  const { suppression_id, name, company_number } = withheld_officers
  const wheres: SQL[] = []
  if (rules.length > 0)
    wheres.push(
      inArray(
        suppression_id,
        rules.map(({ id }) => id),
      ),
    )
  if (nameHashes.length > 0) wheres.push(inArray(name, nameHashes))
  if (wheres.length === 0) return []
  return tx
    .select({ company_number, suppression_id })
    .from(withheld_officers)
    .where(or(...wheres))
    .all()
}
