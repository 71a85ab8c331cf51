// Parquet: typed columns, Snappy, row groups of a size that keeps the memory small.
import type { Page } from '../../../db/dataset/columns.ts'
import { type Column, columnsOfTable, type Row } from '../../../db/dataset/columns.ts'
import { flatTable } from './flat.ts'
import type { Output } from './output.ts'
import { type Contents, type Format, rowsOf, type Writer, type Writing } from './writer.ts'

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
  const { createParquetFile } = await import('./parquet-file.ts')
  const file = createParquetFile(columns, output.write)
  return {
    passes: 1,
    add: (page) => file.add(rowsOfPage(page)),
    end: file.end,
    discard() {},
  }
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
