// The first publication: tables, rows, keys and indexes, in the transaction that also writes the watermark.
import type { DatasetTable } from '../../db/dataset/columns.ts'
import type { LineDataset, Lines } from '../../db/dataset/lines.ts'
import type { PostgresSession } from '../../db/postgres/session.ts'
import { boundYoungSpace } from '../../heap-space.ts'
import {
  addKey,
  createIndexes,
  createPublication,
  createTable,
  nameList,
  qualified,
  quoteName,
  tableComments,
} from './ddl.ts'
import { COPY_FORMAT, copyBytes } from './encode.ts'
import type { TableCounts } from './state.ts'
import { type PublishedColumn, publishedColumns } from './types.ts'

/** Called now and then with the rows of a table that were read so far. */
export type OnRows = (table: DatasetTable, rows: number) => void

export interface Loading {
  schema: string
  tables: readonly DatasetTable[]
  onRows: OnRows
}

/** Makes and fills everything; returns the rows of each table. */
export async function publishFirst(
  session: PostgresSession,
  data: LineDataset,
  { schema, tables, onRows, schemaExists }: Loading & { schemaExists: boolean },
): Promise<TableCounts> {
  if (!schemaExists) await session.query(`CREATE SCHEMA ${quoteName(schema)}`)
  const counts: TableCounts = {}
  for (const table of tables) {
    const name = qualified(schema, table)
    await session.query(createTable(name, table))
    counts[table] = await copyTable(session, data, { name, table, onRows })
    await session.query(addKey(name, table), [], 'long')
    for (const index of createIndexes(schema, table)) await session.query(index, [], 'long')
    for (const comment of tableComments(schema, table)) await session.query(comment)
    await session.query(`ANALYZE ${name}`, [], 'long')
  }
  for (const statement of createPublication(schema)) await session.query(statement)
  return counts
}

/** Sends every row of a table that the dataset has to a table of the same columns; returns how many. */
export function copyTable(
  session: PostgresSession,
  data: LineDataset,
  { name, table, onRows }: { name: string; table: DatasetTable; onRows: OnRows },
): Promise<number> {
  return copyLines(session, { name, lines: data.lines(table), columns: publishedColumns(table) }, (rows) =>
    onRows(table, rows),
  )
}

interface Copying {
  /** Of the table, as SQL writes it. */
  name: string
  lines: Iterable<Lines>
  columns: readonly PublishedColumn[]
}

export function copyLines(
  session: PostgresSession,
  { name, lines, columns }: Copying,
  onRows: (rows: number) => void,
): Promise<number> {
  const names = nameList(columns.map((column) => column.name))
  return session.copyIn(`COPY ${name} (${names}) FROM STDIN WITH ${COPY_FORMAT}`, bytesOf(lines, columns, onRows))
}

function* bytesOf(
  lines: Iterable<Lines>,
  columns: readonly PublishedColumn[],
  onRows: (rows: number) => void,
): Generator<Buffer> {
  let rows = 0
  for (const piece of lines) {
    yield* copyBytes(piece, columns)
    rows += piece.rows
    onRows(rows)
    boundYoungSpace()
  }
}
