// Companies on their way in. They wait in temporary tables, which lie outside the database file and take none of its
// locks, until all of them are known to be good; then they move over in short transactions.
import type { Clock } from '../../clock.ts'
import { nextChange } from '../changes.ts'
import { type Db, write } from '../open.ts'
import { storageError, storageGuard } from '../storage-error.ts'
import { rewriteCompany } from './companies.ts'
import { insertMany } from './insert-many.ts'
import { type Origin, runsOfLaterFiles, startOfDay } from './register-files.ts'
import { type FiledCompany, prepareAdd } from './staged-row.ts'
import { type CompanyFacts, REGISTER_COLUMNS } from './told.ts'
import { ONLY_FILED, unchangedTest } from './unchanged.ts'

export interface Reject {
  line: number
  reason: string
  row: string
}

export interface FileOrigin extends Origin {
  /** Columns that the file says nothing about: they stay as they are. */
  unfilled?: ReadonlySet<string>
}

/** Companies and rejects that are not in the database yet. Disposing it drops them. */
export interface CompanyStaging {
  add(batch: FiledCompany[]): void
  reject(batch: Reject[]): void
  /** In the order in which they were added. */
  rejects(): Generator<Reject>
  /**
   * Moves the companies into `companies` in transactions of up to `size()` rows, one for each step of the loop. What the
   * file does not tell stays as it is: officers, jurisdiction. So does a company whose stored facts are newer than the
   * file. A company that was added twice is moved once, as it was last. One that stays as it is, since a file of the same
   * day has said the same of it, counts as updated.
   */
  merge(origin: FileOrigin, size: () => number): Generator<Chunk>
  /** Brings what was written into the database file; meanwhile others may write. */
  checkpoint(): void
  [Symbol.dispose](): void
}

const COLUMNS = [...REGISTER_COLUMNS, 'file_row'].join(', ')
const REJECTS = 'staged_rejects'
const REJECTS_PER_PAGE = 500

/** The companies of one prefix share a table, which is small enough to be put in order in a moment. */
const PREFIX_LENGTH = 2

/** Opens an empty staging; a connection can have one at a time. */
export function openCompanyStaging(db: Db, clock: Clock): CompanyStaging {
  const client = db.$client
  const guarded = storageGuard(client.name)
  const tables = new Map<string, (company: FiledCompany) => void>()
  const openTable = (prefix: string) => {
    client.exec(`CREATE TEMP TABLE ${tableOf(prefix)} (${COLUMNS})`)
    const add = prepareAdd(client, tableOf(prefix))
    tables.set(prefix, add)
    return add
  }
  client.pragma('temp_store = FILE')
  // Four times as much with each call of the system as by default.
  client.pragma('temp.page_size = 16384')
  client.pragma('temp.secure_delete = OFF')
  // Kilobytes: rows are only added, and read in their order.
  client.pragma('temp.cache_size = -2000')
  client.exec(`CREATE TEMP TABLE ${REJECTS} (line, reason, row)`)
  client.pragma('temp.journal_mode = MEMORY')
  const insertReject = prepareInsert(client, REJECTS, 3)
  const add = client.transaction((batch: FiledCompany[]) => {
    for (const company of batch) {
      const prefix = company.facts.company_number.slice(0, PREFIX_LENGTH)
      const add = tables.get(prefix) ?? openTable(prefix)
      add(company)
    }
  })
  const reject = client.transaction((batch: Reject[]) => {
    for (const { line, reason, row } of batch) insertReject.run(line, reason, row)
  })

  return {
    add: (batch) => guarded(() => add(batch)),
    reject: (batch) => guarded(() => reject(batch)),
    rejects: () => readRejects(client),
    *merge(origin, size) {
      const restore = tuneForMerge(client)
      try {
        for (const prefix of [...tables.keys()].sort()) yield* mergeTable(db, clock, tableOf(prefix), origin, size)
      } catch (error) {
        throw storageError(error, client.name)
      } finally {
        restore()
      }
    },
    checkpoint: () => guarded(() => client.pragma('wal_checkpoint(PASSIVE)')),
    [Symbol.dispose]() {
      if (!client.open) return
      for (const table of [REJECTS, ...[...tables.keys()].map(tableOf)])
        client.exec(`DROP TABLE IF EXISTS temp.${table}`)
    },
  }
}

type Client = Db['$client']

function tableOf(prefix: string): string {
  return `staged_${prefix}`
}

function prepareInsert(client: Client, table: string, columns: number) {
  return client.prepare<(string | number | null)[]>(
    `INSERT INTO temp.${table} VALUES (${Array(columns).fill('?').join(', ')})`,
  )
}

function* readRejects(client: Client): Generator<Reject> {
  const page = client.prepare<[number], Reject & { id: number }>(
    `SELECT rowid AS id, * FROM temp.${REJECTS} WHERE rowid > ? ORDER BY rowid LIMIT ${REJECTS_PER_PAGE}`,
  )
  for (let rows = page.all(0); rows.length > 0; rows = page.all(rows.at(-1)?.id ?? 0)) {
    for (const { line, reason, row } of rows) yield { line, reason, row }
  }
}

// Companies from their temporary tables into `companies`, in the order of their numbers: in the file's own order, the two
// indexes by number make it take three times as long.

interface Chunk {
  inserted: number
  updated: number
  /** Rows that a later row of the same company replaced. */
  duplicates: number
  /** For how long the database was locked for other writers. */
  lockedMs: number
}

/** Higher than every company number. */
const END = '~'

/**
 * The log is brought into the file when there is time for it, and reaches the disk then: a power cut may undo the last
 * chunks, never half a chunk. What is written once these are set back makes all before it durable as well.
 */
const MERGING = { wal_autocheckpoint: 0, synchronous: 1, cache_size: -4000 }

