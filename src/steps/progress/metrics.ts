// The report of `progress` as Prometheus metrics, for the node exporter's textfile collector and for `serve`.
import type { VerificationCounts } from '../../db/verifications.ts'
import { labelled, type Metric, single } from '../../metrics.ts'
import type { StreamReport } from '../stream/report.ts'
import { liveMetrics } from './live-metrics.ts'
import type { Progress } from './progress.ts'

/** Everything that `progress --json` prints, in seconds and plain counts; what there is nothing to say about is left out. */
export function progressMetrics(progress: Progress, version: string): Metric[] {
  const { companies_with_officers: complete, pending, none, failed, stale = 0, quota, verification } = progress
  return [
    {
      name: 'chpipe_build_info',
      help: 'Always 1; the label names the version.',
      type: 'gauge',
      samples: [{ value: 1, labels: { version } }],
    },
    labelled(
      'gauge',
      {
        name: 'chpipe_companies',
        help: 'Companies known, by the state of their officer lists.',
        label: 'officers_state',
      },
      { complete, pending, none, failed, stale },
    ),
    single('gauge', 'chpipe_officers', 'Officers stored.', progress.officers),
    ...(verification ? [verificationMetric(verification)] : []),
    ...pscMetrics(progress),
    single('gauge', 'chpipe_target_companies', 'Companies that shall have officers.', progress.target),
    single('gauge', 'chpipe_target_ratio', 'Share of the target that is reached, 0 to 1.', progress.percent / 100),
    single('gauge', 'chpipe_ready', '1 when the target is reached, otherwise 0.', progress.ready ? 1 : 0),
    single(
      'gauge',
      'chpipe_companies_per_minute',
      'Companies that got their officers per minute, over the last ten minutes.',
      progress.per_minute,
    ),
    single(
      'gauge',
      'chpipe_eta_seconds',
      'Time until the target is reached; absent while unknown.',
      progress.eta_seconds,
    ),
    single('gauge', 'chpipe_quota_limit_calls', 'Calls that the allowance gives in a window.', quota.limit),
    single('gauge', 'chpipe_quota_window_seconds', 'Length of the window of the allowance.', quota.window_seconds),
    single('gauge', 'chpipe_quota_used_calls', 'Calls that count against the allowance now.', quota.used),
    single('gauge', 'chpipe_quota_peak_calls', 'The most calls that ever counted at once.', quota.peak),
    single(
      'counter',
      'chpipe_rate_limited_total',
      'Calls that Companies House refused (429, 403).',
      quota.rate_limited,
    ),
    single(
      'gauge',
      'chpipe_allowance_store_up',
      'Whether the PostgreSQL that keeps a shared allowance can be reached; absent where it is in the database.',
      quota.store === undefined ? null : Number(quota.store.away === null),
    ),
    ...streamMetrics(progress.streams ?? (progress.stream ? [progress.stream] : [])),
    ...liveMetrics(progress),
  ]
}

function pscMetrics({ pscs }: Progress): Metric[] {
  if (!pscs) return []
  const { records, snapshot_on: day, companies_in_doubt = 0 } = pscs
  return [
    single('gauge', 'chpipe_pscs', 'Records of persons with significant control stored.', records),
    single(
      'gauge',
      'chpipe_psc_snapshot_timestamp_seconds',
      'The day of the newest snapshot imported whole; absent without one.',
      day === null ? null : Date.parse(day) / 1000,
    ),
    single(
      'gauge',
      'chpipe_psc_companies_in_doubt',
      'Companies of which the stream may have lost events since; 10001 for more than 10000.',
      companies_in_doubt,
    ),
  ]
}

function verificationMetric(counts: VerificationCounts): Metric {
  const about = {
    name: 'chpipe_officers_by_verification',
    help: 'Officers stored, by how their identity verification stands today.',
    label: 'identity_verification',
  }
  return labelled('gauge', about, { ...counts })
}

function streamMetrics(streams: StreamReport[]): Metric[] {
  if (streams.length === 0) return []
  const seconds = (iso: string | null) => (iso === null ? null : Date.parse(iso) / 1000)
  const gauge = (name: string, help: string, read: (report: StreamReport) => number | null): Metric => ({
    name: `chpipe_stream_${name}`,
    help,
    type: 'gauge',
    samples: streams.flatMap((report) => {
      const value = read(report)
      return value === null ? [] : [{ value, labels: { stream: report.stream } }]
    }),
  })
  const counter = (name: string, help: string, read: (report: StreamReport) => number): Metric => ({
    ...gauge(name, help, read),
    type: 'counter',
  })
  return [
    gauge('up', '1 while a process follows the stream, otherwise 0.', ({ running }) => Number(running)),
    gauge('connected', '1 while there is a connection, otherwise 0.', ({ connected_since }) =>
      Number(connected_since !== null),
    ),
    gauge('connected_timestamp_seconds', 'When the connection was made.', (report) => seconds(report.connected_since)),
    gauge('last_event_timestamp_seconds', 'When the last event was applied.', (report) =>
      seconds(report.last_event_at),
    ),
    gauge('timepoint', 'The last timepoint applied.', ({ timepoint }) => timepoint),
    counter('events_total', 'Events applied.', ({ events }) => events),
    gauge(
      'events_per_minute',
      'Events applied per minute, over the last ten minutes.',
      (report) => report.events_per_minute,
    ),
    gauge(
      'lag_seconds',
      'From the publication of the last event until it was applied.',
      (report) => report.lag_seconds,
    ),
    gauge('silent', '1 when no event has come for too long, otherwise 0.', ({ silent }) => Number(silent)),
    {
      name: 'chpipe_stream_gaps_total',
      help: 'Spans of timepoints that never came, by kind.',
      type: 'counter',
      samples: streams.flatMap(({ stream, jumps, expired, misplaced }) =>
        Object.entries({ jump: jumps, expired, misplaced }).map(([kind, value]) => ({
          value,
          labels: { stream, kind },
        })),
      ),
    },
    gauge('gaps_unrepaired', 'Expired spans whose days are still to be searched.', ({ unrepaired }) => unrepaired),
    counter('rejects_total', 'Lines that could not be applied and are kept.', ({ rejects }) => rejects),
  ]
}
