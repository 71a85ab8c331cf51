// The page that a customer opens: one file, no script, nothing loaded from anywhere.

import { createHash } from 'node:crypto'
import type { DatasetTable } from '../../../db/dataset/columns.ts'
import { PROVIDERS, typeInWords } from '../../../db/dataset/dictionary.ts'
import { contactLink, type SignedDelivery } from '../../../signed.ts'
import { counted, formatNumber } from '../../../text.ts'
import { CONTACTS } from '../contacts.ts'
import { meter, moment, share, size } from './charts.ts'
import type { ReportCounts } from './count.ts'
import { companyFigures, contactFigures, officerFigures, type ReportData } from './figures.ts'
import { html, type Markup, STYLE, trusted } from './html.ts'
import { listCoverage } from './listed.ts'
import { pscFigures } from './pscs.ts'

const LINKS: readonly [id: string, name: string][] = [
  ['contents', 'Contents'],
  ['open', 'Open'],
  ['coverage', 'Coverage'],
  ['companies', 'Companies'],
  ['officers', 'Officers'],
  ['pscs', 'Control'],
  ['contacts', 'Domains and e-mail'],
  ['check', 'Check'],
  ['updates', 'Updates'],
  ['origin', 'Origin'],
  ['dictionary', 'Dictionary'],
]

/** The whole of `report.html`. Whatever comes from outside is escaped; the same data give the same bytes. */
export function renderReport(data: ReportData): string {
  const body = html`${sections(data)}`
  const links = LINKS.filter(([id]) => body.markup.includes(`<section id="${id}">`))
  return html`<!doctype html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy()}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<title>${titleOf(data)}: data package of ${data.asOf.slice(0, 10)}</title>
<style>${trusted(STYLE)}</style>
</head>
<body>
<a class="skip" href="#main">To the contents</a>
${head(data)}<nav aria-label="Sections"><div class="wrap"><ul>${links.map(([id, name]) => html`<li><a href="#${id}">${name}</a></li>`)}</ul></div></nav>
<main id="main" class="wrap">
${body}</main>
<footer><div class="wrap">Made by chpipe ${data.programVersion}, schema version ${data.schemaVersion}, from the data as of ${data.asOf}.</div></footer>
</body>
</html>
`.markup
}

function sections(data: ReportData): (Markup | null)[] {
  return [
    contents(data),
    opening(data),
    coverage(data),
    companyFigures(data),
    officerFigures(data),
    pscFigures(data),
    contactFigures(data),
    checking(data),
    deltaGuide(data),
    origin(data),
    dictionary(data),
  ]
}

/** Nothing may be loaded or run; the one style sheet is known by its hash. */
function policy(): string {
  const hash = createHash('sha256').update(STYLE).digest('base64')
  return `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`
}

// The head of the report: what this is, how much of it, and in which files.

function head(data: ReportData): Markup {
  const { asOf, since, counts, tables, signed = {} } = data
  return html`<header><div class="wrap">
<p class="eyebrow">${since === null ? 'Data package' : 'Data package: changes only'}</p>
<h1>${titleOf(data)}</h1>
${signature(signed)}
<p class="muted">As of <time datetime="${asOf}">${moment(asOf)}</time>${since === null ? null : html`, changes since <time datetime="${since}">${moment(since)}</time>`}.
All files show the same moment.</p>
<dl class="facts">
${facts(counts).flatMap(({ table, markup }) => (tables.includes(table) ? [markup] : []))}</dl></div></header>
`
}

function titleOf({ signed }: ReportData): string {
  return signed?.title ?? 'UK companies and their officers'
}

/** Who delivers this, and where to ask; nothing where nobody signs. */
function signature({ supplier, contact }: SignedDelivery): Markup | null {
  if (!supplier && !contact) return null
  const link = contact ? contactLink(contact) : null
  const asked = link ? html`<a href="${link}">${contact ?? null}</a>` : html`${contact ?? null}`
  return html`<p class="signed">${supplier ? html`Delivered by <strong>${supplier}</strong>.` : null}${contact ? html` Questions: ${asked}` : null}</p>
`
}

function facts(counts: ReportCounts): { table: DatasetTable; markup: Markup }[] {
  const { rows, withOfficers, activeOfficers: active, withDomain, emailStatuses } = counts
  const ended = rows.officers - active
  return [
    { table: 'companies', markup: fact('Companies', rows.companies, `${formatNumber(withOfficers)} with officers`) },
    {
      table: 'officers',
      markup: fact('Appointments', rows.officers, `${formatNumber(active)} active, ${formatNumber(ended)} ended`),
    },
    {
      table: 'persons_with_significant_control',
      markup: fact(
        'Records of control',
        rows.persons_with_significant_control,
        `${formatNumber(counts.pscs.current)} persons and bodies now`,
      ),
    },
    { table: 'domains', markup: fact('Domains', rows.domains, `at ${counted(withDomain, 'company', 'companies')}`) },
    {
      table: 'emails',
      markup: fact('E-mail addresses', rows.emails, `${formatNumber(validEmails(emailStatuses))} confirmed`),
    },
  ]
}

