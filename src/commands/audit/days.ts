import { TYPE_SLUGS } from '../../companies-house/register-prose.ts'
import type { Context } from '../../context.ts'
import type { Db } from '../../db/open.ts'
import { beginRun } from '../../db/runs.ts'
import { readCursor } from '../../db/stream.ts'
import { formatDuration } from '../../durations.ts'
import { ChpipeError } from '../../errors.ts'
import { auditDays, type DayAudit } from '../../steps/audit-days.ts'
import { londonTime } from '../../steps/london-time.ts'
import { daysBetween } from '../../steps/search-companies.ts'
import { formatNumber, safeJson } from '../../text.ts'
import type { Answer } from '../command.ts'
import { bar, createStatus } from '../status.ts'
import { type DaysReport, summarizeDays } from './days-report.ts'
import { renderDays } from './days-table.ts'

export interface AuditOptions {
  since?: string
  day?: string
  repair?: boolean
  type?: string[]
  sic?: string[]
  postcode?: string[]
  officers?: number
  seed?: number
}

const STREAM = 'companies'

/** `chpipe audit`: prints the days that were compared, also when it is stopped before the last; 1 when one differs. */
export async function auditDaysInto(context: Context, options: AuditOptions): Promise<Answer> {
  const { clock, log, timings, signal } = context
  const db = await context.db({ create: false, kind: 'data' })
  const liveSince = requireLive(db)
  const today = londonTime(clock.now()).day
  const { from, to } = chooseDays(options, londonTime(liveSince).day, today)
  const companiesHouse = await context.companiesHouse({ create: false })
  using current = beginRun(db, clock, 'audit')
  const audits: DayAudit[] = []
  const repair = options.repair === true
  const filters = { types: options.type, sicCodes: options.sic, postcodes: options.postcode }
  const step = { db, companiesHouse, clock, log, timings, runId: current.id, signal }
  let ended: DaysReport['ended'] = 'error'
  try {
    using shown = await showDays(context, { from, to })
    const onDay = (audit: DayAudit) => {
      audits.push(audit)
      shown.update(audits)
    }
    await auditDays(step, { from, to, today, filters, types: TYPE_SLUGS, repair, onDay })
    ended = 'finished'
  } catch (error) {
    throw signal.aborted ? interrupted() : error
  } finally {
    if (signal.aborted) ended = 'interrupted'
    const { requests, rateLimited } = companiesHouse.counts
    const elapsedMs = clock.now() - current.startedAt
    const facts = { liveSince, from, to, today, repair, ended, requests, rateLimited, elapsedMs }
    const report = summarizeDays(audits, facts)
    current.finish({ ...report, days: report.days.length })
    await context.print(context.json ? `${safeJson(report)}\n` : renderDays(report, filterFlags(options)))
  }
  return audits.every(({ equal, unlisted }) => equal || (repair && unlisted === 0)) ? 0 : 1
}

/** The days before were told with the report, which also says where to go on. */
function interrupted(): ChpipeError {
  return new ChpipeError('interrupted', 'Interrupted', {
    hint: 'go on with --since, as the report says; what was repaired stays',
  })
}

/** When the first event was applied, in milliseconds. Throws `no` before that. */
function requireLive(db: Db): number {
  const firstEventAt = readCursor(db, STREAM)?.first_event_at ?? null
  if (firstEventAt !== null) return firstEventAt
  throw new ChpipeError('no', 'Not live yet: no event of the stream was ever stored, so there is no day to audit', {
    hint: 'go live first: chpipe stream --enrich',
  })
}

function chooseDays({ since, day }: AuditOptions, live: string, today: string): { from: string; to: string } {
  const from = day ?? since ?? live
  if (from > today) throw new ChpipeError('usage', `${from} is yet to come; today is ${today}`)
  return { from, to: day ?? today }
}

function filterFlags({ type, sic, postcode }: AuditOptions): string {
  return Object.entries({ type, sic, postcode })
    .map(([name, values]) => (values ? ` --${name} ${safeWord(values.join(','))}` : ''))
    .join('')
}

/** A postcode may hold a blank. */
function safeWord(text: string): string {
  return text.includes(' ') ? `"${text}"` : text
}

async function showDays(context: Context, { from, to }: { from: string; to: string }) {
  const status = await createStatus(context)
  const begun = context.clock.steady()
  const days = daysBetween(from, to).length
  status.update(`${bar(0, 16)} ${from}  asking the register`)
  return {
    update(audits: DayAudit[]) {
      const share = audits.length / days
      const left = formatDuration(((context.clock.steady() - begun) / share) * (1 - share))
      const missing = audits.reduce((sum, audit) => sum + audit.missing.length, 0)
      const day = audits.at(-1)?.day ?? from
      status.update(`${bar(share, 16)} ${day}  ${formatNumber(missing)} missing so far, ${left} left`)
    },
    [Symbol.dispose]: () => status[Symbol.dispose](),
  }
}
