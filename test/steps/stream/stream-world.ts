import { setMaxListeners } from 'node:events'
import { systemClock, type Timings, timings } from '../../../src/clock.ts'
import { createStreamClient } from '../../../src/companies-house/stream/client.ts'
import { type Db, openDb } from '../../../src/db/open.ts'
import { beginRun } from '../../../src/db/runs.ts'
import { companies, jobs, stream_cursors, stream_gaps, stream_rejects } from '../../../src/db/schema.ts'
import type { Log, LogFields } from '../../../src/log.ts'
import { type CompaniesOptions, companiesStream, queueJobs } from '../../../src/steps/stream/companies.ts'
import { type FollowOptions, type FollowSummary, followStream } from '../../../src/steps/stream/follow.ts'

export const clock = systemClock()

export const rules = { newWithinDays: 14, triggers: [] }

export interface Follow extends FollowOptions, Partial<Pick<CompaniesOptions, 'rules' | 'all' | 'onMatch' | 'repair'>> {
  signal?: AbortSignal
  timings?: Partial<Timings>
  log?: Log
  announce?: (ms: number) => void
  /** Given up after this, so that a test that waits for nothing ends. */
  patienceMs?: number
}

/** Follows the stream at `url` once, with hurried waits; ends after `maxEvents`, or when it is told to. */
export async function follow(db: Db, url: string, options: Follow = {}): Promise<FollowSummary> {
  const { onMatch, signal, timings: more, log, announce, repair, patienceMs = 5000, all = false, ...rest } = options
  const hurried = { ...timings(0.002), streamHeadersMs: 5000, streamIdleMs: 5000, silenceCheckMs: 20, ...more }
  const quiet = log ?? { info() {}, warn() {}, error() {} }
  const ends = AbortSignal.any([AbortSignal.timeout(patienceMs), ...(signal ? [signal] : [])])
  setMaxListeners(0, ends)
  using run = beginRun(db, clock, 'stream')
  const stream = createStreamClient({
    stream: 'companies',
    baseUrl: url,
    key: 'a-stream-key',
    clock,
    log: quiet,
    timings: hurried,
  })
  const kind = companiesStream({
    db,
    log: quiet,
    rules: options.rules ?? rules,
    all,
    onMatch: onMatch ?? queueJobs({ clock, runId: run.id }),
    repair,
  })
  return followStream(
    {
      db,
      kind,
      stream,
      clock,
      log: quiet,
      timings: hurried,
      runId: run.id,
      signal: ends,
      announce: announce ?? (() => {}),
    },
    rest,
  )
}

/** A database that knows these companies, complete with officers. */
export function knowing(...numbers: string[]): Db {
  const db = openDb(':memory:')
  for (const number of numbers) {
    db.insert(companies)
      .values({
        company_number: number,
        company_name: `OLD ${number}`,
        company_status: 'active',
        jurisdiction: 'wales',
        officers_state: 'complete',
        officers_count: 3,
        officers_fetched_at: '2026-01-02',
        source: 'bulk',
        fetched_at: '2026-01-01',
        first_seen_at: '2026-01-01',
        run_id: 0,
      })
      .run()
  }
  return db
}

/** All that the stream leaves behind, without what depends on the time and the run. */
export function traces(db: Db) {
  const timeless = <T extends object>(rows: T[], ...without: (keyof T)[]) =>
    rows.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => !without.includes(name as keyof T))))
  return {
    companies: timeless(
      db.select().from(companies).orderBy(companies.company_number).all(),
      'fetched_at',
      'first_seen_at',
      'run_id',
      'deleted_at',
    ),
    deleted: db
      .select()
      .from(companies)
      .all()
      .filter((row) => row.deleted_at !== null)
      .map((row) => row.company_number)
      .sort(),
    jobs: timeless(
      db.select().from(jobs).orderBy(jobs.company_number).all(),
      'created_at',
      'updated_at',
      'due_at',
      'run_id',
    ),
    rejects: timeless(db.select().from(stream_rejects).all(), 'id', 'received_at', 'run_id'),
    gaps: timeless(db.select().from(stream_gaps).all(), 'id', 'noted_at', 'run_id'),
    cursor: db
      .select({ timepoint: stream_cursors.timepoint, events: stream_cursors.events })
      .from(stream_cursors)
      .get(),
  }
}

export const nameOf = (db: Db, number: string) =>
  db
    .select()
    .from(companies)
    .all()
    .find((row) => row.company_number === number)?.company_name

export interface Heard {
  level: string
  message: string
  fields: LogFields
}

/** A log that remembers. */
export function listening(): { log: Log; heard: Heard[] } {
  const heard: Heard[] = []
  const hear =
    (level: string) =>
    (message: string, fields: LogFields = {}) =>
      heard.push({ level, message, fields })
  return { log: { info: hear('info'), warn: hear('warn'), error: hear('error') }, heard }
}
