import type { Column, DeliveredTable, Page } from '../../db/dataset.ts'
import type { Output } from './output.ts'

/** One file of a delivery, before it is opened. */
export interface Shape {
  /** The file's name in a delivery folder. */
  name: string
  /** Sees every page before any file is opened; throws `data` when the format cannot hold it. */
  survey?: (page: Page) => void
  open(output: Output): Writing | Promise<Writing>
}

/** One file of a delivery as it grows. */
export interface Writing {
  /** How often it must see all pages. */
  passes: number
  /** Takes what a page adds in this pass, counted from 0. */
  add(page: Page, pass: number): Promise<void>
  end(): Promise<void>
  /** Lets go of whatever is open, when the export failed. */
  discard(): void
}

/** What a shape must know of the dataset. */
export interface Contents {
  schemaVersion: number
  tables: DeliveredTable[]
}

/** The rows of a table on a page. */
export function rowsOf(page: Page, table: DeliveredTable): Page['companies'] {
  return page[table] ?? []
}

/** Whether a cell of this column is a calendar day; the other dates are moments. */
export function isDay({ name, kind }: Column): boolean {
  return kind === 'date' && !name.endsWith('_at')
}
