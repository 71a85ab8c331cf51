import type { DeliveredTable, TableEntry } from '../../../db/dataset/dictionary.ts'
import type { SignedDelivery } from '../../../signed.ts'
import { counted, formatNumber } from '../../../text.ts'
import { bars, columns, longMonth, meter, share, shortMonth } from './charts.ts'
import type { ReportCounts } from './count.ts'
import { html, type Markup } from './html.ts'
import type { ListCoverage } from './listed.ts'
import type { Count } from './tally.ts'

/** One data file of the package, as the manifest lists it, and what a reader wants to know of it. */
export interface ReportFile {
  name: string
  rows: number
  bytes: number
  sha256: string
  /** What one row is, in a sentence. */
  holds: string
  columns: number
}

export interface ReportData {
  /** ISO 8601. */
  asOf: string
  programVersion: string
  /** What it is called, and who delivers it. */
  signed?: SignedDelivery
  schemaVersion: number
  /** What was left out or chosen, in sentences. */
  scope: string[]
  /** Since when, for a delta; null for a full export. */
  since: string | null
  /** The tables that the files hold. */
  tables: readonly DeliveredTable[]
  files: ReportFile[]
  counts: ReportCounts
  /** How many companies should have officers. */
  target: number
  /** How much of the customer's own list is here, where the delivery is measured against one. */
  listed?: ListCoverage | null
  /** What the register file calls SIC codes, as far as it is known. */
  sicDescriptions?: ReadonlyMap<string, string>
  dictionary: { table: string; entry: TableEntry }[]
}

// The middle of the report: what the rows say.

export function companyFigures(data: ReportData): Markup | null {
  const { counts, asOf, tables } = data
  if (!tables.includes('companies')) return null
  const whole = counts.rows.companies
  const list = (caption: string, name: string, entries: Count[]) =>
    bars({ caption, heads: [name, 'Companies'], entries, whole })
  return html`<section id="companies"><h2>Companies</h2>
${creation(creationSeries(counts.months, asOf))}
<div class="pair"><div>${list('Companies by legal form', 'Legal form', labelled(counts.types, typeLabel))}</div>
<div>${list('Companies by status', 'Status', labelled(counts.statuses, slugLabel))}</div>
<div>${list('Companies by section of SIC 2007', 'Section', counts.sections)}
<p class="note">A company with codes in several sections counts in each of them, so the shares add up to more than 100%.</p></div>
<div>${list('Companies by region of the registered office', 'Region', counts.regions)}
<p class="note">${placesNote(counts)}</p></div></div>
${trades(data)}
${authorities(counts)}
${sample(counts)}</section>
`
}

const BY_AREA =
  'By postcode area, the letters that the postcode begins with: these do not follow borders, and each counts where most of it lies. Without a postcode, by the country as filed.'

function placesNote({ placed, rows }: ReportCounts): string {
  if (placed === null) return BY_AREA
  const known = `By the ONS Postcode Directory, which has the postcodes of ${formatNumber(placed)} of ${counted(rows.companies, 'company', 'companies')}.`
  return placed === rows.companies ? known : `${known} The others by postcode area, or by the country as filed.`
}

const MOST_SHOWN = 20

/** The most frequent codes in words; nothing where no register file has said what codes are called. */
function trades({ counts, sicDescriptions }: ReportData): Markup | null {
  if (!sicDescriptions || !counts.codes.some(({ name }) => sicDescriptions.has(name))) return null
  const entries = counts.codes
    .slice(0, MOST_SHOWN)
    .map(({ name, count }) => ({ name: `${name} ${sicDescriptions.get(name) ?? ''}`.trim(), count }))
  return bars({
    caption: 'Most frequent SIC codes',
    heads: ['Code', 'Companies'],
    entries,
    whole: counts.rows.companies,
  })
}

function authorities({ countries, authorities: entries, placed }: ReportCounts): Markup | null {
  if (!placed) return null
  const shown = entries.slice(0, MOST_SHOWN)
  const more = entries.length - shown.length
  const list = (caption: string, name: string, some: Count[]) =>
    bars({ caption, heads: [name, 'Companies'], entries: some, whole: placed })
  return html`<div class="pair"><div>${list('Companies by country of the registered office', 'Country', countries)}</div>
<div>${list('Companies by local authority', 'Local authority', shown)}
<p class="note">Shares are of the companies that the directory has.${more > 0 ? ` ${counted(more, 'other authority has', 'other authorities have')} fewer.` : ''} Contains National Statistics data and OS data, licensed under the Open Government Licence v3.0. © Crown copyright and database right; contains Royal Mail data © Royal Mail copyright and database right.</p></div></div>`
}

