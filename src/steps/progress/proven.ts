// Which source has proved how many of the complete officer lists. It counts along the index on their times, so it is for a
// report, not for a status line.
import { countProvenAt, listBulkFiles, momentOfFile } from '../../db/officers/bulk-files.ts'
import { type Db, snapshot } from '../../db/open.ts'
import { readTallies } from '../../db/tallies.ts'

/** The names and their order are what `progress --json` prints. */
export interface ProvenBy {
  /** As in `officers.source`; `rest` stands for lists that the API told, and those that the stream keeps. */
  source: string
  companies: number
  /** The day of the newest file that proved one, ISO; null for what is no file. */
  newest_on: string | null
}

/** Empty when no bulk file was imported: then the API and the stream have told all. */
export function readProvenBy(db: Db): ProvenBy[] {
  return snapshot(db, (tx) => {
    const sources = new Map<string, ProvenBy>()
    const moments = new Set<string>()
    const files = listBulkFiles(tx)
    for (const { product, produced_on, imported_at } of files) {
      const moment = momentOfFile(produced_on, imported_at)
      if (moments.has(moment)) continue
      moments.add(moment)
      const companies = countProvenAt(db, moment)
      if (companies === 0) continue
      const source = `bulk-${product}`
      const known = sources.get(source) ?? { source, companies: 0, newest_on: null }
      const newest = known.newest_on !== null && known.newest_on > produced_on ? known.newest_on : produced_on
      sources.set(source, { source, companies: known.companies + companies, newest_on: newest })
    }
    if (files.length === 0) return []
    const filed = [...sources.values()].sort((a, b) => (a.source < b.source ? -1 : 1))
    const rest = readTallies(tx).complete - filed.reduce((sum, { companies }) => sum + companies, 0)
    return rest > 0 ? [...filed, { source: 'rest', companies: rest, newest_on: null }] : filed
  })
}
