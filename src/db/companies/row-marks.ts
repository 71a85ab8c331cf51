// Numbers that stand for rows of a register file, and many of them at hand.
import { crc32 } from 'node:zlib'

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

// What a slot holds beside the last 32 bits of a mark: whether it is in use, whether it was met, and six bits more.
const FREE = 0
const REMOVED = 1
const USED = 0x80
const MET = 0x40
const MORE = 0x3f

const usedBy = (mark: number) => USED | (Math.floor(mark / 2 ** 32) & MORE)

export interface Marks {
  add(mark: number): void
  has(mark: number): boolean
  meet(mark: number): 'no' | 'first' | 'again'
  /** Returns whether it was met. */
  remove(mark: number): boolean
}

/** Room for so many marks, in five bytes each and a third to spare. */
export function openMarks(most: number): Marks {
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
    add(mark) {
      const at = find(mark)
      words[at] = mark >>> 0
      states[at] = usedBy(mark)
    },
    has: (mark) => states[find(mark)] !== FREE,
    meet(mark) {
      const at = find(mark)
      const state = states[at] as number
      if (state === FREE) return 'no'
      states[at] = state | MET
      return (state & MET) === 0 ? 'first' : 'again'
    },
    remove(mark) {
      const at = find(mark)
      const state = states[at] as number
      if (state !== FREE) states[at] = REMOVED
      return (state & MET) !== 0
    },
  }
}
