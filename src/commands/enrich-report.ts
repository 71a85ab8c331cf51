// What a run of `enrich` did, for people and for scripts.
import { formatDuration } from '../clock.ts'
import type { EnrichEnding } from '../steps/enrich/run.ts'
import { counted, formatNumber, printable } from '../text.ts'

/** The names and their order are what `--json` prints. */
export interface EnrichReport {
  /** Companies whose enrichment ended in this run. */
  companies: number
  queued: number
  done: number
  skipped: number
  failed: number
  /** Not ended: due later, waiting for an answer, or not paid for. */
  left: number
  /** Companies that --limit leaves to later runs. */
  waiting: number
  /** Purchases that wait for the operator's word, of this run and others. */
  unconfirmed: number
  /** Paid answers that match no name and wait for the operator's word, of this run and others. */
  unmatched: number
  domains: number
  emails: number
  credits_spent: number
  /** Booked in this run for purchases that earlier runs had made. */
  credits_settled_earlier: number
  /** Calls of this run, by service. */
  calls: Record<string, number>
  rate_limited: number
  elapsed_seconds: number
  ended: EnrichEnding | 'error'
  /** What had become of the company that was named, when there was nothing to do for it. */
  ended_before?: { state: string; reason: string | null; at: string }
}

const SENTENCES: Record<EnrichReport['ended'], string> = {
  'nothing-left': 'Nothing is left to do now',
  'limit-reached': 'The limit of credits is reached',
  'not-enough-credits': 'Snov has not enough credits; the free work is done',
  away: 'Snov did not answer; the free work is done',
  interrupted: 'Stopped; everything answered is stored',
  error: 'Stopped early; everything answered is stored',
}

/** The report as a few sentences. */
export function renderReport(report: EnrichReport): string {
  const n = formatNumber
  const { companies_house: rest = 0, ...byProvider } = report.calls
  const paid = Object.values(byProvider).reduce((sum, calls) => sum + calls, 0)
  if (report.ended_before) return renderEndedBefore(report.ended_before)
  const doubts =
    report.unconfirmed > 0
      ? `Purchases in doubt, for you to settle: ${n(report.unconfirmed)}. See them: chpipe enrich --unconfirmed\n`
      : ''
  const strays =
    report.unmatched > 0
      ? `Paid answers that match no name, for you to settle: ${n(report.unmatched)}. See them: chpipe enrich --unmatched\n`
      : ''
  const { waiting, credits_settled_earlier: earlier } = report
  const isPart = waiting > 0 && report.ended === 'nothing-left'
  const sentence = isPart ? 'The companies of this run are done' : SENTENCES[report.ended]
  const others = waiting > 0 ? `; ${counted(waiting, 'more waits', 'more wait')} for a later run` : ''
  const settled =
    earlier > 0
      ? `For purchases of earlier runs ${counted(earlier, 'more credit was', 'more credits were')} booked.\n`
      : ''
  return `${sentence}: ${counted(report.companies, 'company', 'companies')} ended, ${n(report.left)} left${others}
(${n(report.done)} enriched, ${n(report.skipped)} without a domain, ${n(report.failed)} failed).
This run found ${counted(report.domains, 'domain')} and ${counted(report.emails, 'address', 'addresses')} for ${counted(report.credits_spent, 'credit')}
in ${formatDuration(report.elapsed_seconds * 1000)} with ${counted(rest, 'call')} to Companies House and ${n(paid)} to Snov,
${n(report.rate_limited)} of them refused (429).
${settled}${doubts}${strays}`
}

function renderEndedBefore({ state, reason, at }: NonNullable<EnrichReport['ended_before']>): string {
  const day = at.slice(0, 10)
  if (state === 'done') return `This company was enriched on ${day}; nothing is bought twice, so nothing was done.\n`
  const again = reason === 'no domain' ? ' To ask Snov again, add --retry-skipped-after 0s.' : ''
  return `This company was skipped on ${day} (${printable(reason ?? 'no reason kept')}), so nothing was done.${again}\n`
}
