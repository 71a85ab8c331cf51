// What the report says, counted from the very pages that are written to the files: so it agrees with them, and whoever
// is suppressed is in neither. Its memory does not grow with the dataset.

import { bestDomains } from '../../../db/dataset/best-domain.ts'
import type { Page } from '../../../db/dataset/columns.ts'
import { type DatasetTable, datasetTables, type Row } from '../../../db/dataset/columns.ts'
import { holdsOffice, VERIFICATIONS } from '../../../db/standing.ts'
import { isPersonWanted } from '../../purchases/people.ts'
import { type DirectoryPlace, directoryKey, type PlaceFinder, regionOf, sicSection } from './places.ts'
import { createPscCounter, type PscCounts } from './pscs.ts'
import { type Count, cellReader, createTally, NOT_GIVEN, textOf } from './tally.ts'

export interface ReportedOfficers {
  roles: Count[]
  /** Where their rows came from. */
  sources: Count[]
  activeOfficers: number
  /** By how the identity verification stood on the day of the export, in the order of the dictionary. */
  verifications: Count[]
  /** Active ones whose verification was overdue. */
  activeOverdue: number
}

export interface ReportCounts extends CompanyCounts, ReportedOfficers, ContactCounts {
  rows: Record<DatasetTable, number>
  pscs: PscCounts
}

export interface PageCounter {
  /** `lookedUp` names the page's companies whose domain was asked for. */
  add(page: Page, lookedUp: Set<string>): void
  counts(): ReportCounts
}

/** A counter that is fed with every page once; places come from a directory of postcodes where there is one. */
export function createPageCounter({ findPlaces }: { findPlaces?: PlaceFinder | undefined } = {}): PageCounter {
  const rows = { companies: 0, officers: 0, persons_with_significant_control: 0, domains: 0, emails: 0 }
  const companies = createCompanyCounter(findPlaces)
  const officers = createOfficerCounter()
  const pscs = createPscCounter()
  const contacts = createContactCounter()
  return {
    add(page, lookedUp) {
      for (const table of datasetTables) rows[table] += page[table].length
      companies.add(page)
      officers.add(page)
      pscs.add(page)
      contacts.add(page, lookedUp)
    },
    counts: () => ({
      rows: { ...rows },
      ...companies.counts(),
      ...officers.counts(),
      pscs: pscs.counts(),
      ...contacts.counts(),
    }),
  }
}

function createOfficerCounter(): { add(page: Page): void; counts(): ReportedOfficers } {
  const cell = cellReader('officers')
  const [roles, sources] = [createTally(), createTally()]
  const verifications = new Map<string, number>(VERIFICATIONS.map((state) => [state, 0]))
  let activeOfficers = 0
  let activeOverdue = 0
  return {
    add({ companies, officers }) {
      const statusOf = companyStatuses(companies)
      for (const row of officers) {
        roles.add(textOf(cell(row, 'officer_role')) ?? NOT_GIVEN)
        sources.add(textOf(cell(row, 'source')) ?? NOT_GIVEN)
        const state = textOf(cell(row, 'identity_verification')) ?? 'none'
        verifications.set(state, (verifications.get(state) ?? 0) + 1)
        if (!isActive(cell, row, statusOf)) continue
        activeOfficers += 1
        if (state === 'overdue') activeOverdue += 1
      }
    },
    counts: () => ({
      roles: roles.entries(),
      sources: sources.entries(),
      activeOfficers,
      verifications: [...verifications].map(([name, count]) => ({ name, count })),
      activeOverdue,
    }),
  }
}

/** One of the first companies, as they are shown to whoever opens the report. */
export interface SampleCompany {
  number: string
  name: string
  type: string | null
  created: string | null
  officers: number
  domain: string | null
}

interface CompanyCounts {
  /** Companies with at least one officer in the files. */
  withOfficers: number
  /** By `YYYY-MM` of the day of creation, in order of time; empty text for those without one. */
  months: Count[]
  types: Count[]
  statuses: Count[]
  /** By section; a company with several codes counts once in each of its sections. */
  sections: Count[]
  regions: Count[]
  /** By country and local authority of those that the directory has; empty without it. */
  countries: Count[]
  authorities: Count[]
  /** Companies that the directory has placed; null without it: then regions follow from postcode areas. */
  placed: number | null
  /** By SIC code; a company counts once for each of its codes. */
  codes: Count[]
  sample: SampleCompany[]
}

const SAMPLE_SIZE = 8
/** Months since the first company of 1844 are fewer than this. */
const MONTHS = 5000
const NO_CODE = 'No SIC code'

