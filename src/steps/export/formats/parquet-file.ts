// A Parquet file as it grows: row groups that are written and forgotten, but for the bytes that the directory at its end
// has for them.
import { ByteWriter } from 'hyparquet-writer'
import { serializeTCompactProtocol } from 'hyparquet-writer/src/thrift.js'
import type { Column, Row } from '../../../db/dataset/columns.ts'
import { createColumnChunk } from './parquet-chunk.ts'
import { type SchemaElement, schemaElement, schemaOfFile } from './parquet-schema.ts'
import { plainValues } from './parquet-values.ts'

/** Takes bytes of the file, which are good for that call alone, and how many more rows they complete. */
export type Pass = (bytes: Uint8Array, rows: number) => Promise<void>

export interface ParquetFile {
  /** Takes rows, and writes a group whenever one is full. */
  add(rows: Row[]): Promise<void>
  /** Writes what is left, and the directory with which the file ends. */
  end(): Promise<void>
}

/** A reader that shows the first rows has little to fetch. */
const FIRST_GROUP_ROWS = 5_000
const GROUP_ROWS = 15_000
/** Long texts end a group early. */
const GROUP_BYTES = 1 << 24
const MOST_AT_ONCE = 250
const MAGIC = 0x31524150
const LIST_OF_STRUCTS = { field: 0x19, long: 0xfc }

/** Begins a file with these columns. */
export function createParquetFile(columns: Column[], pass: Pass): ParquetFile {
  const chunks = columns.map((column) => createColumnChunk(schemaElement(column), plainValues(column), GROUP_ROWS))
  const writer = new ByteWriter()
  const directory = new ByteWriter()
  let [groups, waiting, total] = [0, 0, 0]
  writer.appendUint32(MAGIC)
  const isFull = () => waiting >= roomOf(groups) || chunks.reduce((sum, chunk) => sum + chunk.held(), 0) >= GROUP_BYTES
  const passOn = async (rows: number) => {
    await pass(writer.getBytes(), rows)
    writer.index = 0
  }
  const writeGroup = async () => {
    const start = writer.offset
    const written = chunks.map((chunk) => chunk.write(writer))
    const size = written.reduce((sum, { uncompressed }) => sum + uncompressed, 0)
    serializeTCompactProtocol(directory, {
      field_1: written.map(({ metadata }) => metadata),
      field_2: BigInt(size),
      field_3: BigInt(waiting),
      field_6: BigInt(writer.offset - start),
    })
    const rows = waiting
    groups += 1
    total += rows
    waiting = 0
    await passOn(rows)
  }
  return {
    async add(rows) {
      for (let from = 0; from < rows.length; ) {
        const to = Math.min(rows.length, from + Math.min(roomOf(groups) - waiting, MOST_AT_ONCE))
        for (const [column, chunk] of chunks.entries()) chunk.add(rows, column, from, to)
        waiting += to - from
        from = to
        if (isFull()) await writeGroup()
      }
    },
    async end() {
      if (waiting > 0) await writeGroup()
      writeDirectory(writer, { elements: columns.map(schemaElement), groups, rows: total, directory })
      writer.appendUint32(MAGIC)
      await passOn(0)
    },
  }
}

/** The rows of the next group, behind so many. */
function roomOf(groups: number): number {
  return groups === 0 ? FIRST_GROUP_ROWS : GROUP_ROWS
}

interface Whole {
  elements: SchemaElement[]
  groups: number
  rows: number
  /** What it has for each group. */
  directory: ByteWriter
}

/** The directory and its length. */
function writeDirectory(writer: ByteWriter, { elements, groups, rows, directory }: Whole): void {
  const start = writer.offset
  serializeTCompactProtocol(writer, { field_1: 2, field_2: schemaOfFile(elements), field_3: BigInt(rows) })
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
}
