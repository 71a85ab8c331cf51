// Who must not be contacted, enriched or exported. It is a rule, not a mark on rows: whatever is imported, refreshed or
// bought later falls under it too.
import { and, asc, eq, inArray, or } from 'drizzle-orm'
import { companyNumber } from '../../company-number.ts'
import { type Db, prepared, type Tx } from '../open.ts'
import { database_keys, officer_fetches, suppressions, withheld_officers } from '../schema.ts'
import { type BodyFacts, emailHash, keyedEmail, normalDomain, personPrefix, ukBodyNumber } from '../values.ts'
import { type NameRule, nameRules, type PersonFacts } from './names.ts'

export type Suppression = typeof suppressions.$inferSelect
export type SuppressionKind = Suppression['kind']

/** A rule to add; `value` is normalised, and `emailHash` of an e-mail: what is stored is keyed. */
export type NewSuppression = Pick<Suppression, 'kind' | 'value' | 'born' | 'reason'>

/** SQLite binds at most 32,766 values a statement. */
const ROWS_PER_QUERY = 1000

/** Adds rules, each once; returns the stored row of each, and whether it was not there before, in their order. */
export function addSuppressions(
  tx: Tx,
  rules: NewSuppression[],
  addedAt: string,
): { suppression: Suppression; isNew: boolean }[] {
  const added: { suppression: Suppression; isNew: boolean }[] = []
  const key = databaseKey(tx)
  for (let start = 0; start < rules.length; start += ROWS_PER_QUERY) {
    const some = rules
      .slice(start, start + ROWS_PER_QUERY)
      .map((rule) => (rule.kind === 'email' ? { ...rule, value: keyedEmail(key, rule.value) } : rule))
    const known = byKey(findSameValues(tx, some))
    const missing = new Map(some.flatMap((rule) => (known.has(ruleKey(rule)) ? [] : [[ruleKey(rule), rule] as const])))
    const stored = new Map([...known, ...byKey(insert(tx, [...missing.values()], addedAt))])
    for (const rule of some) {
      const suppression = stored.get(ruleKey(rule))
      if (suppression) added.push({ suppression, isNew: missing.delete(ruleKey(rule)) })
    }
  }
  return added
}

/** The kinds are named so that the index on kind and value leads there. */
function findSameValues(tx: Tx, rules: NewSuppression[]): Suppression[] {
  const kinds = [...new Set(rules.map(({ kind }) => kind))]
  const values = rules.map(({ value }) => value)
  const same = and(inArray(suppressions.kind, kinds), inArray(suppressions.value, values))
  return tx.select().from(suppressions).where(same).all()
}

function insert(tx: Tx, rules: NewSuppression[], addedAt: string): Suppression[] {
  if (rules.length === 0) return []
  const rows = rules.map(({ kind, value, born, reason }) => ({ kind, value, born, reason, added_at: addedAt }))
  return tx.insert(suppressions).values(rows).returning().all()
}

function byKey(rows: Suppression[]): Map<string, Suppression> {
  return new Map(rows.map((row) => [ruleKey(row), row]))
}

function ruleKey({ kind, value, born }: NewSuppression): string {
  return JSON.stringify([kind, value, born])
}

/** Adds the rule that an e-mail address is left alone, once; `reason` must not name the address. */
export function suppressEmail(tx: Tx, address: string, { reason, addedAt }: { reason: string; addedAt: string }): void {
  addSuppressions(tx, [{ kind: 'email', value: emailHash(address), born: null, reason }], addedAt)
}

/** All rules in the order in which they were added. */
export function listSuppressions(tx: Tx): Suppression[] {
  return tx.select().from(suppressions).orderBy(asc(suppressions.id)).all()
}

const VERSION = `SELECT count(*) AS n, max(id) AS top, max(added_at) AS newest,
  (SELECT count(*) FROM withheld_officers) AS withheld FROM suppressions`

/** Another text whenever rules, or those whom they withhold, have changed. */
export function rulesVersion(db: Db): string {
  return JSON.stringify(prepared(db, VERSION).get())
}

/** The key of this database, 64 hexadecimal digits: hashes under it can be neither tried nor compared elsewhere. */
export function databaseKey(tx: Tx): string {
  const row = tx.select().from(database_keys).where(eq(database_keys.name, 'suppressions')).get()
  if (!row) throw new Error('the key of the database is missing')
  return row.key
}

/** The rules that go on for another one. */
export function listFollowers(tx: Tx, id: number): Suppression[] {
  return tx.select().from(suppressions).where(eq(suppressions.follows, id)).all()
}

/**
 * Lets a rule by officer go on under the officer id that an appointment of theirs has now; returns whether that was
 * new. `addedAt` is ISO 8601.
 */
export function addFollower(tx: Tx, ruleId: number, officer: OfficerFacts, addedAt: string): boolean {
  const rule = tx.select().from(suppressions).where(eq(suppressions.id, ruleId)).get()
  if (rule?.kind !== 'officer' || !officer.officer_id || suppressionsOf([rule], '').officer(officer)) return false
  const follows = rule.follows ?? rule.id
  const value = officer.officer_id
  if (findSameValues(tx, [{ kind: 'officer', value, born: null, reason: null }]).length > 0) return false
  const reason = `number ${follows} under the officer id since a merge at the register`
  tx.insert(suppressions).values({ kind: 'officer', value, reason, follows, added_at: addedAt }).run()
  return true
}

