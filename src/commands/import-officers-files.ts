// `import-officers --file` and `--updates`: officer lists from the files of the bulk products, without a call.
import { openBulkFiles } from '../companies-house/bulk/files.ts'
import type { Context } from '../context.ts'
import { tidyWhenFree, whenFree } from '../db/lock-wait.ts'
import { type Db, snapshot } from '../db/open.ts'
import { beginRun } from '../db/runs.ts'
import { readTallies } from '../db/tallies.ts'
import { ChpipeError } from '../errors.ts'
import type { FiledProgress } from '../steps/officers/filed-read.ts'
import { type ImportFileSummary, importOfficersFile } from '../steps/officers/import-file.ts'
import {
  type AppliedUpdate,
  type ImportUpdatesSummary,
  importOfficerUpdates,
} from '../steps/officers/import-updates.ts'
import { counted, formatNumber as n, safeJson } from '../text.ts'
import type { Answer } from './command.ts'
import type { ImportOfficersInput } from './import-officers.ts'
import { bar, createStatus, type Fact, facts } from './output.ts'

/** Takes the lists of a snapshot. */
export async function importFile(context: Context, options: ImportOfficersInput): Promise<Answer> {
  const paths = options.file ?? []
  refuseBeside('--file', options, ['updates', 'refresh', 'concurrency', 'maxOutage'])
  const target = options.target ?? context.settings.target
  const { limit = Number.POSITIVE_INFINITY, status, sic } = options
  using sources = await openBulkFiles(paths.map(context.path), context.signal)
  const db = await context.db({ create: false })
  const summary = await recorded(context, db, (step, onProgress) =>
    importOfficersFile(step, { sources, target, limit, status, sic, onProgress }),
  )
  const { complete } = snapshot(db, readTallies)
  const shown = { ...summary, companies_with_officers: complete, target }
  await context.print(context.json ? `${safeJson(shown)}\n` : renderFile(shown))
  return 0
}

