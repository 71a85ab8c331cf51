import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Context } from '../context.ts'
import { listComplete } from '../db/officers/officers.ts'
import { type Db, openDb } from '../db/open.ts'
import { dayAt } from '../db/standing.ts'
import { ChpipeError } from '../errors.ts'
import { type Sandbox, startSandbox } from '../sandbox/companies-house/server.ts'
import { startSnovSandbox } from '../sandbox/snov/server.ts'
import { startStreamSandbox } from '../sandbox/stream/server.ts'
import { writeRegisterFile } from '../sandbox/world/register-file.ts'
import { createWorld } from '../sandbox/world/world.ts'
import { parseQuota } from '../settings.ts'
import type { Manifest } from '../steps/export/destination.ts'
import type { Progress } from '../steps/progress/progress.ts'
import { safeJson, widthOf } from '../text.ts'
import { defineCommand } from './command.ts'
import { compareLive, compareWithTruth } from './demo/compare.ts'
import { type DemoFacts, renderFacts } from './demo/facts.ts'
import { askProgress, fetchInTwoRuns, streamAndEnrich } from './demo/runs.ts'
import { createStage, takeFolder } from './demo/stage.ts'
import { readStandings } from './demo/standings.ts'

const FOLDER = 'chpipe-demo'
const REGISTER_FILE = 'BasicCompanyData.csv'
const DATABASE = 'companies.db'
const BACKUPS = 'backups'
const DELIVERY = 'delivery'
const PACKAGE = 'delivery.zip'
const OVERDUE = 'overdue.csv'

/** The same companies and people on every day and every machine; only how their verifications stand follows the day. */
const WORLD = { seed: 2025, companies: 500, today: '2025-11-01' }
const COMPANIES = 300
const TARGET = 200
const INTERRUPT_AT = 80

/** So small that it is felt: the import lasts some ten seconds. */
const QUOTA = '52/2s'
const LATENCY_MS = 80

/** New companies on the stream. Waits of minutes, for officers and for Snov, become seconds. */
const BORN = 30
const BORN_EVERY_MS = 70
const LIVE = { timeScale: '0.04', heartbeatMs: 400, snovMinuteMs: 2000, credits: 500 }

export const demoCommand = defineCommand({
  name: 'demo',
  summary: 'Run the whole pipeline against the sandbox, without any key',
  description: `Loads ${COMPANIES} synthetic companies and fetches officers until ${TARGET} companies have some, with an interruption on the way. After a
backup, ${BORN} new companies arrive over the stream, and their domains and e-mail addresses are found. It writes CSV files and
a zip for a customer. These are the real commands, run against stand-ins for Companies House and Snov.io on this machine:
nothing leaves it, and no key is used. It works in ./${FOLDER}/, which a second run replaces.`,
  options: [],
  examples: [
    { line: 'chpipe demo', does: 'takes about 25 seconds' },
    { line: 'chpipe demo --json --quiet', does: 'only what happened, for scripts' },
  ],
  async run(context) {
    try {
      const facts = await perform(context)
      // npm puts a clone's own chpipe on the PATH of its scripts alone.
      const program = context.host.env.npm_lifecycle_event === undefined ? 'chpipe' : 'npx chpipe'
      const text = () => `\n${renderFacts(facts, { program, columns: widthOf(context.host.stdout) })}`
      await context.print(context.json ? `${safeJson(facts)}\n` : text())
      return facts.equal_to_truth ? 0 : 1
    } catch (error) {
      if (!context.signal.aborted) throw error
      throw new ChpipeError('interrupted', 'The demo was interrupted', { hint: 'chpipe demo starts it afresh' })
    }
  },
})

