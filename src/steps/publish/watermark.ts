// What the target's watermark allows: from where a delta counts, what must be compared as a whole, and what is refused.
import { numberOfCheckpoint, type Since } from '../../db/changes.ts'
import { type DatasetTable, datasetTables } from '../../db/dataset/columns.ts'
import { dataDictionary } from '../../db/dataset/dictionary.ts'
import { type Db, schemaVersion } from '../../db/open.ts'
import { databaseKey } from '../../db/suppress/suppressions.ts'
import { keyedHash } from '../../db/values.ts'
import { ChpipeError } from '../../errors.ts'
import type { PublishFilters, TargetState, TargetTable, Watermark } from './state.ts'
import { publishedColumns } from './types.ts'

/** What a table of the target lacks: the table itself, or columns. */
export interface MissingParts {
  table: DatasetTable
  /** Null when the table is not there. */
  columns: string[] | null
}

export type PublishPlan =
  | { kind: 'first' }
  | { kind: 'delta'; since: Since; watermark: Watermark }
  /** Every row is compared, and those that differ are written. */
  | { kind: 'everything'; why: string; missing: MissingParts[]; watermark: Watermark }

export interface PublishChoice extends PublishFilters {
  schema: string
  /** Compare every row, also where the watermark would not allow a delta. */
  full: boolean
}

/** Names a database in its publications: the same in its backups and copies, and nothing that it keeps secret. */
export function sourceId(db: Db): string {
  return keyedHash(databaseKey(db), 'publication source').slice(0, 32)
}

export function publishedTables({ include }: PublishFilters): DatasetTable[] {
  return datasetTables.filter((table) => include === null || include.includes(table))
}

/** Decides how to publish. Throws `data` for whatever must not be overwritten, and says what can be done instead. */
export function planPublication(db: Db, target: TargetState, choice: PublishChoice): PublishPlan {
  const { schema, full } = choice
  const { watermark } = target
  const tables = publishedTables(choice)
  if (!watermark) {
    const foreign = tables.find((table) => target.tables.has(table))
    if (foreign === undefined) return { kind: 'first' }
    throw refusal(`The schema ${schema} has a table ${foreign} that chpipe did not publish`, OTHER_SCHEMA)
  }
  refuseForeign(db, watermark, schema)
  refuseChanged(target, tables, schema, true)
  const missing = missingIn(target, tables)
  const everything = (why: string): PublishPlan => ({ kind: 'everything', why, missing, watermark })
  if (!sameFilters(watermark.filters, choice)) {
    if (full) return everything('other companies or tables were published before')
    throw refusal(
      `The schema ${schema} was published with other filters: ${filterWords(watermark.filters)}`,
      'use the same --all and --include, name another schema with --schema, or replace it with --full',
    )
  }
  const number = numberOfCheckpoint(db, watermark.generation)
  if (number === null) {
    if (full) return everything('the publication is newer than this database')
    throw refusal(
      `The schema ${schema} holds a later state than this database knows, as after a restored backup`,
      'restore the newest backup, or go back to the state of this database with --full',
    )
  }
  if (full) return everything('--full')
  if (missing.length > 0 || gainedColumns(watermark, tables)) return everything('columns or tables are new')
  return { kind: 'delta', since: { number, moment: watermark.as_of }, watermark }
}

const OTHER_SCHEMA = 'name another schema with --schema, or have the table renamed'

function refusal(sentence: string, hint: string): ChpipeError {
  return new ChpipeError('data', sentence, { hint })
}

function refuseForeign(db: Db, watermark: Watermark, schema: string): void {
  if (watermark.source_id !== sourceId(db)) {
    throw refusal(
      `The schema ${schema} is published by another database of chpipe`,
      `name another schema with --schema, or drop it there first: DROP SCHEMA "${schema}" CASCADE`,
    )
  }
  if (watermark.schema_version > schemaVersion(db)) {
    throw refusal(
      `The schema ${schema} was published by a newer chpipe (schema ${watermark.schema_version}, this database has ${schemaVersion(db)})`,
      'upgrade chpipe here as well',
    )
  }
}

/** Tables whose columns or keys somebody changed: what chpipe writes would fail, or mean something else. */
function refuseChanged({ tables }: TargetState, published: DatasetTable[], schema: string, writes: boolean): void {
  for (const name of published) {
    const table = tables.get(name)
    if (!table) continue
    const change = changeOf(name, table) ?? (writes ? changeOfKey(name, table) : null)
    if (change === null) continue
    throw refusal(
      `The table ${name} in the schema ${schema} is not as chpipe published it: ${change}`,
      `undo the change, or drop the table there: chpipe publishes it anew`,
    )
  }
}

function changeOf(name: DatasetTable, { kind, columns }: TargetTable): string | null {
  if (kind !== 'r' && kind !== 'p') return 'it is no table'
  for (const { name: column, type } of publishedColumns(name)) {
    const told = columns.get(column)
    if (told !== undefined && told !== type.told) return `${column} is ${told}, not ${type.told}`
  }
  return null
}

function changeOfKey(name: DatasetTable, { key }: TargetTable): string | null {
  const expected = dataDictionary[name].key
  return String(key) === String(expected) ? null : `its primary key is not ${expected.join(', ')}`
}

function missingIn({ tables }: TargetState, published: DatasetTable[]): MissingParts[] {
  return published.flatMap((name): MissingParts[] => {
    const table = tables.get(name)
    if (!table) return [{ table: name, columns: null }]
    const columns = publishedColumns(name).flatMap(({ name: column }) => (table.columns.has(column) ? [] : [column]))
    return columns.length > 0 ? [{ table: name, columns }] : []
  })
}

/** Whether columns were added since that no publication has filled yet. */
function gainedColumns({ columns }: Watermark, published: DatasetTable[]): boolean {
  return published.some((table) => publishedColumns(table).some(({ name }) => !columns[table]?.includes(name)))
}

export function sameFilters(one: PublishFilters, other: PublishFilters): boolean {
  return one.all === other.all && String(one.include?.toSorted()) === String(other.include?.toSorted())
}

function filterWords({ all, include }: PublishFilters): string {
  return [all ? '--all' : '', include ? `--include ${include.join(',')}` : ''].filter(Boolean).join(' ') || 'none'
}

/** Throws `data` where there is nothing to compare with, and returns what was published. */
export function publishedBefore(db: Db, target: TargetState, schema: string): { watermark: Watermark; since: Since } {
  const { watermark } = target
  if (!watermark) throw refusal(`Nothing is published in the schema ${schema}`, 'publish first: chpipe publish')
  refuseForeign(db, watermark, schema)
  const tables = publishedTables(watermark.filters)
  refuseChanged(target, tables, schema, false)
  if (missingIn(target, tables).length > 0 || gainedColumns(watermark, tables)) {
    throw refusal(`The schema ${schema} lacks columns or tables that this chpipe has`, 'publish first: chpipe publish')
  }
  const number = numberOfCheckpoint(db, watermark.generation)
  if (number !== null) return { watermark, since: { number, moment: watermark.as_of } }
  throw refusal(
    `The schema ${schema} holds a later state than this database knows, as after a restored backup`,
    'restore the newest backup, or go back to the state of this database: chpipe publish --full',
  )
}

/** What a watermark says of the columns that are published now. */
export function columnNames(tables: readonly DatasetTable[]): Watermark['columns'] {
  return Object.fromEntries(tables.map((table) => [table, publishedColumns(table).map(({ name }) => name)]))
}
