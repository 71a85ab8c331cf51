// Publishes the dataset to PostgreSQL: everything at first, then what changed since. Each publication is one transaction,
// so that it may be killed at any moment and run again; nothing is changed in the database of chpipe.
import { randomUUID } from 'node:crypto'
import type { DatasetTable } from '../../db/dataset/columns.ts'
import { type LineDataset, openLines } from '../../db/dataset/lines.ts'
import type { Db } from '../../db/open.ts'
import { isConnectionLoss, type PostgresSession } from '../../db/postgres/session.ts'
import { ChpipeError } from '../../errors.ts'
import { begin, connectTarget, lockSchema, type PublishWorld } from './connect.ts'
import { type Changes, countsAfter, emptyTables, migrateTarget, publishChanges } from './delta.ts'
import { type OnRows, publishFirst } from './first.ts'
import { readTarget, type TableCounts, type TargetState, type Watermark, writeWatermark } from './state.ts'
import {
  columnNames,
  type PublishChoice,
  type PublishPlan,
  planPublication,
  publishedTables,
  sourceId,
} from './watermark.ts'

export interface PublishOptions extends PublishChoice {
  /** Say what would be done, and change nothing. */
  dryRun: boolean
  onRows?: OnRows
}

export interface PublishSummary {
  schema: string
  kind: PublishPlan['kind']
  /** Why everything was compared; null otherwise. */
  why: string | null
  /** Nothing was written: it was only asked what would be. */
  dry_run: boolean
  as_of: string
  generation: string
  /** The companies that a delta looked at; null when it was all of them. */
  changed_companies: number | null
  /** The rows of each table; in a dry run those that would be sent. */
  rows: TableCounts
  /** What was written; null when everything was, and in a dry run. */
  changes: Changes | null
  elapsed_seconds: number
}

/**
 * Makes one publication and reports it. Throws `data` for what must not be overwritten, `config` and `upstream` as
 * `openSession` does, and the signal's reason when interrupted; in all these cases the target is as it was, but that it
 * may have gained columns.
 */
export async function publish(db: Db, world: PublishWorld, options: PublishOptions): Promise<PublishSummary> {
  const began = world.clock.steady()
  const { schema, dryRun } = options
  await using session = await connectTarget(world)
  const { plan, target } = await prepare(session, db, world, options)
  const asOf = new Date(world.clock.now()).toISOString()
  const since = plan.kind === 'delta' ? plan.since : null
  using data = openLines(db, { all: options.all, since, today: asOf.slice(0, 10) })
  const done = dryRun
    ? { rows: countRows(data, options), changes: null }
    : await write(session, data, { plan, target, options })
  if (!dryRun) {
    const watermark: Watermark = {
      publication: randomUUID(),
      source_id: sourceId(db),
      generation: data.checkpoint,
      as_of: asOf,
      filters: { all: options.all, include: options.include },
      schema_version: data.schemaVersion,
      columns: columnNames(publishedTables(options)),
      counts: done.rows,
    }
    await writeWatermark(session, schema, watermark)
    const before = target.watermark?.publication ?? null
    await commit(session, world, { schema, publication: watermark.publication, before })
  }
  return {
    schema,
    kind: plan.kind,
    why: plan.kind === 'everything' ? plan.why : null,
    dry_run: dryRun,
    as_of: asOf,
    generation: data.checkpoint,
    changed_companies: plan.kind === 'delta' ? data.changedCount : null,
    ...done,
    elapsed_seconds: (world.clock.steady() - began) / 1000,
  }
}

/** Begins the transaction that will write, in a schema that has all tables and columns. */
async function prepare(session: PostgresSession, db: Db, world: PublishWorld, options: PublishOptions) {
  for (;;) {
    await begin(session, world, 'write')
    await lockSchema(session, world, options.schema)
    const target = await readTarget(session, options.schema)
    const plan = planPublication(db, target, options)
    if (options.dryRun || plan.kind !== 'everything' || plan.missing.length === 0) return { plan, target }
    await migrateTarget(session, options.schema, plan.missing)
    await session.query('COMMIT', [], 'long')
  }
}

interface Writing {
  plan: PublishPlan
  target: TargetState
  options: PublishOptions
}

async function write(
  session: PostgresSession,
  data: LineDataset,
  { plan, target, options }: Writing,
): Promise<{ rows: TableCounts; changes: Changes | null }> {
  const { schema, onRows = () => {} } = options
  const tables = publishedTables(options)
  if (plan.kind === 'first') {
    const { schemaExists } = target
    return { rows: await publishFirst(session, data, { schema, tables, onRows, schemaExists }), changes: null }
  }
  const isDelta = plan.kind === 'delta'
  const { columns, counts } = plan.watermark
  const former = (Object.keys(columns) as DatasetTable[]).filter((table) => !tables.includes(table))
  const leftOver = former.filter((table) => target.tables.has(table))
  await emptyTables(session, schema, leftOver)
  const published = Number(counts.companies ?? 0)
  const changes = await publishChanges(session, data, { schema, tables, onRows, isDelta, published })
  if (isDelta) return { rows: countsAfter(counts, changes), changes }
  const rows: TableCounts = {}
  for (const table of tables) {
    const counted = await session.query<{ n: string }>(
      `SELECT count(*) AS n FROM pg_temp."chpipe_${table}"`,
      [],
      'long',
    )
    rows[table] = Number(counted.rows[0]?.n)
  }
  return { rows, changes }
}

function countRows(data: LineDataset, options: PublishOptions): TableCounts {
  const counts: TableCounts = {}
  for (const table of publishedTables(options)) {
    let rows = 0
    for (const piece of data.lines(table)) rows += piece.rows
    counts[table] = rows
  }
  return counts
}

interface Commit {
  schema: string
  publication: string
  /** The publication that it follows; null for none. */
  before: string | null
}

/** Commits. When the answer is lost, the target itself is asked whether the publication is there. */
async function commit(session: PostgresSession, world: PublishWorld, made: Commit): Promise<void> {
  world.signal.throwIfAborted()
  session.holdFast()
  try {
    await session.query('COMMIT', [], 'long')
  } catch (error) {
    if (!isConnectionLoss(error)) throw error
    world.log.warn('the connection broke while the publication was committed; asking whether it is there')
    const found = await findPublication(world, made.schema)
    if (found === made.publication) return
    if (found !== made.before) throw unknownCommit(error)
    throw new ChpipeError(
      'upstream',
      'The connection broke before the publication was committed; nothing has changed',
      {
        hint: 'run the command again',
        cause: error,
      },
    )
  }
}

function unknownCommit(cause: unknown): ChpipeError {
  return new ChpipeError('upstream', 'It is not known whether the publication was committed', {
    hint: 'run the command again: it counts from what the target has',
    cause,
  })
}

const LOOK_AGAIN_MS = 1000

/**
 * The publication that the target holds; null for none. The lock of the schema is free only once the server has done with
 * the lost session, one way or the other.
 */
async function findPublication(world: PublishWorld, schema: string): Promise<string | null> {
  const { clock, timings } = world
  const began = clock.steady()
  for (;;) {
    try {
      await using session = await connectTarget(world)
      await begin(session, world, 'write')
      await lockSchema(session, world, schema)
      return (await readTarget(session, schema)).watermark?.publication ?? null
    } catch (error) {
      world.signal.throwIfAborted()
      if (clock.steady() - began >= timings.publishLookupMs) throw unknownCommit(error)
      await clock.sleep(Math.min(LOOK_AGAIN_MS, timings.publishLookupMs / 10), world.signal)
    }
  }
}
