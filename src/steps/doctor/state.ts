// What the database says about its processes, the stream and the enrichment.
import { type Clock, DAY_MS, formatDuration } from '../../clock.ts'
import { cappedText } from '../../db/capped-count.ts'
import { countJobs } from '../../db/jobs/lists.ts'
import type { Db } from '../../db/open.ts'
import { countDoubtedPscs } from '../../db/psc-doubt.ts'
import { readPscCoverage } from '../../db/pscs/coverage.ts'
import { listUnmatched } from '../../db/purchases/answers.ts'
import { readCreditReport, readCreditRoom } from '../../db/purchases/credits.ts'
import { listUnconfirmed } from '../../db/purchases/requests.ts'
import { findLiveRuns, lastUnfinished } from '../../db/runs.ts'
import { countRejects } from '../../db/stream/gaps.ts'
import type { AllowanceUse } from '../../quota/report.ts'
import type { Quota } from '../../settings.ts'
import { formatNumber } from '../../text.ts'
import { runNameOf, STREAM_NAMES } from '../stream/kinds.ts'
import { PSC_STREAM } from '../stream/pscs.ts'
import { readStreamReports, type StreamReport } from '../stream/report.ts'
import { type Check, fail, ok, warn } from './check.ts'

/** Calls used, and whether the gate is closed after a refusal. */
export function checkAllowance({ used, peak, rateLimited, gateForMs }: AllowanceUse, quota: Quota): Check {
  if (used === null || peak === null || rateLimited === null) {
    return warn('allowance', 'how many calls are used is unknown', 'see `store`')
  }
  const use = `${formatNumber(used)} of ${formatNumber(quota.limit)} calls used in ${formatDuration(quota.windowMs)}`
  const message = `${use}; peak ${formatNumber(peak)}, refused ${formatNumber(rateLimited)}`
  const closedMs = gateForMs ?? 0
  if (closedMs <= 0) return ok('allowance', message)
  const hint = 'it reopens by itself; make sure that no other program uses the key'
  return warn('allowance', `closed for ${formatDuration(closedMs)} after a refusal; ${message}`, hint)
}

/** Which commands run on this database now, this one left out. */
export function checkProcesses(db: Db, clock: Clock): Check {
  const live = findLiveRuns(db, clock).map(
    ({ command, pid, host, started_at }) =>
      `${command} (process ${pid} on ${host}, for ${formatDuration(clock.now() - started_at)})`,
  )
  return ok('processes', live.length === 0 ? 'none runs on this database' : live.join(', '))
}

/** What starts a failed stream again has had its time. */
const ABANDONED_MS = 10 * 60_000

/** A check by its name; null from it leaves it out. The database is asked only when it runs, so that its failure is its own. */
export type StateCheck = [check: string, body: () => Check | null]

/** A check for each stream, by its name; those beside the first say nothing of a stream that was never followed. */
export function streamChecks(db: Db, clock: Clock, live: boolean): StateCheck[] {
  return STREAM_NAMES.map((stream, index) => {
    const isFirst = index === 0
    const check = isFirst ? 'stream' : `stream-${stream}`
    const body = () => {
      const report = readStreamReports(db, clock).find((one) => one.stream === stream)
      if (!report && !isFirst) return null
      return checkStream(db, clock, { stream, check, live: live && isFirst }, report)
    }
    return [check, body]
  })
}

/**
 * Whether the stream is followed, and whether events come. That no process is following it is a failure when somebody should
 * (`live`), and when its last run failed or was killed a while ago.
 */
export function checkStream(
  db: Db,
  clock: Clock,
  { stream, check, live }: { stream: string; check: string; live: boolean },
  report: StreamReport | undefined,
): Check {
  const others = stream === STREAM_NAMES[0] ? '' : ` --streams ${STREAM_NAMES[0]},${stream}`
  const start = `chpipe stream${others} --enrich, before the place is too old`
  if (!report) return live ? fail(check, 'never followed', start) : ok(check, 'never followed')
  const { running, silent, last_event_at, events_per_minute, pid } = report
  const last =
    last_event_at === null
      ? 'no event yet'
      : `last event ${formatDuration(clock.now() - Date.parse(last_event_at))} ago`
  if (!running) {
    const heardAt = lastUnfinished(db, runNameOf(stream))
    const message = `no process is following it${heardAt === null ? '' : ', since its last run failed'}; ${last}`
    const abandoned = heardAt !== null && clock.now() - heardAt > ABANDONED_MS
    return abandoned || live ? fail(check, message, start) : warn(check, message, start)
  }
  if (silent) return warn(check, `it is silent; ${last}`, 'check whether Companies House reports an incident')
  return ok(check, `followed by process ${pid}; ${last}, ${formatNumber(events_per_minute)} events a minute`)
}

