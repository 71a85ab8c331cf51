import { DAY_MS } from '../clock.ts'
import type { Context } from '../context.ts'
import { ChpipeError } from '../errors.ts'
import { type PurgeCounts, planPurge, purge, purgeLimit } from '../steps/suppress/purge.ts'
import { formatNumber, safeJson } from '../text.ts'
import { defineCommand } from './command.ts'
import { createStatus } from './output.ts'
import { isConfirmed } from './prompt.ts'
import { fitTable } from './table.ts'

export const purgeCommand = defineCommand({
  name: 'purge',
  summary: 'Remove what is older than you keep it, with a plan first',
  description: `Removes appointments that were resigned, and control that ceased, longer ago than the given age; e-mail addresses, bought
answers, names in past requests, notes and kept stream lines that were stored longer ago. It shows the plan first, and asks
on a terminal; elsewhere it needs --yes. It may be stopped at any moment; running it again removes the rest.

What was bought is not bought again. The register still lists who resigned: the next import of these lists brings them back
until the next purge. Earlier deliveries, backups and log files are not touched.`,
  options: [
    { flags: '--older-than <age>', description: 'how long you keep it: 180d, 6y', parse: age },
    { flags: '--dry-run', description: 'show the plan, and change nothing' },
    { flags: '--yes', description: 'do not ask' },
  ],
  examples: [
    { line: 'chpipe purge --older-than 6y --dry-run', does: 'what would go' },
    { line: 'chpipe purge --older-than 6y', does: 'show the plan, ask, and remove it' },
    { line: 'chpipe purge --older-than 180d --yes', does: 'without a question, for cron' },
  ],
  async run(context, { options }) {
    const { olderThan, dryRun = false, yes = false } = options
    if (olderThan === undefined) {
      throw new ChpipeError('usage', 'How old? Name it with --older-than', {
        hint: 'chpipe purge --older-than 6y --dry-run',
      })
    }
    const limit = purgeLimit(olderThan, context.clock.now())
    if (dryRun) {
      const plan = planPurge(await context.existingDb(), limit)
      await report(context, { before: limit.time, dry_run: true, ...plan })
      return 0
    }
    const db = await context.db({ create: false })
    if (!yes && !(await isAgreed(context, planPurge(db, limit), limit.time))) {
      throw new ChpipeError('no', 'Nothing was removed')
    }
    using status = await createStatus(context)
    const { logKept, ...removed } = await purge(db, context, limit, (purged, count) =>
      status.update(`removing: ${LABELS[purged]}, ${formatNumber(count)}`),
    )
    status[Symbol.dispose]()
    if (logKept) {
      const why =
        'Another process is reading the database: removed text may remain in its -wal file until that process ends'
      context.log.warn(why)
    }
    await report(context, { before: limit.time, dry_run: false, ...removed })
    return 0
  },
})

const LABELS: Record<keyof PurgeCounts, string> = {
  officers: 'appointments that were resigned, with their e-mails',
  pscs: 'control that ceased',
  emails: 'e-mail addresses',
  answers: 'bought answers with addresses',
  requests: 'past requests with names',
  notes: 'notes',
  lines: 'kept stream lines',
}

async function isAgreed(context: Context, plan: PurgeCounts, before: string): Promise<boolean> {
  const { host } = context
  if (host.stdin.isTTY !== true || host.stderr.isTTY !== true) {
    throw new ChpipeError('usage', 'Removing needs --yes where nobody can be asked', {
      hint: 'see the plan first with --dry-run',
    })
  }
  host.stderr.write(table(plan, before, 'would go'))
  return isConfirmed(context, 'Remove all of this? It cannot be taken back.')
}

type Report = PurgeCounts & { before: string; dry_run: boolean }

async function report({ json, print }: Context, { before, dry_run, ...counts }: Report): Promise<void> {
  await print(
    json ? `${safeJson({ before, dry_run, ...counts })}\n` : table(counts, before, dry_run ? 'would go' : 'removed'),
  )
}

function table(counts: PurgeCounts, before: string, heading: string): string {
  const names = Object.keys(LABELS) as (keyof PurgeCounts)[]
  const rows = names.map((name) => [LABELS[name], formatNumber(counts[name])])
  return `Older than ${before.slice(0, 10)}:\n\n${fitTable([['what', heading], ...rows], { numbers: [1] })}`
}

const YEAR_DAYS = 365.25

/** `180d`, `6y`: milliseconds, at least a day. */
function age(text: string): number {
  const [, number = '', unit] = /^(\d{1,5})([dy])$/.exec(text.trim()) ?? []
  const days = Number(number) * (unit === 'y' ? YEAR_DAYS : 1)
  if (days >= 1 && days <= 200 * YEAR_DAYS) return days * DAY_MS
  throw new ChpipeError('usage', `Expected an age in days or years, such as 180d or 6y, got: ${text}`)
}