/** Sets pragmas for a merge; the function returned sets them back. */
function tuneForMerge(client: Client): () => void {
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

const NOTHING: ReadonlySet<string> = new Set()

/**
 * The file has the whole address without `premises`, and neither the type of every company nor every subtype. What it
 * lists has come back since it was deleted.
 */
const upsert = (unfilled: ReadonlySet<string>) => `ON CONFLICT (company_number) DO UPDATE SET
  ${REGISTER_COLUMNS.filter((name) => !['company_number', 'type', 'subtype'].includes(name) && !unfilled.has(name))
    .map((name) => `${name} = excluded.${name}`)
    .join(', ')},
  type = coalesce(excluded.type, type), subtype = coalesce(excluded.subtype, subtype), premises = NULL,
  deleted_at = CASE WHEN deleted_at < ? THEN NULL ELSE deleted_at END,
  source = excluded.source, fetched_at = excluded.fetched_at, run_id = excluded.run_id,
  change_number = excluded.change_number, file_row = excluded.file_row`

/**
 * Moves the companies of a temporary table into `companies`, and drops it: a transaction of up to `size()` rows for each
 * step of the loop. Of a company that came more than once, the last row is moved.
 */
function* mergeTable(db: Db, clock: Clock, table: string, origin: FileOrigin, size: () => number): Generator<Chunk> {
  const client = db.$client
  client.exec(`CREATE INDEX temp.${table}_by_number ON ${table} (company_number)`)
  const duplicates = dropEarlier(client, table)
  if (duplicates > 0) yield { inserted: 0, updated: 0, duplicates, lockedMs: 0 }
  const lastOfChunk = client
    .prepare<[string, number], string>(
      `SELECT company_number FROM temp.${table} WHERE company_number > ? ORDER BY company_number LIMIT 1 OFFSET ?`,
    )
    .pluck()
  const unfilled = origin.unfilled ?? NOTHING
  const unchanged = unchangedTest(db, origin, { row: 'excluded', unfilled })
  const move = client.prepare(`
    INSERT INTO companies (${COLUMNS}, source, fetched_at, first_seen_at, run_id, change_number)
    SELECT ${COLUMNS}, ?, ?, ?, ?, ? FROM temp.${table}
    WHERE company_number > ? AND company_number <= ? ORDER BY company_number
    ${upsert(unfilled)} WHERE ${ONLY_FILED} AND ${isOlder(db, origin.as_of)}
      ${unchanged === null ? '' : `AND NOT (${unchanged})`}`)
  const countUnchanged = unchangedCounter(db, table, origin)
  const countChunk = client
    .prepare<[string, string], number>(
      `SELECT count(*) FROM temp.${table} WHERE company_number > ? AND company_number <= ?`,
    )
    .pluck()
  const rewriteRest = restWriter(db, table, origin)
  const { source, fetched_at, run_id } = origin
  const fileBegins = startOfDay(origin.as_of)
  for (let after = ''; after !== END; ) {
    const last = lastOfChunk.get(after, size() - 1) ?? END
    const all = countChunk.get(after, last) ?? 0
    if (all > 0 && countUnchanged(after, last) === all) {
      yield { inserted: 0, updated: all, duplicates: 0, lockedMs: 0 }
      after = last
      continue
    }
    let begun = 0
    const chunk = write(db, () => {
      begun = clock.steady()
      const kept = countUnchanged(after, last)
      const number = nextChange(db)
      let changes = 0
      const inserted = insertMany(db, () => {
        changes = move.run(source, fetched_at, fetched_at, run_id, number, after, last, fileBegins).changes
      })
      const rewritten = changes + kept === all ? 0 : rewriteRest(after, last)
      return { inserted, updated: changes - inserted + kept + rewritten, duplicates: 0 }
    })
    yield { ...chunk, lockedMs: clock.steady() - begun }
    after = last
  }
  client.exec(`DROP TABLE temp.${table}`)
}

/** A function that counts the staged companies between two numbers that stay as they are stored. */
function unchangedCounter(db: Db, table: string, origin: FileOrigin): (after: string, last: string) => number {
  const unchanged = unchangedTest(db, origin, { row: 'staged', unfilled: origin.unfilled ?? NOTHING })
  if (unchanged === null) return () => 0
  const count = db.$client
    .prepare<[string, string], number>(`
      SELECT count(*) FROM temp.${table} AS staged CROSS JOIN companies USING (company_number)
      WHERE staged.company_number > ? AND staged.company_number <= ? AND ${ONLY_FILED} AND ${unchanged}`)
    .pluck()
  return (after, last) => count.get(after, last) ?? 0
}

const REST_PER_PAGE = 500

/** A function that brings companies of which others have told as well up to the file, between two numbers; returns how many. */
function restWriter(db: Db, table: string, origin: FileOrigin): (after: string, last: string) => number {
  const page = db.$client.prepare<[string, string], CompanyFacts>(`
    SELECT staged.* FROM temp.${table} AS staged JOIN companies USING (company_number)
    WHERE company_number > ? AND company_number <= ? AND NOT (${ONLY_FILED}) AND ${isOlder(db, origin.as_of)}
    ORDER BY company_number LIMIT ${REST_PER_PAGE}`)
  const { source, fetched_at: fetchedAt, run_id: runId } = origin
  const deletedBefore = startOfDay(origin.as_of)
  return (after, last) => {
    let rewritten = 0
    for (
      let rows = page.all(after, last);
      rows.length > 0;
      rows = page.all(rows.at(-1)?.company_number ?? last, last)
    ) {
      for (const facts of rows)
        rewriteCompany(db, facts, { source, fetchedAt, runId }, { deletedBefore, unfilled: origin.unfilled })
      rewritten += rows.length
    }
    return rewritten
  }
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
