// Reads delivered files back, each into rows of text or numbers by table.
import { readFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import readExcelFile from 'read-excel-file/node'
import { openPromise } from 'yauzl'

export type Item = Record<string, unknown>

export function readSqlite(path: string): Record<string, Item[]> {
  const db = new Database(path, { readonly: true })
  const names = db
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid")
    .pluck()
    .all() as string[]
  const tables = Object.fromEntries(names.map((name) => [name, db.prepare(`SELECT * FROM "${name}"`).all() as Item[]]))
  db.close()
  return tables
}

/** Days as `YYYY-MM-DD`, moments as ISO 8601. */
export async function readParquet(path: string): Promise<Item[]> {
  const file = arrayBuffer(path)
  const days = new Set(
    parquetMetadata(file).schema.flatMap(({ name, converted_type }) => (converted_type === 'DATE' ? [name] : [])),
  )
  const rows = await parquetReadObjects({ file })
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => {
        if (!(value instanceof Date)) return [name, value ?? null]
        return [name, days.has(name) ? value.toISOString().slice(0, 10) : value.toISOString()]
      }),
    ),
  )
}

export function parquetSchemaOf(path: string): Record<string, unknown> {
  const [, ...columns] = parquetMetadata(arrayBuffer(path)).schema
  return Object.fromEntries(columns.map(({ name, type, converted_type }) => [name, converted_type ?? type]))
}

export function parquetGroups(path: string): number[] {
  return parquetMetadata(arrayBuffer(path)).row_groups.map(({ num_rows }) => Number(num_rows))
}

/** Every sheet by its name: days as `YYYY-MM-DD`, moments as ISO 8601. */
export async function readXlsx(path: string): Promise<Record<string, Item[]>> {
  const sheets = await readExcelFile(path, { trim: false })
  return Object.fromEntries(
    sheets.map(({ sheet, data: [head = [], ...rows] }) => [
      sheet,
      rows.map((row) => Object.fromEntries(head.map((name, index) => [String(name), plain(String(name), row[index])]))),
    ]),
  )
}

function plain(name: string, value: unknown): unknown {
  if (!(value instanceof Date)) return value ?? null
  return name.endsWith('_at') ? value.toISOString() : value.toISOString().slice(0, 10)
}

/** One part of a workbook as it is stored. */
export async function xlsxPart(path: string, name: string): Promise<string> {
  const zip = await openPromise(path, { autoClose: false })
  try {
    for await (const entry of zip.eachEntry()) {
      if (entry.fileName !== name) continue
      const chunks: Buffer[] = []
      for await (const chunk of await zip.openReadStreamPromise(entry)) chunks.push(chunk)
      return Buffer.concat(chunks).toString('utf8')
    }
    throw new Error(`${path} has no ${name}`)
  } finally {
    zip.close()
  }
}

function arrayBuffer(path: string): ArrayBuffer {
  const bytes = readFileSync(path)
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer
}
