import { formatDuration } from '../clock.ts'
import type { Context } from '../context.ts'
import { cappedText } from '../db/capped-count.ts'
import type { Db } from '../db/open.ts'
import { ChpipeError } from '../errors.ts'
import type { QuotaReport } from '../quota/report.ts'
import { type Progress, readPace, readProgress } from '../steps/progress/progress.ts'
import { type ProvenBy, readProvenBy } from '../steps/progress/proven.ts'
import { counted, formatNumber, formatNumber as n, printable, safeJson, widthOf, wrap } from '../text.ts'
import { defineCommand, type OptionSpec } from './command.ts'
import { officersStatus } from './officers-status.ts'
import { bar, terminalWidth, watchStatus } from './output.ts'
import { type Paint, paintFor, UNPAINTED } from './paint.ts'
import { liveRows, type Row } from './progress-live.ts'
import { between, count } from './values.ts'

const DEFAULT_WATCH_SECONDS = 2

const PROGRESS_OPTIONS = [
  {
    flags: '--target <n>',
    description: 'companies with officers that make it ready',
    parse: count(1),
    fallback: '$CHPIPE_TARGET, else 10000',
  },
  {
    flags: '--watch [seconds]',
    description: `show it again every so many seconds (${DEFAULT_WATCH_SECONDS} unless given) until ready`,
    parse: between(1, 86_400),
  },
  { flags: '--wait', description: 'return when the target is reached, and show the report then' },
  { flags: '--prometheus', description: 'print it as Prometheus metrics, ready or not; ends with 0' },
] as const satisfies readonly OptionSpec[]

export const progressCommand = defineCommand({
  name: 'progress',
  summary: 'How far, how fast, when done, ready for streaming?',
  description: `Shows how many companies have their complete officers, how fast the import is and when the target will be reached. Ends with 0
when the target is reached, with 1 when it is not. Once there is a stream or an enrichment, it also shows their state:
events, lag, gaps, jobs, hit rates, credits, and the calls a minute that the stream needs. It only reads, and can run
alongside anything.`,
  options: PROGRESS_OPTIONS,
  examples: [
    { line: 'chpipe progress', does: 'a report, and whether streaming may begin' },
    { line: 'chpipe progress --watch', does: 'the same, kept up to date in place' },
    { line: 'chpipe progress --wait && chpipe backup', does: 'what comes next, as soon as it is ready' },
    { line: 'chpipe progress --json', does: 'for scripts' },
    { line: 'chpipe progress --prometheus > chpipe.prom', does: "for the node exporter's textfile collector" },
  ],
  async run(context, { options }) {
    const { existingDb, settings, clock, signal, host, json, print, sharedUse } = context
    const { target = settings.target, watch, wait = false, prometheus = false } = options
    if (wait && (watch !== undefined || prometheus)) {
      throw new ChpipeError('usage', `--wait and --${prometheus ? 'prometheus' : 'watch'} exclude each other`)
    }
    if (prometheus && (json || watch !== undefined)) {
      throw new ChpipeError('usage', `--prometheus and ${json ? '--json' : '--watch'} exclude each other`)
    }
    const db = await existingDb()
    const { quota } = settings
    const reader = await sharedUse()
    const read = async (withLists = false) =>
      readProgress(db, { target, quota, clock, withLists, shared: await reader?.read() })
    if (prometheus) {
      await print(await asMetrics(await read()))
      return 0
    }
    if (wait) await untilReady(context, db, target)
    const inPlace = host.stdout.isTTY === true && watch !== undefined && !json
    for (let drawn = 0; ; ) {
      const progress = await read(true)
      const proven = readProvenBy(db)
      if (json) {
        await print(`${safeJson({ ...progress, ...(proven.length > 0 ? { lists_proven_by: proven } : {}) })}\n`)
      } else {
        const shape = { ...terminalWidth(context), paint: paintFor(context, 'stdout') }
        const lines = renderProgress(progress, { db: settings.db, now: clock.now(), proven, ...shape })
        await print(inPlace ? redraw(lines, drawn, widthOf(host.stdout)) : `${lines.join('\n')}\n`)
        drawn = lines.length
      }
      if (progress.ready) return 0
      if (watch === undefined) return 1
      await clock.sleep((watch === true ? DEFAULT_WATCH_SECONDS : watch) * 1000, signal)
    }
  },
})

