// The formats of a delivery, and the files that each of them makes of a dataset.
import { csvFlat, csvTables } from './csv.ts'
import { nestedFiles } from './nested.ts'
import { type Contents, textShape, type Writer } from './writer.ts'

const textFormats = ['csv', 'ndjson', 'json'] as const
const binaryFormats = ['sqlite', 'parquet', 'xlsx'] as const
export const exportFormats = [...textFormats, ...binaryFormats]
export type TextFormat = (typeof textFormats)[number]
export type ExportFormat = (typeof exportFormats)[number]

export interface WriterOptions {
  format: ExportFormat
  /** CSV only: begin with a byte order mark. */
  bom: boolean
  /** CSV and xlsx: leave formulas as they are. */
  raw: boolean
  /** Text only: compress the files. */
  gzip: boolean
}

/** Whether the format needs a file or a folder: its bytes are not for a terminal. */
export function isBinary(format: ExportFormat): boolean {
  return binaryFormats.some((binary) => binary === format)
}

/** Whether all tables of a delivery fit into one file of the format without loss; the others need a folder for a delta. */
export function isContainer(format: ExportFormat): boolean {
  return format === 'sqlite' || format === 'xlsx'
}

/** The files of a delivery. To a folder, CSV and parquet make a file per table; to one file, one flat table. */
export async function writersOf(contents: Contents, options: WriterOptions, folder: boolean): Promise<Writer[]> {
  const { format, gzip } = options
  switch (format) {
    case 'csv': {
      const texts = folder ? csvTables(contents, options) : [csvFlat(contents, options)]
      return texts.map((text) => textShape(text, gzip))
    }
    case 'ndjson':
    case 'json':
      return nestedFiles(contents, format).map((text) => textShape(text, gzip))
    case 'sqlite':
      return (await import('./sqlite.ts')).sqliteFile(contents)
    case 'parquet':
      return (await import('./parquet.ts')).parquetFiles(contents, folder)
    case 'xlsx':
      return (await import('./xlsx.ts')).xlsxFile(contents, options)
  }
}