/** There are fewer authorities than this, and fewer codes. */
const AUTHORITIES = 600
const CODES = 2000

/** Counts the companies of pages. */
function createCompanyCounter(findPlaces?: PlaceFinder): { add(page: Page): void; counts(): CompanyCounts } {
  const cell = cellReader('companies')
  const [months, types, statuses] = [createTally(MONTHS), createTally(), createTally()]
  const [sections, regions] = [createTally(), createTally()]
  const [countries, authorities, codes] = [createTally(), createTally(AUTHORITIES), createTally(CODES)]
  let placed = 0
  const sample: SampleCompany[] = []
  let withOfficers = 0

  const addPlace = (row: Row, place: DirectoryPlace | undefined) => {
    const text = (name: string) => textOf(cell(row, name))
    regions.add(place?.region ?? regionOf(text('postal_code'), text('country')))
    if (!place) return
    placed += 1
    countries.add(place.country ?? NOT_GIVEN)
    authorities.add(place.local_authority ?? NOT_GIVEN)
  }
  const addRow = (row: Row, officers: number, domain: string | null) => {
    const text = (name: string) => textOf(cell(row, name))
    if (officers > 0) withOfficers += 1
    months.add(/^\d{4}-\d{2}(?=-)/.exec(text('date_of_creation') ?? '')?.[0] ?? '')
    types.add(text('type') ?? NOT_GIVEN)
    statuses.add(text('company_status') ?? NOT_GIVEN)
    for (const code of new Set((text('sic_codes') ?? '').split(',').filter(Boolean))) codes.add(code)
    for (const section of sectionsOf(text('sic_codes'))) sections.add(section)
    if (sample.length === SAMPLE_SIZE) return
    const [number, name] = [text('company_number') ?? '', text('company_name') ?? '']
    sample.push({ number, name, type: text('type'), created: text('date_of_creation'), officers, domain })
  }

  return {
    add({ companies, officers, domains }) {
      const officersOf = countByNumber(officers)
      const domainOf = bestDomains(domains)
      const keys = companies.map((row) => directoryKey(textOf(cell(row, 'postal_code'))))
      const places = findPlaces?.([...new Set(keys)])
      for (const [index, row] of companies.entries()) {
        const number = String(row[0])
        addPlace(row, places?.get(keys[index] ?? ''))
        addRow(row, officersOf.get(number) ?? 0, domainOf.get(number) ?? null)
      }
    },
    counts: () => ({
      withOfficers,
      months: months.entries().sort((a, b) => (a.name < b.name ? -1 : 1)),
      types: types.entries(),
      statuses: statuses.entries(),
      sections: sections.entries(),
      regions: regions.entries(),
      countries: countries.entries(),
      authorities: authorities.entries(),
      placed: findPlaces ? placed : null,
      codes: codes.entries(),
      sample: [...sample],
    }),
  }
}

function sectionsOf(codes: string | null): Set<string> {
  const found = (codes ?? '').split(',').flatMap((code) => sicSection(code.trim()) ?? [])
  return new Set(found.length > 0 ? found : [NO_CODE])
}

function countByNumber(rows: Row[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const [number] of rows) counts.set(String(number), (counts.get(String(number)) ?? 0) + 1)
  return counts
}

interface ContactCounts {
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
function createContactCounter(): {
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
        const active = isActive(officer, row, statusOf)
        if (!domainOf.has(String(row[0])) || !active || !isPersonWanted({ officer_role: role, resigned_on: resigned }))
          continue
        sums.wanted += 1
        if (addressed.has(`${row[0]}/${officer(row, 'appointment_id')}`)) sums.wantedWithEmail += 1
      }
      for (const row of emails) emailStatuses.add(textOf(email(row, 'status')) ?? NOT_GIVEN)
    },
    counts: () => ({ ...sums, emailStatuses: emailStatuses.entries() }),
  }
}

/** Whether an officer holds the office: as the row says, which also knows of a company that is not on the page. */
export function isActive(
  cell: ReturnType<typeof cellReader>,
  row: Row,
  statusOf: ReturnType<typeof companyStatuses>,
): boolean {
  const told = cell(row, 'is_active') ?? null
  return told === null
    ? holdsOffice(textOf(cell(row, 'resigned_on')), statusOf.get(String(row[0])) ?? null)
    : Number(told) === 1
}

/** The status of each company on a page, by company number. */
export function companyStatuses(rows: Row[]): Map<string, string | null> {
  const cell = cellReader('companies')
  return new Map(rows.map((row) => [String(row[0]), textOf(cell(row, 'company_status'))]))
}
