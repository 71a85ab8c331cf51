// How the stream stands, for `progress`. Reads only.
import { type Clock, MINUTE_MS } from '../../clock.ts'
import type { Db } from '../../db/open.ts'
import { findHolder, readCursor, readMinutes } from '../../db/stream/cursor.ts'
import { countGaps, countRejects } from '../../db/stream/gaps.ts'
import { STREAM_NAMES } from './kinds.ts'
import { publishedMs } from './place.ts'

/** The names and their order are what `progress --json` prints. Times are ISO 8601. */
export interface StreamReport {
  stream: string
  /** A process follows the stream now. */
  running: boolean
  host: string | null
  pid: number | null
  /** Null while there is no connection. */
  connected_since: string | null
  last_event_at: string | null
  timepoint: number | null
  /** Events applied, ever. */
  events: number
  /** Over the last ten minutes. */
  events_per_minute: number
  /** How long the last event had been published when it was applied; null before the first. */
  lag_seconds: number | null
  /** The process that follows has warned that no event comes. */
  silent: boolean
  /** Timepoints that a connection skipped. */
  jumps: number
  /** Spans that the stream no longer had, and those of them whose days are still to be searched. */
  expired: number
  unrepaired: number
  /** Timepoints that did not follow the one before them, and when the last one came: the stream was renumbered, or erred. */
  misplaced: number
  misplaced_at: string | null
  rejects: number
}

const RATE_MINUTES = 10

/** Reads the reports of all streams that were ever followed. */
export function readStreamReports(db: Db, clock: Clock): StreamReport[] {
  return STREAM_NAMES.flatMap((stream) => readStreamReport(db, clock, stream) ?? [])
}

/** Reads the report of one stream; null when it was never followed. */
export function readStreamReport(db: Db, clock: Clock, stream: string): StreamReport | null {
  const cursor = readCursor(db, stream)
  if (!cursor) return null
  const now = clock.now()
  const gaps = countGaps(db, stream)
  const holder = findHolder(db, cursor, clock)
  const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString())
  return {
    stream,
    running: holder !== null,
    host: holder?.host ?? null,
    pid: holder?.pid ?? null,
    connected_since: holder ? iso(cursor.connected_at) : null,
    last_event_at: iso(cursor.last_event_at),
    timepoint: cursor.timepoint,
    events: cursor.events,
    events_per_minute: eventsPerMinute(
      readMinutes(db, stream, now - RATE_MINUTES * MINUTE_MS),
      now,
      holder?.started_at,
    ),
    lag_seconds: lagSeconds(cursor.published_at, cursor.last_event_at),
    silent: holder !== null && cursor.silent_since !== null,
    jumps: gaps.jumps,
    expired: gaps.expired,
    unrepaired: gaps.unrepaired,
    misplaced: gaps.misplaced,
    misplaced_at: iso(gaps.misplacedAt),
    rejects: countRejects(db, stream),
  }
}

/** A run that has just begun is measured over its own time. */
function eventsPerMinute(minutes: { events: number }[], now: number, startedAt = 0): number {
  const span = Math.min(RATE_MINUTES, Math.max(1, (now - startedAt) / MINUTE_MS))
  const events = minutes.reduce((sum, minute) => sum + minute.events, 0)
  return Math.round((events / span) * 10) / 10
}

/** What was published is never in the future. */
function lagSeconds(publishedAt: string | null, appliedAt: number | null): number | null {
  const published = publishedMs(publishedAt)
  if (appliedAt === null || published === null) return null
  return Math.max(0, Math.round((appliedAt - published) / 1000))
}
