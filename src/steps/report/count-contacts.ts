import { holdsOffice } from '../../companies-house/company-status.ts'
import type { Page } from '../../db/dataset.ts'
import { isWanted } from '../wanted-people.ts'
import { bestDomains, cellReader, companyStatuses, NOT_GIVEN, textOf } from './cells.ts'
import { type Count, createTally } from './tally.ts'

export interface ContactCounts {
  /** Companies that a domain was looked for, and those among them that have one in the files. */
  lookedUp: number
  lookedUpWithDomain: number
  withDomain: number
  /** Active directors and LLP members at companies with a domain, and those among them with an address. */
  wanted: number
  wantedWithEmail: number
  emailStatuses: Count[]
}

/** Counts what enrichment found, and for whom. */
export function createContactCounter(): {
  add(page: Page, lookedUp: Set<string>): void
  counts(): ContactCounts
} {
  const [officer, email] = [cellReader('officers'), cellReader('emails')]
  const emailStatuses = createTally()
  const sums = { lookedUp: 0, lookedUpWithDomain: 0, withDomain: 0, wanted: 0, wantedWithEmail: 0 }
  return {
    add({ companies, officers, domains, emails }, lookedUp) {
      const domainOf = bestDomains(domains)
      sums.withDomain += domainOf.size
      for (const [number] of companies) {
        if (!lookedUp.has(String(number))) continue
        sums.lookedUp += 1
        if (domainOf.has(String(number))) sums.lookedUpWithDomain += 1
      }
      const addressed = new Set(emails.map((row) => `${row[0]}/${email(row, 'appointment_id')}`))
      const statusOf = companyStatuses(companies)
      for (const row of officers) {
        const [role, resigned] = [textOf(officer(row, 'officer_role')), textOf(officer(row, 'resigned_on'))]
        const active = holdsOffice(resigned, statusOf.get(String(row[0])) ?? null)
        if (!domainOf.has(String(row[0])) || !active || !isWanted({ officer_role: role, resigned_on: resigned }))
          continue
        sums.wanted += 1
        if (addressed.has(`${row[0]}/${officer(row, 'appointment_id')}`)) sums.wantedWithEmail += 1
      }
      for (const row of emails) emailStatuses.add(textOf(email(row, 'status')) ?? NOT_GIVEN)
    },
    counts: () => ({ ...sums, emailStatuses: emailStatuses.entries() }),
  }
}
