import { formatNumber } from '../../text.ts'
import { html, type Markup } from './html.ts'
import type { Count } from './tally.ts'

interface Columns {
  /** Names the chart in the page's ids. */
  id: string
  title: string
  heads: [name: string, count: string]
  /** In order, at least one. */
  entries: Count[]
  /** A name under every so many columns, counted from the last. */
  labelEvery: number
}

/**
 * Counts over time as upright columns, with the same numbers as a table to open below. All lengths are percentages, so
 * that the chart narrows with the page and its words keep their size.
 */
export function columns({ id, title, heads, entries, labelEvery }: Columns): Markup {
  const top = ceiling(Math.max(...entries.map(({ count }) => count)))
  const ticks = gridLines(top)
  return html`<figure class="chart"><h3 id="${id}">${title}</h3>
<div class="plot"><div class="ticks" aria-hidden="true">${ticks.toReversed().map((value) => html`<span>${formatNumber(value)}</span>`)}</div>
<svg role="img" aria-labelledby="${id}">
${ticks.map((value) => html`<line class="grid" x1="0" x2="100%" y1="${percent(1 - value / top)}" y2="${percent(1 - value / top)}"/>`)}
${entries.map((entry, index) => column(entry, index, { top, step: 1 / entries.length }))}
${entries.map(({ name }, index) => {
  if ((entries.length - 1 - index) % labelEvery !== 0) return null
  return html`<text x="${percent((index + 0.5) / entries.length)}" y="100%" dy="1.45em" text-anchor="${index === entries.length - 1 ? 'end' : 'middle'}"${index === entries.length - 1 ? html` dx="1em"` : null}>${name}</text>`
})}
</svg></div></figure>
<details><summary>The numbers as a table</summary>
<table><caption>${title}</caption><thead><tr><th scope="col">${heads[0]}</th><th scope="col" class="num">${heads[1]}</th></tr></thead>
<tbody>
${entries.map(
  ({ name, count }) => html`<tr><th scope="row">${name}</th><td class="num">${formatNumber(count)}</td></tr>
`,
)}</tbody></table></details>
`
}

function column({ name, count }: Count, index: number, { top, step }: { top: number; step: number }): Markup {
  const height = count / top
  return html`<rect class="fill" x="${percent((index + 0.12) * step)}" y="${percent(1 - height)}" width="${percent(0.76 * step)}" height="${percent(height)}"><title>${name}: ${formatNumber(count)}</title></rect>
`
}

function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(2)}%`
}

/** The round number at or above `most` that the axis ends with. */
function ceiling(most: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, most)))
  return ([1, 2, 4, 5, 8].find((factor) => factor * power >= most) ?? 10) * power
}

/** Nothing, and the axis in quarters or halves, as long as these are whole. */
function gridLines(top: number): number[] {
  const parts = [4, 2, 1].find((count) => top % count === 0) ?? 1
  return Array.from({ length: parts + 1 }, (_, index) => (top / parts) * index)
}