async function asMetrics(progress: Progress): Promise<string> {
  const { default: packageJson } = await import('../../package.json', { with: { type: 'json' } })
  const { exposition } = await import('../metrics.ts')
  const { progressMetrics } = await import('../steps/progress/metrics.ts')
  return exposition(progressMetrics(progress, packageJson.version))
}

const WAIT_MS = 2000

/** Waits until the target is reached, with a status line. Rejects with the signal's reason. */
async function untilReady(context: Context, db: Db, target: number): Promise<void> {
  const { clock, settings, signal } = context
  const read = () => readPace(db, { target, quota: settings.quota, clock })
  using _status = await watchStatus(context, {
    line: (columns) => officersStatus(read(), { now: clock.now(), rateLimited: 0, columns }),
  })
  while (!read().ready) await clock.sleep(WAIT_MS * Math.min(1, settings.timeScale), signal)
}

interface ProgressShape {
  db: string
  /** Wall ms. */
  now: number
  proven?: ProvenBy[]
  /** The columns of the terminal; nothing is broken without it. */
  width?: number
  paint?: Paint
}

/** The report as lines for people; the last one says whether streaming may begin. */
export function renderProgress(
  progress: Progress,
  { db, now, proven = [], width, paint = UNPAINTED }: ProgressShape,
): string[] {
  const { companies_with_officers, target, percent, quota } = progress
  const rows: [label: string, value: string][] = [
    ['with officers', `${formatNumber(companies_with_officers)} of ${formatNumber(target)} companies`],
    ['', `${bar(percent / 100, 32)} ${percent.toFixed(1)} %`],
    ...provenRows(proven),
    ['officers', formatNumber(progress.officers)],
    ...pscRows(progress),
    ...verificationRows(progress),
    ['companies', `${formatNumber(progress.companies)} known`],
    [
      '',
      `${formatNumber(progress.pending)} pending, ${formatNumber(progress.none)} without officers, ${formatNumber(progress.failed)} failed`,
    ],
    ...staleRows(progress),
    ['rate', `${formatNumber(progress.per_minute)} companies a minute, over the last 10 minutes`],
    ...listRows(progress),
    ...oldRows(progress),
    ...runRows(progress, now),
    ['ETA', eta(progress, now)],
    ...quotaRows(quota),
    ...liveRows(progress, now),
  ]
  const verdict = progress.ready
    ? 'READY FOR STREAMING API'
    : `NOT READY: ${companiesToGo(target - companies_with_officers)} to go`
  const line = ([label, value]: [string, string]) =>
    wrap(value, width ?? Number.POSITIVE_INFINITY, `  ${label.padEnd(15)}`, ' '.repeat(17)).split('\n')
  return [printable(db), '', ...rows.flatMap(line), '', (progress.ready ? paint.good : paint.warn)(verdict)]
}

/** How the identities of the officers stand, while anything is published of any. */
function verificationRows({ verification }: Progress): Row[] {
  if (!verification) return []
  const parts = Object.entries(verification).flatMap(([state, count]) =>
    state === 'none' ? [] : [`${formatNumber(count)} ${state}`],
  )
  return [['verification', parts.join(', ')]]
}

function staleRows({ stale = 0 }: Progress): [label: string, value: string][] {
  if (stale === 0) return []
  return [['', `${formatNumber(stale)} lists in doubt, to be fetched again: the officers stream has lost events`]]
}

/** How much of the allowance is used; where it is shared, where it is kept and by whom it is used. */
function quotaRows({ used, limit, window_seconds, peak, rate_limited, store }: QuotaReport): [string, string][] {
  const span = formatDuration(window_seconds * 1000)
  const use =
    used === null || peak === null || rate_limited === null
      ? `${n(limit)} calls in ${span}; how many are used is unknown`
      : `${n(used)} of ${n(limit)} calls used in ${span}; peak ${n(peak)}, refused ${n(rate_limited)}`
  if (!store) return [['allowance', use]]
  const users = store.users.map(({ host, pid }) => `${host} (process ${pid})`).join(', ')
  const state = store.away === null ? `used by ${users || 'nobody now'}` : `AWAY: ${store.away}`
  return [
    ['allowance', use],
    ['', `shared at ${store.postgres}; ${state}`],
  ]
}

