import { expect, it } from 'vitest'
import { exposition } from '../../../src/metrics.ts'
import { progressMetrics } from '../../../src/steps/progress/metrics.ts'
import type { Progress } from '../../../src/steps/progress/progress.ts'
import { readExposition } from '../../exposition-reader.ts'

const progress: Progress = {
  companies_with_officers: 3,
  officers: 6,
  companies: 5,
  pending: 1,
  none: 1,
  failed: 0,
  target: 4,
  percent: 75,
  ready: false,
  per_minute: 1.5,
  eta_seconds: null,
  quota: { limit: 600, window_seconds: 300, used: 12, peak: 20, rate_limited: 0 },
  verification: { verified: 2, due: 1, overdue: 3, ended: 0, none: 0 },
  stream: {
    stream: 'companies',
    running: true,
    host: 'a',
    pid: 1,
    connected_since: '2026-01-05T11:00:00.000Z',
    last_event_at: '2026-01-05T11:59:56.500Z',
    timepoint: 104_000_125,
    events: 1000,
    events_per_minute: 12.5,
    lag_seconds: 3,
    silent: true,
    jumps: 1,
    expired: 2,
    unrepaired: 1,
    misplaced: 0,
    misplaced_at: null,
    rejects: 4,
  },
  jobs: {
    due: 9,
    due_for_enrich: 4,
    stages: { details: 0, domain: 4, officers: 5, emails: 0 },
    skipped: 17,
    failed: 2,
    done: 13,
  },
  domains: { found: 13, companies_asked: 30, companies_found: 13, hit_percent: 43.3 },
  emails: { found: 7, people_asked: 22, people_found: 7, hit_percent: 31.8 },
  credits: { spent: 20, reserved: 3, left: '480.00', left_read_at: '2026-01-05T12:00:00.000Z' },
  capacity: { allowance_per_minute: 120, stream_per_minute: 24.5, background_per_minute: 95.5 },
}

const read = (report: Progress) => readExposition(exposition(progressMetrics(report, '1.2.3')))

it('tells everything in seconds and plain counts', () => {
  const metrics = read(progress)
  const values = [...metrics.values()].flatMap(({ samples }) =>
    samples.map(({ name, labels, value }) => [[name, ...Object.values(labels)].join(' '), value]),
  )
  expect(Object.fromEntries(values)).toMatchObject({
    'chpipe_companies complete': 3,
    'chpipe_companies pending': 1,
    'chpipe_officers_by_verification verified': 2,
    'chpipe_officers_by_verification overdue': 3,
    'chpipe_officers_by_verification none': 0,
    chpipe_ready: 0,
    chpipe_target_ratio: 0.75,
    chpipe_quota_used_calls: 12,
    chpipe_rate_limited_total: 0,
    'chpipe_stream_last_event_timestamp_seconds companies': Date.parse('2026-01-05T11:59:56.500Z') / 1000,
    'chpipe_stream_lag_seconds companies': 3,
    'chpipe_stream_gaps_total companies jump': 1,
    'chpipe_stream_gaps_total companies expired': 2,
    'chpipe_stream_rejects_total companies': 4,
    'chpipe_jobs_due domain': 4,
    'chpipe_jobs done': 13,
    chpipe_domains: 13,
    chpipe_email_people_asked: 22,
    chpipe_credits_spent_total: 20,
    chpipe_credits_left: 480,
    chpipe_credits_left_read_timestamp_seconds: Date.UTC(2026, 0, 5, 12) / 1000,
    chpipe_capacity_background_calls_per_minute: 95.5,
  })
  expect(metrics.has('chpipe_eta_seconds')).toBe(false)
})

it('leaves out what there is nothing to say about', () => {
  const { stream: _s, jobs: _j, domains: _d, emails: _e, credits: _c, capacity: _p, ...plain } = progress
  const names = [...read({ ...plain, eta_seconds: 60 }).keys()]
  expect(names.filter((name) => /stream|jobs|domain|email|credits|capacity/.test(name))).toEqual([])
  expect(names).toContain('chpipe_eta_seconds')
})
