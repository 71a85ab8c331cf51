import type { Context } from '../../context.ts'
import { snapshot } from '../../db/open.ts'
import { readTallies } from '../../db/progress.ts'
import { formatDuration } from '../../durations.ts'
import type { AskCounts } from '../../steps/ask-unlisted.ts'
import type { Ending, OfficerCounts } from '../../steps/officer-pool.ts'
import { formatNumber } from '../../text.ts'
import type { Watched } from './status-line.ts'

/** The names and their order are what `--json` prints. */
export interface Summary {
  companies_with_officers: number
  target: number
  fetched: number
  none: number
  failed: number
  officers: number
  odd_items: number
  /** Companies that the register file no longer lists: asked about, found over, not answered. */
  status_asked: number
  status_ended: number
  status_unanswered: number
  requests: number
  rate_limited: number
  elapsed_seconds: number
  ended: Ending | 'error'
}

export interface Ended extends Watched {
  counts: OfficerCounts
  asked: AskCounts
  ended: Summary['ended']
  startedAt: number
}

/** What the run did, read at its end. */
export function summarize(
  { clock }: Context,
  { db, companiesHouse, target, counts, asked, ended, startedAt }: Ended,
): Summary {
  const { fetched, none, failed, officers, odd } = counts
  return {
    companies_with_officers: snapshot(db, readTallies).complete,
    target,
    fetched,
    none,
    failed,
    officers,
    odd_items: odd,
    status_asked: asked.asked,
    status_ended: asked.ended,
    status_unanswered: asked.unanswered,
    requests: companiesHouse.counts.requests,
    rate_limited: companiesHouse.counts.rateLimited,
    elapsed_seconds: Math.round(clock.now() - startedAt) / 1000,
    ended,
  }
}

const SENTENCES: Record<Summary['ended'], string> = {
  'target-reached': 'The target is reached',
  'nothing-left': 'No candidates are left',
  'limit-reached': 'The limit of this run is reached',
  interrupted: 'Interrupted; everything fetched is stored',
  error: 'Stopped early; everything fetched is stored',
}

/** The summary in sentences. */
export function render(summary: Summary): string {
  const n = formatNumber
  return `${SENTENCES[summary.ended]}: ${n(summary.companies_with_officers)} of ${n(summary.target)} companies have officers.
This run fetched ${n(summary.fetched)} companies (${n(summary.none)} without officers, ${n(summary.failed)} failed)
and ${n(summary.officers)} officers in ${formatDuration(summary.elapsed_seconds * 1000)} with ${n(summary.requests)} calls, ${n(summary.rate_limited)} of them refused (429).
${askedLine(summary)}`
}

function askedLine({ status_asked: asked, status_ended: ended, status_unanswered: open }: Summary): string {
  if (asked === 0) return ''
  const n = formatNumber
  return `Of ${n(asked)} companies that the register file no longer lists ${n(ended)} are over; ${n(open)} did not answer.\n`
}
