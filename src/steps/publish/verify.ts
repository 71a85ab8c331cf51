// Proves that the published tables hold what the database holds: rows are counted and hashed on both sides, by the first
// characters of the company number, and compared bucket by bucket.
import { hash } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { DatasetTable } from '../../db/dataset/columns.ts'
import { CELL_END, type LineDataset, openLines } from '../../db/dataset/lines.ts'
import type { Db } from '../../db/open.ts'
import type { PostgresSession } from '../../db/postgres/session.ts'
import { dayAt } from '../../db/standing.ts'
import { ChpipeError } from '../../errors.ts'
import { begin, connectTarget, type PublishWorld } from './connect.ts'
import { qualified, quoteName } from './ddl.ts'
import { IS_CHANGED, stageChanged } from './delta.ts'
import { canonicalLine, readPiece } from './encode.ts'
import type { OnRows } from './first.ts'
import { type PublishFilters, readTarget } from './state.ts'
import { publishedColumns } from './types.ts'
import { publishedBefore, publishedTables, sameFilters } from './watermark.ts'

/** Rows and the sum of their hashes. */
interface Bucket {
  rows: number
  sum: bigint
}

type Buckets = Map<string, Bucket>

export interface VerifyDifference {
  table: DatasetTable
  /** The first characters of the company numbers. */
  bucket: string
  rows_here: number
  rows_there: number
}

export interface PublishedVerification {
  schema: string
  /** Whether all that was compared is equal. */
  equal: boolean
  as_of: string
  generation: string
  /** Companies that changed since the publication, and were left out on both sides: the next one brings them. */
  changed_since: number
  /** What was compared of each table. */
  tables: Partial<Record<DatasetTable, { rows_here: number; rows_there: number; buckets: number }>>
  differences: VerifyDifference[]
  elapsed_seconds: number
}

export interface VerifyOptions {
  schema: string
  /** Null for those of the publication; others are refused. */
  filters: PublishFilters | null
  onRows?: OnRows
}

/** Numbers that begin alike: up to ten thousand companies. */
const BUCKET_LENGTH = 4

/**
 * Compares the publication with the database and changes nothing. Throws `data` when nothing comparable is published, and
 * otherwise as `publish` does.
 */
export async function verifyPublished(
  db: Db,
  world: PublishWorld,
  { schema, filters, onRows = () => {} }: VerifyOptions,
): Promise<PublishedVerification> {
  const began = world.clock.steady()
  await using session = await connectTarget(world)
  await begin(session, world, 'read')
  const { watermark, since } = publishedBefore(db, await readTarget(session, schema), schema)
  if (filters && !sameFilters(filters, watermark.filters)) {
    throw new ChpipeError('data', `The schema ${schema} was published with other filters`, {
      hint: 'leave --all and --include out: those of the publication count',
    })
  }
  const today = dayAt(world.clock.now())
  using data = openLines(db, { all: watermark.filters.all, since, unchanged: true, today })
  const unchanged = data.changedCount === 0
  if (!unchanged) await stageChanged(session, data)
  const result: Pick<PublishedVerification, 'tables' | 'differences'> = { tables: {}, differences: [] }
  for (const table of publishedTables(watermark.filters)) {
    const asked = bucketsThere(session, { schema, table, unchanged })
    asked.catch(() => {})
    const here = await bucketsHere(data, { table, onRows, signal: world.signal })
    const there = await asked
    const buckets = [...new Set([...here.keys(), ...there.keys()])].sort()
    result.tables[table] = { rows_here: rowsOf(here), rows_there: rowsOf(there), buckets: buckets.length }
    result.differences.push(...differing(table, buckets, { here, there }))
  }
  return {
    schema,
    equal: result.differences.length === 0,
    as_of: watermark.as_of,
    generation: watermark.generation,
    changed_since: data.changedCount,
    ...result,
    elapsed_seconds: (world.clock.steady() - began) / 1000,
  }
}

interface Reading {
  table: DatasetTable
  onRows: OnRows
  signal: AbortSignal
}

async function bucketsHere(data: LineDataset, { table, onRows, signal }: Reading): Promise<Buckets> {
  const columns = publishedColumns(table)
  const halves = new Map<string, Halves>()
  let rows = 0
  for (const piece of data.lines(table)) {
    readPiece(piece, columns, {
      plain(lines) {
        for (let from = 0; from < lines.length; ) {
          const found = lines.indexOf('\n', from)
          const end = found === -1 ? lines.length : found
          addLine(halves, lines.subarray(from, end))
          from = end + 1
        }
      },
      careful: (texts) => addLine(halves, Buffer.from(canonicalLine(texts))),
    })
    rows += piece.rows
    onRows(table, rows)
    await nextTurn()
    signal.throwIfAborted()
  }
  return new Map(
    [...halves].map(([bucket, { rows, high, low }]) => [
      bucket,
      { rows, sum: (BigInt(high) << LOW_BITS) + BigInt(low) },
    ]),
  )
}

/** The sum of the hashes' upper 32 and lower 28 bits, which stay exact as numbers. */
interface Halves {
  rows: number
  high: number
  low: number
}

const LOW_BITS = 28n

/** The company number comes first in every table. */
function addLine(buckets: Map<string, Halves>, line: Buffer): void {
  const number = line.toString('utf8', 0, line.indexOf(CELL_END))
  const bucket = number.slice(0, BUCKET_LENGTH)
  const digest = hash('sha256', line, 'buffer')
  const known = buckets.get(bucket) ?? { rows: 0, high: 0, low: 0 }
  known.rows += 1
  known.high += digest.readUInt32BE(0)
  known.low += digest.readUInt32BE(4) >>> 4
  buckets.set(bucket, known)
}

interface Asking {
  schema: string
  table: DatasetTable
  /** Nothing has changed since: without a temporary table the server may use several processes, and be a replica. */
  unchanged: boolean
}

/** The first 60 bits of the SHA-256 of each row, as the server writes its values, summed. */
async function bucketsThere(session: PostgresSession, { schema, table, unchanged }: Asking): Promise<Buckets> {
  const cells = publishedColumns(table).map(
    ({ name, type }) => `coalesce(${type.canonical(`t.${quoteName(name)}`)}, E'\\x01')`,
  )
  const line = cells.join(` || E'\\x1f' || `)
  const hashed = `('x' || substr(encode(sha256(convert_to(${line}, 'UTF8')), 'hex'), 1, 15))::bit(60)::bigint`
  const { rows } = await session.query<{ bucket: string; rows: string; sum: string }>(
    `SELECT left(t.company_number, ${BUCKET_LENGTH}) AS bucket, count(*) AS rows, sum(${hashed})::text AS sum
      FROM ${qualified(schema, table)} AS t ${unchanged ? '' : `WHERE NOT ${IS_CHANGED}`} GROUP BY 1`,
    [],
    'long',
  )
  return new Map(rows.map(({ bucket, rows, sum }) => [bucket, { rows: Number(rows), sum: BigInt(sum) }]))
}

function rowsOf(buckets: Buckets): number {
  return [...buckets.values()].reduce((total, { rows }) => total + rows, 0)
}

function differing(
  table: DatasetTable,
  names: readonly string[],
  { here, there }: { here: Buckets; there: Buckets },
): VerifyDifference[] {
  const none: Bucket = { rows: 0, sum: 0n }
  return names.flatMap((bucket) => {
    const [a, b] = [here.get(bucket) ?? none, there.get(bucket) ?? none]
    return a.rows === b.rows && a.sum === b.sum ? [] : [{ table, bucket, rows_here: a.rows, rows_there: b.rows }]
  })
}
