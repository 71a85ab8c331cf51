/** What a Snov sandbox was asked. The admin door is not counted. */
export interface SnovRequestCounts {
  /** Every request that arrived, answered or not. */
  total: number
  /** Those that used up the allowance. */
  counted: number
  /** Answers with 429. */
  rateLimited: number
  /** By method and path (hashes left out), then by status; `none` for requests that were reset or never answered. */
  byPath: Record<string, Record<string, number>>
  byStatus: Record<string, number>
  /** How often each input was in a start that was accepted, by `snovInput`. */
  starts: Record<string, number>
  /** Credits charged for each input, by `snovInput`. */
  charges: Record<string, number>
  /** How often each task was asked for its result, by hash. */
  polls: Record<string, number>
  /** All credits charged. */
  creditsSpent: number
  /** The most calls that the allowance counted within its window. */
  windowPeak: number
  /** How often each fault struck. */
  faults: Record<string, number>
}

export type CallCounts = Pick<SnovRequestCounts, 'total' | 'counted' | 'rateLimited' | 'byPath' | 'byStatus'>

export interface SnovRequestLog {
  arrived(): void
  counted(): void
  /** `undefined`: there was no answer. */
  answered(path: string, status: number | undefined): void
  read(): CallCounts
}

/** Starts a log in which nothing has been asked yet. */
export function createSnovRequestLog(): SnovRequestLog {
  const counts: CallCounts = { total: 0, counted: 0, rateLimited: 0, byPath: {}, byStatus: {} }
  return {
    arrived() {
      counts.total += 1
    },
    counted() {
      counts.counted += 1
    },
    answered(path, status) {
      const key = status === undefined ? 'none' : String(status)
      const ofPath = counts.byPath[path] ?? {}
      counts.byPath[path] = ofPath
      ofPath[key] = (ofPath[key] ?? 0) + 1
      counts.byStatus[key] = (counts.byStatus[key] ?? 0) + 1
      if (status === 429) counts.rateLimited += 1
    },
    read: () => structuredClone(counts),
  }
}
