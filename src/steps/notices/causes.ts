// What is worth a notice, read from the database. Messages hold counts, names of commands and of streams, and never
// personal data.
import type { Clock } from '../../clock.ts'
import { cappedText } from '../../db/capped-count.ts'
import type { Notice } from '../../db/notices.ts'
import { countOldLists, LISTS_OLD_DAYS } from '../../db/officers/age.ts'
import type { Db } from '../../db/open.ts'
import { readCreditReport, readCreditRoom, readProviders } from '../../db/purchases/credits.ts'
import { findAbandonedRuns, findLastFinished } from '../../db/runs.ts'
import { readTallies } from '../../db/tallies.ts'
import type { Quota } from '../../settings.ts'
import { counted, formatNumber } from '../../text.ts'
import { readStreamReports } from '../stream/report.ts'

export type Cause = Pick<Notice, 'cause' | 'subject'> & {
  /** Null while it is not so. */
  message: string | null
}

export interface CauseOptions {
  clock: Clock
  /** How many companies should have officers, unless the last import says otherwise. */
  target: number
  budget: Quota | null
}

/** Every cause that can be read from the database, with its message where it is so now. */
export function readCauses(db: Db, { clock, target, budget }: CauseOptions): Cause[] {
  return [
    targetReached(db, target),
    ...streamsSilent(db, clock),
    budgetUsedUp(db, budget, clock.now()),
    ...creditsUsedUp(db),
    auditDiffers(db),
    listsOld(db, clock.now()),
    ...runsGone(db, clock),
  ]
}

function targetReached(db: Db, otherwise: number): Cause {
  const { complete } = readTallies(db)
  const told = numberIn(findLastFinished(db, 'import-officers')?.summary, 'target')
  const target = told ?? otherwise
  const message = `The target is reached: ${counted(complete, 'company has', 'companies have')} officers. Next: chpipe backup, then chpipe stream`
  return { cause: 'target-reached', subject: '', message: complete >= target ? message : null }
}

function streamsSilent(db: Db, clock: Clock): Cause[] {
  return readStreamReports(db, clock).map(({ stream, silent, running }) => ({
    cause: 'stream-silent',
    subject: stream,
    message:
      silent && running
        ? `The stream ${stream} brings no events. See: chpipe doctor, and the status of Companies House`
        : null,
  }))
}

function budgetUsedUp(db: Db, budget: Quota | null, now: number): Cause {
  const used = budget !== null && readCreditRoom(db, { maxCredits: null, budget }, 0, now) <= 0
  const message = `The credit budget is used up (${formatNumber(budget?.limit ?? 0)}). Paid work waits; raise CHPIPE_CREDIT_BUDGET to go on`
  return { cause: 'budget-used-up', subject: '', message: used ? message : null }
}

function creditsUsedUp(db: Db): Cause[] {
  return readProviders(db).map((provider) => {
    const { balance } = readCreditReport(db, { provider })
    const isEmpty = balance !== null && Number(balance) <= 0
    return {
      cause: 'credits-used-up',
      subject: provider,
      message: isEmpty ? `The credits of ${provider} are used up. Buy more; until then only free work is done` : null,
    }
  })
}

function auditDiffers(db: Db): Cause {
  const summary = findLastFinished(db, 'audit')?.summary
  const [missing, extra] = [numberIn(summary, 'missing') ?? 0, numberIn(summary, 'extra') ?? 0]
  const message = `The audit differs from the register: ${formatNumber(missing)} missing, ${formatNumber(extra)} extra. To repair: chpipe audit --repair`
  const repaired = summary?.includes('"repair":true') ?? false
  return { cause: 'audit-differs', subject: '', message: missing + extra > 0 && !repaired ? message : null }
}

function listsOld(db: Db, now: number): Cause {
  const many = countOldLists(db, now)
  const count = cappedText(many, 'officer list is', 'officer lists are').replace(/^m/, 'M')
  const message = `${count} older than ${LISTS_OLD_DAYS} days. To refresh: chpipe import-officers --refresh ${LISTS_OLD_DAYS}d`
  return { cause: 'lists-old', subject: '', message: many > 0 ? message : null }
}

/** Processes that were killed, or whose machine went down: they could not say so themselves. */
function runsGone(db: Db, clock: Clock): Cause[] {
  return findAbandonedRuns(db, clock).map(({ command, gone }) => ({
    cause: 'run-gone',
    subject: command,
    message: gone ? `chpipe ${command} ended without a word: its process is gone. To continue: start it again` : null,
  }))
}

function numberIn(summary: string | undefined, name: string): number | null {
  if (summary === undefined) return null
  const value = (JSON.parse(summary) as Record<string, unknown>)[name]
  return typeof value === 'number' ? value : null
}