function creation({ months, before, years, undated }: CreationSeries): Markup {
  if (months.length === 0) return html`<p class="muted">No company has a date of creation.</p>`
  const rest = [
    before > 0 ? `${counted(before, 'company was', 'companies were')} formed before these months.` : '',
    undated > 0 ? `${counted(undated, 'company has', 'companies have')} no date of creation, or one to come.` : '',
  ]
  const [only, ...others] = months.filter(({ count }) => count > 0)
  if (only && others.length === 0 && before === 0) {
    return html`<p>${counted(only.count, 'company was', 'companies were')} formed in <strong>${longMonth(only.name)}</strong>${undated === 0 ? ': all that are here' : null}. ${rest.join('')}</p>`
  }
  const shown = months.map(({ name, count }) => ({ name: shortMonth(name), count }))
  return html`${columns({ id: 'by-month', title: 'Companies by month of creation', heads: ['Month', 'Companies'], entries: shown, labelEvery: months.length > 12 ? 12 : 3 })}
${rest.some(Boolean) ? html`<p class="note">${rest.filter(Boolean).join(' ')}</p>` : null}
${years.length === 0 ? null : columns({ id: 'by-year', title: 'Companies by year of creation', heads: ['Year', 'Companies'], entries: years, labelEvery: yearStep(years.length) })}
${years[0]?.name.startsWith('to ') ? html`<p class="note">The first column counts all companies formed ${years[0].name.replace('to ', 'in or before ')}.</p>` : null}`
}

/** Few enough names under the columns for a telephone. */
function yearStep(years: number): number {
  return years > 25 ? 10 : years > 12 ? 5 : years > 6 ? 2 : 1
}

function sample({ sample: companies, rows }: ReportCounts): Markup | null {
  if (companies.length === 0) return null
  return html`<h3>A first look</h3>
<p class="note">The first ${companies.length} of ${formatNumber(rows.companies)} companies, in the order of their numbers.</p>
<div class="scroll" role="region" tabindex="0" aria-label="The first companies"><table class="sample stack">
<thead><tr><th scope="col">Number</th><th scope="col">Name</th><th scope="col">Legal form</th><th scope="col">Created</th><th scope="col" class="num">Officers</th><th scope="col">Domain</th></tr></thead>
<tbody>
${companies.map(
  ({
    number,
    name,
    type,
    created,
    officers,
    domain,
  }) => html`<tr><th scope="row" class="names"><code>${number}</code></th><td><bdi>${name}</bdi></td><td data-head="Legal form">${type === null ? '–' : typeLabel(type)}</td><td class="names" data-head="Created">${created ?? '–'}</td><td class="num" data-head="Officers">${formatNumber(officers)}</td><td data-head="Domain">${domain ?? '–'}</td></tr>
`,
)}</tbody></table></div>
`
}

export function officerFigures({ counts, tables }: ReportData): Markup | null {
  if (!tables.includes('officers')) return null
  const { rows, roles, activeOfficers } = counts
  const active = `${formatNumber(activeOfficers)} of ${formatNumber(rows.officers)} appointments are active (${share(activeOfficers, rows.officers)})`
  return html`<section id="officers"><h2>Officers</h2>
<p>${active}; the others have ended and are kept for the record. A row is an appointment: a person with two roles has two.</p>
${bars({ caption: 'Appointments by role', heads: ['Role', 'Appointments'], entries: labelled(roles, slugLabel), whole: rows.officers })}
${sourceFigures(counts)}
${verificationFigures(counts)}</section>
`
}

const VERIFICATION_LABELS: Record<string, string> = {
  verified: 'Verified for the role',
  due: 'Due: a statement must come, and has time',
  overdue: 'Overdue: no statement has come in time',
  ended: 'Ended',
  none: 'Nothing published',
}