function validEmails(statuses: ReportData['counts']['emailStatuses']): number {
  return statuses.find(({ name }) => name === 'valid')?.count ?? 0
}

function fact(name: string, count: number, more: string): Markup {
  return html`<div><dt>${name}</dt><dd>${formatNumber(count)}<small>${more}</small></dd></div>`
}

function contents({ files, scope }: ReportData): Markup {
  return html`<section id="contents"><h2>What is inside</h2>
${scope.map((sentence) => html`<p>${sentence}</p>`)}
<div class="scroll" role="region" tabindex="0" aria-label="Files of this package"><table>
<thead><tr><th scope="col">File, and what one row is</th><th scope="col" class="num">Rows</th><th scope="col" class="num">Columns</th><th scope="col" class="num">Size</th></tr></thead>
<tbody>
${files.map(
  ({
    name,
    rows,
    columns,
    bytes,
    holds,
  }) => html`<tr><th scope="row"><code class="names">${name}</code><small>${holds}</small></th><td class="num">${formatNumber(rows)}</td><td class="num">${columns}</td><td class="num">${size(bytes)}</td></tr>
`,
)}</tbody></table></div>
<p class="note">Beside these: this page, <code>data-dictionary.csv</code>, and <code>manifest.json</code> with the checksum of every file.</p></section>
`
}

/** How to open CSV so that numbers of companies keep their zeros; nothing where there is no CSV. */
function opening({ files }: ReportData): Markup | null {
  const [first] = files.filter(({ name }) => /\.csv(\.gz)?$/.test(name)).toReversed()
  if (!first) return null
  const packed = first.name.endsWith('.gz')
  return html`<section id="open"><h2>Open the files in Excel</h2>
<p>When a file is opened with a double-click, Excel reads company numbers as amounts: <code>00445790</code> becomes 445790, and names may lose their accents. Import the file instead:</p>
<ol><li>${packed ? 'Unpack the file, then open' : 'Open'} an empty workbook and choose <b>Data</b>, <b>From Text/CSV</b>, then the file, such as <code>${first.name.replace(/\.gz$/, '')}</code>.</li>
<li>As <b>File Origin</b> choose <b>65001: Unicode (UTF-8)</b>, and as <b>Data Type Detection</b> choose <b>Do not detect data types</b>.</li>
<li>Choose <b>Load</b>. Every cell is now text, with its zeros.</li></ol>
<p class="note">LibreOffice asks by itself: choose Unicode (UTF-8), mark all columns and make them Text. The number of a company has eight characters; where zeros were lost, fill it up from the left. The same data can be delivered as an Excel workbook, in which text stays text.</p></section>
`
}

/** How much of what was asked for is here; a delta and a part of the tables cannot tell. */
function coverage({ counts, target, since, tables, listed }: ReportData): Markup | null {
  if (listed) return listCoverage(listed)
  if (since !== null || !tables.includes('companies') || !tables.includes('officers')) return null
  const { rows, withOfficers } = counts
  const empty = rows.companies - withOfficers
  return html`<section id="coverage"><h2>Coverage</h2>
${
  withOfficers >= target
    ? html`<p>The target is reached: <strong>${formatNumber(withOfficers)} companies with officers</strong>, for ${formatNumber(target)} that were asked for.</p>`
    : html`<p><strong>${formatNumber(withOfficers)} of ${formatNumber(target)}</strong> companies that were asked for have officers (${share(withOfficers, target)}).</p>`
}
${meter(withOfficers, target)}
<p class="note">Officer lists are whole or absent: a company counts only when every page of its list was read. ${
    empty > 0
      ? `${counted(empty, 'company', 'companies')} here ${empty === 1 ? 'has' : 'have'} no officers in these files and ${empty === 1 ? 'does' : 'do'} not count.`
      : ''
  }</p></section>
`
}

// The end of the report: how to check it, how to take in a delta, where it comes from, what each column means.

