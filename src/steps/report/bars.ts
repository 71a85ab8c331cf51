import { formatNumber } from '../../text.ts'
import { html, type Markup } from './html.ts'
import type { Count } from './tally.ts'
import { share } from './wording.ts'

interface Bars {
  caption: string
  /** What the names are, and what is counted: the heads of the columns. */
  heads: [name: string, count: string]
  entries: Count[]
  /** What the shares are shares of. */
  whole: number
}

const MOST_ROWS = 24

/** Counts as a table whose rows carry a bar each: a reader of the table misses nothing. */
export function bars({ caption, heads, entries, whole }: Bars): Markup {
  if (entries.length === 0) return html`<p class="muted">${caption}: none.</p>`
  const most = Math.max(...entries.map(({ count }) => count))
  const rows = folded(entries).map(
    ({ name, count }) => html`<tr><th scope="row">${name}${bar(count / most)}</th>
<td class="num">${formatNumber(count)}</td><td class="num">${share(count, whole)}</td></tr>
`,
  )
  return html`<table class="bars"><caption>${caption}</caption>
<thead><tr><th scope="col">${heads[0]}</th><th scope="col" class="num">${heads[1]}</th><th scope="col" class="num">Share</th></tr></thead>
<tbody>
${rows}</tbody></table>
`
}

function bar(ratio: number): Markup {
  return html`<svg viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true" focusable="false"><rect class="track" width="100" height="1"/><rect class="fill" width="${(ratio * 100).toFixed(2)}" height="1"/></svg>`
}

/** The tail of a long list becomes one row, so that the page stays readable. */
function folded(entries: Count[]): Count[] {
  if (entries.length <= MOST_ROWS) return entries
  const rest = entries.slice(MOST_ROWS - 1)
  return [
    ...entries.slice(0, MOST_ROWS - 1),
    { name: `${rest.length} others`, count: rest.reduce((sum, { count }) => sum + count, 0) },
  ]
}

/** One wide bar from nothing to everything, for a sentence that gives the numbers. */
export function meter(part: number, whole: number): Markup {
  const ratio = whole > 0 ? Math.min(1, part / whole) : 0
  return html`<svg class="meter" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true" focusable="false"><rect class="track" width="100" height="1"/><rect class="fill good" width="${(ratio * 100).toFixed(2)}" height="1"/></svg>`
}
