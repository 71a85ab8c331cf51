// A company as a card for people: what is known, and where it came from.

import { ADDRESS_COLUMNS } from '../db/address.ts'
import type { Item } from '../db/dataset/columns.ts'
import { PROVIDERS } from '../db/dataset/dictionary.ts'
import type { ServedCompany } from '../db/served/companies.ts'
import type { CompanyFile } from '../steps/show/company.ts'
import { counted, formatNumber, minute, printable, wrap } from '../text.ts'
import type { Paint } from './paint.ts'
import { fitTable } from './table.ts'

export interface CardShape {
  /** The columns that it may take. */
  width: number
  paint: Paint
}

const LABEL_WIDTH = 13
const INDENT = ' '.repeat(LABEL_WIDTH + 2)
/** The rest is in `--json`. */
const OFFICERS_SHOWN = 40

/** The card, ending with a line break. */
export function renderCard(file: CompanyFile, { width, paint }: CardShape): string {
  const { stored, company_number: number } = file
  const { shown, rule } = stored
  if (shown === null) {
    const since = rule ? ` since ${rule.added_at.slice(0, 10)}, as number ${rule.id}` : ''
    const sentence = `It is stored, and suppressed${since}: nothing of it is shown, exported or served. See chpipe suppress list`
    return `${paint.strong(number)}\n${paint.warn(wrap(sentence, width))}\n`
  }
  const parts = [
    heading(shown, { width, paint }),
    companyRows(file, shown, width),
    officerRows(file, shown, { width, paint }),
    pscRows(file, shown, { width, paint }),
    foundRows(file, shown, { width, paint }),
    workRows(file, { width, paint }),
  ]
  return parts.filter(Boolean).join('\n')
}

function heading({ number, company }: ServedCompany, { width, paint }: CardShape): string {
  const name = printable(text(company.company_name))
  const gap = width - name.length - number.length
  const top =
    gap > 1 ? `${paint.strong(name)}${' '.repeat(gap)}${number}` : `${paint.strong(wrap(name, width))}\n${number}`
  const status = text(company.company_status)
  const said = [
    status || 'status unknown',
    text(company.company_status_detail),
    text(company.type),
    day('incorporated', company.date_of_creation),
    day('ended', company.date_of_cessation),
    day('deleted from the register', company.deleted_at),
  ]
  const line = wrap(said.filter(Boolean).join(', '), width)
  return `${top}\n${status === 'active' ? line : paint.warn(line)}\n`
}

function companyRows(file: CompanyFile, { company }: ServedCompany, width: number): string {
  const where = ADDRESS_COLUMNS.map((name) => text(company[name])).filter(Boolean)
  const codes = Array.isArray(company.sic_codes) ? company.sic_codes : []
  return [
    row('address', where.join(', '), width),
    row('SIC codes', codes.join(', '), width),
    row('from', origin(file, company, company.fetched_at), width),
  ].join('')
}

function officerRows(file: CompanyFile, { company, officers }: ServedCompany, { width, paint }: CardShape): string {
  const { stored, officersTrouble: trouble } = file
  const active = officers.filter(({ resigned_on }) => resigned_on === null)
  const gone = officers.length - active.length
  const state = text(company.officers_state)
  const counts = [`${formatNumber(active.length)} active`, ...(gone > 0 ? [`${formatNumber(gone)} resigned`] : [])]
  const lines = [row('officers', officers.length > 0 ? counts.join(', ') : spokenState(state), width)]
  const ordered = [...active, ...officers.filter((officer) => !active.includes(officer))]
  const cells = ordered
    .slice(0, OFFICERS_SHOWN)
    .map((officer) => [
      text(officer.name) || '(no name)',
      text(officer.officer_role),
      [
        day('since', officer.appointed_on ?? officer.appointed_before ?? null),
        day('until', officer.resigned_on ?? null),
      ]
        .filter(Boolean)
        .join(' '),
      [born(officer), identity(officer)].filter(Boolean).join(', '),
    ])
  lines.push(fitTable(cells, { width, indent: 4 }))
  if (ordered.length > OFFICERS_SHOWN) {
    lines.push(row('', `and ${formatNumber(ordered.length - OFFICERS_SHOWN)} more: --json has them all`, width))
  }
  for (const from of origins(file, officers, 'fetched_at')) lines.push(row('from', from, width))
  if (trouble) {
    const when = trouble.failedAt === null ? 'put off' : `failed ${minute(new Date(trouble.failedAt).toISOString())}`
    const again = trouble.retryAt ? `, due again ${minute(new Date(trouble.retryAt).toISOString())}` : ''
    lines.push(whole(paint.warn, row('fetch', `${when}${again}: ${trouble.error ?? 'no reason kept'}`, width)))
  }
  return lines.join('') + hidden(stored.hidden.officers, 'officer', { width, paint })
}

/** Those who control it, as far as the register says; nothing where they were not read. */
function pscRows(
  file: CompanyFile,
  { company, persons_with_significant_control: pscs }: ServedCompany,
  { width, paint }: CardShape,
): string {
  const left = file.stored.hidden.persons_with_significant_control
  const isDoubted = company.pscs_state === 'stale'
  if (pscs.length + left === 0 && !isDoubted) return ''
  const cells = pscs.map((psc) => [
    text(psc.name) || text(psc.statement) || text(psc.kind),
    text(psc.natures_of_control_words),
    [day('since', psc.notified_on), day('until', psc.ceased_on)].filter(Boolean).join(' '),
  ])
  const from = origins(file, pscs, 'fetched_at').map((one) => row('from', one, width))
  const lines = [row('control', `${formatNumber(pscs.length)}, ceased ones included`, width)]
  if (isDoubted) lines.push(whole(paint.warn, row('', 'in doubt: the psc stream has lost events', width)))
  lines.push(fitTable(cells, { width, indent: 4 }), ...from, hidden(left, 'person', { width, paint }))
  return lines.join('')
}

