// Whom rules leave alone among the persons with significant control. The register gives them no officer id, so that a rule
// by officer finds them by the name of that officer at the same company, as it is stored, or as a hash once it is erased.
import { and, eq, isNotNull, or, type SQL, sql } from 'drizzle-orm'
import { nameWords, withoutTitles } from '../../names.ts'
import type { Db, Tx } from '../open.ts'
import { officers, persons_with_significant_control, withheld_officers } from '../schema.ts'
import { personPrefix } from '../values.ts'
import { placesOfLinked, placesOfNamed } from './birth-index.ts'
import { type NameRule, nameRules, nameValue, type PersonFacts, surnameTest } from './names.ts'
import {
  databaseKey,
  listSuppressions,
  type OfficerFacts,
  rulesVersion,
  type Suppression,
  suppressionsOf,
} from './suppressions.ts'
import { nameHash } from './withheld.ts'

/** A record as far as rules look at it. */
export interface PscPerson {
  company_number: string
  name?: string | null | undefined
  forename?: string | null | undefined
  middle_name?: string | null | undefined
  surname?: string | null | undefined
  date_of_birth_year?: number | null | undefined
  date_of_birth_month?: number | null | undefined
  identification_type?: string | null | undefined
  legal_authority?: string | null | undefined
  place_registered?: string | null | undefined
  country_registered?: string | null | undefined
  registration_number?: string | null | undefined
  /** Of a statement: whom it is about. */
  linked_psc_name?: string | null | undefined
}

/** The columns of a record that rules look at. */
export const PSC_PERSON_COLUMNS = [
  'name',
  'forename',
  'middle_name',
  'surname',
  'date_of_birth_year',
  'date_of_birth_month',
  'identification_type',
  'legal_authority',
  'place_registered',
  'country_registered',
  'registration_number',
  'linked_psc_name',
] as const satisfies (keyof PscPerson)[]

/** Rules at one moment, to ask about any number of records. */
export interface PscRules {
  /** No rule can mean anybody. */
  readonly empty: boolean
  means(psc: PscPerson): boolean
}

const cached = new WeakMap<Db, { version: string; rules: PscRules }>()

/** All rules, read anew when they have changed. */
export function pscRules(db: Db): PscRules {
  const version = rulesVersion(db)
  const known = cached.get(db)
  if (known?.version === version) return known.rules
  const rules = pscRulesOf(db, listSuppressions(db))
  cached.set(db, { version, rules })
  return rules
}

/** The given rules alone. */
export function pscRulesOf(tx: Tx, rules: Suppression[]): PscRules {
  const about = rules.filter(({ kind }) => kind === 'company' || kind === 'officer' || kind === 'name')
  if (about.length === 0) return { empty: true, means: () => false }
  const suppressions = suppressionsOf(about, databaseKey(tx))
  const byName = namesAnyBirth(
    about.flatMap(({ kind, value, born }) => (kind === 'name' && born ? [{ value, born }] : [])),
  )
  const byOfficer = officersAtTheirCompanies(tx, about)
  return {
    empty: false,
    means(psc) {
      if (suppressions.company(psc.company_number) || suppressions.officer(factsOf(psc))) return true
      return (psc.linked_psc_name ? byName(psc.linked_psc_name) : false) || byOfficer(psc)
    },
  }
}

export type StoredPsc = typeof persons_with_significant_control.$inferSelect

/** The stored records that these rules mean; `companies` are those at which their officers were found. */
export function findPscsToErase(tx: Tx, rules: Suppression[], companies: string[]): StoredPsc[] {
  const table = persons_with_significant_control
  const { company_number, registration_number } = table
  const meant = pscRulesOf(tx, rules)
  if (meant.empty) return []
  const among = (places: string) => sql`${table}.rowid IN (SELECT value FROM json_each(${places}))`
  const candidates = rules.flatMap(({ kind, value, born }): SQL[] => {
    if (kind === 'name' && born) {
      const rule = { value, born }
      const linked = placesOfLinked(tx, namesAnyBirth([rule]))
      return [among(placesOfNamed(tx, 'persons_with_significant_control', rule)), among(linked)]
    }
    return kind === 'company' ? [eq(company_number, value), isNotNull(registration_number)] : []
  })
  const atOfficers = sql`${company_number} IN (SELECT value FROM json_each(${JSON.stringify(companies)}))`
  const rows = tx
    .select()
    .from(persons_with_significant_control)
    .where(or(...candidates, atOfficers))
    .all()
  return rows.filter((row) => meant.means(row))
}

