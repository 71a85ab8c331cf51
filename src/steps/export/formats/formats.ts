// The formats of a delivery, each an object of its own: what is said, checked, counted or packed by format follows from them.
import { csv } from './csv.ts'
import { json, ndjson } from './nested.ts'
import { parquet } from './parquet.ts'
import { sqlite } from './sqlite.ts'
import type { Format } from './writer.ts'
import { xlsx } from './xlsx.ts'

/** In the order in which they are listed. */
const FORMATS = [csv, ndjson, json, sqlite, parquet, xlsx] as const

export type ExportFormat = (typeof FORMATS)[number]['name']

export const exportFormats: readonly Format<ExportFormat>[] = FORMATS
export const formatNames: readonly ExportFormat[] = FORMATS.map(({ name }) => name)

/** The format of that name. */
export function formatOf(name: ExportFormat): Format<ExportFormat> {
  const found = exportFormats.find((format) => format.name === name)
  if (!found) throw new Error(`no such format: ${name}`)
  return found
}

/** The format of a delivered file by its name, and whether it is compressed; null for a document. */
export function formatOfFile(name: string): { format: Format<ExportFormat>; gzip: boolean } | null {
  const [, ending, gz] = /\.([a-z]+)(\.gz)?$/.exec(name) ?? []
  const format = exportFormats.find((one) => one.name === ending)
  return format ? { format, gzip: gz !== undefined } : null
}

/** The names of the formats for which `test` holds, as a sentence lists them: `csv, ndjson and json`. */
export function namesWhere(test: (format: Format) => boolean, conjunction: 'and' | 'or'): string {
  const names = exportFormats.filter(test).map(({ name }) => name)
  const [last = '', ...others] = names.toReversed()
  return others.length === 0 ? last : `${others.toReversed().join(', ')} ${conjunction} ${last}`
}
