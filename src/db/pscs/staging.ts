// Records on their way in. They wait in temporary tables, which lie outside the database file and take none of its locks,
// until the whole snapshot is known to be good; then they move over, a few companies at a time.
import type { Clock } from '../../clock.ts'
import { DAY_MS } from '../../clock.ts'
import { noteErased } from '../changes.ts'
import { type Db, write } from '../open.ts'
import { readDoubtedSince } from '../psc-doubt.ts'
import { storageError, storageGuard } from '../storage-error.ts'
import { pscRules } from '../suppress/pscs.ts'
import { countPscs } from '../tallies.ts'
import { PSC_FACTS, PSC_FILED, type PscFacts } from './pscs.ts'

/** Of which moment a snapshot is, and which run brings it. */
export interface SnapshotOrigin {
  /** ISO 8601, UTC: when the register wrote it. */
  generatedAt: string
  runId: number
  /** The companies that a rejected line of the stream names. */
  named(line: string): string[]
}

export interface PscChunk {
  inserted: number
  updated: number
  deleted: number
  /** Records of people whom a rule leaves alone. */
  withheld: number
  companies: number
  /** For how long the database was locked for other writers. */
  lockedMs: number
}

/** Records that are not in the database yet. Disposing it drops them. */
export interface PscStaging {
  add(batch: PscFacts[]): void
  /** Stored rows older than this moment that were not added, and all stored ones of that age. */
  missing(generatedAt: string): { missing: number; stored: number }
  /**
   * Brings the companies that were stored when the staging was opened to what was added, in transactions of up to `size()`
   * companies, one for each step of the loop. Rows that tell what is newer than the snapshot stay as they are.
   */
  merge(origin: SnapshotOrigin, size: () => number): Generator<PscChunk>
  /** Brings what was written into the database file; meanwhile others may write. */
  checkpoint(): void
  [Symbol.dispose](): void
}

/** The records of companies with one prefix share a table, which is small enough to be put in order in a moment. */
const PREFIX_LENGTH = 2
const TABLE = 'persons_with_significant_control'
const COLUMNS = PSC_FACTS.join(', ')
const FILED = PSC_FILED.join(', ')

type Client = Db['$client']

/** Opens an empty staging; a connection can have one at a time. */
export function openPscStaging(db: Db, clock: Clock): PscStaging {
  const client = db.$client
  const guarded = storageGuard(client.name)
  const inserts = new Map<string, ReturnType<Client['prepare']>>()
  const open = (prefix: string) => {
    client.exec(`CREATE TEMP TABLE ${tableOf(prefix)} (${COLUMNS}, withheld DEFAULT 0)`)
    const insert = client.prepare(
      `INSERT INTO temp.${tableOf(prefix)} (${COLUMNS}) VALUES (${PSC_FACTS.map(() => '?').join(', ')})`,
    )
    inserts.set(prefix, insert)
    return insert
  }
  client.pragma('temp_store = FILE')
  client.pragma('temp.secure_delete = OFF')
  // Kilobytes: rows are only added, and read in their order.
  client.pragma('temp.cache_size = -2000')
  client.pragma('temp.journal_mode = MEMORY')
  const newest = Number(client.prepare('SELECT coalesce(max(rowid), 0) FROM companies').pluck().get())
  const add = client.transaction((batch: PscFacts[]) => {
    for (const facts of batch) {
      const prefix = facts.company_number.slice(0, PREFIX_LENGTH)
      const insert = inserts.get(prefix) ?? open(prefix)
      insert.run(PSC_FACTS.map((name) => facts[name]))
    }
  })
  const prefixes = () => {
    const stored = client.prepare<[], string>(
      `SELECT DISTINCT substr(company_number, 1, ${PREFIX_LENGTH}) FROM companies`,
    )
    const all = [...new Set([...inserts.keys(), ...stored.pluck().all()])].sort()
    for (const prefix of all) {
      if (!inserts.has(prefix)) open(prefix)
    }
    return all
  }

  return {
    add: (batch) => guarded(() => add(batch)),
    missing: (generatedAt) =>
      guarded(() => {
        const found = { missing: 0, stored: 0 }
        for (const prefix of prefixes()) {
          putInOrder(client, tableOf(prefix))
          const counts = countMissing(client, prefix, generatedAt)
          found.missing += counts.missing
          found.stored += counts.stored
        }
        return found
      }),
    *merge(origin, size) {
      const merging = { db, clock, origin, newest, size }
      try {
        for (const prefix of prefixes()) {
          putInOrder(client, tableOf(prefix))
          yield* mergePrefix(merging, prefix)
          client.exec(`DROP TABLE temp.${tableOf(prefix)}`)
          inserts.delete(prefix)
        }
      } catch (error) {
        throw storageError(error, client.name)
      }
    },
    checkpoint: () => guarded(() => client.pragma('wal_checkpoint(PASSIVE)')),
    [Symbol.dispose]() {
      if (!client.open) return
      for (const prefix of inserts.keys()) client.exec(`DROP TABLE IF EXISTS temp.${tableOf(prefix)}`)
    },
  }
}

