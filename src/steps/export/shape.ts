import type { Dataset, Page } from '../../db/dataset.ts'
import { csvFlat, csvTables } from './csv-shapes.ts'
import { nested } from './nested.ts'

/** The text of one file as it grows: the opening, then what each page adds, then the closing. */
export interface Shape {
  /** The file's name in a delivery folder. */
  name: string
  opening: string
  /** What a page adds; `rowsBefore` counts the rows that earlier pages added. */
  body(page: Page, rowsBefore: number): { text: string; rows: number }
  closing: string
}

export type ExportFormat = 'csv' | 'ndjson' | 'json'
export const exportFormats: readonly ExportFormat[] = ['csv', 'ndjson', 'json']

export interface ShapeOptions {
  format: ExportFormat
  /** CSV only: begin with a byte order mark. */
  bom: boolean
  /** CSV only: leave formulas as they are. */
  raw: boolean
}

/** The files of a delivery: a file per table for a folder (CSV), one for everything otherwise. */
export function shapesOf(dataset: Dataset, options: ShapeOptions, folder: boolean): Shape[] {
  if (options.format !== 'csv') return [nested(dataset, options.format)]
  return folder ? csvTables(dataset, options) : [csvFlat(dataset, options)]
}
