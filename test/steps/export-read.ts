// Reads delivered files back, each into rows of text or numbers by table.
import { readFileSync } from 'node:fs'
import ExcelJS from 'exceljs'
import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import { Database } from '../../src/db/driver.ts'

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

export async function readXlsx(path: string): Promise<Record<string, Item[]>> {
  const book = new ExcelJS.Workbook()
  await book.xlsx.readFile(path)
  return Object.fromEntries(
    book.worksheets.map((sheet) => {
      const [head = [], ...rows] = sheet.getSheetValues().slice(1) as unknown[][]
      return [
        sheet.name,
        rows.map((row) =>
          Object.fromEntries(head.slice(1).map((name, index) => [String(name), row[index + 1] ?? null])),
        ),
      ]
    }),
  )
}

function arrayBuffer(path: string): ArrayBuffer {
  const bytes = readFileSync(path)
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer
}
