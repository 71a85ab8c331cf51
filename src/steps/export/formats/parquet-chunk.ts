// One column of one row group at a time. Values that come again are kept once, and rows point at them; a column in which
// few come again keeps them one behind the other, as they will stand in the file.
import type { PageHeader } from 'hyparquet'
import { ByteWriter } from 'hyparquet-writer'
import { writePageHeader } from 'hyparquet-writer/src/datapage.js'
import { writeRleBitPackedHybrid } from 'hyparquet-writer/src/encoding.js'
import { snappyCompress } from 'hyparquet-writer/src/snappy.js'
import { unconvertStatistics } from 'hyparquet-writer/src/unconvert.js'
import type { Cell, Row } from '../../../db/dataset/columns.ts'
import { PARQUET_TYPES, type SchemaElement } from './parquet-schema.ts'
import type { Bytes, PlainValues } from './parquet-values.ts'

type ThriftObject = Record<`field_${number}`, unknown>

export interface ColumnChunk {
  /** Takes its cells of these rows, of which no more than fit may come. */
  add(rows: readonly Row[], column: number, from: number, to: number): void
  /** Bytes that it holds. */
  held(): number
  /** Writes its pages, tells what the file's directory says of them, and begins anew. */
  write(writer: ByteWriter): { metadata: ThriftObject; uncompressed: number }
}

/** Codes of the format's own definition, `parquet.thrift`. */
const ENCODINGS = { PLAIN: 0, RLE: 3, RLE_DICTIONARY: 8 } as const
const PAGES = { DICTIONARY_PAGE: 2, DATA_PAGE_V2: 3 } as const
const SNAPPY = 1

type Encoding = keyof typeof ENCODINGS

/** So many values are looked at before the dictionary is judged. */
const FIRST_LOOK = 2000
/** A column that gave its dictionary up tries again after so many row groups. */
const PATIENCE = 8

/** Values that came once: where each begins, and which of them each row with a value has. */
interface Dictionary {
  places: Map<Cell, number>
  starts: number[]
  indexes: Int32Array
  last: Cell
  lastPlace: number
}

/** How the values of a chunk are kept. */
interface Held {
  values: Bytes
  /** 1 where a row has a value, for each row. */
  levels: Uint8Array
  rows: number
  present: number
  /** Null where each value stands by itself. */
  dictionary: Dictionary | null
}

/** The place of a cell that stands for nothing. */
const NOWHERE = -1

/** The chunks of a column, of at most `mostRows` rows each. */
export function createColumnChunk(element: SchemaElement, plain: PlainValues, mostRows: number): ColumnChunk {
  const hasDictionary = element.type !== 'BOOLEAN'
  const indexes = new Int32Array(hasDictionary ? mostRows : 0)
  const values = { room: Buffer.alloc(0), used: 0 }
  const held: Held = { values, levels: new Uint8Array(mostRows), rows: 0, present: 0, dictionary: null }
  let waits = 0
  const begin = () => {
    Object.assign(held, { rows: 0, present: 0 })
    held.values.used = 0
    const tries = hasDictionary && waits === 0
    held.dictionary = tries ? { places: new Map(), starts: [], indexes, last: null, lastPlace: NOWHERE } : null
    if (waits > 0) waits -= 1
  }
  const abandon = () => {
    if (held.present > 0) waits = PATIENCE
    giveUp(held)
  }
  begin()
  return {
    add(rows, column, from, to) {
      const { levels } = held
      for (let at = from; at < to; at += 1) {
        const cell = rows[at]?.[column] ?? null
        const there = cell !== null && isKept(held, plain, cell)
        levels[held.rows] = there ? 1 : 0
        held.rows += 1
        if (!there) continue
        held.present += 1
        if (held.present === FIRST_LOOK && held.dictionary && held.dictionary.starts.length * 2 > FIRST_LOOK) abandon()
      }
    },
    held: () => held.values.used,
    write(writer) {
      if (held.dictionary && !isWorthIt(held)) abandon()
      const written = writeChunk(writer, element, held, plain.takeBounds())
      begin()
      return written
    },
  }
}

/** Keeps the value of a cell; false where nothing stands for it. */
function isKept(held: Held, plain: PlainValues, cell: string | number): boolean {
  const { dictionary, values } = held
  if (dictionary === null) return plain.put(values, cell)
  if (cell !== dictionary.last) {
    dictionary.lastPlace = dictionary.places.get(cell) ?? newPlace(values, dictionary, plain, cell)
    dictionary.last = cell
  }
  if (dictionary.lastPlace === NOWHERE) return false
  dictionary.indexes[held.present] = dictionary.lastPlace
  return true
}

function newPlace(values: Bytes, { places, starts }: Dictionary, plain: PlainValues, cell: string | number): number {
  const start = values.used
  const place = plain.put(values, cell) ? starts.push(start) - 1 : NOWHERE
  places.set(cell, place)
  return place
}

/** Puts the values that the rows point at one behind the other. */
function giveUp(held: Held): void {
  const { dictionary, values } = held
  if (!dictionary) return
  const spread = Buffer.allocUnsafeSlow(plainSize(held, dictionary))
  const ends = [...dictionary.starts.slice(1), values.used]
  let used = 0
  for (let at = 0; at < held.present; at += 1) {
    const index = dictionary.indexes[at] ?? 0
    used += values.room.copy(spread, used, dictionary.starts[index], ends[index])
  }
  held.values = { room: spread, used }
  held.dictionary = null
}

