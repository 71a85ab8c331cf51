// A publication on top of an earlier one: the new rows are staged beside the tables, then rows that are gone are deleted,
// and rows that are new or differ are written. Nothing is renamed or truncated, so that views, grants, replication and
// readers go on; what has not changed is not touched.
import type { DatasetTable } from '../../db/dataset/columns.ts'
import { dataDictionary } from '../../db/dataset/dictionary.ts'
import type { LineDataset } from '../../db/dataset/lines.ts'
import type { PostgresSession } from '../../db/postgres/session.ts'
import { addColumns, addKey, createIndexes, createTable, nameList, qualified, quoteName, tableComments } from './ddl.ts'
import { copyLines, copyTable, type Loading } from './first.ts'
import type { TableCounts } from './state.ts'
import { publishedColumns, publishedType } from './types.ts'
import type { MissingParts } from './watermark.ts'

export interface TableChanges {
  inserted: number
  updated: number
  deleted: number
}

export type Changes = Partial<Record<DatasetTable, TableChanges>>

const CHANGED = 'pg_temp.chpipe_changed'

/** Adds what a target lacks. It belongs in a transaction of its own: readers wait while a table gains columns. */
export async function migrateTarget(session: PostgresSession, schema: string, missing: MissingParts[]): Promise<void> {
  for (const { table, columns } of missing) {
    const statements =
      columns === null
        ? [
            createTable(qualified(schema, table), table),
            addKey(qualified(schema, table), table),
            ...createIndexes(schema, table),
            ...tableComments(schema, table),
          ]
        : addColumns(schema, table, columns)
    for (const statement of statements) await session.query(statement)
  }
}

/**
 * Makes the tables what the dataset says: of the companies that changed when it is a delta, of all otherwise. `published`
 * is how many companies the target has, more or less.
 */
export async function publishChanges(
  session: PostgresSession,
  data: LineDataset,
  { schema, tables, onRows, isDelta, published }: Loading & { isDelta: boolean; published: number },
): Promise<Changes> {
  if (isDelta) await stageChanged(session, data)
  for (const table of tables) {
    await session.query(createTable(staged(table), table, true))
    await copyTable(session, data, { name: staged(table), table, onRows })
    await session.query(addKey(staged(table), table), [], 'long')
    await session.query(`ANALYZE ${staged(table)}`, [], 'long')
  }
  if (isDelta && data.changedCount * SMALL_SHARE < published) await keepFromScanning(session)
  const changes: Changes = {}
  for (const table of tables) changes[table] = await applyTable(session, { schema, table, isDelta })
  return changes
}

function staged(table: DatasetTable): string {
  return `pg_temp.${quoteName(`chpipe_${table}`)}`
}

const NUMBER = {
  name: 'company_number',
  meaning: '',
  isKey: true,
  type: publishedType('company_number', 'identifier'),
}

/** Notes down in the session which companies changed. */
export async function stageChanged(session: PostgresSession, data: LineDataset): Promise<void> {
  const column = `company_number ${NUMBER.type.declared} PRIMARY KEY`
  await session.query(`CREATE TEMPORARY TABLE ${CHANGED} (${column}) ON COMMIT DROP`)
  await copyLines(session, { name: CHANGED, lines: data.changed(), columns: [NUMBER] }, () => {})
  await session.query(`ANALYZE ${CHANGED}`)
}

/** In a WHERE clause over a table that is called `t`: its company is among those that changed. */
export const IS_CHANGED = `EXISTS (SELECT FROM ${CHANGED} AS changed WHERE changed.company_number = t.company_number)`

/** One part in so many is looked up row by row; from there on it is quicker to read the whole table. */
const SMALL_SHARE = 10

/** The planner expects more rows than there are, and would read whole tables. */
async function keepFromScanning(session: PostgresSession): Promise<void> {
  for (const setting of ['enable_hashjoin', 'enable_mergejoin', 'enable_seqscan']) {
    await session.query(`SET LOCAL ${setting} = off`)
  }
}

async function applyTable(
  session: PostgresSession,
  { schema, table, isDelta }: { schema: string; table: DatasetTable; isDelta: boolean },
): Promise<TableChanges> {
  const { key } = dataDictionary[table]
  const names = publishedColumns(table).map(({ name }) => name)
  const sameKey = key.map((name) => `t.${quoteName(name)} = s.${quoteName(name)}`).join(' AND ')
  const target = `${qualified(schema, table)} AS t`
  const kept = `EXISTS (SELECT FROM ${staged(table)} AS s WHERE ${sameKey})`
  const deleted = await session.query(
    isDelta
      ? `DELETE FROM ${target} USING ${CHANGED} AS changed WHERE t.company_number = changed.company_number AND NOT ${kept}`
      : `DELETE FROM ${target} WHERE NOT ${kept}`,
    [],
    'long',
  )
  const row = (alias: string) => `(${names.map((name) => `${alias}.${quoteName(name)}`).join(', ')})`
  const others = names.filter((name) => !key.includes(name))
  const set = others.map((name) => `${quoteName(name)} = excluded.${quoteName(name)}`).join(', ')
  const { rows } = await session.query<{ inserted: string; written: string }>(
    `WITH written AS (
      INSERT INTO ${target} (${nameList(names)})
      SELECT ${nameList(names)} FROM ${staged(table)} AS s
        WHERE NOT EXISTS (SELECT FROM ${target} WHERE ${sameKey} AND ${row('t')} IS NOT DISTINCT FROM ${row('s')})
      ON CONFLICT (${nameList(key)}) DO UPDATE SET ${set}
      RETURNING (t.xmax = 0) AS is_new)
    SELECT count(*) FILTER (WHERE is_new) AS inserted, count(*) AS written FROM written`,
    [],
    'long',
  )
  const inserted = Number(rows[0]?.inserted)
  return { inserted, updated: Number(rows[0]?.written) - inserted, deleted: deleted.rowCount }
}

/** Takes the rows of tables that are published no longer. */
export async function emptyTables(session: PostgresSession, schema: string, tables: DatasetTable[]): Promise<void> {
  for (const table of tables) await session.query(`DELETE FROM ${qualified(schema, table)}`, [], 'long')
}

/** The rows of each table after a delta. */
export function countsAfter(before: TableCounts, changes: Changes): TableCounts {
  return Object.fromEntries(
    Object.entries(changes).map(([table, { inserted, deleted }]) => [
      table,
      Number(before[table as DatasetTable] ?? 0) + inserted - deleted,
    ]),
  )
}
