// The public tables for those who load them into another database: SQLite joins the cells of a row into one line, and
// many lines into one piece of bytes, which is far faster than to hand over every cell.
import { checkpointOf, type Since } from '../changes.ts'
import { type Db, schemaVersion } from '../open.ts'
import { storageGuard } from '../storage-error.ts'
import { pscRules } from '../suppress/pscs.ts'
import { hiddenAmong } from '../suppress/since.ts'
import { loadSuppressions } from '../suppress/suppressions.ts'
import { type DatasetTable, datasetColumns, datasetTables, NOT_GONE, type Row } from './columns.ts'
import { columnExpressions } from './computed.ts'
import { type PageReader, pageReader, withoutSuppressed } from './dataset.ts'
import { createDelta, DELTA, IN_DELTA } from './delta.ts'

/** Stands between the cells of a line, and for a cell that is null. No line end stands behind the last line. */
export const CELL_END = '\u001f'
export const NULL_CELL = '\u0001'

/** Some rows of a table. */
export interface Lines {
  /** Their lines; null where they were not joined. A cell may hold the marks themselves: then the lines do not add up. */
  text: Buffer | null
  /** How many rows they are. */
  rows: number
  /** The same rows, cell by cell, in the order of `datasetColumns`. */
  cells(): Row[]
}

export interface LineSelection {
  /** Also companies whose officers are not complete. */
  all: boolean
  /** Only companies of which anything changed since; null for every company. */
  since: Since | null
  /** With `since`: only the others, of which nothing changed. */
  unchanged?: boolean
  /** The day for what changes with the calendar, `YYYY-MM-DD`. */
  today: string
}

export interface LineDataset {
  schemaVersion: number
  /** Its place among all changes. */
  checkpoint: string
  /** Every row that a delivery holds once, but nothing that is suppressed; in no certain order. May be read again. */
  lines(table: DatasetTable): Generator<Lines>
  /** The companies that a delta is about, delivered or not: no row of theirs but the delta's own is valid any more. */
  changed(): Generator<Lines>
  /** How many companies `changed` names. */
  changedCount: number
  /** Ends the snapshot. */
  [Symbol.dispose](): void
}

const ROWS_PER_PIECE = 500
const COMPANIES_PER_PIECE = 200
const TOUCHED = 'temp.touched'
const NUMBERS_OF_DELTA = `SELECT company_number FROM ${DELTA}`

/**
 * Opens one consistent snapshot for reading, as `openDataset` does; the connection serves nothing else until it is
 * disposed. Throws `data` when the database cannot be read, here and from what it returns.
 */
export function openLines(db: Db, selection: LineSelection): LineDataset {
  const client = db.$client
  const read = storageGuard(client.name)
  return read(() => {
    client.exec('BEGIN')
    const { all, since, unchanged = false, today } = selection
    if (since) noteChanged(db, { all, since, today })
    const hidden = noteHidden(db, since && !unchanged ? NUMBERS_OF_DELTA : null)
    const among = { noted: TOUCHED, ...(since ? { where: unchanged ? `NOT ${IN_DELTA}` : IN_DELTA } : {}) }
    const keep = withoutSuppressed({ suppressions: loadSuppressions(db), pscs: pscRules(db) }, datasetColumns)
    const touched = hidden === 0 ? null : pageReader(db, { all, among, today }, keep)
    return {
      schemaVersion: schemaVersion(db),
      checkpoint: checkpointOf(db),
      *lines(table) {
        yield* guarded(pieces(db, pieceQueries(table, selection, hidden > 0)), read)
        if (touched) yield* guarded(pagesOf(touched, table), read)
      },
      changed: () => guarded(pieces(db, CHANGED_QUERIES), read),
      changedCount: since ? Number(client.prepare(`SELECT count(*) FROM ${DELTA}`).pluck().get()) : 0,
      [Symbol.dispose]() {
        if (client.open && client.inTransaction) client.exec('ROLLBACK')
      },
    }
  })
}

/** Adds to the delta the companies that it only names as gone: those that are suppressed as a whole. */
function noteChanged(db: Db, delta: { all: boolean; since: Since; today: string }): void {
  const gone = createDelta(db, delta)(datasetTables)
  const numbers = JSON.stringify(gone.map(([, number]) => number))
  db.$client.prepare(`INSERT OR IGNORE INTO ${DELTA} SELECT value FROM json_each(?)`).run(numbers)
}

/** Notes down the companies that have anything suppressed, which are few; returns how many they are. */
function noteHidden(db: Db, among: string | null): number {
  const { companies, rows } = hiddenAmong(db, among)
  const numbers = JSON.stringify([...companies, ...rows].map(({ company_number }) => company_number))
  db.$client.exec('CREATE TEMP TABLE touched (company_number TEXT PRIMARY KEY) WITHOUT ROWID')
  return db.$client.prepare(`INSERT OR IGNORE INTO ${TOUCHED} SELECT DISTINCT value FROM json_each(?)`).run(numbers)
    .changes
}

interface PieceQueries {
  /** Before everything that is numbered. */
  first: string | number
  /** The end of the piece behind a place; null behind the last. */
  end: string
  /** Count and lines between two places. */
  joined: string
  /** The cells between two places. */
  cells: string
}

