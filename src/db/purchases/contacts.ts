// What enrichment found: domains and addresses, and what it must know of a company to look for them.
import { and, asc, desc, eq } from 'drizzle-orm'
import type { Tx } from '../open.ts'
import { companies, domains, emails, officers } from '../schema.ts'

export interface CompanyToEnrich {
  company_number: string
  company_name: string
  date_of_creation: string | null
  officers_state: 'pending' | 'complete' | 'none' | 'failed' | 'stale'
  deleted_at: string | null
  company_status: string | null
  type: string | null
  source: string
}

/** What the stages need to know of a company. */
export function findCompany(tx: Tx, companyNumber: string): CompanyToEnrich | null {
  return (
    tx
      .select({
        company_number: companies.company_number,
        company_name: companies.company_name,
        date_of_creation: companies.date_of_creation,
        officers_state: companies.officers_state,
        deleted_at: companies.deleted_at,
        company_status: companies.company_status,
        type: companies.type,
        source: companies.source,
      })
      .from(companies)
      .where(eq(companies.company_number, companyNumber))
      .get() ?? null
  )
}

/** The company's officers with everything that identifies them, in a stable order. */
export function findStoredOfficers(tx: Tx, companyNumber: string) {
  return tx
    .select()
    .from(officers)
    .where(eq(officers.company_number, companyNumber))
    .orderBy(asc(officers.appointment_id))
    .all()
}

export interface StoredDomain {
  companyNumber: string
  companyName: string
  domain: string
  confidence: number | null
}

/** `found`; `unlikely`: below the confidence that was wanted; `catch-all`: it takes mail for everybody. */
export type DomainState = 'found' | 'unlikely' | 'catch-all'

/** All companies for which a domain was found. */
export function findSharing(tx: Tx, domain: string): StoredDomain[] {
  return domainRows(tx).where(eq(domains.domain, domain)).orderBy(asc(domains.company_number)).all()
}

/** The domain of a company in which there is most confidence; null when none was found. */
export function findBestDomain(tx: Tx, companyNumber: string): StoredDomain | null {
  const own = eq(domains.company_number, companyNumber)
  return domainRows(tx).where(own).orderBy(desc(domains.confidence), asc(domains.domain)).get() ?? null
}

function domainRows(tx: Tx) {
  return tx
    .select({
      companyNumber: domains.company_number,
      companyName: companies.company_name,
      domain: domains.domain,
      confidence: domains.confidence,
    })
    .from(domains)
    .innerJoin(companies, eq(companies.company_number, domains.company_number))
    .$dynamic()
}

export interface Found {
  companyNumber: string
  /** Who found it. */
  provider: string
  /** ISO 8601. */
  foundAt: string
  runId: number
}

/** Stores a domain; one that is stored already stays as it is. */
export function saveDomain(tx: Tx, { companyNumber, provider, foundAt, runId }: Found, domain: string): void {
  const values = { company_number: companyNumber, domain, state: 'found', provider }
  tx.insert(domains)
    .values({ ...values, found_at: foundAt, run_id: runId })
    .onConflictDoNothing()
    .run()
}

/** Sets the confidence of one stored domain. */
export function saveConfidence(tx: Tx, { companyNumber, domain }: StoredDomain, confidence: number): void {
  tx.update(domains).set({ confidence }).where(ofCompany(companyNumber, domain)).run()
}

/** Sets what is known of a company's domain. */
export function saveDomainState(tx: Tx, companyNumber: string, domain: string, state: DomainState): void {
  tx.update(domains).set({ state }).where(ofCompany(companyNumber, domain)).run()
}

const ofCompany = (companyNumber: string, domain: string) =>
  and(eq(domains.company_number, companyNumber), eq(domains.domain, domain))

export interface FoundAddress {
  provider: string
  appointmentId: string
  email: string
  status: string | null
  reason: string | null
}

/** Stores the addresses of a company's people, each once. */
export function saveEmails(
  tx: Tx,
  { companyNumber, foundAt, runId }: Omit<Found, 'provider'>,
  found: FoundAddress[],
): void {
  for (const { provider, appointmentId, email, status, reason } of found) {
    const said = { status, status_reason: reason, provider, found_at: foundAt, run_id: runId }
    tx.insert(emails)
      .values({ company_number: companyNumber, appointment_id: appointmentId, email, ...said })
      .onConflictDoUpdate({ target: [emails.company_number, emails.appointment_id, emails.email], set: said })
      .run()
  }
}
