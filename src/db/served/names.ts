// An index of words in company names, of codes and places, and of officers' surnames and ids, for the HTTP API. It lives in
// a database of its own: the register's tables stay as quick to import as they are, and the connection to them may not
// write. It only finds companies; what is served is read from the tables. It follows them by the counter of changes.

import Database from 'better-sqlite3'
import { checkpointOf } from '../changes.ts'
import { type Db, prepared, snapshot } from '../open.ts'
import { AFTER_ALL } from './companies.ts'
import { isIndexable, numberOfRowId, rowIdOf } from './name-ids.ts'
import { createWatermark, goneSince, type NameWatermark, readCompanyCount } from './name-watermark.ts'
import { type IndexedPerson, type NameQuery, type TermSource, termQuery, termSummary, termsOf } from './terms.ts'

export interface NameIndex {
  /** Up to `limit` company numbers behind `after`, in order. */
  find(query: NameQuery, after: string, limit: number): string[]
  /** Reads the whole index in small steps. Throws SQLite's error for a damaged page, or where something is missing. */
  check(): Generator<void, void>
  /** Makes the index equal with the tables, a few milliseconds of work for each step. */
  refresh(db: Db): Generator<void, void>
  /** Whether the index was made of this database, so that `refresh` has only to look at what has changed since. */
  isOf(db: Db): boolean
  /** Whether the index knows all that is stored now; it looks at a few changed companies for that, no more. */
  catchUp(db: Db): boolean
  /** Leaves nothing of what was taken out in the log of its file. */
  settle(): void
  /** How many companies it holds. */
  count(): number
  close(): void
}

const WINDOW = 250
/** So many windows of a first building are one transaction: few large segments are merged sooner than many small ones. */
const WINDOWS_TOGETHER = 4
const FEW = 100

/** An empty index in a temporary database, which SQLite removes by itself. */
export function openNameIndex(): NameIndex {
  const client = new Database('')
  client.pragma('synchronous = OFF')
  createIndexTables(client)
  return nameIndexOn(client)
}

/** Makes the tables of an empty index. What is taken out of it is gone from its pages as well. */
export function createIndexTables(client: Database.Database): void {
  client.exec(`
    CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE summaries (id INTEGER PRIMARY KEY, summary TEXT NOT NULL);
    CREATE VIRTUAL TABLE words USING fts5(terms, content='', detail=none, columnsize=0, tokenize='ascii');
    INSERT INTO words (words, rank) VALUES ('secure-delete', 1)`)
}

/** The index in an open database that has its tables. */
export function nameIndexOn(client: Database.Database): NameIndex {
  const mark = createWatermark(client)
  const rows = createRows(client)
  const query = client
    .prepare('SELECT rowid FROM words WHERE words MATCH ? AND rowid > ? ORDER BY rowid LIMIT ?')
    .pluck()
  const index = { client, mark, rows }
  return {
    find(wanted, after, limit) {
      const terms = termQuery(wanted)
      if (terms === null) return []
      // FTS5 goes to the row at once for an integer alone, and numbers are bound as reals.
      return (query.all(terms, BigInt(rowIdOf(after)), limit) as number[]).map(numberOfRowId)
    },
    check: () => readPages(index),
    *refresh(db) {
      for (let swept = false; ; mark.drop()) {
        if (!mark.isOf(db)) {
          yield* sweep(index, db)
          swept = true
        }
        while (!follow(index, db, WINDOW)) yield
        if (isWhole(index, db)) return
        if (swept) return mark.tolerate(db)
      }
    },
    isOf: (db) => mark.isOf(db),
    catchUp: (db) => mark.isOf(db) && (mark.isNow(db) || follow(index, db, FEW)),
    settle() {
      if (rows.tookOut()) client.pragma('wal_checkpoint(TRUNCATE)')
    },
    count: () => mark.companies(),
    close: () => client.close(),
  }
}

/** Leaf pages in one step of a check. */
const PAGES = 500
const SUMMARIES = 20_000

function* readPages({ client, mark }: Index): Generator<void, void> {
  const blocks = client.prepare(
    `SELECT max(id) FROM (SELECT id FROM words_data WHERE id > ? ORDER BY id LIMIT ${PAGES})`,
  )
  for (let last = blocks.pluck().get(-1); last !== null; last = blocks.get(last)) yield
  const some = client.prepare(
    `SELECT max(id) AS last, count(*) AS n FROM (SELECT id FROM summaries WHERE id > ? ORDER BY id LIMIT ${SUMMARIES})`,
  )
  let found = 0
  for (let last: number | null = -1; last !== null; ) {
    const step = some.get(last) as { last: number | null; n: number }
    found += step.n
    last = step.last
    yield
  }
  if (found !== mark.companies()) {
    throw Object.assign(new Error('companies are missing in the index of names'), { code: 'SQLITE_CORRUPT' })
  }
}

interface Index {
  client: Database.Database
  mark: NameWatermark
  rows: Rows
}