/** The bytes that the values take one behind the other. */
function plainSize({ values, present }: Held, { starts, indexes }: Dictionary): number {
  const sizes = starts.map((start, index) => (starts[index + 1] ?? values.used) - start)
  let size = 0
  for (let at = 0; at < present; at += 1) size += sizes[indexes[at] ?? 0] ?? 0
  return size
}

function writeChunk(writer: ByteWriter, element: SchemaElement, held: Held, bounds: Bounds) {
  const start = writer.offset
  const { rows } = held
  const isWorth = held.dictionary !== null
  const first = isWorth ? writeDictionaryPage(writer, held) : 0
  const dataStart = writer.offset
  const { encoding, uncompressed } = writeDataPage(writer, element, held)
  const pages = [
    ...(isWorth ? [{ field_1: PAGES.DICTIONARY_PAGE, field_2: ENCODINGS.PLAIN, field_3: 1 }] : []),
    { field_1: PAGES.DATA_PAGE_V2, field_2: ENCODINGS[encoding], field_3: 1 },
  ]
  const total = first + uncompressed
  const metadata: ThriftObject = {
    field_1: PARQUET_TYPES[element.type],
    field_2: [...new Set([...(isWorth ? [ENCODINGS.PLAIN] : []), ENCODINGS[encoding]])],
    field_3: [element.name],
    field_4: SNAPPY,
    field_5: BigInt(rows),
    field_6: BigInt(total),
    field_7: BigInt(writer.offset - start),
    field_9: BigInt(dataStart),
    field_11: isWorth ? BigInt(start) : undefined,
    field_12: statisticsOf(element, held, bounds),
    field_13: pages,
  }
  return { metadata: { field_2: BigInt(start), field_3: metadata }, uncompressed: total }
}

type Bounds = ReturnType<PlainValues['takeBounds']>

function statisticsOf(element: SchemaElement, { rows, present }: Held, { least, greatest }: Bounds): ThriftObject {
  const isTold = present > 0 && least !== undefined && greatest !== undefined
  const found = isTold ? { min_value: least, max_value: greatest } : {}
  return unconvertStatistics({ ...found, null_count: BigInt(rows - present) }, element)
}

/** Whether the dictionary with its indexes takes at most half of what the values themselves would. */
function isWorthIt(held: Held): boolean {
  const { values, present, dictionary } = held
  if (dictionary === null || dictionary.starts.length === 0) return false
  const own = values.used + (present * widthOf(dictionary.starts.length)) / 8
  return 2 * own <= plainSize(held, dictionary)
}

/** The bits of an index into so many values. */
function widthOf(values: number): number {
  return Math.ceil(Math.log2(values))
}

function writeDictionaryPage(writer: ByteWriter, { values, dictionary }: Held): number {
  const bytes = values.room.subarray(0, values.used)
  const compressed = snappyCompress(bytes)
  const header = writeHeader(writer, {
    type: 'DICTIONARY_PAGE',
    uncompressed_page_size: bytes.length,
    compressed_page_size: compressed.length,
    dictionary_page_header: { num_values: dictionary?.starts.length ?? 0, encoding: 'PLAIN' },
  })
  writer.appendBytes(compressed)
  return header + bytes.length
}

function writeDataPage(writer: ByteWriter, element: SchemaElement, held: Held) {
  const { rows, present } = held
  const levels = new ByteWriter()
  writeLevels(levels, held)
  const { encoding, bytes } = encodedValues(element, held)
  const compressed = snappyCompress(bytes)
  const header = writeHeader(writer, {
    type: 'DATA_PAGE_V2',
    uncompressed_page_size: levels.offset + bytes.length,
    compressed_page_size: levels.offset + compressed.length,
    data_page_header_v2: {
      num_values: rows,
      num_nulls: rows - present,
      num_rows: rows,
      encoding,
      definition_levels_byte_length: levels.offset,
      repetition_levels_byte_length: 0,
      is_compressed: true,
    },
  })
  writer.appendBytes(levels.getBytes())
  writer.appendBytes(compressed)
  return { encoding, uncompressed: header + levels.offset + bytes.length }
}

/** Which rows have a value: mostly all of them, or none. */
function writeLevels(writer: ByteWriter, { levels, rows, present }: Held): void {
  if (present > 0 && present < rows) {
    writeRleBitPackedHybrid(writer, levels.subarray(0, rows), 1)
    return
  }
  writer.appendVarInt(rows << 1)
  writer.appendUint8(present > 0 ? 1 : 0)
}

function encodedValues(element: SchemaElement, held: Held): { encoding: Encoding; bytes: Uint8Array } {
  const { values, dictionary, present } = held
  const plain = values.room.subarray(0, values.used)
  const page = new ByteWriter()
  if (dictionary) {
    const width = widthOf(dictionary.starts.length)
    page.appendUint8(width)
    writeRleBitPackedHybrid(page, dictionary.indexes.subarray(0, present), width)
    return { encoding: 'RLE_DICTIONARY', bytes: page.getBytes() }
  }
  if (element.type !== 'BOOLEAN') return { encoding: 'PLAIN', bytes: plain }
  const runs = new ByteWriter()
  writeRleBitPackedHybrid(runs, plain, 1)
  page.appendUint32(runs.offset)
  page.appendBytes(runs.getBytes())
  return { encoding: 'RLE', bytes: page.getBytes() }
}

/** The bytes of the header. */
function writeHeader(writer: ByteWriter, header: PageHeader): number {
  const start = writer.offset
  writePageHeader(writer, header)
  return writer.offset - start
}
