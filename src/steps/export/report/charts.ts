import { formatNumber } from '../../../text.ts'
import { html, type Markup } from './html.ts'
import type { Count } from './tally.ts'

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
  const isLast = index === entries.length - 1
  return html`<text x="${isLast ? '100%' : percent((index + 0.5) / entries.length)}" y="100%" dy="1.45em" text-anchor="${isLast ? 'end' : 'middle'}">${name}</text>`
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

// Numbers, sizes and dates as they are written in Britain.

const MONTHS = 'January February March April May June July August September October November December'.split(' ')

/** `12.3%`; a dash when there is nothing to have a share of. What is not all, or not nothing, is not written as such. */
export function share(part: number, whole: number): string {
  if (whole <= 0) return '–'
  const rounded = ((part / whole) * 100).toFixed(1)
  if (part > 0 && rounded === '0.0') return '<0.1%'
  if (part < whole && rounded === '100.0') return '>99.9%'
  return `${rounded}%`
}

/** `912 bytes`, `3.4 MB`; a megabyte has a million bytes. */
export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`
  const units = ['kB', 'MB', 'GB', 'TB']
  const step = Math.min(units.length, Math.floor(Math.log10(bytes) / 3))
  return `${(bytes / 1000 ** step).toFixed(1)} ${units[step - 1]}`
}

/** `23 November 2026, 15:24 UTC` for an ISO 8601 moment in UTC; other text stays as it is. */
export function moment(iso: string): string {
  const [, year, month, day, time] = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}:\d{2})/.exec(iso) ?? []
  const name = MONTHS[Number(month) - 1]
  return name && time ? `${Number(day)} ${name} ${year}, ${time} UTC` : iso
}

/** `Nov 2026` for `2026-11`. */
export function shortMonth(month: string): string {
  return `${MONTHS[Number(month.slice(5)) - 1]?.slice(0, 3) ?? month.slice(5)} ${month.slice(0, 4)}`
}

/** `November 2026` for `2026-11`. */
export function longMonth(month: string): string {
  return `${MONTHS[Number(month.slice(5)) - 1] ?? month.slice(5)} ${month.slice(0, 4)}`
}
