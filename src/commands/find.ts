import { ChpipeError } from '../errors.ts'
import { type FoundByName, findCompanies, numberInWords } from '../steps/show/find.ts'
import { counted, formatNumber, safeJson, widthOf } from '../text.ts'
import { defineCommand } from './command.ts'
import { fitTable } from './table.ts'
import { count } from './values.ts'

const DEFAULT_LIMIT = 20

export const findCommand = defineCommand({
  name: 'find',
  summary: 'Find stored companies by words of their names',
  description: `Finds stored companies whose name holds all the words, or words that begin with them, in any order. Case, accents and
punctuation do not matter. Names that are just these words come first, then active companies before others. Companies that
are suppressed are counted, and not shown. It reads only, and ends with 1 when nothing is found.`,
  argument: { name: '<words...>', description: 'words of the name, or their beginnings' },
  options: [
    { flags: '--limit <n>', description: 'show at most this many', parse: count(1), fallback: String(DEFAULT_LIMIT) },
  ],
  examples: [
    { line: 'chpipe find tesco', does: 'every stored company with tesco in its name' },
    { line: 'chpipe find north star eng', does: 'NORTH STAR ENGINEERING LIMITED, among others' },
    { line: 'chpipe find tesco --json', does: 'the same for scripts' },
  ],
  async run({ existingDb, host, json, print }, { argument = '', more, options }) {
    const words = [argument, ...more].join(' ')
    const found = findCompanies(await existingDb(), words, options.limit ?? DEFAULT_LIMIT)
    if (json) {
      await print(`${safeJson(found)}\n`)
      return found.total > 0 ? 0 : 1
    }
    if (found.total === 0) throw nothingFound(words, found)
    await print(renderFound(found, host.stdout.isTTY ? widthOf(host.stdout) : undefined))
    return 0
  },
})

function nothingFound(words: string, { suppressed }: FoundByName): ChpipeError {
  const number = numberInWords(words)
  const hidden = suppressed > 0 ? ` that may be shown; ${suppressedSentence(suppressed)}` : ''
  const seen = suppressed > 0 ? 'chpipe suppress list' : 'fewer words, or only their beginnings'
  return new ChpipeError('no', `No stored company has a name like this${hidden}: ${words}`, {
    hint: number === null ? seen : `by its number: chpipe show ${number}`,
  })
}

/** A line a company; broken at `width` columns, if there are any. */
export function renderFound({ companies, total, suppressed }: FoundByName, width?: number): string {
  const rows = companies.map((company) => [
    company.company_number,
    company.company_name,
    company.company_status ?? '',
    [company.locality, company.postal_code].filter(Boolean).join(', '),
    company.officers_state === 'complete' ? counted(company.officers_count, 'officer') : company.officers_state,
  ])
  const notes = []
  if (total > companies.length) notes.push(`and ${formatNumber(total - companies.length)} more: --limit shows them`)
  if (suppressed > 0) notes.push(suppressedSentence(suppressed))
  return `${fitTable(rows, width === undefined ? {} : { width })}${notes.map((note) => `${note}\n`).join('')}`
}

function suppressedSentence(suppressed: number): string {
  return `${counted(suppressed, 'company of this name is', 'companies of this name are')} suppressed`
}
