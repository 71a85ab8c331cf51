/** What a service was asked. The admin door is not counted. */
export interface CallCounts {
  /** Every request that arrived, answered or not. */
  total: number
  /** Those that used up the allowance. */
  counted: number
  /** Answers with 429. */
  rateLimited: number
  /** By status; `none` for requests that were reset or never answered. */
  byStatus: Record<string, number>
}

/** Counts nothing yet. */
export function noCalls(): CallCounts {
  return { total: 0, counted: 0, rateLimited: 0, byStatus: {} }
}

/** Notes how a call ended; undefined: there was no answer. */
export function countAnswer(counts: CallCounts, status: number | undefined): void {
  countUnder(counts.byStatus, statusName(status))
  if (status === 429) counts.rateLimited += 1
}

/** How the counts call a status. */
export function statusName(status: number | undefined): string {
  return status === undefined ? 'none' : String(status)
}

/** Counts one more under a name. */
export function countUnder(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1
}
