// Parquet: typed columns, Snappy, row groups of a size that keeps the memory small.
import { ByteWriter, type ColumnSource, ParquetWriter } from 'hyparquet-writer'
import { type Cell, type Column, columnsOfTable, type Page, type Row } from '../../db/dataset.ts'
import { withoutControls } from '../../text.ts'
import { flatTable } from './flat.ts'
import type { Output } from './output.ts'
import { type Contents, isDay, rowsOf, type Shape, type Writing } from './shape.ts'

const ROWS_PER_GROUP = 10_000

/** A file per table for a folder, one flat table for a file. */
export function parquetFiles(contents: Contents, folder: boolean): Shape[] {
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

function parquetFile(name: string, columns: Column[], rowsOfPage: (page: Page) => Row[]): Shape {
  return { name, open: (output) => openParquet(output, columns, rowsOfPage) }
}

function openParquet(output: Output, columns: Column[], rowsOfPage: (page: Page) => Row[]): Writing {
  const writer = new ByteWriter()
  const parquet = new ParquetWriter({ writer, schema: schemaOf(columns), createdBy: 'chpipe' })
  const cells = columns.map(cellOf)
  let rows: Row[] = []
  const passOn = async (count: number) => {
    await output.write(writer.getBytes().slice(), count)
    writer.index = 0
  }
  const writeGroup = async (group: Row[]) => {
    const columnData = columns.map(
      ({ name }, index): ColumnSource => ({ name, data: group.map((row) => cells[index]?.(row[index] ?? null)) }),
    )
    parquet.write({ columnData, rowGroupSize: group.length })
    await passOn(group.length)
  }
  return {
    passes: 1,
    async add(page) {
      rows = rows.concat(rowsOfPage(page))
      if (rows.length < ROWS_PER_GROUP) return
      const full = rows
      rows = []
      await writeGroup(full)
    },
    async end() {
      if (rows.length > 0) await writeGroup(rows)
      parquet.finish()
      await passOn(0)
    },
    discard() {},
  }
}

type SchemaElement = ConstructorParameters<typeof ParquetWriter>[0]['schema'][number]

function schemaOf(columns: Column[]): SchemaElement[] {
  const elements = columns.map((column): SchemaElement => {
    const { name, kind } = column
    const optional = { name, repetition_type: 'OPTIONAL' } as const
    if (kind === 'number') return { ...optional, type: 'INT32' }
    if (isDay(column)) return { ...optional, type: 'INT32', converted_type: 'DATE' }
    if (kind === 'date') return { ...optional, type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' }
    return { ...optional, type: 'BYTE_ARRAY', converted_type: 'UTF8' }
  })
  return [{ name: 'schema', num_children: columns.length }, ...elements]
}

/** Text that is no date cannot stand in a date's column, and is left out. */
function cellOf({ kind }: Column): (cell: Cell) => string | number | Date | null {
  if (kind === 'number') return (cell) => cell
  if (kind === 'date') {
    return (cell) => {
      const date = new Date(cell ?? Number.NaN)
      return Number.isNaN(date.getTime()) ? null : date
    }
  }
  return (cell) => (cell === null ? null : withoutControls(String(cell)))
}
