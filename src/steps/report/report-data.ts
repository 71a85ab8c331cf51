import type { DeliveredTable } from '../../db/dataset.ts'
import type { TableEntry } from '../package/data-dictionary.ts'
import type { ReportCounts } from './count-pages.ts'

/** One data file of the package, as the manifest lists it, and what a reader wants to know of it. */
export interface ReportFile {
  name: string
  rows: number
  bytes: number
  sha256: string
  /** What one row is, in a sentence. */
  holds: string
  columns: number
}

export interface ReportData {
  /** ISO 8601. */
  asOf: string
  programVersion: string
  schemaVersion: number
  /** What was left out or chosen, in sentences. */
  scope: string[]
  /** Since when, for a delta; null for a full export. */
  since: string | null
  /** The tables that the files hold. */
  tables: readonly DeliveredTable[]
  files: ReportFile[]
  counts: ReportCounts
  /** Companies that shall have officers. */
  target: number
  dictionary: { table: string; entry: TableEntry }[]
}
