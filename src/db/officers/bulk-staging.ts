// Records of bulk files on their way in. They wait in a temporary table, which lies outside the database file and takes
// none of its locks, until all files are known to be good.
import { BOUND_TEXT } from '../bound.ts'
import type { Db } from '../open.ts'
import { storageGuard } from '../storage-error.ts'

export interface StagedRecord {
  /** Which of the files it is from, from 0. */
  file: number
  /** Its line there, from 1. */
  number: number
  kind: 'company' | 'person'
  line: string
}

/** Records that are not in the database yet, by their company. Disposing it drops them. */
export interface BulkStaging {
  /** `company` is empty for a record that means no company. */
  add(batch: (StagedRecord & { company: string })[]): void
  /** Call it once, behind the last record. */
  sort(): void
  /** The next companies in the order of their numbers, of one file or of all. */
  companies(after: string, limit: number, file?: number): string[]
  /** What a company has, in the order of the files and lines. */
  records(company: string, file?: number): StagedRecord[]
  [Symbol.dispose](): void
}

const TABLE = 'temp.bulk_records'

/** Opens an empty staging; a connection can have one at a time. */
export function openBulkStaging(db: Db): BulkStaging {
  const client = db.$client
  const guarded = storageGuard(client.name)
  client.pragma('temp_store = FILE')
  client.pragma('temp.secure_delete = OFF')
  // Kilobytes: rows are only added, and read in their order.
  client.pragma('temp.cache_size = -2000')
  client.exec(`CREATE TABLE ${TABLE} (company, file, number, kind, line)`)
  client.pragma('temp.journal_mode = MEMORY')
  const insert = client.prepare(`INSERT INTO ${TABLE} VALUES (?, ?, ?, ?, ?)`)
  const add = client.transaction((batch: (StagedRecord & { company: string })[]) => {
    for (const { company, file, number, kind, line } of batch) insert.run(company, file, number, kind, line)
  })
  const nextOf = (one: string) =>
    client
      .prepare<unknown[], string>(`SELECT DISTINCT company FROM ${TABLE} WHERE company > ? ${one} ORDER BY 1 LIMIT ?`)
      .pluck()
  const recordsOf = (one: string) =>
    client.prepare<unknown[], StagedRecord>(
      `SELECT file, number, kind, line FROM ${TABLE} WHERE company = ${BOUND_TEXT} ${one} ORDER BY file, number`,
    )
  const [next, nextOne] = [nextOf(''), nextOf('AND file = ?')]
  const [records, recordsOne] = [recordsOf(''), recordsOf('AND file = ?')]
  return {
    add: (batch) => guarded(() => add(batch)),
    sort: () =>
      guarded(() => client.exec('CREATE INDEX temp.bulk_records_by_company ON bulk_records (company, file, number)')),
    companies: (after, limit, file) =>
      guarded(() => (file === undefined ? next.all(after, limit) : nextOne.all(after, file, limit))),
    records: (company, file) =>
      guarded(() => (file === undefined ? records.all(company) : recordsOne.all(company, file))),
    [Symbol.dispose]() {
      if (client.open) client.exec(`DROP TABLE IF EXISTS ${TABLE}`)
    },
  }
}
