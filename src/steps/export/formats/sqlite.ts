// A database of the public tables only. SQLite writes the file itself, so it needs one that can be written anywhere.
import { createDatasetFile } from '../../../db/dataset/file.ts'
import { ChpipeError } from '../../../errors.ts'
import type { Output } from './output.ts'
import { type Contents, rowsOf, type Writer, type Writing } from './writer.ts'

/** One file with all tables. */
export function sqliteFile(contents: Contents): Writer[] {
  return [{ name: 'companies.sqlite', open: (output) => openSqlite(output, contents) }]
}

function openSqlite(output: Output, { tables, schemaVersion }: Contents): Writing {
  if (output.path === null) {
    throw new ChpipeError('data', 'A SQLite database cannot be written to a pipe or a device', {
      hint: 'name a file or a folder with --out',
    })
  }
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
