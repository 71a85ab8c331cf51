/** What a stream sandbox was asked and what it sent. The admin door is not counted. */
export interface StreamCounts {
  /** Every request for a stream, answered or not. */
  connections: number
  /** Those that are being served at the moment. */
  open: number
  /** The most that were served at once. */
  openPeak: number
  /** By status; `none` for requests that were reset or never answered. A 200 counts when it is accepted. */
  byStatus: Record<string, number>
  /** By `timepoint` as it was asked for; `live` where there was none. */
  byTimepoint: Record<string, number>
  /** Connections closed because of newer ones. */
  kicked: number
  /** Connections closed because their reader was too slow. */
  slow: number
  /** Whole events put on the wire, duplicates included. */
  eventsSent: number
  heartbeatsSent: number
  /** How often each fault had its effect. */
  faults: Record<string, number>
}

/** Counts from nothing; `faults` is the fault switch's own table. */
export function emptyCounts(faults: Record<string, number>): StreamCounts {
  return {
    connections: 0,
    open: 0,
    openPeak: 0,
    byStatus: {},
    byTimepoint: {},
    kicked: 0,
    slow: 0,
    eventsSent: 0,
    heartbeatsSent: 0,
    faults,
  }
}

/** One more under `name`. */
export function countUnder(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1
}
