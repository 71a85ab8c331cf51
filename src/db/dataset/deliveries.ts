// What customers were given, so that a delta knows from where to count.

import Database from 'better-sqlite3'
import { asc, desc, eq, gte } from 'drizzle-orm'
import type { Clock } from '../../clock.ts'
import { numberOfCheckpoint, type Since } from '../changes.ts'
import { type Db, snapshot, type Tx, write } from '../open.ts'
import { beginRun } from '../runs.ts'
import { deliveries } from '../schema.ts'
import { datasetTables } from './columns.ts'

/** What a delivery holds, as its manifest says. */
export interface DeliveryFilters {
  all: boolean
  include: readonly string[] | null
  /** Missing in what was delivered before there was such a filter. */
  verification?: readonly string[] | null
  since: string | null
}

export interface DeliveryNote {
  /** The absolute path that was written. */
  destination: string
  format: string
  filters: DeliveryFilters
  /** The moment of its data, ISO 8601; it is only shown. */
  asOf: string
  /** Its place among all changes. */
  checkpoint: string
  /** Who receives it; null where nobody was named. */
  recipient: string | null
}

/** Notes a finished export, as a run of its own. */
export function saveDelivery(
  db: Db,
  clock: Clock,
  { destination, format, filters, asOf, checkpoint, recipient }: DeliveryNote,
): void {
  using run = beginRun(db, clock, 'export')
  write(db, (tx) =>
    tx
      .insert(deliveries)
      .values({
        destination,
        format,
        filters: JSON.stringify(filters),
        as_of: asOf,
        checkpoint,
        recipient,
        run_id: run.id,
      })
      .run(),
  )
  run.finish({ goal: destination, format, filters })
}

/**
 * From where a delta for the destination counts: its newest delivery of the same companies, tables and officers, to the same
 * recipient or to nobody in particular where one is named. Null when there is none.
 * One from before there were numbers counts by its time, or by an earlier one that the clock told later.
 */
export function findLastDelivery(
  db: Db,
  destination: string,
  {
    all,
    include,
    verification = null,
    recipient = null,
  }: Omit<DeliveryFilters, 'since'> & { recipient?: string | null },
): Since | null {
  return snapshot(db, (tx) => {
    const rows = tx
      .select()
      .from(deliveries)
      .where(eq(deliveries.destination, destination))
      .orderBy(desc(deliveries.id))
      .all()
    const last = rows.find(({ filters, recipient: earlierRecipient }) => {
      const earlier = JSON.parse(filters) as DeliveryFilters
      const same = sameWords(earlier.include, include) && sameWords(earlier.verification, verification)
      const others = recipient !== null && earlierRecipient !== null && earlierRecipient !== recipient
      return earlier.all === all && same && !others
    })
    if (!last) return null
    if (last.checkpoint !== null) return { number: numberOfCheckpoint(db, last.checkpoint) ?? 0, moment: last.as_of }
    const later = tx.select().from(deliveries).where(gte(deliveries.id, last.id)).all()
    return { number: 0, moment: later.reduce((least, { as_of }) => (as_of < least ? as_of : least), last.as_of) }
  })
}

function sameWords(one: readonly string[] | null | undefined, other: readonly string[] | null): boolean {
  return String(one?.toSorted()) === String(other?.toSorted())
}

export interface RecordedDelivery {
  /** Null where nobody was named. */
  recipient: string | null
  /** Where it was written. */
  destination: string
  /** The day of its data, `YYYY-MM-DD`, in UTC. */
  day: string
  /** Whether it holds only what had changed. */
  delta: boolean
}

/** Every recorded delivery that may hold rows of one of these tables, the oldest first. */
export function listDeliveriesOf(tx: Tx, tables: readonly string[]): RecordedDelivery[] {
  const rows = tx.select().from(deliveries).orderBy(asc(deliveries.id)).all()
  return rows.flatMap(({ recipient, destination, as_of, filters }) => {
    const { include, since } = JSON.parse(filters) as DeliveryFilters
    if (!(include ?? datasetTables).some((table) => tables.includes(table))) return []
    return [{ recipient, destination, day: as_of.slice(0, 10), delta: since !== null }]
  })
}

const TABLES = [...datasetTables, 'deletions']

/**
 * Rows in all tables of a delivered database. It may come from anywhere: nothing of its schema is run, a view or virtual
 * table under such a name is not read, and the file is opened for reading only. Throws what SQLite throws for a file that
 * is no database.
 */
export function countDeliveredRows(path: string): number {
  const client = new Database(path, { readonly: true, fileMustExist: true })
  try {
    client.pragma('trusted_schema = OFF')
    client.pragma('query_only = ON')
    const plain = client
      .prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'`)
      .pluck()
      .all()
    const counts = TABLES.filter((table) => plain.includes(table)).map((table) =>
      Number(client.prepare(`SELECT count(*) FROM ${table}`).pluck().get()),
    )
    return counts.reduce((sum, count) => sum + count, 0)
  } finally {
    client.close()
  }
}

// Which companies a domain was looked for, for the hit rate of a delivery: on the same snapshot as its pages.

/** Companies behind the stage that asks for their domain: they have one, or were skipped because there is none. */
const LOOKED_UP = `
  SELECT company_number FROM jobs
  WHERE company_number BETWEEN ? AND ? AND (stage IN ('officers', 'emails', 'done') OR (stage = 'domain' AND state = 'skipped'))`

/**
 * A function that names the companies from `first` to `last` whose domain was asked for and answered. It reads what the
 * connection's open transaction sees.
 */
export function lookedUpReader(db: Db): (first: string, last: string) => Set<string> {
  const select = db.$client.prepare(LOOKED_UP).pluck()
  return (first, last) => new Set(select.all(first, last) as string[])
}
