// `import-companies --companies <file>`: the companies of a customer's own list, and no others.
import { basename } from 'node:path'

import { openRegister, type RegisterInput } from '../companies-house/register/source.ts'
import type { Context } from '../context.ts'
import { noteExistence, saveList } from '../db/companies/lists.ts'
import { tidyWhenFree, whenFree } from '../db/lock-wait.ts'
import { type Db, type Tx, write } from '../db/open.ts'
import { beginRun } from '../db/runs.ts'
import { ChpipeError } from '../errors.ts'
import type { ImportCompaniesSummary } from '../steps/companies/import.ts'
import { type CompanyList, type ListedCompany, readCompanyList } from '../steps/companies/list.ts'
import { fetchListed, type ListedCounts, missingOf, noListedCounts } from '../steps/companies/listed.ts'
import { counted, formatNumber, safeJson, shellWord } from '../text.ts'
import type { Answer } from './command.ts'
import { bar, type Fact, facts, terminalWidth, watchStatus } from './output.ts'

/** What goes with a list, beside the register file. */
const GO_TOGETHER = new Set(['companies', 'asOf', 'rejects'])

export interface ListInput {
  /** The register file in which the companies are looked for first; without it every profile is asked for. */
  file: string | undefined
  options: { companies?: string } & Record<string, unknown>
  /** Imports from the register file only these companies. */
  importFrom(numbers: ReadonlySet<string>): Promise<ImportCompaniesSummary>
}

/** Finds the companies of the list, says which do not exist, and answers whether all are stored. */
export async function importListed(context: Context, { file, options, importFrom }: ListInput): Promise<Answer> {
  const other = Object.keys(options).find((name) => !GO_TOGETHER.has(name))
  if (other !== undefined) {
    const flag = other.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
    throw new ChpipeError('usage', `--companies names the companies: it goes without --${flag}`)
  }
  if (options.companies === '-' && file === '-') {
    throw new ChpipeError('usage', 'Only one of the list and the register file can come from stdin')
  }
  const list = await readList(context, options.companies ?? '')
  const asksProfiles = context.settings.companiesHouseApiKey !== undefined
  if (file === undefined && !asksProfiles) await context.companiesHouse()
  const db = await context.db()
  const { clock } = context
  const name = options.companies === '-' ? 'stdin' : basename(options.companies ?? '')
  using current = await whenFree(db, () => beginRun(db, clock, 'import-companies'))
  const kept = { listedAt: clock.now(), runId: current.id }
  await whenFree(db, () => write(db, (tx) => saveList(tx, name, list.companies, kept)))
  const before = missingOf(db, list.companies)
  if (file !== undefined) await importFrom(new Set(list.companies.map(({ number }) => number)))
  const missing = missingOf(db, list.companies)
  const counts = noListedCounts()
  const work = { db, before, missing, counts }
  try {
    if (asksProfiles && missing.length > 0) await askForProfiles(context, { db, runId: current.id }, missing, counts)
  } catch (error) {
    await noteFound(db, name, list, counts)
    await tell(context, reportOf(list, { ...work, ended: context.signal.aborted ? 'interrupted' : 'error' }), name)
    throw error
  }
  await noteFound(db, name, list, counts)
  const report = reportOf(list, { ...work, ended: 'finished' })
  await tidyWhenFree(db, () => current.finish({ list: name, listed: report.listed }))
  await tell(context, report, name)
  const { do_not_exist, not_found, unanswered, unreadable } = report
  return do_not_exist.length + not_found.length + unanswered.length + unreadable.length === 0 ? 0 : 1
}

/** Notes which of the list the register has, as far as that is known now. */
async function noteFound(db: Db, name: string, { companies }: CompanyList, { unknown }: ListedCounts): Promise<void> {
  const missing = new Set(missingOf(db, companies))
  const found = companies.filter((company) => !missing.has(company)).map(({ number }) => number)
  const save = (tx: Tx) => {
    noteExistence(tx, name, found, true)
    noteExistence(
      tx,
      name,
      unknown.map(({ number }) => number),
      false,
    )
  }
  await whenFree(db, () => write(db, save))
}

function tell(context: Context, report: ListReport, name: string): Promise<void> {
  return context.print(context.json ? `${safeJson(report)}\n` : renderList(report, name, terminalWidth(context)))
}

