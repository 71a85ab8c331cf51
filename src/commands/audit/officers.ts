import type { Context } from '../../context.ts'
import { beginRun } from '../../db/runs.ts'
import { ChpipeError } from '../../errors.ts'
import { auditOfficers, type ListAudit } from '../../steps/audit-officers.ts'
import { formatNumber, safeJson } from '../../text.ts'
import type { Answer } from '../command.ts'
import { bar, createStatus } from '../status.ts'
import { type OfficersReport, renderOfficers, summarizeOfficers } from './officers-report.ts'

/** A seed that is short enough to be typed again. */
const SEEDS = 1_000_000

export interface AuditOfficersOptions {
  count: number
  seed: number | undefined
  repair: boolean
}

/** `chpipe audit --officers`: prints how far the sample has drifted, also when it is stopped early. Drift is no failure. */
export async function auditOfficersInto(context: Context, options: AuditOfficersOptions): Promise<Answer> {
  const { clock, signal } = context
  const db = await context.db({ create: false, kind: 'data' })
  const companiesHouse = await context.companiesHouse({ create: false })
  using current = beginRun(db, clock, 'audit')
  const { count, repair, seed = current.startedAt % SEEDS } = options
  const audits: ListAudit[] = []
  const step = { db, companiesHouse, clock, runId: current.id, signal }
  let ended: OfficersReport['ended'] = 'error'
  try {
    using status = await createStatus(context)
    const onCompany = (audit: ListAudit, { done, of }: { done: number; of: number }) => {
      audits.push(audit)
      const drifted = audits.filter(({ drift, equal }) => drift && !equal).length
      status.update(
        `${bar(done / of, 16)} ${formatNumber(done)}/${formatNumber(of)} lists, ${formatNumber(drifted)} drifted`,
      )
    }
    await auditOfficers(step, { count, seed, repair, onCompany })
    ended = 'finished'
  } finally {
    if (signal.aborted) ended = 'interrupted'
    const { requests, rateLimited } = companiesHouse.counts
    const report = summarizeOfficers(audits, {
      ...{ wanted: count, seed, repair, ended, requests, rateLimited, elapsedMs: clock.now() - current.startedAt },
    })
    current.finish({ ...report, lists: report.lists.length })
    if (audits.length > 0)
      await context.print(context.json ? `${safeJson(report)}\n` : renderOfficers(report, clock.now()))
  }
  if (audits.length > 0) return 0
  throw new ChpipeError('no', 'No company has a complete officer list yet, so there is nothing to audit', {
    hint: 'fetch some first: chpipe import-officers',
  })
}
