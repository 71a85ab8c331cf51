// The head of the report: what this is, how much of it, and in which files.

import type { DatasetTable } from '../../db/dataset.ts'
import { formatNumber } from '../../text.ts'
import { meter } from './bars.ts'
import type { ReportCounts } from './count-pages.ts'
import { html, type Markup } from './html.ts'
import type { ReportData } from './report-data.ts'
import { counted, moment, share, size } from './wording.ts'

export function head({ asOf, since, counts, tables }: ReportData): Markup {
  return html`<header><div class="wrap">
<p class="eyebrow">${since === null ? 'Data package' : 'Data package: changes only'}</p>
<h1>UK companies and their officers</h1>
<p class="muted">As of <time datetime="${asOf}">${moment(asOf)}</time>${since === null ? null : html`, changes since <time datetime="${since}">${moment(since)}</time>`}.
All files show the same moment.</p>
<dl class="facts">
${facts(counts).flatMap(({ table, markup }) => (tables.includes(table) ? [markup] : []))}</dl></div></header>
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

export function contents({ files, scope }: ReportData): Markup {
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

/** How much of what was asked for is here; a delta and a part of the tables cannot tell. */
export function coverage({ counts, target, since, tables }: ReportData): Markup | null {
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