/** How the identities stood on the day of the export, as the files say it. */
function verificationFigures({ verifications, activeOverdue, activeOfficers, rows }: ReportCounts): Markup {
  const states = rows.officers === 0 ? [] : verifications
  const entries = labelled(states, (state) => VERIFICATION_LABELS[state] ?? slugLabel(state))
  return html`<h3 id="verification">Identity verification</h3>
${bars({ caption: 'Appointments by identity verification on the day of this package', heads: ['Verification', 'Appointments'], entries, whole: rows.officers })}
<p class="note">Of ${counted(activeOfficers, 'active appointment')}, ${formatNumber(activeOverdue)} ${activeOverdue === 1 ? 'is' : 'are'} overdue. A verification belongs to one role at one company, and becomes overdue or ends with the calendar: a later package of the same data may say otherwise.</p>`
}

/** Nothing to tell where everything came from one place. */
function sourceFigures({ sources, rows }: ReportCounts): Markup | null {
  if (sources.length < 2) return null
  const entries = labelled(sources, sourceLabel)
  return bars({ caption: 'Appointments by source', heads: ['Source', 'Appointments'], entries, whole: rows.officers })
}

const SOURCES = new Map([
  ['rest', 'API of Companies House'],
  ['stream', 'Live stream of Companies House'],
])

function sourceLabel(source: string): string {
  const product = /^bulk-(\d+)$/.exec(source)?.[1]
  return product ? `Bulk files of Companies House, product ${product}` : (SOURCES.get(source) ?? source)
}

export function contactFigures({ counts }: ReportData): Markup {
  const { lookedUp, lookedUpWithDomain, wanted, wantedWithEmail, rows, emailStatuses } = counts
  if (lookedUp === 0 && rows.domains === 0 && rows.emails === 0) {
    return html`<section id="contacts"><h2>Domains and e-mail addresses</h2>
<p>No domain or e-mail address was looked for at the companies of these files, so there are none.</p></section>
`
  }
  return html`<section id="contacts"><h2>Domains and e-mail addresses</h2>
<div class="pair"><div><h3>Domain hit rate</h3>
<p>Among the companies of these files, a domain was looked for at <strong>${counted(lookedUp, 'company', 'companies')}</strong>, and found at <strong>${formatNumber(lookedUpWithDomain)}</strong> (${share(lookedUpWithDomain, lookedUp)}).</p>
${meter(lookedUpWithDomain, lookedUp)}
<p class="note">The officers of newly formed companies are asked for once a domain is found. Without one, such a company is mostly not in these files, and so not in this rate.</p></div>
<div><h3>E-mail hit rate</h3>
<p>Those companies that have a domain have <strong>${counted(wanted, 'active director or LLP member', 'active directors and LLP members')}</strong>; <strong>${formatNumber(wantedWithEmail)}</strong> of them have an address (${share(wantedWithEmail, wanted)}).</p>
${meter(wantedWithEmail, wanted)}</div></div>
${bars({ caption: 'E-mail addresses by status', heads: ['Status', 'Addresses'], entries: labelled(emailStatuses, emailStatusLabel), whole: rows.emails })}
<p class="note">Valid: the mail server confirmed the address. Unknown: it would not say; <code>status_reason</code> tells why. Addresses known to be wrong are not delivered.</p></section>
`
}

const EMAIL_STATUSES = new Map([
  ['valid', 'Valid, confirmed by the mail server'],
  ['unknown', 'Unknown, not confirmed'],
])

function emailStatusLabel(status: string): string {
  return EMAIL_STATUSES.get(status) ?? slugLabel(status)
}

function labelled(entries: Count[], label: (name: string) => string): Count[] {
  return entries.map(({ name, count }) => ({ name: label(name), count }))
}

// Slugs of the API in words for a reader.

