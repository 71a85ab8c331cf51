// What the rules that were added since an earlier delivery hide: the customer may have it, and must be told.
import { and, eq, gt, gte, or } from 'drizzle-orm'
import { type Since, touchCompanies } from '../changes.ts'
import type { Db } from '../open.ts'
import { suppressions as rules } from '../schema.ts'
import { PSC_PERSON_COLUMNS, type PscPerson, pscRulesOf } from './pscs.ts'
import {
  databaseKey,
  FACT_COLUMNS,
  type OfficerFacts,
  type Suppression,
  type Suppressions,
  suppressionsOf,
} from './suppressions.ts'

export type HiddenTable = 'officers' | 'persons_with_significant_control' | 'domains' | 'emails'

export interface HiddenRows {
  /** Companies that are suppressed as a whole, stored or not. */
  companies: { company_number: string; at: string }[]
  /** Tables of which some rows of a company are hidden. They are not named: their keys may name people whom nobody may see. */
  rows: { table: HiddenTable; company_number: string; at: string }[]
}

/** Looks for everything that rules added since hide; the time told is that of the latest rule. */
export function hiddenSince(db: Db, since: Since): HiddenRows {
  return hiddenBy(db, rulesSince(db, since))
}

/** The rules that were added since. */
export function rulesSince(db: Db, { number, moment }: Since): Suppression[] {
  const earlier = and(eq(rules.change_number, 0), gte(rules.added_at, moment))
  const added = number === 0 ? or(gt(rules.change_number, 0), earlier) : gt(rules.change_number, number)
  return db.select().from(rules).where(added).all()
}

/** Sees to it that the next delta brings what these rules hid; belongs in the transaction that takes them back. */
export function touchHidden(db: Db, removed: Suppression[]): void {
  const { companies, rows } = hiddenBy(db, removed)
  touchCompanies(db, [...new Set([...companies, ...rows].map(({ company_number }) => company_number))])
}

/** What all rules together hide of the companies of which `among`, a query, gives the numbers; null for every company. */
export function hiddenAmong(db: Db, among: string | null): HiddenRows {
  return hiddenBy(db, db.select().from(rules).all(), among)
}

function hiddenBy(db: Db, added: Suppression[], among: string | null = null): HiddenRows {
  const at = added.reduce((latest, { added_at }) => (added_at > latest ? added_at : latest), '')
  const suppressions = suppressionsOf(added, databaseKey(db))
  const kinds = new Set(added.map(({ kind }) => kind))
  const hidden = new Map<string, HiddenRows['rows'][number]>()
  const hide = (table: HiddenTable, company_number: string) =>
    hidden.set(`${table} ${company_number}`, { table, company_number, at })

  if (kinds.has('officer') || kinds.has('name') || kinds.has('company')) {
    hideOfficers(db, suppressions, { hide, among })
    hidePscs(db, added, { hide, among })
  }
  if (kinds.has('domain')) {
    for (const { company_number, domain } of iterate<{ company_number: string; domain: string }>(db, DOMAINS, among)) {
      if (suppressions.domain(domain)) hide('domains', company_number)
    }
  }
  if (kinds.has('domain') || kinds.has('email')) {
    for (const { company_number, email } of iterate<{ company_number: string; email: string }>(db, EMAILS, among)) {
      if (suppressions.email(email)) hide('emails', company_number)
    }
  }
  const companies = added.flatMap(({ kind, value, added_at }) =>
    kind === 'company' ? [{ company_number: value, at: added_at }] : [],
  )
  return { companies, rows: [...hidden.values()] }
}

const OFFICERS = `
  SELECT company_number, appointment_id, ${FACT_COLUMNS.join(', ')} FROM officers WHERE 1`
const DOMAINS = 'SELECT company_number, domain FROM domains WHERE 1'
const EMAILS = 'SELECT company_number, email FROM emails WHERE 1'
const EMAIL_OF = 'SELECT 1 FROM emails WHERE company_number = ? AND appointment_id = ?'
const EMAILS_OF_NOBODY = `
  SELECT DISTINCT company_number FROM emails WHERE NOT EXISTS (
    SELECT 1 FROM officers
    WHERE officers.company_number = emails.company_number AND officers.appointment_id = emails.appointment_id)`

const PSCS = `SELECT company_number, ${PSC_PERSON_COLUMNS.join(', ')} FROM persons_with_significant_control WHERE 1`

function hidePscs(
  db: Db,
  added: Suppression[],
  {
    hide,
    among,
  }: { hide: (table: 'persons_with_significant_control', companyNumber: string) => void; among: string | null },
): void {
  const rules = pscRulesOf(db, added)
  for (const psc of iterate<PscPerson>(db, PSCS, among)) {
    if (rules.means(psc)) hide('persons_with_significant_control', psc.company_number)
  }
}

type Officer = OfficerFacts & { company_number: string; appointment_id: string }

/** With the first person, e-mails of officers who are not stored are hidden as well: nobody can tell whose they are. */
function hideOfficers(
  db: Db,
  suppressions: Suppressions,
  { hide, among }: { hide: (table: 'officers' | 'emails', companyNumber: string) => void; among: string | null },
): void {
  const emailOf = db.$client.prepare(EMAIL_OF)
  for (const officer of iterate<Officer>(db, OFFICERS, among)) {
    if (!suppressions.officer(officer)) continue
    hide('officers', officer.company_number)
    if (emailOf.get(officer.company_number, officer.appointment_id)) hide('emails', officer.company_number)
  }
  if (!suppressions.people) return
  for (const { company_number } of iterate<{ company_number: string }>(db, EMAILS_OF_NOBODY, among)) {
    hide('emails', company_number)
  }
}

function iterate<T>(db: Db, sql: string, among: string | null): IterableIterator<T> {
  const bound = among === null ? sql : `${sql} AND company_number IN (${among})`
  return db.$client.prepare(bound).iterate() as IterableIterator<T>
}
