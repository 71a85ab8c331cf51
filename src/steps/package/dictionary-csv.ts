import type { Column } from '../../db/dataset.ts'
import { csvHeader, csvLines, LINE_END } from '../export/csv.ts'
import { dataDictionary } from './data-dictionary.ts'

export const DICTIONARY = 'data-dictionary.csv'

const COLUMNS: Column[] = ['table', 'column', 'key', 'type', 'source', 'meaning'].map((name) => ({
  name,
  kind: 'text',
}))

/** The dictionary as CSV, a row per column of every table, in the order of the tables. */
export function dictionaryCsv(): { text: string; rows: number } {
  const rows = Object.entries(dataDictionary).flatMap(([table, { key, columns }]) =>
    Object.entries(columns).map(([name, { meaning, type, source }]) => {
      return [table, name, key.includes(name) ? 'yes' : '', type, source, meaning]
    }),
  )
  const lines = csvLines(COLUMNS, { raw: false })(rows)
  const header = csvHeader(COLUMNS.map(({ name }) => name))
  return { text: [header, ...lines].map((line) => `${line}${LINE_END}`).join(''), rows: rows.length }
}
