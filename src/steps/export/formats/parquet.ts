// Parquet: typed columns, Snappy, row groups of a size that keeps the memory small.

import type { ColumnSource, ParquetWriter } from 'hyparquet-writer'
import { DAY_MS } from '../../../clock.ts'
import type { Page } from '../../../db/dataset/columns.ts'
import { type Cell, type Column, columnsOfTable, parsedJson, type Row, truthOf } from '../../../db/dataset/columns.ts'
import { withoutControls, withoutHidden } from '../../../text.ts'
import { flatTable } from './flat.ts'
import type { Output } from './output.ts'
import { type Contents, type Format, isDay, rowsOf, type Writer, type Writing } from './writer.ts'

const ROWS_PER_GROUP = 5_000

/** A file per table for a folder, one flat table for a file. */
function parquetFiles(contents: Contents, folder: boolean): Writer[] {
  if (folder) {
    return contents.tables.map((table) =>
      parquetFile(`${table}.parquet`, columnsOfTable(table), (page) => rowsOf(page, table)),
    )
  }
  const { left, right, companies } = flatTable(contents)
  return [
    parquetFile('companies.parquet', [...left, ...right], (page) =>
      companies(page).flatMap((part) => part.rights.map((own) => part.left.concat(own))),
    ),
  ]
}

function parquetFile(name: string, columns: Column[], rowsOfPage: (page: Page) => Row[]): Writer {
  return { name, open: (output) => openParquet(output, columns, rowsOfPage) }
}

async function openParquet(output: Output, columns: Column[], rowsOfPage: (page: Page) => Row[]): Promise<Writing> {
  const { ByteWriter, ParquetWriter } = await import('hyparquet-writer')
  const writer = new ByteWriter()
  const table = new ParquetWriter({ writer, schema: schemaOf(columns), createdBy: 'chpipe' })
  const values = columns.map(valueOfColumn)
  let group: ColumnSource['data'][] = columns.map(() => [])
  let rows = 0
  const passOn = async (count: number) => {
    await output.write(writer.getBytes(), count)
    writer.index = 0
  }
  const writeGroup = async () => {
    const columnData = columns.map(({ name }, index): ColumnSource => ({ name, data: group[index] ?? [] }))
    table.write({ columnData, rowGroupSize: rows })
    await passOn(rows)
    group = columns.map(() => [])
    rows = 0
  }
  return {
    passes: 1,
    async add(page) {
      const found = rowsOfPage(page)
      values.forEach((value, index) => {
        const data = group[index] as unknown[]
        for (const row of found) data.push(value(row[index] ?? null))
      })
      rows += found.length
      if (rows >= ROWS_PER_GROUP) await writeGroup()
    },
    async end() {
      if (rows > 0) await writeGroup()
      table.finish()
      await passOn(0)
    },
    discard() {},
  }
}

/** Readers that know no logical types read the older word for the same. */
const INSTANT = {
  converted_type: 'TIMESTAMP_MILLIS',
  logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
} as const

type SchemaElement = ConstructorParameters<typeof ParquetWriter>[0]['schema'][number]

function schemaOf(columns: Column[]): SchemaElement[] {
  const elements = columns.map((column): SchemaElement => {
    const { name, kind } = column
    const optional = { name, repetition_type: 'OPTIONAL' } as const
    if (kind === 'number') return { ...optional, type: 'INT32' }
    if (kind === 'truth') return { ...optional, type: 'BOOLEAN' }
    if (kind === 'json') return { ...optional, type: 'BYTE_ARRAY', converted_type: 'JSON' }
    if (isDay(column)) return { ...optional, type: 'INT32', converted_type: 'DATE' }
    if (kind === 'date') return { ...optional, type: 'INT64', ...INSTANT }
    return { ...optional, type: 'BYTE_ARRAY', converted_type: 'UTF8' }
  })
  return [{ name: 'schema', num_children: columns.length }, ...elements]
}

/** Days since 1970, milliseconds since 1970, truth, what JSON says, or text. What is no date cannot stand in a date's column, and is left out. */
function valueOfColumn(column: Column): (cell: Cell) => unknown {
  const { kind } = column
  if (kind === 'number') return (cell) => cell
  if (kind === 'truth') return (cell) => (cell === null ? null : truthOf(cell))
  if (kind === 'json') return (cell) => (cell === null ? null : parsedJson(withoutHidden(String(cell))))
  if (kind === 'date') {
    const unit = isDay(column) ? DAY_MS : 1
    return (cell) => {
      const time = cell === null ? Number.NaN : Date.parse(String(cell))
      return Number.isNaN(time) ? null : Math.floor(time / unit)
    }
  }
  const clean = kind === 'id' ? withoutControls : withoutHidden
  return (cell) => (cell === null ? null : clean(String(cell)))
}

/** A Parquet file ends with its directory; ours are far below this. */
const PARQUET_TAIL = 1 << 26

async function countParquet(bytes: AsyncIterable<Buffer>): Promise<number> {
  const { parquetMetadata } = await import('hyparquet')
  let tail = Buffer.alloc(0)
  let chunks: Buffer[] = []
  let held = 0
  for await (const chunk of bytes) {
    chunks.push(chunk)
    held += chunk.length
    if (held < PARQUET_TAIL) continue
    tail = Buffer.concat([tail, ...chunks]).subarray(-PARQUET_TAIL)
    chunks = []
    held = 0
  }
  const end = Uint8Array.from(Buffer.concat([tail, ...chunks]).subarray(-PARQUET_TAIL))
  return Number(parquetMetadata(end.buffer).num_rows)
}

export const parquet: Format<'parquet'> = {
  name: 'parquet',
  isText: false,
  isPacked: true,
  container: null,
  isNested: false,
  takes: [],
  open: (contents, _options, folder) => parquetFiles(contents, folder),
  count: (file) => countParquet(file.bytes()),
}
