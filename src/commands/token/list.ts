import { listTokens } from '../../db/api-tokens.ts'
import { printable, safeJson } from '../../text.ts'
import type { Command } from '../command.ts'

export const listVerb: Command = {
  name: 'list',
  summary: 'Show who has a token, and whose is revoked',
  description:
    'Shows all tokens by their names, in the order in which they were made. The tokens themselves are not stored and cannot be shown.',
  options: [],
  examples: [
    { line: 'chpipe token list', does: 'names, ids and dates' },
    { line: 'chpipe token list --json', does: 'the same for scripts, as an array' },
  ],
  async run({ existingDb, json, print }) {
    const tokens = listTokens(await existingDb())
    if (json) {
      await print(`${safeJson(tokens)}\n`)
      return 0
    }
    const rows = tokens.map(({ id, name, scope, added_at, revoked_at }) => [
      String(id),
      name,
      scope,
      added_at.slice(0, 10),
      revoked_at?.slice(0, 10) ?? '',
    ])
    await print(
      rows.length === 0 ? 'there are no tokens\n' : aligned([['id', 'name', 'for', 'added', 'revoked'], ...rows]),
    )
    return 0
  },
}

function aligned(rows: string[][]): string {
  const width = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0))
  const widths = [0, 1, 2, 3].map(width)
  const line = (row: string[]) => row.map((cell, column) => printable(cell).padEnd(widths[column] ?? 0)).join('  ')
  return rows.map((row) => `${line(row).trimEnd()}\n`).join('')
}
