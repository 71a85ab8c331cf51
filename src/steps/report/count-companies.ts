import type { Page, Row } from '../../db/dataset.ts'
import { bestDomains, cellReader, NOT_GIVEN, textOf } from './cells.ts'
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

export interface CompanyCounts {
  /** Companies with at least one officer in the files. */
  withOfficers: number
  /** By `YYYY-MM` of the day of creation, in order of time; empty text for those without one. */
  months: Count[]
  types: Count[]
  statuses: Count[]
  /** By section; a company with several codes counts once in each of its sections. */
  sections: Count[]
  regions: Count[]
  sample: SampleCompany[]
}

const SAMPLE_SIZE = 8
/** Months since the first company of 1844 are fewer than this. */
const MONTHS = 5000
const NO_CODE = 'No SIC code'

/** Counts the companies of pages. */
export function createCompanyCounter(): { add(page: Page): void; counts(): CompanyCounts } {
  const cell = cellReader('companies')
  const [months, types, statuses] = [createTally(MONTHS), createTally(), createTally()]
  const [sections, regions] = [createTally(), createTally()]
  const sample: SampleCompany[] = []
  let withOfficers = 0

  const addRow = (row: Row, officers: number, domain: string | null) => {
    const text = (name: string) => textOf(cell(row, name))
    if (officers > 0) withOfficers += 1
    months.add(/^\d{4}-\d{2}(?=-)/.exec(text('date_of_creation') ?? '')?.[0] ?? '')
    types.add(text('type') ?? NOT_GIVEN)
    statuses.add(text('company_status') ?? NOT_GIVEN)
    regions.add(regionOf(text('postal_code'), text('country')))
    for (const section of sectionsOf(text('sic_codes'))) sections.add(section)
    if (sample.length === SAMPLE_SIZE) return
    const [number, name] = [text('company_number') ?? '', text('company_name') ?? '']
    sample.push({ number, name, type: text('type'), created: text('date_of_creation'), officers, domain })
  }

  return {
    add({ companies, officers, domains }) {
      const officersOf = countByNumber(officers)
      const domainOf = bestDomains(domains)
      for (const row of companies) {
        const number = String(row[0])
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
