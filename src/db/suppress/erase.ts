// What is stored about somebody who wants to be forgotten, and its removal. Every function belongs in one transaction.
import { and, eq, isNotNull, isNull, like, ne, or, type SQL, sql } from 'drizzle-orm'
import type { Db, Tx } from '../open.ts'
import type { AskedInput, Operation } from '../purchases/requests.ts'
import {
  companies,
  domains,
  emails,
  notes,
  officers,
  provider_answers,
  provider_requests,
  stream_rejects,
} from '../schema.ts'
import { personPrefix } from '../values.ts'
import { placesOfNamed } from './birth-index.ts'
import type { Suppression } from './suppressions.ts'

export type StoredOfficer = ReturnType<typeof findOfficersToErase>[number]
export type StoredEmail = Pick<typeof emails.$inferSelect, 'company_number' | 'appointment_id' | 'email'>

/** Officers whom the rule may mean; the rule itself must still be asked. */
export function findOfficersToErase(tx: Tx, { kind, value, born }: Pick<Suppression, 'kind' | 'value' | 'born'>) {
  const named = () => placesOfNamed(tx, 'officers', { value, born: born ?? '' })
  const candidates: Record<Suppression['kind'], SQL | undefined> = {
    officer: or(eq(officers.officer_id, value), like(officers.person_number, `${personPrefix(value) ?? '-'}%`)),
    name: kind === 'name' ? sql`${officers}.rowid IN (SELECT value FROM json_each(${named()}))` : undefined,
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

/** Empties the kept lines of the streams that name a company, where `holds` says so; returns how many. */
export function emptyRejects(tx: Tx, companyNumber: string, holds = (_line: string) => true): number {
  const naming = sql`instr(${stream_rejects.line}, ${companyNumber}) > 0`
  const named = tx.select({ id: stream_rejects.id, line: stream_rejects.line }).from(stream_rejects).where(naming).all()
  const found = named.filter(({ line }) => holds(line))
  for (const { id } of found) emptyReject(tx, id)
  return found.length
}

/** The lines of a stream that could not be applied, those that were emptied left out. */
export function listKeptLines(tx: Tx, stream: string): { id: number; line: string }[] {
  const held = and(eq(stream_rejects.stream, stream), ne(stream_rejects.line, ''))
  return tx.select({ id: stream_rejects.id, line: stream_rejects.line }).from(stream_rejects).where(held).all()
}

/** Empties one of them. */
export function emptyReject(tx: Tx, id: number): void {
  tx.update(stream_rejects).set({ line: '' }).where(eq(stream_rejects.id, id)).run()
}

/**
 * Brings all that was written into the database file and empties the write-ahead log, so that erased text is in neither.
 * Returns false when another process is reading an older state; then the log is emptied later.
 */
export function emptyLog(db: Db): boolean {
  const [result] = db.$client.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[]
  return result?.busy === 0
}

// What was bought about somebody who wants to be forgotten, and its removal. The hashes of the inputs stay, so that
// nothing is bought again. Every function belongs in one transaction.

export interface StoredAnswer {
  operation: Operation
  key: string
  requestId: number
  answer: unknown
}

/** Every answer of one operation that holds something. */
export function listAnswers(tx: Tx, operation: Operation): StoredAnswer[] {
  const held = and(eq(provider_answers.operation, operation), isNotNull(provider_answers.answer))
  const rows = tx.select().from(provider_answers).where(held).all()
  return rows.map(({ input_key: key, request_id: requestId, answer }) => {
    return { operation, key, requestId, answer: JSON.parse(answer ?? 'null') as unknown }
  })
}

/** Replaces what an answer holds; `null` leaves only that the input is suppressed, so that it is never bought again. */
export function replaceAnswer(tx: Tx, { operation, key, requestId }: StoredAnswer, answer: unknown): void {
  const said = answer === null ? { outcome: 'suppressed' as const, answer } : { answer: JSON.stringify(answer) }
  const row = and(eq(provider_answers.operation, operation), eq(provider_answers.input_key, key))
  tx.update(provider_answers).set(said).where(row).run()
  tx.update(provider_requests).set({ answer: null }).where(eq(provider_requests.id, requestId)).run()
}

/** Leaves only that these inputs are suppressed, wherever they have an answer that holds something; returns how many. */
export function suppressAnswers(tx: Tx, keys: string[]): number {
  return tx
    .update(provider_answers)
    .set({ outcome: 'suppressed', answer: null })
    .where(and(sql`${provider_answers.input_key} IN ${listOf(keys)}`, isNotNull(provider_answers.answer)))
    .run().changes
}

/** A list of any length as one bound value. */
function listOf(values: string[]): SQL {
  return sql`(SELECT value FROM json_each(${JSON.stringify(values)}))`
}

export interface StoredRequest {
  id: number
  operation: Operation
  inputs: AskedInput[]
}

/** The requests that ask for one of the keys. */
export function findRequestsByKeys(tx: Tx, keys: string[]): StoredRequest[] {
  return findRequests(
    tx,
    sql`EXISTS (SELECT 1 FROM json_each(${provider_requests.input}) AS input
      WHERE json_extract(input.value, '$.key') IN ${listOf(keys)})`,
  )
}

/** The requests in whose inputs the domain is written, among them all that ask for somebody at it or below it. */
export function findRequestsByDomain(tx: Tx, domain: string): StoredRequest[] {
  return findRequests(tx, sql`instr(${provider_requests.input}, ${domain}) > 0`)
}

function findRequests(tx: Tx, where: SQL): StoredRequest[] {
  const rows = tx.select().from(provider_requests).where(where).all()
  return rows.map(({ id, operation, input }) => ({ id, operation, inputs: JSON.parse(input) as AskedInput[] }))
}

/** Replaces the inputs of a request; those that were `erased` are suppressed from now on, whatever is still to come. */
export function replaceInputs(
  tx: Tx,
  { id, operation, inputs }: StoredRequest,
  { erased, answeredAt }: { erased: string[]; answeredAt: number },
): void {
  const request = eq(provider_requests.id, id)
  const { provider } = tx
    .update(provider_requests)
    .set({ input: JSON.stringify(inputs), answer: null })
    .where(request)
    .returning({ provider: provider_requests.provider })
    .get()
  for (const key of erased) {
    const said = { outcome: 'suppressed' as const, answer: null, request_id: id, answered_at: answeredAt }
    tx.insert(provider_answers)
      .values({ provider, operation, input_key: key, ...said })
      .onConflictDoUpdate({
        target: [provider_answers.provider, provider_answers.operation, provider_answers.input_key],
        set: { outcome: 'suppressed' },
        setWhere: isNull(provider_answers.answer),
      })
      .run()
  }
}
