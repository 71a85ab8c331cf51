import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import type { Reject } from '../db/companies.ts'
import type { Column } from '../db/dataset.ts'
import { ChpipeError, errorMessage } from '../errors.ts'
import { csvHeader, csvLines, LINE_END } from './export/csv.ts'

const COLUMNS: Column[] = [
  { name: 'line', kind: 'number' },
  { name: 'reason', kind: 'text' },
  { name: 'row', kind: 'text' },
]

/** Writes rejected rows as CSV, readable by its owner only; an older file stays until the new one is whole. */
export function writeRejects(path: string, rejects: Iterable<Reject>): void {
  const partial = `${path}.partial`
  try {
    // What lies there may be a link that somebody else has laid.
    rmSync(partial, { force: true })
    const fd = openSync(partial, 'wx', 0o600)
    try {
      const lines = csvLines(COLUMNS, { raw: false })
      writeSync(fd, csvHeader(COLUMNS.map(({ name }) => name)) + LINE_END)
      for (const { line, reason, row } of rejects) writeSync(fd, lines([[line, reason, row]]).join('') + LINE_END)
    } finally {
      closeSync(fd)
    }
    renameSync(partial, path)
  } catch (cause) {
    rmSync(partial, { force: true })
    throw new ChpipeError('data', `The rejected rows cannot be written (${errorMessage(cause)}): ${path}`, {
      hint: 'name another file with --rejects; nothing was imported',
      cause,
    })
  }
}
