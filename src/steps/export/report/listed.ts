// The part of the report that measures a delivery against the customer's own list: which of its companies are complete,
// which are not, and why.
import type { ListStanding } from '../../../db/companies/lists.ts'
import type { Page } from '../../../db/dataset/columns.ts'
import { counted, formatNumber } from '../../../text.ts'
import { meter, share } from './charts.ts'
import { html, type Markup } from './html.ts'
import { cellReader, textOf } from './tally.ts'

/** Why a company of the list is not complete, in the order of the report. */
const REASONS = {
  'does-not-exist': 'Companies House has no company of this number',
  none: 'Companies House lists no officers of it',
  pending: 'Its officers have not been read yet',
  failed: 'Its officers could not be read so far',
  stale: 'Its officers have changed, and are to be read again',
  'not-read': 'It has not been read yet',
  'not-included': 'It is not part of this delivery',
} as const

export type ListReason = keyof typeof REASONS

export interface ListCoverage {
  /** As the list is called. */
  name: string
  listed: number
  /** Companies of the list that are in the files with their whole list of officers. */
  complete: number
  /** The others, in the order of their numbers. */
  open: { number: string; written: string; why: ListReason }[]
}

/** Counts which of these companies are on the pages of an export. Their standings are read before it begins. */
export function createListCounter(
  name: string,
  standings: readonly ListStanding[],
): { add(page: Page): void; counts(): ListCoverage } {
  const cell = cellReader('companies')
  const listed = new Map(standings.map((one) => [one.number, one]))
  const delivered = new Map<string, string | null>()
  return {
    add({ companies }) {
      for (const row of companies) {
        const number = String(row[0])
        if (listed.has(number)) delivered.set(number, textOf(cell(row, 'officers_state')))
      }
    },
    counts() {
      const open = standings.flatMap(({ number, written, ...standing }) => {
        const state = delivered.get(number)
        return state === 'complete' ? [] : [{ number, written, why: reasonOf(state, standing) }]
      })
      return { name, listed: standings.length, complete: standings.length - open.length, open }
    },
  }
}

/** A complete company that is in no file was left out: nothing more is told of it. */
function reasonOf(
  delivered: string | null | undefined,
  { state, exists }: Pick<ListStanding, 'state' | 'exists'>,
): ListReason {
  const known = delivered ?? state
  if (known === null) return exists === false ? 'does-not-exist' : 'not-read'
  return known !== 'complete' && isReason(known) ? known : 'not-included'
}

function isReason(word: string): word is ListReason {
  return Object.hasOwn(REASONS, word)
}

/** How many companies are open for each reason that occurs, in the order of the report. */
export function openByReason({ open }: Pick<ListCoverage, 'open'>): [why: ListReason, count: number][] {
  return (Object.keys(REASONS) as ListReason[]).flatMap((why) => {
    const count = open.filter((one) => one.why === why).length
    return count > 0 ? [[why, count] as [ListReason, number]] : []
  })
}

/** More rows make no page that anybody reads. */
const MOST_NUMBERS = 2000

/** The section `Coverage` for a list. */
export function listCoverage(coverage: ListCoverage): Markup {
  const { name, listed, complete, open } = coverage
  const lead =
    open.length === 0
      ? html`<p>All <strong>${counted(listed, 'company', 'companies')}</strong> of the list <bdi>${name}</bdi> are here, complete with their officers.</p>`
      : html`<p><strong>${formatNumber(complete)} of ${formatNumber(listed)}</strong> companies of the list <bdi>${name}</bdi> are here, complete with their officers (${share(complete, listed)}).</p>`
  return html`<section id="coverage"><h2>Coverage of your list</h2>
${lead}
${meter(complete, listed)}
<p class="note">Officer lists are whole or absent: a company counts only when every page of its list was read. Each number of the list counts once.</p>
${open.length > 0 ? missing(coverage) : null}</section>
`
}

function missing(coverage: ListCoverage): Markup {
  const { open } = coverage
  const shown = open.slice(0, MOST_NUMBERS)
  const more = open.length - shown.length
  return html`<h3>Why ${counted(open.length, 'company is', 'companies are')} missing</h3>
<div class="scroll" role="region" tabindex="0" aria-label="Reasons"><table>
<thead><tr><th scope="col">Why</th><th scope="col" class="num">Companies</th></tr></thead>
<tbody>
${openByReason(coverage).map(
  ([why, count]) => html`<tr><th scope="row">${REASONS[why]}</th><td class="num">${formatNumber(count)}</td></tr>
`,
)}</tbody></table></div>
<h3>The missing numbers</h3>
<div class="scroll" role="region" tabindex="0" aria-label="Missing numbers"><table class="stack">
<thead><tr><th scope="col">Number</th><th scope="col">In your list</th><th scope="col">Why</th></tr></thead>
<tbody>
${shown.map(
  ({
    number,
    written,
    why,
  }) => html`<tr><th scope="row" class="names"><code>${number}</code></th><td data-head="In your list"><bdi>${written}</bdi></td><td data-head="Why">${REASONS[why]}</td></tr>
`,
)}</tbody></table></div>
${more > 0 ? html`<p class="note">And ${formatNumber(more)} more: every number that is not in the files.</p>` : null}
`
}
