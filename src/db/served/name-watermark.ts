// How far an index of names has followed which database: a checkpoint of the counter of changes, kept in the index in the
// transaction that brings it there.
import { createHash } from 'node:crypto'
import type Database from 'better-sqlite3'
import { checkpointOf, numberOfCheckpoint } from '../changes.ts'
import { type Db, prepared, snapshot } from '../open.ts'
import { databaseKey } from '../suppress/suppressions.ts'
import { companyCount, readTallies } from '../tallies.ts'

export interface NameWatermark {
  /** Whether the index was made of this database and of nothing that a restored backup has undone. */
  isOf(db: Db): boolean
  /** Whether nothing has changed since; the index must be of the database. */
  isNow(db: Db): boolean
  /** The number of the last change that the index knows; 0 while it is being made. */
  number(): number
  /** The next companies that have changed, at most `most`, in the order of their changes. */
  next<T>(db: Db, columns: string, most: number): T[]
  /** Notes that the index is being made of this database, and returns the checkpoint of its beginning. */
  begin(db: Db): string
  /** Notes that the index knows all up to a checkpoint; belongs in the transaction that has seen to it. */
  keep(db: Db, checkpoint: string): void
  /** Forgets how far the index is. */
  drop(): void
  /** How many companies the index holds, how many stored ones it does not, and a change of the first. */
  companies(): number
  unknown(): number
  grow(by: number): void
  /** Takes the difference of both counts for one that stays. */
  tolerate(db: Db): void
}

/** So many of the last changes prove that a database has the history in which the index was made. */
const WITNESSES = 32

const NEWEST = `SELECT company_number, change_number FROM companies INDEXED BY companies_by_change
  WHERE change_number <= ? ORDER BY change_number DESC LIMIT ${WITNESSES}`

const END = Number.MAX_SAFE_INTEGER

/** Reads the watermark of an index, whose table of facts must be there. */
export function createWatermark(client: Database.Database): NameWatermark {
  const facts = createFacts(client)
  let [checkpoint, companies] = [facts.get('checkpoint'), Number(facts.get('companies') ?? 0)]
  let number = numberIn(checkpoint)
  let place = { number, row: END }
  let proven: Db | null = null
  const forget = () => {
    facts.delete('checkpoint')
    checkpoint = null
    proven = null
    number = 0
  }
  return {
    isOf(db) {
      const own = checkpoint
      if (own === null) return false
      return snapshot(db, () => {
        if (numberOfCheckpoint(db, own) === null) return false
        if (proven !== db && !(facts.get('source') === sourceOf(db) && agrees(db, number, facts.get('witnesses')))) {
          return false
        }
        proven = db
        return true
      })
    },
    isNow: (db) => prepared(db, 'SELECT number FROM change_counter').pluck().get() === number,
    number: () => number,
    next<T>(db: Db, columns: string, most: number): T[] {
      const rows = nextChanged(db, { columns, place, most })
      const last = rows.at(-1)
      if (last) place = { number: last.change_number, row: last.place }
      return rows as T[]
    },
    begin(db) {
      forget()
      facts.set('source', sourceOf(db))
      return checkpointOf(db)
    },
    keep(db, reached) {
      checkpoint = reached
      number = numberIn(reached)
      place = { number, row: END }
      proven = db
      facts.set('checkpoint', reached)
      facts.set('companies', String(companies))
      facts.set('witnesses', JSON.stringify(prepared(db, NEWEST).raw().all(number)))
    },
    drop: forget,
    companies: () => companies,
    unknown: () => Number(facts.get('unknown') ?? 0),
    grow(by) {
      companies += by
      if (by !== 0) facts.set('companies', String(companies))
    },
    tolerate(db) {
      facts.set('unknown', String(readCompanyCount(db) - companies))
    },
  }
}

/** How many companies are stored. */
export function readCompanyCount(db: Db): number {
  return companyCount(readTallies(db))
}

/** Companies that may have been deleted behind a change and are not stored now. */
export function goneSince(db: Db, number: number): string[] {
  const sql = `SELECT company_number FROM (
      SELECT company_number FROM deletions WHERE change_number > @number
      UNION SELECT value FROM suppressions WHERE kind = 'company' AND change_number > @number)
    WHERE company_number NOT IN (SELECT company_number FROM companies)`
  return prepared(db, sql).pluck().all({ number }) as string[]
}

interface Facts {
  get(name: string): string | null
  set(name: string, value: string): void
  delete(name: string): void
}

function createFacts(client: Database.Database): Facts {
  const read = client.prepare('SELECT value FROM facts WHERE name = ?').pluck()
  const store = client.prepare(
    'INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
  )
  const remove = client.prepare('DELETE FROM facts WHERE name = ?')
  return {
    get: (name) => (read.get(name) as string | undefined) ?? null,
    set: (name, value) => store.run(name, value),
    delete: (name) => remove.run(name),
  }
}

/** Tells one database from another without telling its key. */
function sourceOf(db: Db): string {
  return createHash('sha256')
    .update(`index of names ${databaseKey(db)}`)
    .digest('hex')
}

/** Whether the companies that had changed last still have their changes, or later ones, or were erased since. */
function agrees(db: Db, number: number, witnesses: string | null): boolean {
  const now = prepared(db, 'SELECT change_number FROM companies WHERE company_number = ?').pluck()
  const gone = goneSince(db, number)
  return (JSON.parse(witnesses ?? '[]') as [string, number][]).every(([company, change]) => {
    const found = now.get(company) as number | undefined
    return found === undefined ? gone.includes(company) : found === change || found > number
  })
}

interface Changed {
  change_number: number
  place: number
}

/** One number may be that of very many companies, so the place among them counts as well. */
function nextChanged(
  db: Db,
  { columns, place, most }: { columns: string; place: { number: number; row: number }; most: number },
): Changed[] {
  const select = `SELECT ${columns}, change_number, rowid AS place FROM companies INDEXED BY companies_by_change`
  const same = prepared(db, `${select} WHERE change_number = ? AND rowid > ? ORDER BY rowid LIMIT ?`)
  const later = prepared(db, `${select} WHERE change_number > ? ORDER BY change_number, rowid LIMIT ?`)
  const rows = place.row === END ? [] : (same.all(place.number, place.row, most) as Changed[])
  return [...rows, ...(later.all(place.number, most - rows.length) as Changed[])]
}

function numberIn(checkpoint: string | null): number {
  return Number(checkpoint?.split('-')[1] ?? 0)
}
