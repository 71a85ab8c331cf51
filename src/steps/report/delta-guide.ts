import { html, type Markup } from './html.ts'
import type { ReportData } from './report-data.ts'

/** How changes are taken in: always there, since a full package may be followed by deltas. */
export function deltaGuide({ since }: ReportData): Markup {
  return html`<section id="updates"><h2>${since === null ? 'Updates' : 'How to apply these changes'}</h2>
<p>${since === null ? 'This package is complete: it replaces any earlier one. A later delta' : 'This delta'} holds every company of which anything changed, whole, with the same columns and keys, and a table <code>deletions</code> of what is gone. Take it in so:</p>
<ol><li>For each row of <code>deletions</code>, delete the row of that <code>table</code>, <code>company_number</code> and <code>key</code>. Where <code>key</code> is empty, delete all rows of the company in that table, and for <code>companies</code> the company with everything that belongs to it.</li>
<li>For each company of the delta, replace its row in <code>companies</code> and all its rows in <code>officers</code>, <code>domains</code> and <code>emails</code>.</li></ol>
<p>Applied twice, a delta changes nothing more. Apply deltas in the order of their <code>as_of</code> and leave none out.</p></section>
`
}
