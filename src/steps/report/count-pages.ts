// What the report tells, counted from the very pages that are written to the files: so it agrees with them, and whoever
// is suppressed is in neither.
import { type Cell, type DatasetTable, datasetColumns, type Page, type Row } from '../../db/dataset.ts'
import { isWanted } from '../wanted-people.ts'
import { regionOf } from './regions.ts'
import { sicSection } from './sic-sections.ts'
import { type Count, createTally } from './tally.ts'

/** One of the first companies, as they are shown to whoever opens the report. */
export interface SampleCompany {
  number: string
  name: string
  type: string | null
  created: string | null
  officers: number
  domain: string | null
}

export interface ReportCounts {
  rows: Record<DatasetTable, number>
  /** Companies with at least one officer in the files. */
  withOfficers: number
  /** Companies whose list was read and is complete, empty ones included. */
  complete: number
  /** By `YYYY-MM` of the day of creation, in order of time; empty text for those without one. */
  months: Count[]
  types: Count[]
  statuses: Count[]
  /** By section; a company with several codes counts once in each of its sections. */
  sections: Count[]
  regions: Count[]
  roles: Count[]
  activeOfficers: number
  /** Companies that a domain was looked for, and those among them that have one in the files. */
  lookedUp: number
  lookedUpWithDomain: number
  withDomain: number
  /** Active directors and LLP members at companies with a domain, and those among them with an address. */
  wanted: number
  wantedWithEmail: number
  emailStatuses: Count[]
  sample: SampleCompany[]
}

export interface PageCounter {
  /** `lookedUp` names the page's companies whose domain was asked for. */
  add(page: Page, lookedUp: Set<string>): void
  counts(): ReportCounts
}

const SAMPLE_SIZE = 8
/** Months since the first company of 1844 are fewer than this. */
const MONTHS = 5000
export const NO_CODE = 'No SIC code'
const NOT_GIVEN = 'not given'

/** A counter that is fed with every page once. Its memory does not grow with the dataset. */
export function createPageCounter(): PageCounter {
  const company = cellsOf('companies')
  const officer = cellsOf('officers')
  const tallies = {
    months: createTally(MONTHS),
    types: createTally(),
    statuses: createTally(),
    sections: createTally(),
    regions: createTally(),
    roles: createTally(),
    emailStatuses: createTally(),
  }
  const rows = { companies: 0, officers: 0, domains: 0, emails: 0 }
  const sums = {
    withOfficers: 0,
    complete: 0,
    activeOfficers: 0,
    lookedUp: 0,
    lookedUpWithDomain: 0,
    withDomain: 0,
    wanted: 0,
    wantedWithEmail: 0,
  }
  const sample: SampleCompany[] = []

  const addCompany = (row: Row, officers: number, domain: string | null, lookedUp: boolean) => {
    const text = (name: string) => textOf(company(row, name))
    if (officers > 0) sums.withOfficers += 1
    if (text('officers_state') === 'complete') sums.complete += 1
    if (domain !== null) sums.withDomain += 1
    if (lookedUp) sums.lookedUp += 1
    if (lookedUp && domain !== null) sums.lookedUpWithDomain += 1
    tallies.months.add(/^\d{4}-\d{2}(?=-)/.exec(text('date_of_creation') ?? '')?.[0] ?? '')
    tallies.types.add(text('type') ?? NOT_GIVEN)
    tallies.statuses.add(text('company_status') ?? NOT_GIVEN)
    tallies.regions.add(regionOf(text('postal_code'), text('country')))
    for (const section of sectionsOf(text('sic_codes'))) tallies.sections.add(section)
    if (sample.length < SAMPLE_SIZE) {
      sample.push({
        number: text('company_number') ?? '',
        name: text('company_name') ?? '',
        type: text('type'),
        created: text('date_of_creation'),
        officers,
        domain,
      })
    }
  }
  const addOfficer = (row: Row, atDomain: boolean, withEmail: boolean) => {
    const role = textOf(officer(row, 'officer_role'))
    const resigned = textOf(officer(row, 'resigned_on'))
    tallies.roles.add(role ?? NOT_GIVEN)
    if (resigned === null) sums.activeOfficers += 1
    if (!atDomain || !isWanted({ officer_role: role, resigned_on: resigned })) return
    sums.wanted += 1
    if (withEmail) sums.wantedWithEmail += 1
  }

  return {
    add(page, lookedUp) {
      for (const table of ['companies', 'officers', 'domains', 'emails'] as const) rows[table] += page[table].length
      const officersOf = countByNumber(page.officers)
      const domainOf = bestDomains(page.domains)
      const addressed = addressedAppointments(page.emails)
      for (const row of page.companies) {
        const number = String(row[0])
        addCompany(row, officersOf.get(number) ?? 0, domainOf.get(number) ?? null, lookedUp.has(number))
      }
      for (const row of page.officers) {
        const number = String(row[0])
        addOfficer(row, domainOf.has(number), addressed.has(`${number}/${officer(row, 'appointment_id')}`))
      }
      const email = cellsOf('emails')
      for (const row of page.emails) tallies.emailStatuses.add(textOf(email(row, 'status')) ?? NOT_GIVEN)
    },
    counts: () => ({
      rows: { ...rows },
      ...sums,
      months: tallies.months.entries().sort((a, b) => (a.name < b.name ? -1 : 1)),
      types: tallies.types.entries(),
      statuses: tallies.statuses.entries(),
      sections: tallies.sections.entries(),
      regions: tallies.regions.entries(),
      roles: tallies.roles.entries(),
      emailStatuses: tallies.emailStatuses.entries(),
      sample: [...sample],
    }),
  }
}

function sectionsOf(codes: string | null): Set<string> {
  const found = new Set<string>()
  for (const code of (codes ?? '').split(',')) {
    const section = sicSection(code.trim())
    if (section !== null) found.add(section)
  }
  return found.size > 0 ? found : new Set([NO_CODE])
}

function countByNumber(rows: Row[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const [number] of rows) counts.set(String(number), (counts.get(String(number)) ?? 0) + 1)
  return counts
}

/** The most confident domain of each company. */
function bestDomains(rows: Row[]): Map<string, string> {
  const cell = cellsOf('domains')
  const confidence = (row: Row) => Number(cell(row, 'confidence') ?? -1)
  const best = rows.toSorted((a, b) => confidence(a) - confidence(b))
  return new Map(best.map((row) => [String(row[0]), String(cell(row, 'domain'))]))
}

function addressedAppointments(rows: Row[]): Set<string> {
  const cell = cellsOf('emails')
  return new Set(rows.map((row) => `${row[0]}/${cell(row, 'appointment_id')}`))
}

/** Reads a cell by its column's name; undefined for a column that the table does not have. */
function cellsOf(table: DatasetTable): (row: Row, name: string) => Cell | undefined {
  const places = new Map(datasetColumns[table].map(({ name }, index) => [name, index]))
  return (row, name) => row[places.get(name) ?? -1]
}

function textOf(cell: Cell | undefined): string | null {
  return cell === null || cell === undefined || cell === '' ? null : String(cell)
}
