// The live half of the report: streams, jobs, what was found and what it cost.
import { DAY_MS, formatDuration } from '../clock.ts'
import type { CapacityReport, CreditsReport, JobsReport, LiveProgress } from '../steps/progress/live.ts'
import type { StreamReport } from '../steps/stream/report.ts'
import { minute, formatNumber as n } from '../text.ts'

export type Row = [label: string, value: string]

/** What was out of place longer ago is history. */

/** The stream and the enrichment for people: a row or two for each of which there is something to say. */
export function liveRows(
  { stream, streams, jobs, domains, emails, credits, capacity }: LiveProgress,
  now: number,
): Row[] {
  const rows: Row[] = []
  for (const each of streams ?? (stream ? [stream] : [])) rows.push(...streamRows(each, now, streams !== undefined))
  if (jobs) rows.push(...jobRows(jobs))
  if (domains) {
    const { found, companies_found, companies_asked, hit_percent } = domains
    rows.push([
      'domains',
      `${n(found)}; ${n(companies_found)} of ${n(companies_asked)} companies${percent(hit_percent)}`,
    ])
  }
  if (emails) {
    const { found, people_found, people_asked, hit_percent } = emails
    rows.push(['e-mails', `${n(found)}; ${n(people_found)} of ${n(people_asked)} people${percent(hit_percent)}`])
  }
  if (credits) rows.push(['credits', creditText(credits, now)])
  if (capacity) rows.push(...capacityRows(capacity))
  return rows
}

function streamRows(stream: StreamReport, now: number, named: boolean): Row[] {
  const { connected_since, last_event_at, timepoint, events_per_minute, lag_seconds, jumps, expired, unrepaired } =
    stream
  const last = last_event_at === null ? 'no event yet' : `last event ${ago(last_event_at, now)}`
  const troubles = [
    `gaps ${n(jumps + expired)}${unrepaired > 0 ? ` (${n(unrepaired)} to be searched)` : ''}`,
    `rejects ${n(stream.rejects)}`,
  ]
  if (lag_seconds !== null) troubles.unshift(`lag ${formatDuration(lag_seconds * 1000)}`)
  const state = !stream.running
    ? 'not followed now'
    : connected_since === null
      ? 'connecting'
      : `connected since ${minute(connected_since)}`
  const rows: Row[] = [
    ['stream', `${named ? `${stream.stream}: ` : ''}${state}, ${last}`],
    ['', `${n(events_per_minute)} events a minute, at timepoint ${timepoint ?? 'live'}`],
    ['', troubles.join(', ')],
  ]
  const { misplaced, misplaced_at: at } = stream
  if (at !== null && now - Date.parse(at) < DAY_MS) {
    rows.push(['', `OUT OF PLACE: ${n(misplaced)} timepoints, the last ${ago(at, now)}; their events are applied`])
  }
  if (stream.silent) rows.push(['', 'SILENT: no event for too long'])
  return rows
}

function jobRows({ due, due_for_enrich: forEnrich, stages, skipped, failed, done }: JobsReport): Row[] {
  const waiting = Object.entries(stages).flatMap(([stage, count]) => (count > 0 ? [`${stage} ${n(count)}`] : []))
  const rows: Row[] = [
    ['jobs', `${n(due)} due${waiting.length > 0 ? ` (${waiting.join(', ')})` : ''}`],
    ['', `${n(done)} done, ${n(skipped)} without a domain, ${n(failed)} failed`],
  ]
  if (forEnrich > 0) rows.splice(1, 0, ['', `${n(forEnrich)} of these wait for the next \`chpipe enrich\``])
  return rows
}

function creditText({ spent, reserved, left, left_read_at: readAt }: CreditsReport, now: number): string {
  const parts = [`${n(spent)} spent`]
  if (reserved > 0) parts.push(`${n(reserved)} reserved`)
  parts.push(
    left === null || readAt === null
      ? 'balance not read yet'
      : `${left} left ${ago(readAt, now)}, at ${minute(readAt)}`,
  )
  return parts.join(', ')
}

function capacityRows({ stream_per_minute, allowance_per_minute, background_per_minute }: CapacityReport): Row[] {
  return [
    ['capacity', `the stream needs ${n(stream_per_minute)} of ${n(allowance_per_minute)} calls a minute`],
    ['', `${n(background_per_minute)} a minute remain for the background`],
  ]
}

function percent(share: number | null): string {
  return share === null ? '' : ` (${share.toFixed(0)} %)`
}

function ago(iso: string, now: number): string {
  return `${formatDuration(now - Date.parse(iso))} ago`
}
