// The columns that no table has: worked out when a row is read, from the row and the day.
import { PSCS_STATE } from '../psc-doubt.ts'
import { HOLDS_OFFICE, verificationOn } from '../standing.ts'
import { subscriberClass } from '../subscribers.ts'
import { type DatasetTable, datasetColumns } from './columns.ts'

/** What the register file has for nearly every company, and so is not stored (facts 5.1). */
const USUAL_URI = 'http://business.data.gov.uk/id/company/'

const EXPRESSIONS: Partial<Record<DatasetTable, Record<string, (day: string) => string>>> = {
  companies: {
    uri: () =>
      `coalesce(companies.uri, iif(companies.charges_count IS NULL, NULL, '${USUAL_URI}' || companies.company_number))`,
    pscs_state: () => PSCS_STATE,
  },
  officers: {
    identity_verification: (day) => verificationOn(day, 'officers'),
    is_active: () => HOLDS_OFFICE,
  },
  persons_with_significant_control: {
    identity_verification: (day) => verificationOn(day, 'persons_with_significant_control'),
    natures_of_control_words: () => 'natures_in_words(natures_of_control)',
  },
  emails: { subscriber_class: () => subscriberClass('emails') },
}

/** What SQL reads each column of a public table from, as it is on a day (`YYYY-MM-DD`). */
export function columnExpressions(table: DatasetTable, day: string): string[] {
  const computed = EXPRESSIONS[table] ?? {}
  return datasetColumns[table].map(({ name }) => computed[name]?.(day) ?? `${table}."${name}"`)
}

/** The same under their names, for a SELECT from the table. */
export function columnList(table: DatasetTable, day: string): string {
  const names = datasetColumns[table].map(({ name }) => name)
  return columnExpressions(table, day)
    .map((expression, at) => `${expression} AS "${names[at]}"`)
    .join(', ')
}
