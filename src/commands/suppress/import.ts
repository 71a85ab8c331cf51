import { suppressAll } from '../../steps/suppress.ts'
import { openRules, readRules } from '../../steps/suppress-file.ts'
import { formatNumber, safeJson } from '../../text.ts'
import type { Command } from '../command.ts'

export const importVerb: Command = {
  name: 'import',
  summary: 'Suppress everybody in a CSV file, or nobody',
  description: `Reads a CSV file with the columns kind,value,born,reason, where kind is email, domain, company, officer or name, and
born is the month of birth (YYYY-MM) of a name. A file with any wrong row changes nothing and ends with 5; all wrong lines
are named. What is suppressed already stays as it is, so a file may be imported again.`,
  argument: { name: '<file>', description: 'CSV in UTF-8, or - for stdin' },
  options: [],
  examples: [
    { line: 'chpipe suppress import do-not-contact.csv', does: 'a list of objections' },
    { line: 'chpipe suppress import - < do-not-contact.csv', does: 'the same from stdin' },
  ],
  async run(context, { argument = '-' }) {
    const { clock, signal, host, path, json, print } = context
    const input = argument === '-' ? { stream: host.stdin, name: 'stdin' } : { path: path(argument) }
    const source = await openRules(input, signal)
    try {
      const rules = await readRules(source)
      const imported = suppressAll(await context.db(), rules, clock.now())
      const { rows, added, known } = imported
      const text = `imported ${formatNumber(rows)} rows: ${formatNumber(added)} new, ${formatNumber(known)} known\n`
      await print(json ? `${safeJson(imported)}\n` : text)
      return 0
    } finally {
      source.close()
    }
  },
}
