// What is stored about somebody who wants to be forgotten, and its removal. Every function belongs in one transaction.
import { and, eq, isNotNull, like, or, type SQL, sql } from 'drizzle-orm'
import type { Db, Tx } from './open.ts'
import { companies, domains, emails, notes, officers, stream_rejects } from './schema.ts'
import { personPrefix } from './suppression-values.ts'
import type { Suppression } from './suppressions.ts'

export type StoredOfficer = ReturnType<typeof findOfficers>[number]
export type StoredEmail = Pick<typeof emails.$inferSelect, 'company_number' | 'appointment_id' | 'email'>

/** Officers whom the rule may mean; the rule itself must still be asked, since SQL cannot compare names. */
export function findOfficers(tx: Tx, { kind, value, born }: Pick<Suppression, 'kind' | 'value' | 'born'>) {
  const [year, month] = (born ?? '').split('-').map(Number)
  const candidates: Record<Suppression['kind'], SQL | undefined> = {
    officer: or(eq(officers.officer_id, value), like(officers.person_number, `${personPrefix(value) ?? '-'}%`)),
    name: and(eq(officers.date_of_birth_year, year ?? 0), eq(officers.date_of_birth_month, month ?? 0)),
    company: or(eq(officers.company_number, value), isNotNull(officers.registration_number)),
    domain: sql`0`,
    email: sql`0`,
  }
  return tx.select().from(officers).where(candidates[kind]).all()
}

export function findCompanyName(tx: Tx, companyNumber: string): string | null {
  const row = tx.select().from(companies).where(eq(companies.company_number, companyNumber)).get()
  return row?.company_name ?? null
}

export function findDomains(tx: Tx, companyNumber: string): string[] {
  const rows = tx.select().from(domains).where(eq(domains.company_number, companyNumber)).all()
  return rows.map(({ domain }) => domain)
}

export function listDomains(tx: Tx): { company_number: string; domain: string }[] {
  return tx.select({ company_number: domains.company_number, domain: domains.domain }).from(domains).all()
}

const emailColumns = {
  company_number: emails.company_number,
  appointment_id: emails.appointment_id,
  email: emails.email,
}

export function findEmails(tx: Tx, companyNumber: string): StoredEmail[] {
  return tx.select(emailColumns).from(emails).where(eq(emails.company_number, companyNumber)).all()
}

export function listEmails(tx: Tx): StoredEmail[] {
  return tx.select(emailColumns).from(emails).all()
}

/** Deletes officers and counts their companies anew; the list of each stays known, as it was fetched. */
export function deleteOfficers(tx: Tx, rows: Pick<StoredOfficer, 'company_number' | 'appointment_id'>[]): void {
  for (const { company_number, appointment_id } of rows) {
    const company = eq(companies.company_number, company_number)
    const row = and(eq(officers.company_number, company_number), eq(officers.appointment_id, appointment_id))
    tx.delete(officers).where(row).run()
    tx.update(companies)
      .set({ officers_count: sql`${companies.officers_count} - 1` })
      .where(company)
      .run()
  }
}

/** Deletes a company with all that hangs on it; returns whether it was stored. */
export function deleteCompany(tx: Tx, companyNumber: string): boolean {
  return tx.delete(companies).where(eq(companies.company_number, companyNumber)).run().changes > 0
}

export function deleteDomains(tx: Tx, rows: { company_number: string; domain: string }[]): void {
  for (const { company_number, domain } of rows) {
    const row = and(eq(domains.company_number, company_number), eq(domains.domain, domain))
    tx.delete(domains).where(row).run()
  }
}

export function deleteEmails(tx: Tx, rows: StoredEmail[]): void {
  for (const { company_number, appointment_id, email } of rows) {
    const row = and(
      eq(emails.company_number, company_number),
      eq(emails.appointment_id, appointment_id),
      eq(emails.email, email),
    )
    tx.delete(emails).where(row).run()
  }
}

/** Deletes those notes about a company whose text `holds` says so; returns how many. */
export function deleteNotes(tx: Tx, companyNumber: string, holds: (detail: string) => boolean): number {
  const rows = tx.select().from(notes).where(eq(notes.company_number, companyNumber)).all()
  const found = rows.filter(({ detail }) => holds(detail))
  for (const { id } of found) tx.delete(notes).where(eq(notes.id, id)).run()
  return found.length
}

/** Empties the kept lines of the stream that name a company; returns how many. */
export function emptyRejects(tx: Tx, companyNumber: string): number {
  const naming = sql`instr(${stream_rejects.line}, ${companyNumber}) > 0`
  return tx.update(stream_rejects).set({ line: '' }).where(naming).run().changes
}

/**
 * Brings all that was written into the database file and empties the write-ahead log, so that erased text is in neither.
 * Returns false when another process is reading an older state; then the log is emptied later.
 */
export function emptyLog(db: Db): boolean {
  const [result] = db.$client.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[]
  return result?.busy === 0
}