const CHANGED_QUERIES: PieceQueries = {
  first: '',
  end: `SELECT max(company_number) FROM (${NUMBERS_OF_DELTA} WHERE company_number > ? ORDER BY company_number LIMIT ${ROWS_PER_PIECE})`,
  joined: joinedQuery('company_number', DELTA, 'company_number > ? AND company_number <= ?'),
  cells: `${NUMBERS_OF_DELTA} WHERE company_number > ? AND company_number <= ?`,
}

/** Everything is read in the order in which it lies in the file; the rows of a delta are looked up by their companies. */
function pieceQueries(
  table: DatasetTable,
  { all, since, unchanged = false, today }: LineSelection,
  hidesAny: boolean,
): PieceQueries {
  const values = columnExpressions(table, today)
  const line = lineOf(values)
  const walk = since && !unchanged ? walkDelta(table) : walkTable(table)
  const delivered = [
    all ? '' : isComplete(table),
    table === 'emails' ? NOT_GONE : '',
    hidesAny ? isNotIn(table, TOUCHED) : '',
    unchanged ? isNotIn(table, DELTA) : '',
  ].join(' ')
  const where = `${walk.place} > ? AND ${walk.place} <= ? ${delivered}`
  return {
    first: walk.first,
    end: walk.end,
    joined: joinedQuery(line, walk.from, where),
    cells: `SELECT ${values.join(', ')} FROM ${walk.from} WHERE ${where}`,
  }
}

/** Functions of SQLite take 127 arguments. */
const CELLS_PER_CALL = 100

/** An expression for the line of a row: one call for many cells takes half the time of an operator for each. */
function lineOf(values: readonly string[]): string {
  const cells = values.map((value) => `coalesce(${value}, '${NULL_CELL}')`)
  let line = `concat_ws('${CELL_END}', ${cells.slice(0, CELLS_PER_CALL).join(', ')})`
  for (let from = CELLS_PER_CALL; from < cells.length; from += CELLS_PER_CALL) {
    line = `concat_ws('${CELL_END}', ${[line, ...cells.slice(from, from + CELLS_PER_CALL)].join(', ')})`
  }
  return line
}

/** How pieces follow one another: from where, numbered by what, and where each ends. */
type Walk = Pick<PieceQueries, 'first' | 'end'> & { from: string; place: string }

function walkTable(table: DatasetTable): Walk {
  const places = `SELECT rowid AS place FROM ${table} WHERE rowid > ? ORDER BY rowid LIMIT ${ROWS_PER_PIECE}`
  return { first: 0, from: table, place: `${table}.rowid`, end: `SELECT max(place) FROM (${places})` }
}

function walkDelta(table: DatasetTable): Walk {
  const numbers = `${NUMBERS_OF_DELTA} WHERE company_number > ? ORDER BY company_number LIMIT ${COMPANIES_PER_PIECE}`
  return {
    first: '',
    from: `${DELTA} CROSS JOIN ${table} ON ${table}.company_number = delta.company_number`,
    place: 'delta.company_number',
    end: `SELECT max(company_number) FROM (${numbers})`,
  }
}

function isNotIn(table: DatasetTable, noted: string): string {
  return `AND NOT EXISTS (SELECT 1 FROM ${noted} AS noted WHERE noted.company_number = ${table}.company_number)`
}

/** The plus keeps SQLite from looking through all complete companies, by their index, for each piece. */
function isComplete(table: DatasetTable): string {
  if (table === 'companies') return `AND +companies.officers_state = 'complete'`
  return `AND EXISTS (SELECT 1 FROM companies
    WHERE companies.company_number = ${table}.company_number AND companies.officers_state = 'complete')`
}

/** As bytes: to decode them would take longer than to look through them. */
function joinedQuery(line: string, from: string, where: string): string {
  return `SELECT count(*), CAST(group_concat(line, '\n') AS BLOB) FROM (SELECT ${line} AS line FROM ${from} WHERE ${where})`
}

function* pieces(db: Db, queries: PieceQueries): Generator<Lines> {
  const prepare = (sql: string) => db.$client.prepare(sql).raw()
  const [end, joined, cells] = [prepare(queries.end), prepare(queries.joined), prepare(queries.cells)]
  let from = queries.first
  for (;;) {
    const [to] = end.get(from) as [string | number | null]
    if (to === null) return
    const bounds = [from, to]
    const [rows, text] = joined.get(...bounds) as [number, Buffer | null]
    if (rows > 0) yield { text, rows, cells: () => cells.all(...bounds) as Row[] }
    from = to
  }
}

function* pagesOf(reader: PageReader, table: DatasetTable): Generator<Lines> {
  for (let next = reader.after(''); next; next = reader.after(next.last)) {
    const rows = next.page[table]
    if (rows.length > 0) yield { text: null, rows: rows.length, cells: () => rows }
  }
}

/** Turns what the database throws between two pieces, or while cells are read again. */
function* guarded(generator: Generator<Lines>, read: <T>(body: () => T) => T): Generator<Lines> {
  for (;;) {
    const { value, done } = read(() => generator.next())
    if (done) return
    const { cells, ...piece } = value as Lines
    yield { ...piece, cells: () => read(cells) }
  }
}
