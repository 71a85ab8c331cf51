// Which row of which register file a company is stored as. A file that is imported again says of most companies what is
// stored already: a row that is known by its mark need not be read, compared or written.
import { type Db, prepared } from '../open.ts'
import { openMarks } from './row-marks.ts'
import { filedBy, ONLY_FILED, runsOfSameDay } from './unchanged.ts'

/** Companies that stay as they are when the row comes that they are stored as. */
export interface FileRows {
  /** Whether a company is stored as the row of this mark, as far as no other row of it has come. */
  has(mark: number): boolean
  /** The row comes: whether a company is stored as it, and whether it has come before. */
  meet(mark: number): 'no' | 'first' | 'again'
  /** Another row of the company has come, and replaces what is stored; returns whether the stored one had come before it. */
  replace(companyNumber: string): boolean
}

/**
 * The companies that a file of the day `asOf` may leave as they are, for as long as it is read: those that a file of that
 * day has told of, and nobody since. Null when there are none.
 */
export function readFileRows(db: Db, asOf: string | null): FileRows | null {
  if (asOf === null) return null
  const sameDay = runsOfSameDay(db, asOf)
  if (sameDay.length === 0) return null
  const marks = openMarks(Number(prepared(db, 'SELECT count(*) FROM companies').pluck().get()))
  const rows = db.$client
    .prepare<[], number>(`
      SELECT file_row FROM companies
      WHERE ${filedBy(sameDay)} AND file_row IS NOT NULL AND ${ONLY_FILED}`)
    .pluck()
  // Of the pages that are read none is wanted again.
  const cache = db.$client.pragma('cache_size', { simple: true })
  db.$client.pragma('cache_size = -1000')
  try {
    for (const mark of rows.iterate()) marks.add(mark)
  } finally {
    db.$client.pragma(`cache_size = ${cache}`)
  }
  const markOf = db.$client
    .prepare<[string], number | null>('SELECT file_row FROM companies WHERE company_number = ?')
    .pluck()
  return {
    has: marks.has,
    meet: marks.meet,
    replace(companyNumber) {
      const mark = markOf.get(companyNumber)
      return typeof mark === 'number' && marks.remove(mark)
    },
  }
}
