// The live half of the report as Prometheus metrics: enrichment, what it found and cost, and what the allowance leaves.
import { labelled, type Metric, single } from '../../metrics.ts'
import type { LiveProgress } from './live.ts'

type Part<Name extends keyof LiveProgress> = NonNullable<LiveProgress[Name]>

/** What there is nothing to say about is left out. */
export function liveMetrics({ jobs, domains, emails, credits, capacity }: LiveProgress): Metric[] {
  return [
    ...(jobs ? jobMetrics(jobs) : []),
    ...(domains ? domainMetrics(domains) : []),
    ...(emails ? emailMetrics(emails) : []),
    ...(credits ? creditMetrics(credits) : []),
    ...(capacity ? capacityMetrics(capacity) : []),
  ]
}

function jobMetrics(jobs: Part<'jobs'>): Metric[] {
  const { stages, due, skipped, failed, done } = jobs
  return [
    labelled(
      'gauge',
      { name: 'chpipe_jobs', help: 'Enrichment jobs by state; skipped ones have no domain.', label: 'state' },
      { due, skipped, failed, done },
    ),
    labelled(
      'gauge',
      { name: 'chpipe_jobs_due', help: 'Due enrichment jobs by what is to be done next.', label: 'stage' },
      { ...stages },
    ),
  ]
}

function domainMetrics(domains: Part<'domains'>): Metric[] {
  return [
    single('gauge', 'chpipe_domains', 'Domains found.', domains.found),
    single('gauge', 'chpipe_domain_companies_asked', 'Companies whose domain was looked for.', domains.companies_asked),
    single('gauge', 'chpipe_domain_companies_found', 'Companies that have a domain.', domains.companies_found),
    single('gauge', 'chpipe_domain_hit_ratio', 'Share of companies with a domain, 0 to 1.', ratio(domains.hit_percent)),
  ]
}

function emailMetrics(emails: Part<'emails'>): Metric[] {
  return [
    single('gauge', 'chpipe_emails', 'E-mail addresses found.', emails.found),
    single('gauge', 'chpipe_email_people_asked', 'People whose address was looked for.', emails.people_asked),
    single('gauge', 'chpipe_email_people_found', 'People who have an address.', emails.people_found),
    single('gauge', 'chpipe_email_hit_ratio', 'Share of people with an address, 0 to 1.', ratio(emails.hit_percent)),
  ]
}

function creditMetrics(credits: Part<'credits'>): Metric[] {
  const left = credits.left === null ? null : Number(credits.left)
  return [
    single('counter', 'chpipe_credits_spent_total', 'Snov credits spent.', credits.spent),
    single('gauge', 'chpipe_credits_reserved', 'Snov credits at worst for purchases on their way.', credits.reserved),
    single('gauge', 'chpipe_credits_left', 'Snov balance when last read.', Number.isNaN(left) ? null : left),
    single(
      'gauge',
      'chpipe_credits_left_read_timestamp_seconds',
      'When the Snov balance was last read.',
      credits.left_read_at === null ? null : Date.parse(credits.left_read_at) / 1000,
    ),
  ]
}

function capacityMetrics(capacity: Part<'capacity'>): Metric[] {
  return [
    single(
      'gauge',
      'chpipe_capacity_allowance_calls_per_minute',
      'Calls a minute that the allowance gives.',
      capacity.allowance_per_minute,
    ),
    single(
      'gauge',
      'chpipe_capacity_stream_calls_per_minute',
      'Calls a minute that the stream needs.',
      capacity.stream_per_minute,
    ),
    single(
      'gauge',
      'chpipe_capacity_background_calls_per_minute',
      'Calls a minute that remain for the background.',
      capacity.background_per_minute,
    ),
  ]
}

function ratio(percent: number | null): number | null {
  return percent === null ? null : percent / 100
}
