// The values of a column as Parquet stores them plainly: four little-endian bytes of length and UTF-8, integers of four or
// eight bytes, truth as a byte that is packed later.
import { DAY_MS } from '../../../clock.ts'
import { type Column, parsedJson, truthOf } from '../../../db/dataset/columns.ts'
import { withoutControls, withoutHidden } from '../../../text.ts'
import { isDay } from './writer.ts'

/** Bytes one behind the other; the room grows as needed and is kept for the next row group. */
export interface Bytes {
  room: Buffer
  used: number
}

export type Bound = string | number | bigint | undefined

export interface PlainValues {
  /** Takes the value of a cell behind the others; false where nothing stands for it. */
  put(into: Bytes, cell: string | number): boolean
  /** The least and the greatest value since the last call; undefined where there is none, or none worth telling. */
  takeBounds(): { least: Bound; greatest: Bound }
}

/** Days since 1970, milliseconds since 1970, truth, what JSON says, or text. What is no date cannot stand in a date's column, and is left out. */
export function plainValues(column: Column): PlainValues {
  const { kind } = column
  if (kind === 'number') return integers(4, (cell) => cell as number)
  if (kind === 'truth') return truths()
  if (kind === 'date') {
    const unit = isDay(column) ? DAY_MS : 1
    return integers(unit === 1 ? 8 : 4, (cell) => Math.floor(timeOf(String(cell)) / unit))
  }
  if (kind === 'json') return documents()
  return texts(kind === 'id' ? withoutControls : withoutHidden)
}

/** Milliseconds since 1970; NaN for what is no ISO date: `1 May` would be one of the year 2001 to `Date.parse`. */
function timeOf(text: string): number {
  return /^\d{4}-\d\d-\d\d(?:$|T)/.test(text) ? Date.parse(text) : Number.NaN
}

const LENGTH = 4
const LEAST_ROOM = 1 << 12

function ensure(into: Bytes, more: number): void {
  const wanted = into.used + more
  if (wanted <= into.room.length) return
  const grown = Buffer.allocUnsafeSlow(Math.max(wanted, into.room.length * 2, LEAST_ROOM))
  into.room.copy(grown, 0, 0, into.used)
  into.room = grown
}

/** Of several texts, one needs a look when it holds anything but the visible letters of ASCII and the space. */
function texts(clean: (text: string) => string): PlainValues {
  let [least, greatest]: (string | undefined)[] = []
  let comparable = true
  return {
    put(into, cell) {
      let text = typeof cell === 'string' ? cell : String(cell)
      if (!putAscii(into, text)) {
        text = clean(text)
        putUtf8(into, text)
        comparable &&= !BEYOND.test(text)
      }
      if (least === undefined || text < least) least = text
      if (greatest === undefined || text > greatest) greatest = text
      return true
    },
    takeBounds() {
      const bounds = comparable ? { least, greatest } : NO_BOUNDS
      least = undefined
      greatest = undefined
      comparable = true
      return bounds
    },
  }
}

const NO_BOUNDS = { least: undefined, greatest: undefined }

/** From here on the order of UTF-16 is not that of UTF-8, in which bounds are told. */
const BEYOND = /[\ud800-\uffff]/

/** Longer texts are rarely plain, and quicker to encode at once. */
const LONGEST_ASCII = 200

/** Puts a text that needs no cleaning; false, with nothing put, for any other. */
function putAscii(into: Bytes, text: string): boolean {
  const { length } = text
  if (length > LONGEST_ASCII) return false
  ensure(into, LENGTH + length)
  const { room } = into
  let at = into.used + LENGTH
  for (let index = 0; index < length; index += 1) {
    const unit = text.charCodeAt(index)
    if (unit < 0x20 || unit > 0x7e) return false
    room[at] = unit
    at += 1
  }
  room.writeUInt32LE(length, into.used)
  into.used = at
  return true
}

const MOST_BYTES_EACH = 3

function putUtf8(into: Bytes, text: string): void {
  ensure(into, LENGTH + text.length * MOST_BYTES_EACH)
  const length = into.room.write(text, into.used + LENGTH)
  into.room.writeUInt32LE(length, into.used)
  into.used += LENGTH + length
}

/** Bounds of a document tell nothing, and would have to be whole ones. */
function documents(): PlainValues {
  return {
    put(into, cell) {
      const said = parsedJson(withoutHidden(String(cell)))
      if (said === null) return false
      putUtf8(into, JSON.stringify(said))
      return true
    },
    takeBounds: () => NO_BOUNDS,
  }
}

const MOST_INT32 = 2 ** 31

function integers(width: 4 | 8, read: (cell: string | number) => number): PlainValues {
  let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  return {
    put(into, cell) {
      const value = read(cell)
      if (Number.isNaN(value)) return false
      if (!Number.isSafeInteger(value) || (width === 4 && (value < -MOST_INT32 || value >= MOST_INT32))) {
        throw new RangeError(`parquet expected an integer of ${width} bytes, got ${value}`)
      }
      ensure(into, width)
      into.room.writeInt32LE(value | 0, into.used)
      if (width === 8) into.room.writeInt32LE(Math.floor(value / 2 ** 32), into.used + 4)
      into.used += width
      if (value < least) least = value
      if (value > greatest) greatest = value
      return true
    },
    takeBounds() {
      const typed = (value: number) => (width === 8 ? BigInt(value) : value)
      const bounds = least > greatest ? NO_BOUNDS : { least: typed(least), greatest: typed(greatest) }
      least = Number.POSITIVE_INFINITY
      greatest = Number.NEGATIVE_INFINITY
      return bounds
    },
  }
}

function truths(): PlainValues {
  let [least, greatest] = [1, 0]
  return {
    put(into, cell) {
      const value = Number(truthOf(cell))
      ensure(into, 1)
      into.room[into.used] = value
      into.used += 1
      if (value < least) least = value
      if (value > greatest) greatest = value
      return true
    },
    takeBounds() {
      const bounds = { least, greatest }
      least = 1
      greatest = 0
      return bounds
    },
  }
}