function tableOf(prefix: string): string {
  return `staged_pscs_${prefix}`
}

/** Of a record that came more than once, the last one stays. */
function putInOrder(client: Client, table: string): void {
  client.exec(`CREATE INDEX IF NOT EXISTS temp.${table}_by_key ON ${table} (company_number, psc_id)`)
  const twice = `SELECT 1 FROM temp.${table} GROUP BY company_number, psc_id HAVING count(*) > 1 LIMIT 1`
  if (client.prepare(twice).get() === undefined) return
  client.exec(`
    DELETE FROM temp.${table} AS earlier WHERE EXISTS (
      SELECT 1 FROM temp.${table} AS later WHERE later.company_number = earlier.company_number
        AND later.psc_id = earlier.psc_id AND later.rowid > earlier.rowid)`)
}

/** Higher than every company number. */
const END = '~'

const UNSTAGED = (table: string) => `NOT EXISTS (SELECT 1 FROM temp.${table} AS staged
  WHERE staged.company_number = ${TABLE}.company_number AND staged.psc_id = ${TABLE}.psc_id)`

function countMissing(client: Client, prefix: string, generatedAt: string): { missing: number; stored: number } {
  const sql = `SELECT count(*) AS stored, coalesce(sum(${UNSTAGED(tableOf(prefix))}), 0) AS missing FROM ${TABLE}
    WHERE company_number >= ? AND company_number < ? AND fetched_at <= ?`
  return client.prepare(sql).get(prefix, prefix + END, generatedAt) as { missing: number; stored: number }
}

interface Merging {
  db: Db
  clock: Clock
  origin: SnapshotOrigin
  /** The highest row of `companies` at the beginning: nothing is concluded about those that came later. */
  newest: number
  size: () => number
}

/** A transaction of up to `size()` companies of one prefix for each step of the loop. */
function* mergePrefix({ db, clock, origin, newest, size }: Merging, prefix: string): Generator<PscChunk> {
  const client = db.$client
  const statements = prepareMerge(client, tableOf(prefix))
  const lastOfChunk = client
    .prepare<[string, string, number], string>(
      `SELECT company_number FROM companies WHERE company_number > ? AND company_number < ?
       ORDER BY company_number LIMIT 1 OFFSET ?`,
    )
    .pluck()
  const end = prefix + END
  for (let after = prefix; after !== end; ) {
    const last = lastOfChunk.get(after, end, size() - 1) ?? end
    let begun = 0
    const chunk = write(db, () => {
      begun = clock.steady()
      return moveChunk(db, statements, { ...origin, newest, after, last, oldest: dayBefore(origin.generatedAt) })
    })
    yield { ...chunk, lockedMs: clock.steady() - begun }
    after = last
  }
}

/** A company formed on this day or later may have come too late for the snapshot. */
function dayBefore(generatedAt: string): string {
  return new Date(Date.parse(generatedAt) - DAY_MS).toISOString().slice(0, 10)
}

interface Span extends SnapshotOrigin {
  newest: number
  after: string
  last: string
  oldest: string
}

const SPAN = 'company_number > $after AND company_number <= $last'

type Statements = ReturnType<typeof prepareMerge>

