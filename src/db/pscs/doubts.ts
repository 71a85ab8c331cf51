// Of which companies the stream has lost something about persons with significant control: what is stored of them is in
// doubt until a snapshot is imported that was written later.
import { lt, sql } from 'drizzle-orm'
import type { Tx } from '../open.ts'
import { companies, psc_doubts } from '../schema.ts'
import { findNewestSnapshot } from './files.ts'

const ALL = ''

export interface PscDoubts {
  /** The first loss that may be about any company (ms); null when there is none. */
  lostSince: number | null
  /** Companies that a lost line named. */
  companies: number
}

/** Something about a stored company was lost at `now` (ms). One that is not stored is passed over. */
export function doubtPscsOf(tx: Tx, companyNumber: string, now: number): void {
  const stored = tx.get(sql`SELECT 1 FROM ${companies} WHERE company_number = ${companyNumber}`)
  if (stored !== undefined) note(tx, companyNumber, now)
}

/** Nobody knows of which companies something was lost at `now` (ms). */
export function doubtAllPscs(tx: Tx, now: number): void {
  note(tx, ALL, now)
}

/** What was lost before a snapshot was written (ISO 8601) is in it. */
export function settlePscDoubts(tx: Tx, generatedAt: string): void {
  tx.delete(psc_doubts)
    .where(lt(psc_doubts.latest, Date.parse(generatedAt)))
    .run()
}

/** What is in doubt; null when nothing is, or no snapshot was imported that could be. */
export function readPscDoubts(tx: Tx): PscDoubts | null {
  const read = sql`SELECT min(since) FILTER (WHERE company_number = ${ALL}) AS lostSince,
    count(*) FILTER (WHERE company_number <> ${ALL}) AS companies FROM ${psc_doubts}`
  const found = tx.get<PscDoubts>(read)
  const isAny = found.lostSince !== null || found.companies > 0
  return isAny && findNewestSnapshot(tx) !== null ? found : null
}

function note(tx: Tx, company_number: string, now: number): void {
  const latest = sql`max(${psc_doubts.latest}, ${now})`
  tx.insert(psc_doubts)
    .values({ company_number, since: now, latest: now })
    .onConflictDoUpdate({ target: psc_doubts.company_number, set: { latest } })
    .run()
}
