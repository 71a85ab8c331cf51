import { formatDuration } from '../../durations.ts'
import type { FollowSummary } from '../../steps/follow-stream.ts'
import { formatNumber } from '../../text.ts'
import type { EnrichedSummary } from './enrichment.ts'

/** The names and their order are what `stream --json` prints. */
export interface StreamSummary {
  ended: FollowSummary['ending']
  /** The last timepoint stored. */
  timepoint: number | null
  events: number
  inserted: number
  updated: number
  deleted: number
  /** Companies that were put on the way to enrichment. */
  queued: number
  rejects: number
  gaps: number
  /** Events whose timepoints did not follow the one before them. */
  misplaced: number
  repeated: number
  elapsed_seconds: number
  /** What `--enrich` did; absent without it. */
  enriched?: EnrichedSummary
}

const SENTENCES: Record<FollowSummary['ending'], string> = {
  interrupted: 'Stopped; every event received is stored',
  'time-over': 'The time is over; every event received is stored',
  'events-reached': 'The events of this run are stored',
}

/** The summary for people. */
export function renderSummary(summary: StreamSummary): string {
  const n = formatNumber
  const rows: [label: string, value: string][] = [
    ['events', `${n(summary.events)} in ${formatDuration(summary.elapsed_seconds * 1000)}`],
    ['companies', `${n(summary.inserted)} new, ${n(summary.updated)} updated, ${n(summary.deleted)} deleted`],
    ['queued', `${n(summary.queued)} for enrichment`],
  ]
  if (summary.rejects > 0) rows.push(['rejects', `${n(summary.rejects)} lines that could not be read are kept`])
  if (summary.gaps > 0) rows.push(['gaps', `${n(summary.gaps)} jumps in the timepoints`])
  if (summary.misplaced > 0) {
    rows.push(['out of place', `${n(summary.misplaced)} timepoints did not follow the one before them`])
  }
  if (summary.repeated > 0) rows.push(['repeated', `${n(summary.repeated)} lines had been stored before`])
  if (summary.enriched) {
    const { done, skipped, failed, domains, emails, credits_spent, credits_settled_earlier: earlier } = summary.enriched
    rows.push(['enriched', `${n(done)} done, ${n(skipped)} without a domain, ${n(failed)} failed`])
    rows.push(['found', `${n(domains)} domains, ${n(emails)} e-mails, for ${n(credits_spent)} credits`])
    if (earlier > 0) rows.push(['', `${n(earlier)} more credits were booked for purchases of earlier runs`])
  }
  rows.push(['timepoint', summary.timepoint === null ? 'none yet' : String(summary.timepoint)])
  return `${SENTENCES[summary.ended]}.\n${rows.map(([label, value]) => `${label.padEnd(16)}${value}\n`).join('')}`
}
