// What stands in the target's schema, read inside the transaction that will write there.
import type { DatasetTable } from '../../db/dataset/columns.ts'
import { datasetTables } from '../../db/dataset/columns.ts'
import type { PostgresSession } from '../../db/postgres/session.ts'
import { ChpipeError } from '../../errors.ts'
import { PUBLICATION, publicationColumns, qualified } from './ddl.ts'

export interface PublishFilters {
  /** Also companies whose officers are not complete. */
  all: boolean
  /** The tables that are wanted; null for all that chpipe has. */
  include: DatasetTable[] | null
}

export type TableCounts = Partial<Record<DatasetTable, number>>

/** The row of `chpipe_publication`. */
export interface Watermark {
  publication: string
  source_id: string
  generation: string
  /** ISO 8601. */
  as_of: string
  filters: PublishFilters
  schema_version: number
  columns: Partial<Record<DatasetTable, string[]>>
  counts: TableCounts
}

export interface TargetTable {
  /** `r` for a plain table, `p` for a partitioned one. */
  kind: string
  /** Types by column, as `format_type` tells them. */
  columns: Map<string, string>
  key: string[]
}

export interface TargetState {
  schemaExists: boolean
  /** What has a name that chpipe publishes under. */
  tables: Map<string, TargetTable>
  watermark: Watermark | null
}

const RELATIONS = `
  SELECT c.relname::text AS name, c.relkind::text AS kind,
    (SELECT coalesce(json_agg(json_build_array(a.attname, format_type(a.atttypid, NULL)) ORDER BY a.attnum), '[]'::json)
      FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
    (SELECT coalesce(json_agg(a.attname ORDER BY part.place), '[]'::json)
      FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS part (number, place)
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = part.number
      WHERE i.indrelid = c.oid AND i.indisprimary) AS key
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = $1 AND c.relname = ANY ($2)`

/** Reads what is there. Throws `data` when a table `chpipe_publication` is not of chpipe's making. */
export async function readTarget(session: PostgresSession, schema: string): Promise<TargetState> {
  const found = await session.query('SELECT FROM pg_namespace WHERE nspname = $1', [schema])
  const { rows } = await session.query<{ name: string; kind: string; columns: [string, string][]; key: string[] }>(
    RELATIONS,
    [schema, [...datasetTables, PUBLICATION]],
  )
  const tables = new Map(
    rows.map(({ name, kind, columns, key }): [string, TargetTable] => [name, { kind, columns: new Map(columns), key }]),
  )
  const publication = tables.get(PUBLICATION)
  tables.delete(PUBLICATION)
  if (!publication) return { schemaExists: found.rowCount > 0, tables, watermark: null }
  if (publicationColumns.some((column) => !publication.columns.has(column))) {
    throw new ChpipeError('data', `The table ${PUBLICATION} in the schema ${schema} is not as this chpipe makes it`, {
      hint: 'upgrade chpipe if a newer one published there, or name another schema with --schema',
    })
  }
  return { schemaExists: true, tables, watermark: await readWatermark(session, schema) }
}

const AS_OF = `to_char(as_of AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS as_of`

/** The watermark of a schema that has the table; null when the table is empty. */
async function readWatermark(session: PostgresSession, schema: string): Promise<Watermark | null> {
  const columns = publicationColumns.filter((name) => name !== 'only_row' && name !== 'published_at')
  const { rows } = await session.query<Watermark>(
    `SELECT ${columns.map((name) => (name === 'as_of' ? AS_OF : name)).join(', ')} FROM ${qualified(schema, PUBLICATION)}`,
  )
  return rows[0] ?? null
}

const VALUES = [
  'publication',
  'source_id',
  'generation',
  'as_of',
  'filters',
  'schema_version',
  'columns',
  'counts',
] as const satisfies (keyof Watermark)[]

/** Writes the watermark; belongs in the transaction that wrote the rows. */
export async function writeWatermark(session: PostgresSession, schema: string, watermark: Watermark): Promise<void> {
  const values = VALUES.map((name) => {
    const value = watermark[name]
    return typeof value === 'object' ? JSON.stringify(value) : value
  })
  const set = [...VALUES, 'published_at'].map((name) => `${name} = excluded.${name}`).join(', ')
  await session.query(
    `INSERT INTO ${qualified(schema, PUBLICATION)} (${VALUES.join(', ')}, published_at)
      VALUES (${VALUES.map((_, index) => `$${index + 1}`).join(', ')}, clock_timestamp())
      ON CONFLICT (only_row) DO UPDATE SET ${set}`,
    values,
  )
}
