import { listSuppressions } from '../../db/suppressions.ts'
import { printable, safeJson } from '../../text.ts'
import type { Command } from '../command.ts'
import { shownRule } from './show.ts'

const HEADINGS = ['id', 'kind', 'value', 'born', 'added', 'reason']

export const listVerb: Command = {
  name: 'list',
  summary: 'Show who is suppressed, since when and why',
  description:
    'Shows all suppressions in the order in which they were added. Of an e-mail address only the first eight digits of its keyed hash are shown.',
  options: [],
  examples: [
    { line: 'chpipe suppress list', does: 'who is suppressed, with the ids for `remove`' },
    { line: 'chpipe suppress list --json', does: 'the same for scripts, as an array' },
  ],
  async run({ existingDb, json, print }) {
    const rules = listSuppressions(await existingDb()).map(shownRule)
    if (json) {
      await print(`${safeJson(rules)}\n`)
      return 0
    }
    const rows = rules.map(({ id, kind, value, born, added_at, reason }) =>
      [String(id), kind, value, born ?? '', added_at.slice(0, 10), reason ?? ''].map(printable),
    )
    await print(rows.length === 0 ? 'nobody is suppressed\n' : aligned([HEADINGS, ...rows]))
    return 0
  },
}

function aligned(rows: string[][]): string {
  const widths = HEADINGS.map((_, column) => rows.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), 0))
  const line = (row: string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')
  return rows.map((row) => `${line(row).trimEnd()}\n`).join('')
}
