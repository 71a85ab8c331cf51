// How the target stands: whether it can be written to, what this database has published there, and how far behind that
// is. Reads only.
import { countChangedSince } from '../../db/changes.ts'
import type { Db } from '../../db/open.ts'
import type { PostgresSession } from '../../db/postgres/session.ts'
import { ChpipeError } from '../../errors.ts'
import { begin, connectTarget, type PublishWorld } from './connect.ts'
import { PUBLICATION, qualified } from './ddl.ts'
import { readTarget } from './state.ts'
import { planPublication, sourceId } from './watermark.ts'

export interface PublishedSchema {
  schema: string
  /** By the clock of the server (ms). */
  publishedMsAgo: number
  /** Companies that have changed since, 10,001 for more than 10,000; null where the next publication compares every row. */
  changed: number | null
  /** Why the next publication would be refused; null when it would not. */
  refusal: ChpipeError | null
}

export interface TargetStanding {
  encrypted: boolean
  /** A replica, or a server that was set so. */
  readOnly: boolean
  /** Whether the user may make temporary tables, and write to what is published or make it. */
  mayWrite: boolean
  /** What this database has published, in whichever schemas; null without a database. */
  published: PublishedSchema[] | null
  /** Where nothing is: why a first publication in the usual schema would be refused; null when it would not. */
  refusal: ChpipeError | null
}

/**
 * Looks at the target; without a database only at the server. `schema` is where a first publication would go. Throws
 * `config` and `upstream` as `publish` does, and `data` when the database cannot be read.
 */
export async function readTargetStanding(db: Db | null, world: PublishWorld, schema: string): Promise<TargetStanding> {
  await using session = await connectTarget(world)
  await begin(session, world, 'read')
  const { encrypted } = session
  const { rows } = await session.query<{ read_only: boolean; may_make: boolean }>(RIGHTS, [schema])
  const [{ read_only: readOnly, may_make: mayMake } = { read_only: false, may_make: false }] = rows
  if (db === null) return { encrypted, readOnly, mayWrite: mayMake, published: null, refusal: null }
  const found: Found[] = []
  for (const name of await findPublications(session)) {
    const own = await readOwn(db, session, name)
    if (own) found.push(own)
  }
  const published = found.map(({ mayWrite: _, ...own }) => own)
  if (found.length > 0) {
    return { encrypted, readOnly, mayWrite: found.every(({ mayWrite }) => mayWrite), published, refusal: null }
  }
  return { encrypted, readOnly, mayWrite: mayMake, published, refusal: await refusalOfFirst(db, session, schema) }
}

const RIGHTS = `
  SELECT current_setting('transaction_read_only')::boolean OR pg_is_in_recovery() AS read_only,
    has_database_privilege(current_database(), 'TEMPORARY') AND coalesce(
      (SELECT has_schema_privilege(oid, 'CREATE') FROM pg_namespace WHERE nspname = $1),
      has_database_privilege(current_database(), 'CREATE')) AS may_make`

/** The schemas with a publication, whoever's, that the user may read. */
async function findPublications(session: PostgresSession): Promise<string[]> {
  const { rows } = await session.query<{ name: string }>(
    `SELECT n.nspname::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relname = $1 AND c.relkind = 'r' AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
      ORDER BY 1`,
    [PUBLICATION],
  )
  return rows.map(({ name }) => name)
}

type Found = PublishedSchema & { mayWrite: boolean }

/** What this database has published in a schema; null where that was another one, or nobody. */
async function readOwn(db: Db, session: PostgresSession, schema: string): Promise<Found | null> {
  const target = await orRefusal(() => readTarget(session, schema))
  if (target instanceof ChpipeError) return null
  const { watermark } = target
  if (watermark?.source_id !== sourceId(db)) return null
  const table = qualified(schema, PUBLICATION)
  const { rows } = await session.query<{ ms_ago: string; may_write: boolean }>(
    `SELECT greatest(0, round(extract(epoch FROM clock_timestamp() - published_at) * 1000))::bigint AS ms_ago,
      has_table_privilege($1, 'UPDATE') AND has_database_privilege(current_database(), 'TEMPORARY') AS may_write
      FROM ${table}`,
    [table],
  )
  const { filters } = watermark
  const plan = await orRefusal(() => planPublication(db, target, { schema, full: false, ...filters }))
  const isDelta = !(plan instanceof ChpipeError) && plan.kind === 'delta'
  return {
    schema,
    publishedMsAgo: Number(rows[0]?.ms_ago),
    mayWrite: rows[0]?.may_write === true,
    changed: isDelta ? countChangedSince(db, plan.since.number) : null,
    refusal: plan instanceof ChpipeError ? plan : null,
  }
}

async function refusalOfFirst(db: Db, session: PostgresSession, schema: string): Promise<ChpipeError | null> {
  const choice = { schema, full: false, all: false, include: null }
  const plan = await orRefusal(async () => planPublication(db, await readTarget(session, schema), choice))
  return plan instanceof ChpipeError ? plan : null
}

/** The result, or the `data` error that it throws. */
async function orRefusal<T>(body: () => T | Promise<T>): Promise<T | ChpipeError> {
  try {
    return await body()
  } catch (error) {
    if (error instanceof ChpipeError && error.kind === 'data') return error
    throw error
  }
}
