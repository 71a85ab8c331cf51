// Which row of which register file a company is stored as. A file that is imported again says of most companies what is
// stored already: a row that is known by its mark need not be read, compared or written.
import { crc32 } from 'node:zlib'
import { type Db, prepared } from '../open.ts'
import { filedBy, ONLY_FILED, runsOfSameDay } from './unchanged.ts'

/** To be raised whenever a row is read in another way than before. */
const READING = 1

/** Marks rows by company and text; those of another file day or another header have other marks. */
export type RowMarker = (companyNumber: string, row: Buffer) => number

/** A function that marks the rows below `header`, the file's first line. A changed row keeps its mark once in four billion. */
export function rowMarker(asOf: string, header: string): RowMarker {
  const seed = crc32(`${READING}\n${asOf}\n${header}`)
  return (companyNumber, row) => {
    let number = 0
    for (let at = 0; at < companyNumber.length; at += 1) number = Math.imul(number, 37) + companyNumber.charCodeAt(at)
    return (number >>> 11) * 2 ** 32 + crc32(row, seed) || 1
  }
}

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
  for (const mark of rows.iterate()) marks.add(mark)
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

// What a slot holds beside the last 32 bits of a mark: whether it is in use, whether it was met, and six bits more.
const FREE = 0
const REMOVED = 1
const USED = 0x80
const MET = 0x40
const MORE = 0x3f

const usedBy = (mark: number) => USED | (Math.floor(mark / 2 ** 32) & MORE)

/** Up to `most` marks, in five bytes each and a third to spare. */
function openMarks(most: number) {
  const size = Math.ceil((most + 1) * 1.33)
  const words = new Uint32Array(size)
  const states = new Uint8Array(size)
  /** The slot of a mark, or the free one where it would be. */
  const find = (mark: number): number => {
    const word = mark >>> 0
    const used = usedBy(mark)
    for (let at = mark % size; ; at = at + 1 === size ? 0 : at + 1) {
      const state = states[at] as number
      if (state === FREE || (words[at] === word && (state & ~MET) === used)) return at
    }
  }
  return {
    add(mark: number): void {
      const at = find(mark)
      words[at] = mark >>> 0
      states[at] = usedBy(mark)
    },
    has: (mark: number): boolean => states[find(mark)] !== FREE,
    meet(mark: number): 'no' | 'first' | 'again' {
      const at = find(mark)
      const state = states[at] as number
      if (state === FREE) return 'no'
      states[at] = state | MET
      return (state & MET) === 0 ? 'first' : 'again'
    },
    /** Returns whether it was met. */
    remove(mark: number): boolean {
      const at = find(mark)
      const state = states[at] as number
      if (state !== FREE) states[at] = REMOVED
      return (state & MET) !== 0
    },
  }
}