interface Rows {
  /** Makes the index tell of a company what the summary says, or nothing; returns by how many companies it has grown. */
  set(id: number, summary: string | null): number
  /** The companies of a range, the first end excluded. */
  between(from: number, to: number): number[]
  /** Whether anything was taken out since this was asked. */
  tookOut(): boolean
}

function createRows(client: Database.Database): Rows {
  const known = client.prepare('SELECT summary FROM summaries WHERE id = ?').pluck()
  const range = client.prepare('SELECT id FROM summaries WHERE id > ? AND id <= ?').pluck()
  const forget = client.prepare('DELETE FROM summaries WHERE id = ?')
  const keep = client.prepare('INSERT INTO summaries (id, summary) VALUES (?, ?)')
  const takeOut = client.prepare(`INSERT INTO words (words, rowid, terms) VALUES ('delete', ?, ?)`)
  const putIn = client.prepare('INSERT INTO words (rowid, terms) VALUES (?, ?)')
  let tookOut = false
  return {
    set(id, summary) {
      const before = (known.get(id) as string | undefined) ?? null
      if (before === summary) return 0
      if (before !== null) {
        takeOut.run(id, termsOf(before))
        forget.run(id)
        tookOut = true
      }
      if (summary !== null) {
        keep.run(id, summary)
        putIn.run(id, termsOf(summary))
      }
      return Number(summary !== null) - Number(before !== null)
    },
    between: (from, to) => range.all(from, to) as number[],
    tookOut() {
      const was = tookOut
      tookOut = false
      return was
    },
  }
}

type Indexed = TermSource & { company_number: string }

const COLUMNS = `company_number, company_name, officers_state, company_status, type, sic_codes, postal_code, locality, region`

/** Walks both along the company numbers, which keep their order as ids, and makes the index equal. */
function* sweep({ client, mark, rows }: Index, db: Db): Generator<void, void> {
  const some = prepared(
    db,
    `SELECT ${COLUMNS} FROM companies WHERE company_number > ? ORDER BY company_number LIMIT ${WINDOW}`,
  )
  const begun = mark.begin(db)
  try {
    for (let [after, window] = ['', 1]; after !== AFTER_ALL; window += 1) {
      if (!client.inTransaction) client.exec('BEGIN IMMEDIATE')
      after = snapshot(db, () => {
        const found = some.all(after) as Indexed[]
        const last = found.length < WINDOW ? AFTER_ALL : (found.at(-1)?.company_number ?? AFTER_ALL)
        const gone = new Set(rows.between(rowIdOf(after), rowIdOf(last)))
        let grown = put(rows, db, found)
        for (const { company_number: number } of found) gone.delete(rowIdOf(number))
        for (const id of gone) grown += rows.set(id, null)
        mark.grow(grown)
        return last
      })
      if (window % WINDOWS_TOGETHER === 0) client.exec('COMMIT')
      yield
    }
    if (client.inTransaction) client.exec('COMMIT')
    mark.keep(db, begun)
  } finally {
    if (client.inTransaction) client.exec('ROLLBACK')
  }
}

/** Looks at the next companies that have changed; returns whether these were the last ones. */
function follow({ client, mark, rows }: Index, db: Db, most: number): boolean {
  return snapshot(db, () => {
    const now = checkpointOf(db)
    const changed = mark.next<Indexed>(db, COLUMNS, most)
    const isLast = changed.length < most
    const apply = client.transaction(() => {
      let grown = put(rows, db, changed)
      if (isLast) for (const number of goneSince(db, mark.number())) grown += remove(rows, number)
      mark.grow(grown)
      if (isLast) mark.keep(db, now)
    })
    apply.immediate()
    return isLast
  })
}

/** Whether as many companies are known as are stored: the counter of changes does not tell of those that are deleted. */
function isWhole({ mark }: Index, db: Db): boolean {
  return snapshot(db, () => !mark.isNow(db) || mark.companies() === readCompanyCount(db) - mark.unknown())
}

function remove(rows: Rows, number: string): number {
  return isIndexable(number) ? rows.set(rowIdOf(number), null) : 0
}

function put(rows: Rows, db: Db, found: Indexed[]): number {
  const complete = found.flatMap((row) => (row.officers_state === 'complete' ? [row.company_number] : []))
  const people = readPeople(db, complete)
  let grown = 0
  for (const row of found) {
    const { company_number: number } = row
    if (isIndexable(number)) grown += rows.set(rowIdOf(number), termSummary(row, people.get(number) ?? []))
  }
  return grown
}

function readPeople(db: Db, numbers: string[]): Map<string, IndexedPerson[]> {
  const people = new Map<string, IndexedPerson[]>()
  const rows = prepared(
    db,
    `SELECT company_number, surname, officer_id FROM officers WHERE company_number IN (SELECT value FROM json_each(?))`,
  ).all(JSON.stringify(numbers)) as (IndexedPerson & { company_number: string })[]
  for (const row of rows) {
    const own = people.get(row.company_number) ?? []
    people.set(row.company_number, own)
    own.push(row)
  }
  return people
}