/** Deletes records; the list of each company stays known, as it was read. */
export function deletePscs(tx: Tx, rows: Pick<StoredPsc, 'company_number' | 'psc_id'>[]): void {
  const { company_number, psc_id } = persons_with_significant_control
  for (const row of rows) {
    const its = and(eq(company_number, row.company_number), eq(psc_id, row.psc_id))
    tx.delete(persons_with_significant_control).where(its).run()
  }
}

function factsOf(psc: PscPerson): OfficerFacts {
  const { name, forename, middle_name, surname, country_registered, ...facts } = psc
  const forenames = [forename, middle_name].filter(Boolean).join(' ')
  return { ...facts, name: name ?? null, surname: surname ?? null, forenames, register_location: country_registered }
}

/** A statement names somebody without a month of birth: whoever bears the name of a rule is meant. */
function namesAnyBirth(named: NameRule[]): (name: string) => boolean {
  const [means, bearsSurname] = [nameRules(named), surnameTest(named)]
  const months = [...new Set(named.map(({ born }) => born))]
  return (name) => bearsSurname(name) && months.some((born) => means({ name, ...monthOf(born) }))
}

function monthOf(born: string): Pick<PersonFacts, 'date_of_birth_year' | 'date_of_birth_month'> {
  const [year, month] = born.split('-').map(Number)
  return { date_of_birth_year: year, date_of_birth_month: month }
}

/** Says whether a record bears the name of an officer of its company whom a rule by officer means. */
function officersAtTheirCompanies(tx: Tx, rules: Suppression[]): (psc: PscPerson) => boolean {
  const byOfficer = rules.filter(({ kind }) => kind === 'officer')
  if (byOfficer.length === 0) return () => false
  const stored = storedNames(tx, byOfficer)
  const hashes = withheldNames(tx, byOfficer)
  const key = databaseKey(tx)
  return (psc) => {
    if (stored.get(psc.company_number)?.(psc)) return true
    const own = hashes.get(psc.company_number)
    return own?.has(nameHash(key, askedName(psc)) ?? '') === true
  }
}

function storedNames(tx: Tx, rules: Suppression[]): Map<string, (psc: PscPerson) => boolean> {
  const ids = JSON.stringify(rules.map(({ value }) => value))
  const persons = JSON.stringify(rules.flatMap(({ value }) => personPrefix(value) ?? []))
  const rows = tx
    .select()
    .from(officers)
    .where(
      or(
        sql`${officers.officer_id} IN (SELECT value FROM json_each(${ids}))`,
        sql`substr(${officers.person_number}, 1, 8) IN (SELECT value FROM json_each(${persons}))`,
      ),
    )
    .all()
  const byCompany = new Map<string, NameRule[]>()
  for (const { company_number, surname, forenames, date_of_birth_year: year, date_of_birth_month: month } of rows) {
    const value = nameValue(surname ?? '', forenames ?? '')
    if (value === null || !year || !month) continue
    const born = `${year}-${String(month).padStart(2, '0')}`
    byCompany.set(company_number, [...(byCompany.get(company_number) ?? []), { value, born }])
  }
  return new Map([...byCompany].map(([company, names]) => [company, bearsOne(names)]))
}

function bearsOne(names: NameRule[]): (psc: PscPerson) => boolean {
  const [means, anyBirth] = [nameRules(names), namesAnyBirth(names)]
  return (psc) => means(factsOf(psc)) || (psc.linked_psc_name ? anyBirth(psc.linked_psc_name) : false)
}

function withheldNames(tx: Tx, rules: Suppression[]): Map<string, Set<string>> {
  const ids = JSON.stringify(rules.map(({ id }) => id))
  const byRule = sql`${withheld_officers.suppression_id} IN (SELECT value FROM json_each(${ids}))`
  const rows = tx.select().from(withheld_officers).where(byRule).all()
  const byCompany = new Map<string, Set<string>>()
  for (const { company_number, name } of rows) {
    if (name === null) continue
    const own = byCompany.get(company_number) ?? new Set()
    byCompany.set(company_number, own.add(name))
  }
  return byCompany
}

/** First name and surname, as the hash of a withheld officer was made. */
function askedName({ name, forename, surname, linked_psc_name }: PscPerson): string {
  if (forename && surname) return `${forename.split(/\s+/)[0]} ${surname}`
  const words = withoutTitles(nameWords(name ?? linked_psc_name ?? '')).at(-1) ?? []
  return words.length > 1 ? `${words[0]} ${words.at(-1)}` : ''
}
