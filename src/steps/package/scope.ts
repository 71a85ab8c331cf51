import type { DeliveredTable } from '../../db/dataset.ts'
import type { Manifest } from '../export/delivery.ts'
import type { ReportCounts } from '../report/count-pages.ts'

type Filters = Manifest['filters']

/** The tables that a delivery with these filters holds: domains and e-mails that nobody asked for only when there are any. */
export function deliveredTables(
  { include, since }: Filters,
  { domains, emails }: ReportCounts['rows'],
): DeliveredTable[] {
  const some = include ?? [
    'companies',
    'officers',
    ...(domains > 0 ? ['domains'] : []),
    ...(emails > 0 ? ['emails'] : []),
  ]
  const tables = (['companies', 'officers', 'domains', 'emails'] as const).filter((table) => some.includes(table))
  return since === undefined ? tables : [...tables, 'deletions']
}

/** What the filters of an export let through, in sentences for whoever receives it. */
export function scopeOf({ all, include, since }: Filters): string[] {
  return [
    all
      ? 'All companies that were collected, also those whose officer list is not complete yet.'
      : 'Companies whose officer list is complete, with all their appointments, resigned ones included.',
    ...(include ? [`Only these tables: ${include.join(', ')}.`] : []),
    ...(since === undefined
      ? []
      : ['Only companies of which anything changed; each of them whole, with all its rows, changed or not.']),
  ]
}
