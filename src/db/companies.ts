// Companies on their way in. They wait in temporary tables, which lie outside the database file and take none of its
// locks, until all of them are known to be good; then they move over in short transactions.
import type { Clock } from '../clock.ts'
import { type CompanyFacts, REGISTER_COLUMNS } from './company-columns.ts'
import { type Chunk, mergeTable, tuneForMerge } from './company-merge.ts'
import type { Db } from './open.ts'
import type { Origin } from './register-files.ts'
import { storageError } from './storage-error.ts'

export type { CompanyFacts } from './company-columns.ts'
export type { Chunk } from './company-merge.ts'
export type { Origin } from './register-files.ts'

export interface Reject {
  line: number
  reason: string
  row: string
}

/** Companies and rejects that are not in the database yet. Disposing it drops them. */
export interface CompanyStaging {
  add(batch: CompanyFacts[]): void
  reject(batch: Reject[]): void
  /** In the order in which they were added. */
  rejects(): Generator<Reject>
  /**
   * Moves the companies into `companies` in transactions of up to `size()` rows, one for each step of the loop. What the
   * file does not tell stays as it is: officers, jurisdiction. So does a company whose stored facts are newer than the
   * file. A company that was added twice is moved once, as it was last.
   */
  merge(origin: Origin, size: () => number): Generator<Chunk>
  /** Brings what was written into the database file; meanwhile others may write. */
  checkpoint(): void
  [Symbol.dispose](): void
}

const COLUMNS = REGISTER_COLUMNS.join(', ')
const REJECTS = 'staged_rejects'
const REJECTS_PER_PAGE = 500

/** The companies of one prefix share a table, which is small enough to be put in order in a moment. */
const PREFIX_LENGTH = 2

/** Opens an empty staging; a connection can have one at a time. */
export function openCompanyStaging(db: Db, clock: Clock): CompanyStaging {
  const client = db.$client
  const guarded = <T>(body: () => T): T => {
    try {
      return body()
    } catch (error) {
      throw storageError(error, client.name)
    }
  }
  const tables = new Map<string, Statement>()
  const openTable = (prefix: string) => {
    client.exec(`CREATE TEMP TABLE ${tableOf(prefix)} (${COLUMNS})`)
    const insert = prepareInsert(client, tableOf(prefix), REGISTER_COLUMNS.length)
    tables.set(prefix, insert)
    return insert
  }
  client.pragma('temp_store = FILE')
  client.pragma('temp.secure_delete = OFF')
  client.exec(`CREATE TEMP TABLE ${REJECTS} (line, reason, row)`)
  client.pragma('temp.journal_mode = MEMORY')
  const insertReject = prepareInsert(client, REJECTS, 3)
  const add = client.transaction((batch: CompanyFacts[]) => {
    for (const facts of batch) {
      const prefix = facts.company_number.slice(0, PREFIX_LENGTH)
      addFacts(tables.get(prefix) ?? openTable(prefix), facts)
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

type Statement = ReturnType<typeof prepareInsert>

function tableOf(prefix: string): string {
  return `staged_${prefix}`
}

function prepareInsert(client: Client, table: string, columns: number) {
  return client.prepare<(string | number | null)[]>(
    `INSERT INTO temp.${table} VALUES (${Array(columns).fill('?').join(', ')})`,
  )
}

/** Values one by one, in the order of the columns: given as an array or by name, they take a third longer to bind. */
function addFacts(insert: Statement, facts: CompanyFacts): void {
  insert.run(
    facts.company_number,
    facts.company_name,
    facts.company_status,
    facts.type,
    facts.subtype,
    facts.date_of_creation,
    facts.date_of_cessation,
    facts.sic_codes,
    facts.care_of,
    facts.po_box,
    facts.address_line_1,
    facts.address_line_2,
    facts.locality,
    facts.region,
    facts.country,
    facts.postal_code,
    facts.company_status_detail,
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
