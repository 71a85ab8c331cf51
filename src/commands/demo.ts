import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Context } from '../context.ts'
import { openDb } from '../db/open.ts'
import { ChpipeError } from '../errors.ts'
import { type Sandbox, startSandbox } from '../sandbox/companies-house.ts'
import { writeRegisterFile } from '../sandbox/register-file.ts'
import { createWorld } from '../sandbox/world.ts'
import { parseQuota } from '../settings.ts'
import type { Manifest } from '../steps/export/delivery.ts'
import { safeJson } from '../text.ts'
import type { Command } from './command.ts'
import { compareWithTruth } from './demo/compare.ts'
import { type DemoFacts, renderFacts } from './demo/facts.ts'
import { takeFolder } from './demo/folder.ts'
import { createStage, type Stage } from './demo/stage.ts'
import { askProgress, fetchInTwoRuns } from './demo/two-runs.ts'

const FOLDER = 'chpipe-demo'
const REGISTER_FILE = 'BasicCompanyData.csv'
const DATABASE = 'companies.db'
const DELIVERY = 'delivery'

/** The same companies and people on every day and every machine. */
const WORLD = { seed: 2025, companies: 500, today: '2025-11-01' }
const COMPANIES = 300
const TARGET = 200
const INTERRUPT_AT = 80

/** So small that it is felt: the import lasts some ten seconds. */
const QUOTA = '52/2s'
const LATENCY_MS = 80

export const demoCommand: Command = {
  name: 'demo',
  summary: 'Run the whole pipeline against the sandbox, without any key',
  description: `Loads ${COMPANIES} synthetic companies, fetches officers until ${TARGET} companies have some, is interrupted on the way and goes
on, and writes CSV files: the real commands, against a stand-in for Companies House on this machine. Nothing leaves it, and
no key is used. It works in ./${FOLDER}/, which a second run replaces.`,
  options: [],
  examples: [
    { line: 'chpipe demo', does: 'takes about 15 seconds' },
    { line: 'chpipe demo --json --quiet', does: 'only what happened, for scripts' },
  ],
  async run(context) {
    try {
      const facts = await perform(context)
      const columns = context.host.stdout.columns
      await context.print(context.json ? `${safeJson(facts)}\n` : `\n${renderFacts(facts, columns)}`)
      return facts.equal_to_truth ? 0 : 1
    } catch (error) {
      if (!context.signal.aborted) throw error
      throw new ChpipeError('interrupted', 'The demo was interrupted', { hint: 'chpipe demo starts it afresh' })
    }
  },
}

async function perform(context: Context): Promise<DemoFacts> {
  const startedAt = context.clock.steady()
  const folder = context.path(FOLDER)
  takeFolder(folder)
  const world = createWorld(WORLD)
  await writeRegisterFile(world, join(folder, REGISTER_FILE))
  await using sandbox = await startSandbox({ world, quota: parseQuota(QUOTA), latencyMs: LATENCY_MS })
  const stage = createStage(context, folder, {
    COMPANIES_HOUSE_API_URL: sandbox.url,
    COMPANIES_HOUSE_API_KEY: sandbox.apiKey,
    CHPIPE_CH_QUOTA: QUOTA,
  })

  stage.tell(`A stand-in for Companies House runs at ${sandbox.url}.
It allows ${QUOTA} instead of 600/5m. Its companies and people are made up.
Everything happens in ./${FOLDER}/.`)
  await stage.play(['import-companies', REGISTER_FILE, '--limit', String(COMPANIES)], 0)
  const interruptedAt = await fetchInTwoRuns(context, stage, { target: TARGET, interruptAt: INTERRUPT_AT })
  await stage.play(['progress', '--target', String(TARGET)], 0)
  await stage.play(['export', '--out', `${DELIVERY}/`], 0)
  const facts = await collectFacts(folder, sandbox, stage, interruptedAt)
  return { ...facts, elapsed_seconds: Math.round((context.clock.steady() - startedAt) / 100) / 10 }
}

type Collected = Omit<DemoFacts, 'elapsed_seconds'>

async function collectFacts(
  folder: string,
  sandbox: Sandbox,
  stage: Stage,
  interruptedAt: number | null,
): Promise<Collected> {
  const progress = await askProgress(stage, TARGET)
  const database = join(folder, DATABASE)
  const compared = compare(database, sandbox)
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
    compared,
    equal_to_truth: compared.differences.length === 0,
    folder,
    database,
    csv: files.map(({ name }) => join(folder, DELIVERY, name)),
    synthetic: true,
  }
}

function compare(database: string, { truth }: Sandbox): DemoFacts['compared'] {
  const db = openDb(database, { readonly: true })
  try {
    return compareWithTruth(db, truth)
  } finally {
    db.$client.close()
  }
}