function prepareMerge(client: Client, table: string) {
  const known = `company_number IN (SELECT company_number FROM companies WHERE ${SPAN} AND rowid <= $newest)`
  const isListed = `(EXISTS (SELECT 1 FROM temp.${table} AS staged WHERE staged.company_number = companies.company_number)
    OR EXISTS (SELECT 1 FROM ${TABLE} WHERE ${TABLE}.company_number = companies.company_number))`
  const isChanged = `(EXISTS (SELECT 1 FROM ${TABLE} WHERE ${TABLE}.company_number = companies.company_number
      AND ${TABLE}.run_id = $runId)
    OR EXISTS (SELECT 1 FROM deletions WHERE kind = 'psc' AND deletions.company_number = companies.company_number
      AND deletions.run_id = $runId))`
  const gone = `${SPAN} AND ${known} AND fetched_at <= $generatedAt`
  return {
    staged: client.prepare(`SELECT rowid, * FROM temp.${table} WHERE ${SPAN}`),
    withhold: client.prepare(`UPDATE temp.${table} SET withheld = 1 WHERE rowid = ?`),
    drop: client.prepare(`DELETE FROM ${TABLE} WHERE company_number = ? AND psc_id = ?`),
    note: client.prepare(`INSERT INTO deletions (kind, company_number, key, deleted_at, run_id)
      SELECT 'psc', company_number, psc_id, $generatedAt, $runId FROM ${TABLE} WHERE ${gone} AND ${UNSTAGED(table)}
      ON CONFLICT DO UPDATE SET deleted_at = excluded.deleted_at, run_id = excluded.run_id`),
    delete: client.prepare(`DELETE FROM ${TABLE} WHERE ${gone} AND ${UNSTAGED(table)}`),
    upsert: client.prepare(`
      INSERT INTO ${TABLE} (${COLUMNS}, source, fetched_at, run_id)
      SELECT ${COLUMNS}, 'psc-snapshot', $generatedAt, $runId FROM temp.${table} AS staged
      WHERE ${SPAN} AND ${known} AND NOT withheld AND NOT EXISTS (
        SELECT 1 FROM deletions WHERE kind = 'psc' AND deletions.company_number = staged.company_number
          AND key = psc_id AND deleted_at > $generatedAt)
      ORDER BY company_number, psc_id
      ON CONFLICT DO UPDATE SET ${[...PSC_FILED, 'source', 'fetched_at', 'run_id']
        .map((name) => `${name} = excluded.${name}`)
        .join(', ')}, stream_timepoint = NULL
      WHERE ${TABLE}.fetched_at <= excluded.fetched_at
        AND (${FILED}) IS NOT (${PSC_FILED.map((name) => `excluded.${name}`).join(', ')})`),
    back: client.prepare(`DELETE FROM deletions WHERE kind = 'psc' AND ${SPAN} AND EXISTS (
      SELECT 1 FROM ${TABLE} WHERE ${TABLE}.company_number = deletions.company_number AND psc_id = key)`),
    state: client.prepare(`
      UPDATE companies SET pscs_fetched_at = $generatedAt, pscs_state = CASE WHEN ${isListed} THEN 'complete' ELSE 'none' END
      WHERE ${SPAN} AND rowid <= $newest AND NOT (pscs_state = 'stale' AND (
        $doubted IS NULL OR company_number IN (SELECT value FROM json_each($doubted))))
      AND CASE WHEN ${isListed}
        THEN pscs_state <> 'complete' OR pscs_fetched_at IS NULL OR ${isChanged}
        ELSE pscs_state <> 'none' AND coalesce(date_of_creation, '') < $oldest END`),
    stale: client.prepare(`SELECT 1 FROM companies WHERE ${SPAN} AND pscs_state = 'stale' LIMIT 1`).pluck(),
    companies: client.prepare(`SELECT count(*) FROM companies WHERE ${SPAN} AND rowid <= $newest`).pluck(),
  }
}

function moveChunk(db: Db, statements: Statements, span: Span): Omit<PscChunk, 'lockedMs'> {
  const { generatedAt, runId, newest, after, last, oldest } = span
  const withheld = withholdStaged(db, statements, span)
  const gone = { after, last, newest, generatedAt, runId }
  statements.note.run(gone)
  const { changes: deleted } = statements.delete.run({ after, last, newest, generatedAt })
  const before = countPscs(db)
  const { changes } = statements.upsert.run(gone)
  const inserted = countPscs(db) - before
  statements.back.run({ after, last })
  const isDoubted = statements.stale.get({ after, last }) === 1
  const doubted = isDoubted ? readDoubtedSince(db, generatedAt, span.named) : []
  statements.state.run({ ...gone, oldest, doubted: doubted && JSON.stringify(doubted) })
  const companies = Number(statements.companies.get({ after, last, newest }))
  return { inserted, updated: changes - inserted, deleted, withheld, companies }
}

/** Marks the records of people whom a rule leaves alone; what is stored of them goes, and nothing may name them. */
function withholdStaged(db: Db, { staged, withhold, drop }: Statements, { after, last, generatedAt }: Span): number {
  const rules = pscRules(db)
  if (rules.empty) return 0
  const rows = staged.all({ after, last }) as (PscFacts & { rowid: number })[]
  const meant = rows.filter((row) => rules.means(row))
  const emptied: string[] = []
  for (const { rowid, company_number, psc_id } of meant) {
    withhold.run(rowid)
    if (drop.run(company_number, psc_id).changes > 0) emptied.push(company_number)
  }
  noteErased(db, 'psc', emptied, generatedAt)
  return meant.length
}
