// What a run of `stream` has done, for scripts and for people.
import { formatDuration } from '../clock.ts'
import type { EnrichedBeside } from '../steps/enrich/beside.ts'
import type { FollowSummary } from '../steps/stream/follow.ts'
import { formatNumber } from '../text.ts'
import { type Fact, facts } from './output.ts'

/** What was done with the events of one stream. */
export interface StreamCounted {
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
}

/** The names and their order are what `stream --json` prints. */
export interface StreamSummary extends StreamCounted {
  elapsed_seconds: number
  /** Of each stream, where several were followed; what stands before is of the first. */
  streams?: (StreamCounted & { stream: string })[]
  /** What `--enrich` did; absent without it. */
  enriched?: EnrichedBeside
  /** Officer lists in doubt that `--enrich` fetched again; absent where it was not asked to. */
  lists_fetched_again?: number
}

/** What else is told of a run. */
interface RunFacts {
  elapsedMs: number
  enriched?: EnrichedBeside
  listsFetchedAgain?: number
}

/** Sums up the streams of a run, in the order in which they were asked for. */
export function summarizeStreams(
  names: readonly string[],
  followed: readonly FollowSummary[],
  { elapsedMs, enriched, listsFetchedAgain }: RunFacts,
): StreamSummary {
  const streams = followed.map((did, at) => ({ stream: names[at] ?? '', ...counted(did) }))
  const [first] = followed
  if (!first) throw new Error('no stream was followed')
  return {
    ...counted(first),
    elapsed_seconds: Math.round(elapsedMs) / 1000,
    ...(streams.length > 1 ? { streams } : {}),
    ...(enriched ? { enriched } : {}),
    ...(listsFetchedAgain === undefined ? {} : { lists_fetched_again: listsFetchedAgain }),
  }
}

function counted({ ending, ...counts }: FollowSummary): StreamCounted {
  const { timepoint, events, inserted, updated, deleted, queued, rejects, gaps, misplaced, repeated } = counts
  return { ended: ending, timepoint, events, inserted, updated, deleted, queued, rejects, gaps, misplaced, repeated }
}

const SENTENCES: Record<FollowSummary['ending'], string> = {
  interrupted: 'Stopped; every event received is stored',
  'time-over': 'Time is up; every event received is stored',
  'events-reached': 'The events of this run are stored',
}

/** The summary for people; `names` are the streams. */
export function renderSummary(summary: StreamSummary, names: readonly string[] = ['companies']): string {
  const n = formatNumber
  const { elapsed_seconds, streams = [{ stream: names[0] ?? '', ...summary }] } = summary
  const rows = streams.flatMap((counts, at): Fact[] => [
    ...(streams.length > 1 ? [['stream', counts.stream] satisfies Fact] : []),
    ...countedRows(counts, elapsed_seconds),
    ...(at === streams.length - 1 ? [] : [timepointRow(counts)]),
  ])
  if (summary.enriched) {
    const { done, skipped, failed, domains, emails, credits_spent, credits_settled_earlier: earlier } = summary.enriched
    rows.push(['enriched', `${n(done)} done, ${n(skipped)} without a domain, ${n(failed)} failed`])
    rows.push(['found', `${n(domains)} domains, ${n(emails)} e-mails, for ${n(credits_spent)} credits`])
    if (earlier > 0) rows.push(['', `${n(earlier)} more credits were booked for purchases of earlier runs`])
  }
  const again = summary.lists_fetched_again ?? 0
  if (again > 0) rows.push(['lists', `${n(again)} in doubt fetched again`])
  const last = streams.at(-1)
  if (last) rows.push(timepointRow(last))
  return `${SENTENCES[summary.ended]}.\n${facts(rows)}`
}

type NamedCounts = StreamCounted & { stream: string }

function timepointRow({ timepoint }: NamedCounts): Fact {
  return ['timepoint', timepoint === null ? 'none yet' : String(timepoint)]
}

function countedRows(counts: NamedCounts, elapsedSeconds: number): Fact[] {
  const n = formatNumber
  const { stream, inserted, updated, deleted, queued } = counts
  const rows: Fact[] = [
    ['events', `${n(counts.events)} in ${formatDuration(elapsedSeconds * 1000)}`],
    [stream, `${n(inserted)} new, ${n(updated)} updated, ${n(deleted)} deleted`],
  ]
  if (queued > 0 || stream === 'companies') rows.push(['queued', `${n(queued)} for enrichment`])
  if (counts.rejects > 0) rows.push(['rejects', `${n(counts.rejects)} lines that could not be read are kept`])
  if (counts.gaps > 0) rows.push(['gaps', `${n(counts.gaps)} jumps in the timepoints`])
  if (counts.misplaced > 0) {
    rows.push(['out of place', `${n(counts.misplaced)} timepoints did not follow the one before them`])
  }
  if (counts.repeated > 0) rows.push(['repeated', `${n(counts.repeated)} lines had been stored before`])
  return rows
}