/**
 * Takes a rule back and returns it, with those that go on for it, and the one for which it goes on; null when there is
 * none of this id. The lists from which it withheld somebody are due to be fetched again at once; `due` counts them.
 */
export function removeSuppression(
  tx: Tx,
  id: number,
): { removed: Suppression; rules: Suppression[]; due: number } | null {
  const removed = tx.select().from(suppressions).where(eq(suppressions.id, id)).get()
  if (!removed) return null
  const first = removed.follows ?? id
  const together = or(eq(suppressions.id, first), eq(suppressions.follows, first))
  const ids = [first, ...listFollowers(tx, first).map((rule) => rule.id)]
  const lists = tx
    .selectDistinct({ number: withheld_officers.company_number })
    .from(withheld_officers)
    .where(inArray(withheld_officers.suppression_id, ids))
    .all()
  for (const { number } of lists) dueAtOnce(tx, number)
  tx.delete(withheld_officers).where(inArray(withheld_officers.suppression_id, ids)).run()
  const rules = tx.delete(suppressions).where(together).returning().all()
  return { removed, rules, due: lists.length }
}

/** Has a list that is stored looked at again by the next run that fetches lists; one that is being fetched stays so. */
function dueAtOnce(tx: Tx, companyNumber: string): void {
  tx.insert(officer_fetches).values({ company_number: companyNumber, retry_at: 0 }).onConflictDoNothing().run()
}

/** What says whether an officer is meant: `officer_id`, name with month of birth, or a corporate officer's number. */
export interface OfficerFacts extends PersonFacts, BodyFacts {
  officer_id?: string | null | undefined
  person_number?: string | null | undefined
}

/** The columns of an officer that rules look at. */
export const FACT_COLUMNS = [
  'officer_id',
  'person_number',
  'name',
  'surname',
  'forenames',
  'date_of_birth_year',
  'date_of_birth_month',
  'identification_type',
  'legal_authority',
  'place_registered',
  'register_location',
  'registration_number',
] as const satisfies (keyof OfficerFacts)[]

/** All rules at one moment, to ask about any number of rows. */
export interface Suppressions {
  /** There is no rule at all. */
  readonly empty: boolean
  /** Some rule is about a person: who cannot be told from the person may not pass. */
  readonly people: boolean
  company(companyNumber: string): boolean
  /** A domain is suppressed with its subdomains. */
  domain(domain: string): boolean
  /** By the address itself, or by its domain. */
  email(address: string): boolean
  officer(officer: OfficerFacts): boolean
}

/** Reads all rules. Load them anew for every batch of work: others may add to them at any time. */
export function loadSuppressions(tx: Tx): Suppressions {
  return suppressionsOf(tx.select().from(suppressions).all(), databaseKey(tx))
}

type Rule = Pick<Suppression, 'kind' | 'value' | 'born'> & Partial<Pick<Suppression, 'follows'>>

/** The given rules alone; `key` is that of the database which keeps them. */
export function suppressionsOf(rules: Rule[], key: string): Suppressions {
  const valuesOf = (kind: SuppressionKind) => new Set(rules.flatMap((rule) => (rule.kind === kind ? [rule.value] : [])))
  const [companies, domains, emails, officers] = [
    valuesOf('company'),
    valuesOf('domain'),
    valuesOf('email'),
    valuesOf('officer'),
  ]
  const isFollower = new Set(rules.flatMap(({ value, follows }) => (follows ? [value] : [])))
  const numbers = [...officers].flatMap((value) => personPrefix(value) ?? [])
  const persons = new Set(numbers.filter((number) => !isFollower.has(number)))
  const personsInFiles = new Set(numbers.filter((number) => isFollower.has(number)))
  const names = rules.flatMap(({ kind, value, born }): NameRule[] => (kind === 'name' && born ? [{ value, born }] : []))
  const isNamed = nameRules(names)
  const company = (number: string) => companies.size > 0 && companies.has(companyNumber(number) ?? number)
  const domain = (name: string) => domains.size > 0 && withParents(name).some((host) => domains.has(host))
  return {
    empty: rules.length === 0,
    people: officers.size > 0 || names.length > 0,
    company,
    domain,
    email: (address) =>
      domain(address.slice(address.lastIndexOf('@') + 1)) ||
      (emails.size > 0 && emails.has(keyedEmail(key, emailHash(address)))),
    officer: (officer) =>
      (officers.size > 0 && officers.has(officer.officer_id ?? '')) ||
      (persons.size > 0 && persons.has(personPrefix(officer.person_number) ?? '')) ||
      // A rule by officer id goes on under a person number only for rows that have no id: see `followPeople`.
      (personsInFiles.size > 0 &&
        !officer.officer_id &&
        personsInFiles.has(personPrefix(officer.person_number) ?? '')) ||
      (names.length > 0 && isNamed(officer)) ||
      (companies.size > 0 && companies.has(ukBodyNumber(officer) ?? '')),
  }
}

/** A domain and those above it: `mail.a.example`, `a.example`, `example`. */
function withParents(name: string): string[] {
  const labels = (normalDomain(name) ?? name.trim().toLowerCase()).split('.')
  return labels.map((_, index) => labels.slice(index).join('.'))
}
