// A Parquet file as it grows: row groups that are written and forgotten, but for the bytes that the directory at its end
// has for them.
import { ByteWriter } from 'hyparquet-writer'
import { serializeTCompactProtocol } from 'hyparquet-writer/src/thrift.js'
import type { Column, Row } from '../../../db/dataset/columns.ts'
import { createColumnChunk } from './parquet-chunk.ts'
import { schemaElement, schemaOfFile } from './parquet-schema.ts'
import { plainValues } from './parquet-values.ts'

export interface ParquetFile {
  add(row: Row): void
  /** Rows that are held back for the next group. */
  waiting(): number
  /** Whether a group is full. */
  isFull(): boolean
  /** Calls `pass` with the bytes of the group, which are good for that call alone. */
  writeGroup(pass: (bytes: Uint8Array) => Promise<void>): Promise<void>
  /** The directory, with which the file ends. */
  writeEnd(pass: (bytes: Uint8Array) => Promise<void>): Promise<void>
}

/** A reader that shows the first rows has little to fetch. */
const FIRST_GROUP_ROWS = 5_000
const GROUP_ROWS = 50_000
/** Long texts end a group early. */
const GROUP_BYTES = 1 << 24
const MAGIC = 0x31524150
const LIST_OF_STRUCTS = { field: 0x19, long: 0xfc }

/** Begins a file with these columns. */
export function createParquetFile(columns: Column[]): ParquetFile {
  const elements = columns.map(schemaElement)
  const chunks = columns.map((column, index) => {
    const element = elements[index] ?? schemaElement(column)
    return createColumnChunk(element, plainValues(column), GROUP_ROWS)
  })
  const writer = new ByteWriter()
  const directory = new ByteWriter()
  let [groups, rows, total] = [0, 0, 0]
  writer.appendUint32(MAGIC)
  const passOn = async (pass: (bytes: Uint8Array) => Promise<void>) => {
    await pass(writer.getBytes())
    writer.index = 0
  }
  return {
    add(row) {
      for (let index = 0; index < chunks.length; index += 1) chunks[index]?.add(row[index] ?? null)
      rows += 1
    },
    waiting: () => rows,
    isFull() {
      if (rows >= (groups === 0 ? FIRST_GROUP_ROWS : GROUP_ROWS)) return true
      return rows % LOOK_EACH === 0 && chunks.reduce((sum, chunk) => sum + chunk.held(), 0) >= GROUP_BYTES
    },
    async writeGroup(pass) {
      const start = writer.offset
      const written = chunks.map((chunk) => chunk.write(writer))
      const size = written.reduce((sum, { uncompressed }) => sum + uncompressed, 0)
      serializeTCompactProtocol(directory, {
        field_1: written.map(({ metadata }) => metadata),
        field_2: BigInt(size),
        field_3: BigInt(rows),
        field_6: BigInt(writer.offset - start),
      })
      total += rows
      groups += 1
      rows = 0
      await passOn(pass)
    },
    async writeEnd(pass) {
      const start = writer.offset
      serializeTCompactProtocol(writer, { field_1: 2, field_2: schemaOfFile(elements), field_3: BigInt(total) })
      // Field 4, the list of groups, goes on where the struct would end.
      writer.index -= 1
      writer.offset -= 1
      writer.appendUint8(LIST_OF_STRUCTS.field)
      writer.appendUint8(LIST_OF_STRUCTS.long)
      writer.appendVarInt(groups)
      writer.appendBytes(directory.getBytes())
      // Fields 6 and 7: a field says how far it is from the one before it.
      serializeTCompactProtocol(writer, { field_2: 'chpipe', field_3: elements.map(() => ({ field_1: {} })) })
      writer.appendUint32(writer.offset - start)
      writer.appendUint32(MAGIC)
      await passOn(pass)
    },
  }
}

const LOOK_EACH = 256
