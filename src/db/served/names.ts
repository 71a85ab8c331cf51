// An index of words in company names, of officers' surnames and of their ids, for the HTTP API. It lives in a temporary
// database of its own, which SQLite removes by itself: the register's tables stay as quick to import as they are, and
// the connection to them may not write. It only finds companies; what is served is read from the tables.

import Database from 'better-sqlite3'
import { nameWords } from '../../names.ts'
import { type Db, prepared } from '../open.ts'
import { AFTER_ALL } from './companies.ts'

/** What to look for; everything given must be true of a company. */
export interface NameQuery {
  all: boolean
  /** Words of the name in any order; `prefix` means a beginning. */
  words?: { word: string; prefix: boolean }[] | undefined
  /** Words of an officer's surname. */
  surname?: string[] | undefined
  officerId?: string | undefined
}

export interface NameIndex {
  /** Up to `limit` company numbers behind `after`, in order. */
  find(query: NameQuery, after: string, limit: number): string[]
  /** Compares the index with the tables and makes it equal, a few milliseconds of work for each step. */
  refresh(db: Db): Generator<void, void>
  /** How many companies it holds. */
  count(): number
  close(): void
}

const WINDOW = 250

/** Opens an empty index. */
export function openNameIndex(): NameIndex {
  const client = new Database('')
  client.pragma('journal_mode = OFF')
  client.pragma('synchronous = OFF')
  client.exec(`
    CREATE TABLE seen (id INTEGER PRIMARY KEY, stamp INTEGER NOT NULL);
    CREATE VIRTUAL TABLE words USING fts5(name, scope, surnames, officer_ids, content='', contentless_delete=1,
      detail=column, prefix='1 2 3')`)
  const query = client
    .prepare('SELECT rowid FROM words WHERE words MATCH ? AND rowid > ? ORDER BY rowid LIMIT ?')
    .pluck()
  return {
    find: (wanted, after, limit) => (query.all(matching(wanted), encode(after), limit) as number[]).map(decode),
    refresh: (db) => refresh(client, db),
    count: () => Number(client.prepare('SELECT count(*) FROM seen').pluck().get()),
    close: () => client.close(),
  }
}

interface Indexed {
  company_number: string
  company_name: string
  officers_state: string
  officers_fetched_at: string | null
  /** Grows with each event of the officers stream that changes the list. */
  touched: number
}

/** Walks both along the company numbers, which keep their order as ids. */
function* refresh(client: Database.Database, db: Db): Generator<void, void> {
  const some = prepared(
    db,
    `SELECT company_number, company_name, officers_state, officers_fetched_at, coalesce(touched, 0) AS touched
     FROM companies LEFT JOIN officer_lists USING (company_number) WHERE company_number > ? ORDER BY company_number LIMIT ${WINDOW}`,
  )
  const stamps = client.prepare('SELECT id, stamp FROM seen WHERE id > ? AND id <= ?').raw()
  const apply = client.transaction((rows: Indexed[], from: number, to: number) => {
    const before = new Map(stamps.all(from, to) as [number, number][])
    const changed = rows.filter((row) => {
      const id = encode(row.company_number)
      const same = before.get(id) === stampOf(row)
      if (same) before.delete(id)
      return !same && isIndexable(row.company_number)
    })
    for (const id of before.keys()) client.prepare('DELETE FROM words WHERE rowid = ?').run(id)
    for (const id of before.keys()) client.prepare('DELETE FROM seen WHERE id = ?').run(id)
    insert(client, db, changed)
  })
  for (let after = ''; ; ) {
    const rows = some.all(after) as Indexed[]
    const last = rows.length < WINDOW ? AFTER_ALL : (rows.at(-1)?.company_number ?? AFTER_ALL)
    apply(rows, encode(after), encode(last))
    if (last === AFTER_ALL) return
    after = last
    yield
  }
}

function insert(client: Database.Database, db: Db, rows: Indexed[]): void {
  const people = readPeople(
    db,
    rows.flatMap((row) => (row.officers_state === 'complete' ? [row.company_number] : [])),
  )
  const word = client.prepare('INSERT INTO words (rowid, name, scope, surnames, officer_ids) VALUES (?, ?, ?, ?, ?)')
  const seen = client.prepare('INSERT INTO seen (id, stamp) VALUES (?, ?)')
  for (const row of rows) {
    const id = encode(row.company_number)
    const { surnames = [], ids = [] } = people.get(row.company_number) ?? {}
    const scope = row.officers_state === 'complete' ? COMPLETE : ''
    word.run(id, nameWords(row.company_name).join(' '), scope, surnames.join(' '), ids.join(' '))
    seen.run(id, stampOf(row))
  }
}

const COMPLETE = 'complete'

function readPeople(db: Db, numbers: string[]): Map<string, { surnames: string[]; ids: string[] }> {
  const people = new Map<string, { surnames: string[]; ids: string[] }>()
  const rows = prepared(
    db,
    `SELECT company_number, surname, officer_id FROM officers WHERE company_number IN (SELECT value FROM json_each(?))`,
  ).all(JSON.stringify(numbers)) as { company_number: string; surname: string | null; officer_id: string | null }[]
  for (const { company_number, surname, officer_id } of rows) {
    const own = people.get(company_number) ?? { surnames: [], ids: [] }
    people.set(company_number, own)
    own.surnames.push(...nameWords(surname ?? ''))
    if (officer_id !== null) own.ids.push(idToken(officer_id))
  }
  return people
}

/** Words hold letters and digits only and are quoted, so that nothing in them is an operator. */
function matching({ all, words, surname, officerId }: NameQuery): string {
  const terms = [
    ...(all ? [] : [`scope:"${COMPLETE}"`]),
    ...(words ?? []).map(({ word, prefix }) => `name:"${word}"${prefix ? '*' : ''}`),
    ...(surname ?? []).map((word) => `surnames:"${word}"`),
    ...(officerId === undefined ? [] : [`officer_ids:"${idToken(officerId)}"`]),
  ]
  return terms.join(' AND ')
}

/** Ids tell cases apart, words do not. */
function idToken(officerId: string): string {
  return Buffer.from(officerId).toString('hex')
}

const LENGTH = 8
const FIRST = 0x1f
const BASE = 66

/** Company numbers are up to eight capitals and digits; anything else is not found by name. */
function isIndexable(number: string): boolean {
  return /^[ -_]{1,8}$/.test(number)
}

/** A number as an integer that sorts as it does: eight digits of base 66, below 2^53. */
function encode(number: string): number {
  let id = 0
  for (let index = 0; index < LENGTH; index += 1) {
    const digit = index < number.length ? number.charCodeAt(index) - FIRST : 0
    id = id * BASE + Math.min(Math.max(digit, 0), BASE - 1)
  }
  return id
}

function decode(id: number): string {
  let [rest, number] = [id, '']
  for (let index = 0; index < LENGTH; index += 1) {
    const digit = rest % BASE
    if (digit > 0) number = String.fromCharCode(digit + FIRST) + number
    rest = Math.floor(rest / BASE)
  }
  return number
}

/** 52 bits of what the index depends on; equal stamps of unequal companies are as good as impossible. */
function stampOf({ company_name, officers_state, officers_fetched_at, touched }: Indexed): number {
  const text = `${officers_state}\n${officers_fetched_at}\n${touched}\n${company_name}`
  let [high, low] = [0xdeadbeef, 0x41c6ce57]
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index)
    high = Math.imul(high ^ code, 2654435761)
    low = Math.imul(low ^ code, 1597334677)
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909)
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909)
  return (high >>> 0) * 0x100000 + (low >>> 12)
}
