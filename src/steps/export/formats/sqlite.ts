// A database of the public tables only. SQLite writes the file itself, so it needs one that can be written anywhere.
import { ChpipeError } from '../../../errors.ts'
import type { Output } from './output.ts'
import { type Contents, type Format, rowsOf, type Writer, type Writing } from './writer.ts'

/** One file with all tables. */
function sqliteFile(contents: Contents): Writer[] {
  return [{ name: 'companies.sqlite', open: (output) => openSqlite(output, contents) }]
}

async function openSqlite(output: Output, { tables, schemaVersion }: Contents): Promise<Writing> {
  if (output.path === null) {
    throw new ChpipeError('data', 'A SQLite database cannot be written to a pipe or a device', {
      hint: 'name a file or a folder with --out',
    })
  }
  const { createDatasetFile } = await import('../../../db/dataset/file.ts')
  const file = createDatasetFile(output.path, { tables, schemaVersion, name: output.entry().name })
  let rows = 0
  return {
    passes: 1,
    async add(page) {
      for (const table of tables) {
        const found = rowsOf(page, table)
        file.add(table, found)
        rows += found.length
      }
    },
    async end() {
      file.finish()
      await output.takeWritten(rows)
    },
    discard: () => file.close(),
  }
}

export const sqlite: Format<'sqlite'> = {
  name: 'sqlite',
  isText: false,
  isPacked: false,
  container: 'tables',
  isNested: false,
  takes: [],
  open: sqliteFile,
  async count(file) {
    const { countDeliveredRows } = await import('../../../db/dataset/deliveries.ts')
    return await file.withPath(countDeliveredRows)
  },
}