function pscRows({ pscs }: Progress): [label: string, value: string][] {
  if (!pscs) return []
  const asOf = pscs.snapshot_on === null ? 'without a snapshot' : `snapshot of ${pscs.snapshot_on}`
  const rows: [label: string, value: string][] = [['control', `${formatNumber(pscs.records)} records, ${asOf}`]]
  const { companies_in_doubt: doubted = 0, unseen } = pscs
  if (unseen) {
    rows.push(['', `what changed from then until the psc stream began, ${unseen.until}, is in the next one`])
  }
  if (doubted > 0) {
    const many = cappedText(doubted, 'company', 'companies')
    rows.push(['', `${many} in doubt until the next snapshot: the psc stream has lost events`])
  }
  return rows
}

function eta(
  { eta_seconds, ready, companies_with_officers, pending, failed, stale = 0, target, runs }: Progress,
  now: number,
): string {
  if (ready) return 'done'
  if (companies_with_officers + pending + failed + stale < target) {
    const candidates = `${formatNumber(pending)} pending${failed > 0 ? ` and ${formatNumber(failed)} failed` : ''}`
    return `${candidates}: the target cannot be reached; load more: chpipe import-companies`
  }
  if (!runs?.some(({ command }) => command === 'import-officers')) return 'none: chpipe import-officers does not run'
  if (eta_seconds === null) return 'unknown: nothing was fetched lately'
  const at = new Date(now + eta_seconds * 1000).toISOString()
  return `${formatDuration(eta_seconds * 1000)} (${at.slice(0, 10)} ${at.slice(11, 16)} UTC)`
}

/** Each customer's list in a row. */
function listRows({ lists = [] }: Progress): [label: string, value: string][] {
  return lists.map((one, at) => {
    const open = [
      [one.pending, 'pending'],
      [one.without_officers, 'without officers'],
      [one.do_not_exist, one.do_not_exist === 1 ? 'does not exist' : 'do not exist'],
      [one.not_stored, 'not stored'],
    ] as const
    const rest = open.flatMap(([count, what]) => (count > 0 ? [`${formatNumber(count)} ${what}`] : []))
    const told = [`${formatNumber(one.with_officers)} of ${formatNumber(one.listed)} have officers`, ...rest]
    return [at === 0 ? 'lists' : '', printable(`${one.list}: ${told.join(', ')}`)]
  })
}

function oldRows({ lists_older_than_30_days: old = 0 }: Progress): [label: string, value: string][] {
  if (old === 0) return []
  return [['old lists', `${cappedText(old, 'is', 'are')} older than 30 days: chpipe import-officers --refresh 30d`]]
}

/** What runs now, and until when it waits for the allowance. */
function runRows(progress: Progress, now: number): [label: string, value: string][] {
  const { runs = [], allowance_free_at: freeAt, windows_left: windows } = progress
  const texts = runs.map(
    ({ command, pid, started_at }) => `${command}, process ${pid}, for ${formatDuration(now - Date.parse(started_at))}`,
  )
  if (runs.length === 0) texts.push('nothing runs on this database now')
  const waitMs = freeAt ? Date.parse(freeAt) - now : 0
  if (freeAt && waitMs > 0) {
    const until = `${formatDuration(waitMs)} (${freeAt.slice(11, 19)} UTC)`
    texts.push(`allowance used up, ${runs.length > 0 ? 'continues' : 'free again'} in ${until}`)
  }
  if (windows)
    texts.push(
      `${counted(windows, 'more window')} of ${formatDuration(progress.quota.window_seconds * 1000)} to the target`,
    )
  return texts.map((text, at) => [at === 0 ? 'running' : '', text])
}

function companiesToGo(missing: number): string {
  return missing === 1 ? '1 company' : `${formatNumber(missing)} companies`
}

/** Moves up over what was drawn before and writes each line over the old one, so that nothing flickers or scrolls. */
function redraw(lines: string[], drawn: number, columns: number): string {
  const up = drawn > 0 ? `\x1b[${drawn}A` : ''
  return `${up}${lines.map((line) => `${line.includes('\x1b') ? line : line.slice(0, columns)}\x1b[K\n`).join('')}\x1b[J`
}

/** Which source has proved the lists; nothing where there is but one. */
function provenRows(proven: ProvenBy[]): [label: string, value: string][] {
  return proven.map(({ source, companies, newest_on: day }, at) => {
    const by = day === null ? 'the API and the stream' : `${source}, to ${day}`
    return [at === 0 ? 'proven' : '', `${formatNumber(companies)} by ${by}`]
  })
}
