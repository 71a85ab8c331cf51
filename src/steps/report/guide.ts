// The end of the report: how to check it, how to take in a delta, where it comes from, what each column means.
import { html, type Markup } from './html.ts'
import type { ReportData } from './report-data.ts'

export function checking({ files }: ReportData): Markup {
  const [first] = files
  return html`<section id="check"><h2>Check what you received</h2>
<p>Each file has a SHA-256 sum; when yours is the same, not a byte was changed on the way. <code>manifest.json</code> holds them too, with sizes and row counts.</p>
<div class="scroll" role="region" tabindex="0" aria-label="Checksums"><table>
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

export function origin({ since }: ReportData): Markup {
  return html`<section id="origin"><h2>Origin and licence</h2>
<p><strong>Companies and officers</strong> come from Companies House, the registrar of companies of the United Kingdom, through its public API, its live stream and its monthly register file. Companies House supplies the register by law, not under the Open Government Licence, and sets no rules on its re-use. Companies House does not verify what is filed, and neither does this package; text is kept as filed.</p>
<p><strong>Domains and e-mail addresses</strong> come from Snov.io, under its terms. How well a domain fits a company name is a rule of chpipe, no proof.</p>
<p><strong>Each row</strong> names its source, the time it was read and the run that wrote it.</p>
<p><strong>Personal data.</strong> Officers are people, and their e-mail addresses are personal data. Whoever receives them answers for how they are used, under the UK GDPR and, for marketing by e-mail, PECR. People and companies that were to be left alone when this was made are in none of the files, nor in any count on this page.${
    since === null
      ? null
      : html` Where they were in an earlier delivery, <code>deletions</code> names what to remove, by number or key alone.`
  }</p></section>
`
}

export function dictionary({ dictionary: tables }: ReportData): Markup {
  return html`<section id="dictionary"><h2>Data dictionary</h2>
<p>An empty cell (<code>null</code> in JSON) means that nothing is known. Slugs and names of columns are those of the Companies House API. The same list is in <code>data-dictionary.csv</code>.</p>
${tables.map(
  ({ table, entry }) => html`<h3 id="table-${table}">${table}</h3>
<p class="note">${entry.row} Key: ${entry.key.map((column, index) => html`${index > 0 ? ', ' : ''}<code>${column}</code>`)}.</p>
<div class="scroll" role="region" tabindex="0" aria-labelledby="table-${table}"><table class="dictionary">
<thead><tr><th scope="col">Column</th><th scope="col">Meaning</th><th scope="col">Type</th><th scope="col">Source</th></tr></thead>
<tbody>
${Object.entries(entry.columns).map(
  ([
    name,
    column,
  ]) => html`<tr><th scope="row"><code>${name}</code></th><td>${withCode(column.meaning)}</td><td>${column.type}</td><td>${withCode(column.source)}</td></tr>
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