/** Spans of the streams that are still missing, and timepoints that were out of place: old ones are history. */
export function checkGaps(db: Db, clock: Clock): Check {
  const reports = readStreamReports(db, clock)
  if (reports.length === 0) return ok('gaps', 'none')
  const sum = (count: 'unrepaired' | 'expired' | 'jumps', of = reports) =>
    of.reduce((all, report) => all + report[count], 0)
  const searched = reports.filter(({ stream }) => stream !== PSC_STREAM)
  const unrepaired = sum('unrepaired', searched)
  if (unrepaired > 0) {
    const hint = 'a running `chpipe stream` with a REST key searches them; `chpipe audit --repair` does so at once'
    return warn('gaps', `${formatNumber(unrepaired)} lost spans are still to be searched`, hint)
  }
  for (const { misplaced, misplaced_at: at } of reports) {
    const sinceMs = at === null ? Number.POSITIVE_INFINITY : clock.now() - Date.parse(at)
    if (sinceMs >= DAY_MS) continue
    const message = `${formatNumber(misplaced)} timepoints did not follow the one before them`
    const hint = 'their events are applied; check whether Companies House has renumbered the stream'
    return warn('gaps', `${message}, the last ${formatDuration(sinceMs)} ago`, hint)
  }
  const [expired, jumps] = [sum('expired'), sum('jumps')]
  return ok(
    'gaps',
    expired + jumps === 0 ? 'none' : `${formatNumber(expired)} spans searched, ${formatNumber(jumps)} jumps noted`,
  )
}

/** Companies whose persons with significant control are in doubt, or were told of by nobody for a while; null when there is none. */
export function checkPscs(db: Db): Check | null {
  const doubted = countDoubtedPscs(db)
  if (doubted > 0) {
    const message = `the stream has lost events: what is stored of ${cappedText(doubted, 'company', 'companies')} is in doubt`
    return warn('pscs', message, 'chpipe import-pscs, with the next snapshot')
  }
  const { unseen } = readPscCoverage(db)
  if (unseen === null) return null
  const message = `what changed from the snapshot of ${unseen.from} until the stream began, ${unseen.until}, is unknown`
  return warn('pscs', message, 'chpipe import-pscs, with a snapshot of a day after that')
}

/** Lines of the streams that could not be read. Old ones are history. */
export function checkRejects(db: Db, clock: Clock): Check {
  const since = clock.now() - DAY_MS
  const recent = STREAM_NAMES.reduce((sum, stream) => sum + countRejects(db, stream, since), 0)
  if (recent === 0) return ok('rejects', 'none in the last day')
  const message = `${formatNumber(recent)} lines of the stream could not be read in the last day`
  return warn(
    'rejects',
    message,
    'sqlite3 <database> "SELECT reason, line FROM stream_rejects ORDER BY id DESC LIMIT 5"',
  )
}

/** Enrichments whose retries are used up. */
export function checkJobs(db: Db): Check {
  const { due, failed } = countJobs(db, null)
  if (failed === 0) return ok('jobs', `${formatNumber(due)} due, none failed`)
  return warn('jobs', `${formatNumber(failed)} failed`, 'chpipe enrich --failed lists them, --retry all tries again')
}

/** Purchases of which nobody knows whether they were made, and paid answers of which nobody knows whose they are. */
export function checkPurchases(db: Db): Check {
  const doubtful = listUnconfirmed(db).length
  const unmatched = listUnmatched(db).length
  if (doubtful + unmatched === 0) return ok('purchases', 'none in doubt')
  const messages: string[] = []
  const hints: string[] = []
  if (doubtful > 0) {
    messages.push(`${formatNumber(doubtful)} in doubt: nobody knows whether they were made`)
    hints.push('chpipe enrich --unconfirmed lists them, --settle decides')
  }
  if (unmatched > 0) {
    messages.push(`${formatNumber(unmatched)} paid answers match none of the names asked for`)
    hints.push('chpipe enrich --unmatched lists them, --assign and --dismiss decide')
  }
  return warn('purchases', messages.join('; '), hints.join('; '))
}

/** The operator's own limit on credits. */
export function checkCredits(db: Db, clock: Clock, budget: Quota | null): Check {
  const { spent, reserved } = readCreditReport(db, budget ? { since: clock.now() - budget.windowMs } : {})
  const use = `${formatNumber(spent)} spent, ${formatNumber(reserved)} reserved`
  if (budget === null) return ok('credits', `${use}; no budget is set (CHPIPE_CREDIT_BUDGET)`)
  const span = formatDuration(budget.windowMs)
  const message = `${use} of ${formatNumber(budget.limit)} in ${span}`
  if (readCreditRoom(db, { maxCredits: null, budget }, 0, clock.now()) > 0) return ok('credits', message)
  return warn('credits', `the budget is used up: ${message}`, 'wait, or raise CHPIPE_CREDIT_BUDGET')
}
