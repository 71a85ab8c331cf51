import { columnsOfTable, type DeliveredTable } from '../../db/dataset.ts'
import { dataDictionary } from './data-dictionary.ts'

export interface FileFacts {
  /** What one row is, in a sentence. */
  holds: string
  columns: number
}

/** What a reader wants to know of a data file, by the name that the export gave it, in a delivery of these tables. */
export function fileFacts(name: string, tables: readonly DeliveredTable[]): FileFacts {
  const [, stem = '', ending = ''] = /^([a-z]+)\.([a-z]+)/.exec(name) ?? []
  const columns = (some: readonly DeliveredTable[]) =>
    some.reduce((sum, table) => sum + columnsOfTable(table).length, 0)
  if (ending === 'sqlite' || ending === 'xlsx') {
    const parts = ending === 'sqlite' ? 'tables' : 'sheets'
    return { holds: `One row in one of its ${parts}: ${tables.join(', ')}.`, columns: columns(tables) }
  }
  const isNested = (ending === 'json' || ending === 'ndjson') && stem === 'companies'
  if (isNested) {
    const inside = tables.filter((table) => table !== 'companies' && table !== 'deletions')
    const holds =
      inside.length > 0 ? `One company, with its ${inside.join(', ')} inside.` : dataDictionary.companies.row
    return { holds, columns: columns(tables.filter((table) => table !== 'deletions')) }
  }
  const own = tables.find((table) => table === stem)
  return own
    ? { holds: dataDictionary[own].row, columns: columns([own]) }
    : { holds: 'One row.', columns: columns(tables) }
}
