// What the report tells, counted from the very pages that are written to the files: so it agrees with them, and whoever
// is suppressed is in neither. Its memory does not grow with the dataset.
import { holdsOffice } from '../../companies-house/company-status.ts'
import { type DatasetTable, datasetTables, type Page } from '../../db/dataset.ts'
import { cellReader, companyStatuses, NOT_GIVEN, textOf } from './cells.ts'
import { type CompanyCounts, createCompanyCounter } from './count-companies.ts'
import { type ContactCounts, createContactCounter } from './count-contacts.ts'
import { type Count, createTally } from './tally.ts'

export interface OfficerCounts {
  roles: Count[]
  activeOfficers: number
}

export interface ReportCounts extends CompanyCounts, OfficerCounts, ContactCounts {
  rows: Record<DatasetTable, number>
}

export interface PageCounter {
  /** `lookedUp` names the page's companies whose domain was asked for. */
  add(page: Page, lookedUp: Set<string>): void
  counts(): ReportCounts
}

/** A counter that is fed with every page once. */
export function createPageCounter(): PageCounter {
  const rows = { companies: 0, officers: 0, domains: 0, emails: 0 }
  const companies = createCompanyCounter()
  const officers = createOfficerCounter()
  const contacts = createContactCounter()
  return {
    add(page, lookedUp) {
      for (const table of datasetTables) rows[table] += page[table].length
      companies.add(page)
      officers.add(page)
      contacts.add(page, lookedUp)
    },
    counts: () => ({ rows: { ...rows }, ...companies.counts(), ...officers.counts(), ...contacts.counts() }),
  }
}

function createOfficerCounter(): { add(page: Page): void; counts(): OfficerCounts } {
  const cell = cellReader('officers')
  const roles = createTally()
  let activeOfficers = 0
  return {
    add({ companies, officers }) {
      const statusOf = companyStatuses(companies)
      for (const row of officers) {
        roles.add(textOf(cell(row, 'officer_role')) ?? NOT_GIVEN)
        if (holdsOffice(textOf(cell(row, 'resigned_on')), statusOf.get(String(row[0])) ?? null)) activeOfficers += 1
      }
    },
    counts: () => ({ roles: roles.entries(), activeOfficers }),
  }
}