function checking({ files }: ReportData): Markup {
  const [first] = files
  return html`<section id="check"><h2>Check what you received</h2>
<p>Each file has a SHA-256 sum; when yours is the same, not a byte was changed on the way. <code>manifest.json</code> holds them too, with sizes and row counts.</p>
<div class="scroll" role="region" tabindex="0" aria-label="Checksums"><table class="stack">
<thead><tr><th scope="col">File</th><th scope="col">SHA-256</th></tr></thead>
<tbody>
${files.map(
  ({
    name,
    sha256,
  }) => html`<tr><th scope="row" class="names"><code>${name}</code></th><td><code>${sha256}</code></td></tr>
`,
)}</tbody></table></div>
<p>On Linux or macOS, and on Windows:</p>
<pre><code>sha256sum ${first?.name ?? 'companies.csv'}        # macOS: shasum -a 256
Get-FileHash ${first?.name ?? 'companies.csv'}     # PowerShell</code></pre>
<p>With chpipe all of it at once, rows counted again as well:</p>
<pre><code>chpipe export --verify package.zip</code></pre></section>
`
}

function origin({ since }: ReportData): Markup {
  return html`<section id="origin"><h2>Origin and licence</h2>
<p><strong>Companies, officers and persons with significant control</strong> come from Companies House, the registrar of companies of the United Kingdom, through its public API, its live stream, its monthly register file and its daily snapshot of persons with significant control. Companies House supplies the register by law, not under the Open Government Licence, and sets no rules on its re-use. Companies House does not verify what is filed, and neither does this package; text is kept as filed.</p>
<p><strong>Domains and e-mail addresses</strong> come from ${Object.values(PROVIDERS).join(' and ')}, under its terms. How well a domain fits a company name is a rule of chpipe, no proof.</p>
<p><strong>Each row</strong> names its source, the time it was read and the run that wrote it.</p>
<p><strong>Personal data.</strong> Officers are people, and their e-mail addresses are personal data. Whoever receives them answers for how they are used, under the UK GDPR and, for marketing by e-mail, PECR. People and companies that were to be left alone when this was made are in none of the files, nor in any count on this page.${
    since === null
      ? null
      : html` Where they were in an earlier delivery, <code>deletions</code> names what to remove, by number or key alone.`
  }</p></section>
`
}

function dictionary({ dictionary: tables }: ReportData): Markup {
  return html`<section id="dictionary"><h2>Data dictionary</h2>
<p>An empty cell (<code>null</code> in JSON) means that nothing is known. Code words, such as <code>active</code>, and names of columns are those of the Companies House API. The same list is in <code>data-dictionary.csv</code>.</p>
${tables.map(
  ({ table, entry }) => html`<h3 id="table-${table}">${table}</h3>
<p class="note">${entry.row} Key: ${entry.key.map((column, index) => html`${index > 0 ? ', ' : ''}<code>${column}</code>`)}.</p>
<div class="scroll" role="region" tabindex="0" aria-labelledby="table-${table}"><table class="dictionary stack">
<thead><tr><th scope="col">Column</th><th scope="col">Meaning</th><th scope="col">Type</th><th scope="col">Source</th></tr></thead>
<tbody>
${Object.entries(entry.columns).map(
  ([
    name,
    column,
  ]) => html`<tr><th scope="row"><code>${name}</code></th><td>${withCode(column.meaning)}</td><td data-head="Type">${typeInWords(column.type)}</td><td data-head="Source">${withCode(column.source)}</td></tr>
`,
)}</tbody></table></div>
`,
)}</section>
`
}

/** Words between back quotes are code. */
function withCode(text: string): Markup[] {
  return text.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : html`${part}`))
}

/** How changes are taken in: always there, since a full package may be followed by deltas. */
function deltaGuide({ since, files }: ReportData): Markup {
  return html`<section id="updates"><h2>${since === null ? 'Updates' : 'How to apply these changes'}</h2>
<p>${since === null ? 'This package is complete: it replaces any earlier one. A later delta' : 'This delta'} holds every company of which anything changed, whole, with the same columns and keys, and a table <code>deletions</code> of what is gone. Apply it like this:</p>
<ol><li>For each row of <code>deletions</code>, delete the row of that <code>table</code>, <code>company_number</code> and <code>key</code>. Where <code>key</code> is empty, delete all rows of the company in that table, and for <code>companies</code> the company with everything that belongs to it.</li>
<li>For each company of the delta, replace its row in <code>companies</code> and all its rows in <code>officers</code>, <code>persons_with_significant_control</code>, <code>domains</code> and <code>emails</code>.</li></ol>
${
  files.some(({ name }) => name === CONTACTS)
    ? html`<p><code>contacts.csv</code> follows from these tables: for each company of the delta or of its <code>deletions</code>, remove its rows there, then add those of the delta.</p>
`
    : null
}<p>Applied twice, a delta changes nothing more. Apply deltas in the order of their <code>as_of</code> and leave none out.</p></section>
`
}