function foundRows(
  file: CompanyFile,
  { domains, emails, officers }: ServedCompany,
  { width, paint }: CardShape,
): string {
  const { hidden: left } = file.stored
  const names = new Map(officers.map(({ appointment_id, name }) => [appointment_id, text(name)]))
  const part = (label: string, cells: string[][], items: Item[], hiddenCount: number) => {
    if (cells.length + hiddenCount === 0) return ''
    const from = origins(file, items, 'found_at').map((one) => row('from', one, width))
    const what = label.slice(0, -1)
    return (
      [row(label, '', width), fitTable(cells, { width, indent: 4 }), ...from].join('') +
      hidden(hiddenCount, what, { width, paint })
    )
  }
  const domainCells = domains.map(({ domain, confidence, state }) => [
    text(domain),
    typeof confidence === 'number' ? `${confidence} %` : '',
    text(state),
  ])
  const emailCells = emails.map(({ email, status, appointment_id }) => [
    text(email),
    text(status),
    names.get(appointment_id) ?? '',
  ])
  return part('domains', domainCells, domains, left.domains) + part('e-mails', emailCells, emails, left.emails)
}

function workRows({ job, purchases }: CompanyFile, { width, paint }: CardShape): string {
  const lines: string[] = []
  if (job) {
    const at = minute(new Date(job.updatedAt).toISOString())
    const stage = job.state === 'done' ? '' : ` at the stage ${job.stage}`
    const line = row('job', `${job.state}${stage}, ${at}${job.error ? `: ${job.error}` : ''}`, width)
    lines.push(job.state === 'failed' ? whole(paint.bad, line) : line)
  }
  if (purchases.length > 0) {
    const cells = purchases.map(({ id, operation, status, credits, requestedAt, provider }) => [
      String(id),
      operation,
      status,
      credits === null ? 'not booked' : counted(credits, 'credit'),
      `${PROVIDERS[provider] ?? provider}, ${new Date(requestedAt).toISOString().slice(0, 10)}`,
    ])
    lines.push(row('purchases', '', width), fitTable(cells, { width, numbers: [0], indent: 4 }))
  }
  return lines.join('')
}

/** A label with its text, broken between words below itself; nothing where there is nothing to say. */
function row(label: string, said: string, width: number): string {
  if (said === '') return label === 'from' || label === '' ? '' : `  ${label}\n`
  return `${wrap(printable(said), width, `  ${label.padEnd(LABEL_WIDTH)}`, INDENT)}\n`
}

function hidden(count: number, what: string, { width, paint }: CardShape): string {
  if (count === 0) return ''
  return whole(paint.warn, row('suppressed', `${counted(count, `${what} is`, `${what}s are`)} not shown`, width))
}

/** Each line by itself, so that no colour runs over its end. */
function whole(paint: (text: string) => string, lines: string): string {
  return lines.replace(/[^\n]+/g, paint)
}

/** Where rows came from, a sentence for each run and source; the time is that of the newest. */
function origins(file: CompanyFile, items: Item[], time: 'fetched_at' | 'found_at'): string[] {
  const newest = new Map<string, Item>()
  for (const item of items) {
    const key = `${item.run_id} ${sourceOf(item)}`
    const known = newest.get(key)
    if (!known || text(known[time]) < text(item[time])) newest.set(key, item)
  }
  return [...newest.values()].map((item) => origin(file, item, item[time]))
}

const SOURCES: Record<string, string> = {
  'register-file': 'the register file',
  search: 'advanced search',
  rest: 'the API',
  stream: 'the live stream',
  'psc-snapshot': 'the snapshot of persons with significant control',
  'bulk-195': 'the bulk files, product 195',
  'bulk-198': 'the bulk files, product 198',
  'bulk-216': 'the bulk files, product 216',
}

function origin({ runs }: CompanyFile, item: Item, at: unknown): string {
  const run = runs.find(({ id }) => id === item.run_id)
  const by = run ? `, by chpipe ${run.command} (run ${run.id})` : ''
  return `${sourceOf(item)}, ${minute(text(at))}${by}`
}

function sourceOf({ source, provider }: Item): string {
  return sourceInWords(text(source ?? provider))
}

/** `the API` for `rest`: where a row came from; a service's own word where there is no better one. */
export function sourceInWords(source: string): string {
  return SOURCES[source] ?? PROVIDERS[source] ?? source
}

function born({ date_of_birth_year: year, date_of_birth_month: month }: Item): string {
  if (typeof year !== 'number') return ''
  return typeof month === 'number' ? `born ${year}-${String(month).padStart(2, '0')}` : `born ${year}`
}

/** How the verification of an identity stands, where anything is published of it. */
function identity({ identity_verification: state }: Item): string {
  return state === undefined || state === null || state === 'none' ? '' : `identity ${state}`
}

function day(word: string, value: unknown): string {
  const said = text(value).slice(0, 10)
  return said === '' ? '' : `${word} ${said}`
}

const STATES: Record<string, string> = {
  pending: 'not fetched yet: chpipe import-officers',
  complete: 'none to show',
  none: 'the register has none',
  failed: 'could not be fetched: chpipe import-officers tries again',
}

function spokenState(state: string): string {
  return STATES[state] ?? state
}

function text(value: unknown): string {
  return value === null || value === undefined ? '' : String(value)
}