const TYPES: Record<string, string> = {
  ltd: 'Private limited company',
  plc: 'Public limited company',
  llp: 'Limited liability partnership',
  'limited-partnership': 'Limited partnership',
  'private-limited-guarant-nsc': 'Private company limited by guarantee',
  'private-limited-guarant-nsc-limited-exemption': 'Private company limited by guarantee, exempt from “limited”',
  'private-limited-shares-section-30-exemption': 'Private limited company, exempt from “limited”',
  'private-unlimited': 'Private unlimited company',
  'private-unlimited-nsc': 'Private unlimited company without share capital',
  'charitable-incorporated-organisation': 'Charitable incorporated organisation',
  'scottish-charitable-incorporated-organisation': 'Scottish charitable incorporated organisation',
  'registered-society-non-jurisdictional': 'Registered society',
  'industrial-and-provident-society': 'Industrial and provident society',
  'oversea-company': 'Overseas company',
  'uk-establishment': 'UK establishment of an overseas company',
  'registered-overseas-entity': 'Overseas entity',
  'scottish-partnership': 'Scottish qualifying partnership',
  'royal-charter': 'Royal charter company',
  eeig: 'European economic interest grouping',
  ukeig: 'UK economic interest grouping',
  'united-kingdom-societas': 'United Kingdom societas',
}

/** `Public limited company` for `plc`; `Assurance company` for a slug without an entry. */
function typeLabel(slug: string): string {
  return (Object.hasOwn(TYPES, slug) ? TYPES[slug] : undefined) ?? slugLabel(slug)
}

/** `Llp designated member` would look wrong, so abbreviations stay in capitals. */
const ABBREVIATIONS = new Map([
  ['llp', 'LLP'],
  ['cic', 'CIC'],
  ['eeig', 'EEIG'],
  ['uk', 'UK'],
])

/** `Corporate LLP member` for `corporate-llp-member`. */
export function slugLabel(slug: string): string {
  const text = slug
    .split('-')
    .map((word) => ABBREVIATIONS.get(word) ?? word)
    .join(' ')
  return text.charAt(0).toUpperCase() + text.slice(1)
}

interface CreationSeries {
  /** `YYYY-MM`, every month up to the newest, at most `MONTHS_SHOWN`; empty when no company has a date. */
  months: Count[]
  /** Companies formed before the first of these months. */
  before: number
  /** Every year up to the newest, the first of them with all before it; empty when the months show everything. */
  years: Count[]
  /** Companies without a date, or with one in the future. */
  undated: number
}

const MONTHS_SHOWN = 36
const YEARS_SHOWN = 40

/** Lays companies by month of creation out on the axes of the report; `asOf` is an ISO 8601 moment. */
export function creationSeries(counts: Count[], asOf: string): CreationSeries {
  const dated = counts.filter(({ name }) => name !== '' && name <= asOf.slice(0, 7))
  const total = sum(counts)
  const newest = dated.reduce((latest, { name }) => (name > latest ? name : latest), '')
  const oldest = dated.reduce((first, { name }) => (name < first ? name : first), newest)
  if (newest === '') return { months: [], before: 0, years: [], undated: total }
  const byMonth = new Map(dated.map(({ name, count }) => [name, count]))
  const last = monthIndex(newest)
  const first = Math.max(last - MONTHS_SHOWN + 1, Math.min(monthIndex(oldest), last - 11))
  const months = Array.from({ length: last - first + 1 }, (_, index) => {
    const name = monthName(first + index)
    return { name, count: byMonth.get(name) ?? 0 }
  })
  const before = sum(dated) - sum(months)
  return { months, before, years: before > 0 ? yearsOf(dated, newest) : [], undated: total - sum(dated) }
}

function yearsOf(dated: Count[], newest: string): Count[] {
  const last = Number(newest.slice(0, 4))
  const oldest = Math.min(...dated.map(({ name }) => Number(name.slice(0, 4))))
  const first = Math.max(oldest, last - YEARS_SHOWN + 1)
  return Array.from({ length: last - first + 1 }, (_, index) => {
    const year = first + index
    const own = dated.filter(
      ({ name }) => Number(name.slice(0, 4)) === year || (index === 0 && Number(name.slice(0, 4)) < year),
    )
    return { name: index === 0 && oldest < first ? `to ${year}` : String(year), count: sum(own) }
  })
}

function sum(counts: Count[]): number {
  return counts.reduce((total, { count }) => total + count, 0)
}

function monthIndex(month: string): number {
  return Number(month.slice(0, 4)) * 12 + Number(month.slice(5)) - 1
}

function monthName(index: number): string {
  return `${String(Math.floor(index / 12)).padStart(4, '0')}-${String((index % 12) + 1).padStart(2, '0')}`
}