async function perform(context: Context): Promise<DemoFacts> {
  const startedAt = context.clock.steady()
  const folder = context.path(FOLDER)
  takeFolder(folder)
  const world = createWorld({ ...WORLD, verificationsOn: dayAt(context.clock.now()) })
  await writeRegisterFile(world, join(folder, REGISTER_FILE))
  await using sandbox = await startSandbox({ world, quota: parseQuota(QUOTA), latencyMs: LATENCY_MS })
  await using stream = await startStreamSandbox({ world, heartbeatMs: LIVE.heartbeatMs })
  await using snov = await startSnovSandbox({ world, minuteMs: LIVE.snovMinuteMs, credits: LIVE.credits })
  const settings = {
    COMPANIES_HOUSE_API_URL: sandbox.url,
    COMPANIES_HOUSE_API_KEY: sandbox.apiKey,
    CHPIPE_CH_QUOTA: QUOTA,
  }
  const stage = createStage(context, folder, settings)
  const live = createStage(context, folder, {
    ...settings,
    COMPANIES_HOUSE_STREAM_URL: stream.url,
    COMPANIES_HOUSE_STREAM_KEY: stream.streamKey,
    SNOV_API_URL: snov.url,
    SNOV_CLIENT_ID: snov.clientId,
    SNOV_CLIENT_SECRET: snov.clientSecret,
    CHPIPE_SNOV_QUOTA: `60/${LIVE.snovMinuteMs}ms`,
    CHPIPE_TIME_SCALE: LIVE.timeScale,
  })

  stage.tell(`A stand-in for Companies House runs at ${sandbox.url}.
It allows ${QUOTA} instead of 600/5m. Its companies and people are made up.
Everything happens in ./${FOLDER}/.`)
  await stage.play(['import-companies', REGISTER_FILE, '--limit', String(COMPANIES)], 0)
  const interruptedAt = await fetchInTwoRuns(context, stage, { target: TARGET, interruptAt: INTERRUPT_AT })
  await stage.play(['progress', '--target', String(TARGET)], 0)
  const imported = await askProgress(stage, TARGET)

  stage.tell('\nBefore going live, a backup: a copy that is checked whole.')
  await stage.play(['backup'], 0)

  stage.tell(`
Now the live half: ${BORN} companies are formed, told of by a stream and looked up at
a stand-in for Snov.io, where an answer costs a credit. A second stream tells of
officers: somebody is appointed at a company whose list is complete. Waits of
minutes become seconds here. Log lines go to stream.log.`)
  const appointAt = read(join(folder, DATABASE), (db) => [...listComplete(db)][0] ?? '')
  const living = { stream, born: BORN, everyMs: BORN_EVERY_MS, target: TARGET, appointAt }
  const appointed = await streamAndEnrich(context, live, living)
  stage.tell(`\nThat was Ctrl-C again (exit code 0: a stream is stopped, not broken off).`)
  await stage.play(['progress', '--target', String(TARGET)], 0)
  await stage.play(['export', '--out', `${DELIVERY}/`], 0)
  stage.tell('\nOnly officers whose identity verification is overdue, for a letter to them.')
  await stage.play(['export', '--verification', 'overdue', '--out', OVERDUE], 0)
  stage.tell('\nThe same as one zip for a customer, with a page to read.')
  await stage.play(['export', '--package', PACKAGE], 0)
  const first = importFacts(folder, sandbox, imported, interruptedAt)
  const second = read(first.database, (db) => {
    const compared = compareWithTruth(db, world)
    const streamed = compareLive(db, snov, world.today)
    const verification = readStandings(db, dayAt(context.clock.now()))
    return {
      compared,
      streamed,
      verification,
      appointed,
      equal_to_truth: compared.differences.length + streamed.differences.length === 0,
    }
  })
  return { ...first, ...second, elapsed_seconds: Math.round((context.clock.steady() - startedAt) / 100) / 10 }
}

type ImportFacts = Omit<
  DemoFacts,
  'elapsed_seconds' | 'compared' | 'streamed' | 'verification' | 'appointed' | 'equal_to_truth'
>

function importFacts(folder: string, sandbox: Sandbox, progress: Progress, interruptedAt: number | null): ImportFacts {
  const { counted, rateLimited, windowPeak } = sandbox.requests
  const { limit, windowMs } = parseQuota(QUOTA)
  const { files } = JSON.parse(readFileSync(join(folder, DELIVERY, 'manifest.json'), 'utf8')) as Manifest
  return {
    companies: progress.companies,
    target: TARGET,
    companies_with_officers: progress.companies_with_officers,
    without_officers: progress.none,
    officers: progress.officers,
    calls: counted,
    rate_limited: rateLimited,
    quota: {
      limit,
      window_seconds: windowMs / 1000,
      peak: windowPeak,
      peak_percent: Math.round((windowPeak / limit) * 100),
    },
    interrupted_at: interruptedAt,
    folder,
    database: join(folder, DATABASE),
    backup: readdirSync(join(folder, BACKUPS)).map((name) => join(folder, BACKUPS, name))[0] ?? '',
    package: join(folder, PACKAGE),
    csv: files.map(({ name }) => join(folder, DELIVERY, name)),
    synthetic: true,
  }
}

function read<T>(database: string, body: (db: Db) => T): T {
  const db = openDb(database, { readonly: true })
  try {
    return body(db)
  } finally {
    db.$client.close()
  }
}
