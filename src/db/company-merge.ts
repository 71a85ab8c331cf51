// Companies from their temporary tables into `companies`, in the order of their numbers: in the file's own order, the two
// indexes by number make it take three times as long.
import type { Clock } from '../clock.ts'
import { nextChange } from './changes.ts'
import { REGISTER_COLUMNS } from './company-columns.ts'
import { type Db, write } from './open.ts'
import { type Origin, runsOfLaterFiles, startOfDay } from './register-files.ts'

export interface Chunk {
  inserted: number
  updated: number
  /** Rows that a later row of the same company replaced. */
  duplicates: number
  /** For how long the database was locked for other writers. */
  lockedMs: number
}

const COLUMNS = REGISTER_COLUMNS.join(', ')

/** Higher than every company number. */
const END = '~'

type Client = Db['$client']

/**
 * The log is brought into the file when there is time for it, and reaches the disk then: a power cut may undo the last
 * chunks, never half a chunk. What is written once these are set back makes all before it durable as well.
 */
const MERGING = { wal_autocheckpoint: 0, synchronous: 1 }

/** Sets pragmas for a merge; the function returned sets them back. */
export function tuneForMerge(client: Client): () => void {
  const set = (pragmas: [string, unknown][]) => {
    for (const [name, value] of pragmas) client.pragma(`${name} = ${value}`)
  }
  const before = Object.keys(MERGING).map((name): [string, unknown] => [name, client.pragma(name, { simple: true })])
  set(Object.entries(MERGING))
  return () => set(before)
}

/**
 * Whether a stored company takes the file's row. Register files compare by their days, and where one of them has none, the
 * one imported later is the newer; against all other sources the file's day decides, and without one it never wins.
 */
function isOlder(db: Db, asOf: string | null): string {
  if (asOf === null) return `companies.source = 'register-file'`
  const later = runsOfLaterFiles(db, asOf)
  return `CASE companies.source WHEN 'register-file' THEN companies.run_id NOT IN (${later.join(', ')})
    ELSE companies.fetched_at < '${startOfDay(asOf)}' END`
}

/**
 * The file tells the whole address without `premises`, and neither the type of every company nor every subtype. What it
 * lists has come back since it was deleted.
 */
const UPSERT = `ON CONFLICT (company_number) DO UPDATE SET
  ${REGISTER_COLUMNS.filter((name) => !['company_number', 'type', 'subtype'].includes(name))
    .map((name) => `${name} = excluded.${name}`)
    .join(', ')},
  type = coalesce(excluded.type, type), subtype = coalesce(excluded.subtype, subtype), premises = NULL,
  deleted_at = CASE WHEN deleted_at < ? THEN NULL ELSE deleted_at END,
  source = excluded.source, fetched_at = excluded.fetched_at, run_id = excluded.run_id,
  change_number = excluded.change_number`

/**
 * Moves the companies of a temporary table into `companies`, and drops it: a transaction of up to `size()` rows for each
 * step of the loop. Of a company that came more than once, the last row is moved.
 */
export function* mergeTable(db: Db, clock: Clock, table: string, origin: Origin, size: () => number): Generator<Chunk> {
  const client = db.$client
  client.exec(`CREATE INDEX temp.${table}_by_number ON ${table} (company_number)`)
  const duplicates = dropEarlier(client, table)
  if (duplicates > 0) yield { inserted: 0, updated: 0, duplicates, lockedMs: 0 }
  const lastOfChunk = client
    .prepare<[string, number], string>(
      `SELECT company_number FROM temp.${table} WHERE company_number > ? ORDER BY company_number LIMIT 1 OFFSET ?`,
    )
    .pluck()
  const move = client.prepare(`
    INSERT INTO companies (${COLUMNS}, source, fetched_at, first_seen_at, run_id, change_number)
    SELECT ${COLUMNS}, ?, ?, ?, ?, ? FROM temp.${table}
    WHERE company_number > ? AND company_number <= ? ORDER BY company_number
    ${UPSERT} WHERE ${isOlder(db, origin.as_of)}`)
  const { source, fetched_at, run_id } = origin
  const fileBegins = startOfDay(origin.as_of)
  for (let after = ''; after !== END; ) {
    const last = lastOfChunk.get(after, size() - 1) ?? END
    let begun = 0
    const chunk = write(db, () => {
      begun = clock.steady()
      const before = countCompanies(client)
      const { changes } = move.run(source, fetched_at, fetched_at, run_id, nextChange(db), after, last, fileBegins)
      const inserted = countCompanies(client) - before
      return { inserted, updated: changes - inserted, duplicates: 0 }
    })
    yield { ...chunk, lockedMs: clock.steady() - begun }
    after = last
  }
  client.exec(`DROP TABLE temp.${table}`)
}

/** Of a company that came more than once, the last row stays; returns how many went. */
function dropEarlier(client: Client, table: string): number {
  const twice = `SELECT 1 FROM temp.${table} GROUP BY company_number HAVING count(*) > 1 LIMIT 1`
  if (client.prepare(twice).get() === undefined) return 0
  const drop = client.prepare(`
    DELETE FROM temp.${table} AS earlier WHERE EXISTS (
      SELECT 1 FROM temp.${table} AS later
      WHERE later.company_number = earlier.company_number AND later.rowid > earlier.rowid)`)
  return drop.run().changes
}

/** All companies, from the tallies that triggers keep. */
function countCompanies(client: Client): number {
  return Number(
    client
      .prepare("SELECT sum(count) FROM tallies WHERE name IN ('pending', 'complete', 'none', 'failed')")
      .pluck()
      .get(),
  )
}
