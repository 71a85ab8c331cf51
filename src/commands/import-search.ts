import { formatDuration } from '../clock.ts'
import { SEARCHABLE_STATUSES } from '../companies-house/search.ts'
import type { Context } from '../context.ts'
import { ChpipeError } from '../errors.ts'
import type { ImportFilter } from '../steps/companies/read.ts'
import { type ImportFoundSummary, importFoundCompanies, type SearchProgress } from '../steps/companies/search.ts'
import { formatNumber, safeJson } from '../text.ts'
import { bar, createStatus, type Fact, facts, terminalWidth } from './output.ts'

export interface SearchOptions extends ImportFilter {
  location?: string
  limit?: number
}

/** `import-companies --search`: fills the database from advanced search, a call or more for each day. */
export async function searchCompaniesInto(context: Context, options: SearchOptions): Promise<void> {
  const { clock, log, signal } = context
  const { incorporatedFrom, incorporatedTo = new Date(clock.now()).toISOString().slice(0, 10) } = options
  if (incorporatedFrom === undefined) {
    throw new ChpipeError('usage', '--search needs --incorporated-from: it goes through the register day by day', {
      hint: 'chpipe import-companies --search --incorporated-from 2026-01-01',
    })
  }
  if (incorporatedFrom > incorporatedTo) {
    throw new ChpipeError('usage', `--incorporated-from ${incorporatedFrom} is later than ${incorporatedTo}`, {
      hint: 'swap the two days',
    })
  }
  const refused = options.status?.find((status) => !SEARCHABLE_STATUSES.includes(status))
  if (refused !== undefined) {
    throw new ChpipeError('usage', `Advanced search knows no status ${refused}`, {
      hint: `name some of ${SEARCHABLE_STATUSES.join(', ')}`,
    })
  }
  const companiesHouse = await context.companiesHouse()
  const db = await context.db()
  const summary = await withStatus(context, (onProgress) =>
    importFoundCompanies(
      { db, companiesHouse, clock, log, signal },
      {
        filter: { ...options, incorporatedFrom, incorporatedTo },
        location: options.location,
        limit: options.limit,
        onProgress,
      },
    ),
  )
  const { requests, rateLimited } = companiesHouse.counts
  const told = { ...summary, requests, rate_limited: rateLimited }
  await context.print(context.json ? `${safeJson(told)}\n` : render(summary, requests, terminalWidth(context)))
}

async function withStatus<T>(
  context: Context,
  work: (onProgress: (progress: SearchProgress) => void) => Promise<T>,
): Promise<T> {
  using status = await createStatus(context)
  const begun = context.clock.steady()
  return await work(({ day, days, daysDone, found }) => {
    const share = daysDone / days
    const left = formatDuration(((context.clock.steady() - begun) / share) * (1 - share))
    status.update(`${bar(share, 16)} ${day}  ${formatNumber(found)} companies found, ${left} left`)
  })
}

function render(summary: ImportFoundSummary, requests: number, shape: { width?: number }): string {
  const { days, imported, inserted, updated, filtered_out, odd, missed, elapsed_seconds } = summary
  const rows: Fact[] = [
    ['imported', `${formatNumber(imported)} companies: ${formatNumber(inserted)} new, ${formatNumber(updated)} known`],
    [
      'searched',
      `${formatNumber(days)} days in ${formatDuration(elapsed_seconds * 1000)}, with ${formatNumber(requests)} calls`,
    ],
  ]
  if (filtered_out > 0) rows.push(['filtered out', formatNumber(filtered_out)])
  if (odd > 0) rows.push(['unreadable', `${formatNumber(odd)} search items`])
  if (missed > 0) rows.push(['missed', `${formatNumber(missed)} companies that the register counted but did not show`])
  return facts(rows, shape)
}
