// Finds what an expired span has lost: reads `stream_gaps`, asks advanced search for the incorporations of its days in the
// background lane, and adds those that are not stored to `companies`, queued as their events would have been. Safe to run
// again: a day's companies and jobs commit together, and what is stored is not missing.
import type { Clock, Timings } from '../../clock.ts'
import type { CompaniesHouse } from '../../companies-house/client.ts'
import { COMPANY_NUMBER } from '../../companies-house/profile.ts'
import { type FoundCompany, foundFacts } from '../../companies-house/search.ts'
import { type CompanyDetails, findKnownCompany, insertCompany } from '../../db/companies/companies.ts'
import { type Db, write } from '../../db/open.ts'
import { readUnrepaired, saveRepaired } from '../../db/stream/gaps.ts'
import { ChpipeError, errorMessage } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { searchCompaniesByDay } from '../companies/search.ts'
import type { OnMatch } from './apply.ts'
import { isWanted, NEW, type StreamRules } from './rules.ts'

export interface RepairStep {
  db: Db
  companiesHouse: CompaniesHouse
  stream: { readonly name: string }
  clock: Clock
  log: Log
  runId: number
  signal: AbortSignal
}

export interface RepairOptions {
  rules: StreamRules
  /** Adds what is missing even where the filters do not want it. */
  all: boolean
  /** The types to slice by where a day has more hits than a search shows. */
  types: readonly string[]
  onMatch: OnMatch
}

export interface RepairSummary {
  gaps: number
  days: number
  /** Companies that the stream had not brought. */
  inserted: number
  queued: number
  /** Hits that the register reported but never showed. */
  missed: number
}

/** Searches the days of every expired span that is not repaired yet. Throws what the client throws, and the signal's reason. */
export async function repairExpiredGaps(step: RepairStep, options: RepairOptions): Promise<RepairSummary> {
  const { db, clock, log, stream } = step
  const summary = { gaps: 0, days: 0, inserted: 0, queued: 0, missed: 0 }
  for (const gap of readUnrepaired(db, stream.name)) {
    const [incorporatedFrom, incorporatedTo] = [gap.from_day ?? '', gap.to_day ?? '']
    const { days, missed } = await searchCompaniesByDay(step, {
      filters: { incorporatedFrom, incorporatedTo },
      types: options.types,
      save(found) {
        const saved = saveMissing(step, options, found)
        summary.inserted += saved.inserted
        summary.queued += saved.queued
        return Number.POSITIVE_INFINITY
      },
      onProgress() {},
    })
    summary.days += days
    summary.missed += missed
    if (write(db, (tx) => saveRepaired(tx, gap, clock.now()))) summary.gaps += 1
    log.info('lost days searched', { stream: stream.name, from_day: gap.from_day, to_day: gap.to_day, ...summary })
  }
  return summary
}

function saveMissing(step: RepairStep, { rules, all, onMatch }: RepairOptions, found: FoundCompany[]) {
  const { db, clock, runId } = step
  const origin = { source: 'search', fetchedAt: new Date(clock.now()).toISOString(), runId }
  const saved = { inserted: 0, queued: 0 }
  write(db, (tx) => {
    for (const company of found.filter(({ company_number }) => COMPANY_NUMBER.test(company_number)).map(foundDetails)) {
      const wanted = isWanted(rules, company)
      if (findKnownCompany(db, company.company_number) || !(wanted || all)) continue
      insertCompany(db, company, origin)
      saved.inserted += 1
      if (wanted && onMatch(tx, { company, cause: NEW, stage: 'details' })) saved.queued += 1
    }
  })
  return saved
}

/** A search result tells less than a profile. */
function foundDetails(found: FoundCompany): CompanyDetails {
  return { ...foundFacts(found), jurisdiction: null }
}

// What goes on beside the stream while it is followed.

/** The allowance is real time, so these are not scaled. */
const ANNOUNCE_EVERY_MS = 5000
const ANNOUNCED_FOR_MS = 15_000

/** Runs `body` at once and then every `ms` until the signal aborts. */
export async function every(ms: number, clock: Clock, signal: AbortSignal, body: () => void): Promise<void> {
  while (!signal.aborted) {
    body()
    await clock.sleep(ms, signal).catch(() => {})
  }
}

/** Keeps the allowance's background lane paced while the stream is followed, and frees it at the end. */
export async function keepAnnouncing(
  { clock, announce }: { clock: Clock; announce(ms: number): void },
  signal: AbortSignal,
): Promise<void> {
  await every(ANNOUNCE_EVERY_MS, clock, signal, () => announce(ANNOUNCED_FOR_MS))
  announce(0)
}

/** Stops after `ms`, if there is a limit. */
export async function stopAfter(
  { clock }: { clock: Clock },
  ms: number | undefined,
  stop: AbortController,
): Promise<void> {
  if (ms === undefined) return
  await clock.sleep(ms, stop.signal).then(
    () => stop.abort(),
    () => {},
  )
}

export interface RepairDuty {
  db: Db
  stream: { readonly name: string }
  clock: Clock
  log: Log
  timings: Pick<Timings, 'gapRepairRetryMs'>
  repair?: ((signal: AbortSignal) => Promise<unknown>) | undefined
}

export interface Repairs {
  /** Begins to search, unless it is at it or nothing is to be searched. */
  start(): void
  /** Resolves when the search that is under way has ended; a failed one is not tried again then. */
  finish(): Promise<void>
}

/** Searches expired spans beside the stream, again and again until none is left unrepaired. */
export function keepRepairing(duty: RepairDuty, signal: AbortSignal, fail: (error: unknown) => void): Repairs {
  let running: Promise<void> | undefined
  const patience = new AbortController()
  return {
    start() {
      running ??= repairAll(duty, signal, patience.signal)
        .catch(fail)
        .finally(() => {
          running = undefined
        })
    },
    async finish() {
      patience.abort()
      await running
    },
  }
}

async function repairAll(duty: RepairDuty, signal: AbortSignal, patience: AbortSignal): Promise<void> {
  const { db, stream, clock, log, timings, repair } = duty
  const isDone = () => readUnrepaired(db, stream.name).length === 0
  const waiting = AbortSignal.any([signal, patience])
  while (repair && !isDone()) {
    try {
      await repair(signal)
      if (isDone()) return
    } catch (error) {
      if (signal.aborted) return
      if (error instanceof ChpipeError && error.kind === 'data') throw error
      log.warn('the lost days could not be searched, trying again later', { error: errorMessage(error) })
    }
    await clock.sleep(timings.gapRepairRetryMs, waiting).catch(() => {})
    if (waiting.aborted) return
  }
}