async function readList({ host, path, signal }: Context, file: string): Promise<CompanyList> {
  if (file === '') throw new ChpipeError('usage', '--companies needs the path of a list, or - for stdin')
  const input: RegisterInput = file === '-' ? { stream: host.stdin, name: 'stdin' } : { path: path(file) }
  const source = await openRegister(input, signal)
  try {
    return await readCompanyList(source)
  } finally {
    source.close()
  }
}

async function askForProfiles(
  context: Context,
  { db, runId }: { db: Db; runId: number },
  missing: ListedCompany[],
  counts: ListedCounts,
): Promise<void> {
  const { clock, log, signal } = context
  const companiesHouse = await context.companiesHouse()
  log.info(`${counted(missing.length, 'listed company is', 'listed companies are')} asked for by profile`)
  using _status = await watchStatus(context, {
    line: () =>
      `${bar(counts.asked / missing.length, 16)} ${formatNumber(counts.asked)}/${formatNumber(missing.length)} profiles, ${formatNumber(counts.unknown.length)} do not exist`,
  })
  await fetchListed({ db, companiesHouse, clock, log, runId, signal }, missing, counts)
}

/** The names and their order are what `--json` prints. */
interface ListReport {
  /** Companies in the list, each once. */
  listed: number
  duplicates: number
  unreadable: { line: number; written: string }[]
  stored_before: number
  found_in_file: number
  found_by_profile: number
  /** The register does not know them. */
  do_not_exist: Listed[]
  /** Not in the register file, and not asked for: there is no key, or the run has ended before. */
  not_found: Listed[]
  unanswered: Listed[]
  ended: 'finished' | 'interrupted' | 'error'
}

interface Listed {
  company_number: string
  written: string
  line: number
}

interface ListWork {
  db: Db
  /** Not stored before, and not by the register file either. */
  before: ListedCompany[]
  missing: ListedCompany[]
  counts: ListedCounts
  ended: ListReport['ended']
}

function reportOf(list: CompanyList, { db, before, missing, counts, ended }: ListWork): ListReport {
  const { found, unknown, unanswered } = counts
  const asked = new Set([...unknown, ...unanswered])
  const told = (companies: ListedCompany[]) =>
    companies
      .toSorted((a, b) => a.line - b.line)
      .map(({ number, written, line }): Listed => ({ company_number: number, written, line }))
  return {
    listed: list.companies.length,
    duplicates: list.duplicates,
    unreadable: list.unreadable,
    stored_before: list.companies.length - before.length,
    found_in_file: before.length - missing.length,
    found_by_profile: found,
    do_not_exist: told(unknown),
    not_found: told(missingOf(db, missing).filter((company) => !asked.has(company))),
    unanswered: told(unanswered),
    ended,
  }
}

const MOST_NAMED = 20
const NO_ANSWER = 'gave no answer; run the same command again'

/** The report for people; what is wrong is named, as many as a screen holds. */
function renderList(report: ListReport, name: string, shape: { width?: number }): string {
  const { listed, duplicates, unreadable, stored_before, found_in_file, found_by_profile } = report
  const named = (
    label: string,
    companies: { line: number; written: string }[],
    [one, many]: [string, string],
  ): Fact[] => {
    if (companies.length === 0) return []
    const rows = companies.slice(0, MOST_NAMED).map(({ line, written }): Fact => ['', `line ${line}: ${written}`])
    const more = companies.length - MOST_NAMED
    if (more > 0) rows.push(['', `and ${formatNumber(more)} more: --json has them all`])
    return [[label, counted(companies.length, one, many)], ...rows]
  }
  const again = duplicates > 0 ? `; ${counted(duplicates, 'more line names', 'more lines name')} one of them again` : ''
  const rows: Fact[] = [
    ['listed', `${counted(listed, 'company', 'companies')}${again}`],
    ['stored before', formatNumber(stored_before)],
    ['found', `${formatNumber(found_in_file)} in the register file, ${formatNumber(found_by_profile)} by profile`],
    ...named('do not exist', report.do_not_exist, ['is not on the register', 'are not on the register']),
    ...named('not found', report.not_found, [
      'is not in the file and was not asked for',
      'are not in the file and were not asked for',
    ]),
    ...named('no answer', report.unanswered, [NO_ANSWER, NO_ANSWER]),
    ...named('unreadable', unreadable, ['line is no company number', 'lines are no company numbers']),
    ['next', `chpipe import-officers --list ${shellWord(name)}`],
  ]
  return facts(rows, shape)
}
