import type { RouteKind } from './route.ts'

/** What a sandbox was asked. The admin door is not counted. */
export interface RequestCounts {
  /** Every request that arrived, answered or not. */
  total: number
  /** Those that used up the allowance. */
  counted: number
  /** Answers with 429. */
  rateLimited: number
  byKind: Partial<Record<RouteKind, number>>
  /** By status; `none` for requests that were reset or never answered. */
  byStatus: Record<string, number>
  /** Calls for a company's officers, by company number. */
  officerCalls: Record<string, number>
  /** When a call about each company first arrived, in ms since 1970, by company number. */
  firstCallMs: Record<string, number>
  /** The most calls that one window counted, those of others with the same key included. */
  windowPeak: number
  /** How often each fault struck. */
  faults: Record<string, number>
}

export interface RequestLog {
  arrived(kind: RouteKind, companyNumber: string | undefined): void
  counted(): void
  /** `undefined`: there was no answer. */
  answered(status: number | undefined): void
  read(): Omit<RequestCounts, 'windowPeak' | 'faults'>
}

/** Starts a log in which nothing has been asked yet. */
export function createRequestLog(now: () => number): RequestLog {
  const counts: Omit<RequestCounts, 'windowPeak' | 'faults'> = {
    total: 0,
    counted: 0,
    rateLimited: 0,
    byKind: {},
    byStatus: {},
    officerCalls: {},
    firstCallMs: {},
  }
  return {
    arrived(kind, companyNumber) {
      counts.total += 1
      counts.byKind[kind] = (counts.byKind[kind] ?? 0) + 1
      if (companyNumber === undefined) return
      counts.firstCallMs[companyNumber] ??= now()
      if (kind === 'officers') counts.officerCalls[companyNumber] = (counts.officerCalls[companyNumber] ?? 0) + 1
    },
    counted() {
      counts.counted += 1
    },
    answered(status) {
      const key = status === undefined ? 'none' : String(status)
      counts.byStatus[key] = (counts.byStatus[key] ?? 0) + 1
      if (status === 429) counts.rateLimited += 1
    },
    read: () => structuredClone(counts),
  }
}
