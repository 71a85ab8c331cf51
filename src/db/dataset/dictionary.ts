// The public columns, each written once: what it means, how to read it, who says so. The schema is checked against this
// page; export order, cell kinds, drift, the API's schema, `data-dictionary.csv` and the report follow from it.

import { companies } from './dictionary/companies.ts'
import { deletions, domains, emails } from './dictionary/contacts.ts'
import type { DeliveredTable, TableEntry } from './dictionary/entry.ts'
import { filedColumns } from './dictionary/filed.ts'
import { officers } from './dictionary/officers.ts'
import { personsWithSignificantControl } from './dictionary/pscs.ts'

export {
  type ColumnEntry,
  type ColumnType,
  type DeliveredTable,
  PROVIDERS,
  type TableEntry,
  typeInWords,
} from './dictionary/entry.ts'
export { type FiledColumn, filedColumns, filedValues } from './dictionary/filed.ts'

/** Every column that a delivery may hold, by table, in the order in which every export writes them. */
export const dataDictionary: Record<DeliveredTable, TableEntry> = {
  companies,
  officers,
  persons_with_significant_control: personsWithSignificantControl,
  domains,
  emails,
  deletions,
}

/** The officers' columns that hold what the register files. */
export const officersFiled = filedColumns(officers)

/** The columns of persons with significant control that hold what the register files. */
export const pscsFiled = filedColumns(personsWithSignificantControl)
