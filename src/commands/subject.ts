import { rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ChpipeError } from '../errors.ts'
import { replaceAll, temporaryName, withDestination } from '../steps/export/replace.ts'
import { collectSubject, readSubject, type SubjectFile } from '../steps/suppress/subject.ts'
import { counted, printable, safeJson } from '../text.ts'
import { defineCommand } from './command.ts'
import { terminalWidth } from './output.ts'
import { sourceInWords } from './show-card.ts'
import { fitTable } from './table.ts'
import { monthOfBirth } from './values.ts'

export const subjectCommand = defineCommand({
  name: 'subject',
  summary: 'Collect all that is stored about one person, and who received it',
  description: `Collects what is stored about somebody who asks for their data: appointments, records of control, e-mail addresses, what was
bought and answered, notes, suppressions, and every delivery that may hold some of it, with its recipient. Each row names its
source. Suppressed people are found as well. It reads only, and ends with 1 when nothing is stored.

A name that several people bear needs the month of birth. Rows without a month of birth are found by officer id, person number
or address only. Read the file before you hand it over: notes may name others as well.`,
  argument: { name: '<who>', description: '"SURNAME, Forename", an e-mail address, an officer id or a person number' },
  options: [
    { flags: '--born <YYYY-MM>', description: 'the month of birth, for a name', parse: monthOfBirth },
    { flags: '-o, --out <file>', description: 'write one JSON file that only you can read, to hand over' },
  ],
  examples: [
    { line: 'chpipe subject "SMITH, Jane" --born 1970-04', does: 'a person by name, as a table' },
    { line: 'chpipe subject jane@example.co.uk --out jane.json', does: 'everything in one file' },
    { line: 'chpipe subject 123456780001 --json', does: 'by person number or officer id, for scripts' },
  ],
  async run(context, { argument = '', options }) {
    const query = readSubject(argument, options.born ?? null)
    if (options.out === '') throw new ChpipeError('usage', '--out needs the path of a file')
    const path = options.out === undefined ? null : context.destination('--out', options.out)
    const file = collectSubject(await context.existingDb(), query)
    if (file === null) {
      throw new ChpipeError('no', 'Nothing is stored about this person', {
        hint: 'other spellings, the officer id, or the address: chpipe subject --help',
      })
    }
    const asked_at = new Date(context.clock.now()).toISOString()
    const json = { asked: query, asked_at, ...file }
    if (path !== null) writePrivately(path, `${safeJson(json, 2)}\n`)
    if (context.json) await context.print(`${safeJson(path === null ? json : { path, ...sizes(file) })}\n`)
    else await context.print(renderSubject(file, path, terminalWidth(context)))
    return 0
  },
})

/** Puts the whole text at `path` or leaves what is there as it is. */
function writePrivately(path: string, text: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() === false) {
    throw new ChpipeError('data', `There is something other than a file where the file should be: ${path}`, {
      hint: 'name another file with --out',
    })
  }
  withDestination(path, () => {
    const aside = join(dirname(path), temporaryName('subject'))
    try {
      writeFileSync(aside, text, { mode: 0o600, flag: 'wx', flush: true })
      replaceAll([{ from: aside, to: path }], [])
    } finally {
      rmSync(aside, { force: true })
    }
  })
}

function sizes(file: SubjectFile): Record<keyof SubjectFile, number> {
  return Object.fromEntries(Object.entries(file).map(([name, rows]) => [name, rows.length])) as Record<
    keyof SubjectFile,
    number
  >
}

const ROWS = ['what', 'company', 'details', 'source']
const DELIVERIES = ['recipient', 'day', 'what', 'where']

function renderSubject(file: SubjectFile, path: string | null, shape: { width?: number }): string {
  const rows = rowsOf(file)
  const deliveries = file.deliveries.map(({ recipient, day, delta, destination }) => [
    recipient === null ? '(not recorded)' : printable(recipient),
    day,
    delta ? 'changes' : 'complete',
    printable(destination),
  ])
  const given = `May be held by whoever received ${counted(deliveries.length, 'delivery', 'deliveries')}`
  return [
    ...(path === null ? [fitTable([ROWS, ...rows], shape)] : [`${printable(path)}: ${counted(rows.length, 'row')}\n`]),
    deliveries.length === 0
      ? 'No delivery that may hold it is recorded.\n'
      : `${given}:\n\n${fitTable([DELIVERIES, ...deliveries], shape)}`,
  ].join('\n')
}

function rowsOf(file: SubjectFile): string[][] {
  const day = (time: string) => time.slice(0, 10)
  const officers = file.officers.map((row) => [
    'appointment',
    row.company_number,
    [row.name ?? '', row.officer_role ?? '', row.resigned_on ? `resigned ${row.resigned_on}` : ''],
    `${sourceInWords(row.source)}, ${day(row.fetched_at)}`,
  ])
  const pscs = file.persons_with_significant_control.map((row) => [
    'control',
    row.company_number,
    [row.name ?? row.linked_psc_name ?? '', row.ceased_on ? `ceased ${row.ceased_on}` : ''],
    `${sourceInWords(row.source)}, ${day(row.fetched_at)}`,
  ])
  const emails = file.emails.map((row) => [
    'e-mail',
    row.company_number,
    [row.email, row.status ?? ''],
    `${sourceInWords(row.provider)}, ${day(row.found_at)}`,
  ])
  const purchases = file.purchases.flatMap(({ asked, provider, requested_at, request }) =>
    asked.map(({ name, domain }) => [
      'asked for',
      '',
      [name, domain ?? '', `request ${request}`],
      `${sourceInWords(provider)}, ${day(requested_at)}`,
    ]),
  )
  const answers = file.answers.map(({ request }) => ['answer', '', [`to request ${request}`], ''])
  const notes = file.notes.map(({ kind, company_number, noted_at }) => {
    return ['note', company_number ?? '', [kind], `chpipe, ${day(new Date(noted_at).toISOString())}`]
  })
  const rules = file.suppressions.map(({ id, kind, reason, added_at }) => {
    return ['suppressed', '', [`number ${id}, by ${kind}`, reason ?? ''], day(added_at)]
  })
  const withheld = file.withheld.map(({ company_number, suppression_id }) => {
    return ['withheld', company_number, [`an appointment, kept as hashes, by number ${suppression_id}`], '']
  })
  return [officers, pscs, emails, purchases, answers, notes, rules, withheld]
    .flat()
    .map((cells) =>
      cells.map((cell) => printable(Array.isArray(cell) ? cell.filter(Boolean).join(', ') : String(cell))),
    )
}
