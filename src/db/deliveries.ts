// What customers were given, so that a delta knows from where to count.
import { desc, eq, gte } from 'drizzle-orm'
import type { Clock } from '../clock.ts'
import { numberOfCheckpoint, type Since } from './changes.ts'
import { type Db, snapshot, write } from './open.ts'
import { beginRun } from './runs.ts'
import { deliveries } from './schema.ts'

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
  /** The moment of its data, ISO 8601; it is only shown. */
  asOf: string
  /** Its place among all changes. */
  checkpoint: string
}

/** Notes a finished export, as a run of its own. */
export function saveDelivery(db: Db, clock: Clock, { goal, format, filters, asOf, checkpoint }: DeliveryNote): void {
  using run = beginRun(db, clock, 'export')
  write(db, (tx) =>
    tx
      .insert(deliveries)
      .values({ goal, format, filters: JSON.stringify(filters), as_of: asOf, checkpoint, run_id: run.id })
      .run(),
  )
  run.finish({ goal, format, filters })
}

/**
 * From where a delta for the goal counts: its newest delivery of the same companies and tables. Null when there is none.
 * One from before there were numbers counts by its time, or by an earlier one that the clock told later.
 */
export function findLastDelivery(
  db: Db,
  goal: string,
  { all, include }: Pick<DeliveryFilters, 'all' | 'include'>,
): Since | null {
  return snapshot(db, (tx) => {
    const rows = tx.select().from(deliveries).where(eq(deliveries.goal, goal)).orderBy(desc(deliveries.id)).all()
    const last = rows.find(({ filters }) => {
      const earlier = JSON.parse(filters) as DeliveryFilters
      return earlier.all === all && sameTables(earlier.include, include)
    })
    if (!last) return null
    if (last.checkpoint !== null) return { number: numberOfCheckpoint(db, last.checkpoint) ?? 0, moment: last.as_of }
    const later = tx.select().from(deliveries).where(gte(deliveries.id, last.id)).all()
    return { number: 0, moment: later.reduce((least, { as_of }) => (as_of < least ? as_of : least), last.as_of) }
  })
}

function sameTables(one: readonly string[] | null, other: readonly string[] | null): boolean {
  return String(one?.toSorted()) === String(other?.toSorted())
}