/** Options that mean nothing beside another one. */
function refuseBeside(
  given: string,
  options: ImportOfficersInput,
  others: readonly (keyof ImportOfficersInput)[],
): void {
  const other = others.find((name) => options[name] !== undefined)
  if (other === undefined) return
  const flag = `--${other.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
  throw new ChpipeError('usage', `${given} and ${flag} exclude each other`, {
    hint: 'chpipe import-officers --help',
  })
}

type Step = Parameters<typeof importOfficersFile>[0]
type Progress = FiledProgress | { phase: 'storing'; companies: number }

/** Runs a step as a run of this command, with its status on a terminal; what it returns becomes the summary of the run. */
async function recorded<Summary extends object>(
  context: Context,
  db: Db,
  body: (step: Step, onProgress: (progress: Progress) => void) => Promise<Summary>,
): Promise<Summary> {
  const { clock, log, signal } = context
  using current = await whenFree(db, () => beginRun(db, clock, 'import-officers'))
  using status = await createStatus(context)
  const step = { db, clock, log, signal, runId: current.id, startedAt: current.startedAt }
  const summary = await body(step, (progress) => status.update(progressLine(progress)))
  await tidyWhenFree(db, () => current.finish(summary))
  return summary
}

function progressLine(progress: Progress): string {
  if (progress.phase === 'storing') return `${n(progress.companies)} companies of the file looked at`
  const { bytesRead, bytesTotal, records } = progress
  const read = `${n(records)} records read`
  if (bytesTotal === null) return read
  const share = bytesTotal === 0 ? 1 : bytesRead / bytesTotal
  return `${bar(share)} ${Math.floor(share * 100)} %  ${read}`
}

const FEW_NAMED = 5

type ShownFile = ImportFileSummary & { companies_with_officers: number; target: number }

/** The summary for people; what there is none of is left out. */
function renderFile(summary: ShownFile): string {
  const parts = summary.parts.filter((part) => part !== null)
  const rows: Fact[] = [
    ['with officers', `${n(summary.companies_with_officers)} of ${n(summary.target)} companies`],
    [
      'file',
      `product ${summary.product}, run ${summary.run}, of ${summary.produced_on}${parts.length > 0 ? `: ${parts.join(', ')}` : ''}`,
    ],
    ['records', `${n(summary.records)}; ${n(summary.companies)} of the stored companies are among them`],
    [
      'completed',
      `${counted(summary.completed, 'company', 'companies')}, ${counted(summary.officers, 'officer')}, without a call`,
    ],
  ]
  const companies = (count: number) => counted(count, 'company', 'companies')
  const lists = (count: number) => counted(count, 'list')
  const counts: [label: string, count: number, named: (count: number) => string, what: string][] = [
    ['refreshed', summary.refreshed, lists, 'that had been stored before'],
    ['kept', summary.kept_newer, lists, 'as new as the file, or newer'],
    ['none', summary.none, companies, 'without officers'],
    ['unproven', summary.unproven, companies, 'left pending: that the file lists nobody proves nothing'],
    ['in doubt', summary.doubtful, lists, 'to be fetched again: somebody who is stored is not in the file'],
    ['left out', summary.left_out, companies, 'beyond the target, the limit or the filter, or being fetched'],
    ['disagreeing', summary.disagreeing, companies, 'with a list that is not taken:'],
  ]
  for (const [label, count, named, what] of counts) if (count > 0) rows.push([label, `${named(count)} ${what}`])
  for (const { company_number, why } of summary.disagreeing_companies.slice(0, FEW_NAMED)) {
    rows.push(['', `${company_number}: ${why}`])
  }
  if (summary.disagreeing > FEW_NAMED) rows.push(['', `and ${n(summary.disagreeing - FEW_NAMED)} more: --json`])
  if (!summary.whole) rows.push(['parts', 'not the whole snapshot: companies of the other parts are not touched'])
  if (summary.updates_to_repeat > 0) {
    rows.push(['updates', `apply those behind this snapshot again (${n(summary.updates_to_repeat)}): --updates`])
  }
  return facts(rows)
}

/** Applies daily updates. */
export async function importUpdates(context: Context, options: ImportOfficersInput): Promise<Answer> {
  const paths = options.updates ?? []
  refuseBeside('--updates', options, ['refresh', 'target', 'limit', 'concurrency', 'status', 'sic', 'maxOutage'])
  using sources = await openBulkFiles(paths.map(context.path), context.signal)
  const db = await context.db({ create: false })
  const onApplied = ({ run, produced_on }: AppliedUpdate) => {
    context.log.info('update applied', { run, produced_on })
  }
  const summary = await recorded(context, db, (step, onProgress) =>
    importOfficerUpdates(step, { sources, onProgress, onApplied }),
  )
  const { complete } = snapshot(db, readTallies)
  const shown = { ...summary, companies_with_officers: complete }
  await context.print(context.json ? `${safeJson(shown)}\n` : renderUpdates(shown))
  return 0
}

/** The summary for people: a line for each file. */
function renderUpdates(summary: ImportUpdatesSummary & { companies_with_officers: number }): string {
  const { applied, skipped, follows_snapshot: follows } = summary
  const rows: Fact[] = [
    ['with officers', `${n(summary.companies_with_officers)} companies`],
    ['applied', counted(applied.length, 'update')],
    ...applied.map(({ run, produced_on, companies, added, changed, removed, doubtful }): Fact => {
      const doubt = doubtful > 0 ? `, ${n(doubtful)} lists in doubt` : ''
      const rows = `${n(added)} new, ${n(changed)} changed, ${n(removed)} gone`
      return ['', `run ${run} of ${produced_on}: ${counted(companies, 'company', 'companies')}; ${rows}${doubt}`]
    }),
    ...skipped.map(({ run, produced_on, why }): Fact => ['passed over', `run ${run} of ${produced_on}: ${why}`]),
  ]
  if (!follows && applied.length > 0) {
    rows.push(['no snapshot', 'the updates follow none, so lists keep the day on which they were fetched'])
  }
  return facts(rows)
}
