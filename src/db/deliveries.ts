// What customers were given, so that a delta knows from where to count.
import { desc, eq, isNull } from 'drizzle-orm'
import type { Clock } from '../clock.ts'
import { type Db, snapshot, write } from './open.ts'
import { beginRun, deadRuns } from './runs.ts'
import { deliveries, runs } from './schema.ts'

/** What a delivery holds, as its manifest says. */
export interface DeliveryFilters {
  all: boolean
  include: readonly string[] | null
  since: string | null
}

export interface DeliveryNote {
  /** The absolute path that was written. */
  goal: string
  format: string
  filters: DeliveryFilters
  /** The moment up to which it surely holds everything, ISO 8601. */
  heldUntil: string
}

/** A moment that is read before a transaction begins may be so much older than what the transaction commits. */
const WRITERS_LAG_MS = 60_000

/** The only facts that carry the time at which their run began; a file's rows move over hours later. */
const DATED_BY_START = 'import-companies'

/**
 * The moment up to which an export that begins now will hold everything (ISO 8601): now, or earlier while others write,
 * since what they commit next may be dated before the export.
 */
export function heldUntil(db: Db, clock: Clock): string {
  const now = clock.now()
  const unfinished = db.select().from(runs).where(isNull(runs.finished_at)).all()
  const dead = new Set(
    deadRuns(
      db,
      clock,
      unfinished.map(({ id }) => id),
    ),
  )
  const moments = unfinished
    .filter(({ id }) => !dead.has(id))
    .map(({ command, started_at }) => (command === DATED_BY_START ? started_at : now - WRITERS_LAG_MS))
  return new Date(Math.min(now, ...moments)).toISOString()
}

/** Notes a finished export, as a run of its own. */
export function saveDelivery(db: Db, clock: Clock, { goal, format, filters, heldUntil: as_of }: DeliveryNote): void {
  using run = beginRun(db, clock, 'export')
  write(db, (tx) =>
    tx
      .insert(deliveries)
      .values({ goal, format, filters: JSON.stringify(filters), as_of, run_id: run.id })
      .run(),
  )
  run.finish({ goal, format, filters })
}

/**
 * The moment from which a delta for the goal counts (ISO 8601): that of its newest delivery of the same companies and
 * tables. Null when there is none.
 */
export function findLastDelivery(
  db: Db,
  goal: string,
  { all, include }: Omit<DeliveryFilters, 'since'>,
): string | null {
  const rows = snapshot(db, (tx) =>
    tx.select().from(deliveries).where(eq(deliveries.goal, goal)).orderBy(desc(deliveries.id)).all(),
  )
  const same = rows.find(({ filters }) => {
    const earlier = JSON.parse(filters) as DeliveryFilters
    return earlier.all === all && sameTables(earlier.include, include)
  })
  return same?.as_of ?? null
}

function sameTables(one: readonly string[] | null, other: readonly string[] | null): boolean {
  return String(one?.toSorted()) === String(other?.toSorted())
}
