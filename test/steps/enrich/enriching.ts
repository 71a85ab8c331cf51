import { systemClock, type Timings, timings } from '../../../src/clock.ts'
import { enqueueJob, type Owner } from '../../../src/db/jobs/queue.ts'
import { type Db, openDb } from '../../../src/db/open.ts'
import { beginRun } from '../../../src/db/runs.ts'
import { companies, jobs } from '../../../src/db/schema.ts'
import { localAllowances } from '../../../src/quota/open.ts'
import { type Sandbox, type SandboxOptions, startSandbox } from '../../../src/sandbox/companies-house/server.ts'
import { type SnovSandbox, type SnovSandboxOptions, startSnovSandbox } from '../../../src/sandbox/snov/server.ts'
import { createWorld, type World } from '../../../src/sandbox/world/world.ts'
import { connectSnov } from '../../../src/snov/client.ts'
import { ALL_OWNERS, type EnrichOptions, type EnrichStep } from '../../../src/steps/enrich/jobs.ts'
import { type EnrichSummary, runEnrichment } from '../../../src/steps/enrich/run.ts'
import { DEFAULT_ROLES } from '../../../src/steps/purchases/people.ts'
import { snovProvider } from '../../../src/steps/purchases/providers.ts'
import { connected, silentLog } from '../../companies-house/connected.ts'

/** Works on all that is due, without limits. */
export const everything: Omit<EnrichOptions, 'signal'> = {
  until: 'idle',
  limits: { maxCredits: null, budget: null },
  minConfidence: 0,
  roles: DEFAULT_ROLES,
  retryMissesBefore: null,
  owners: ALL_OWNERS,
  scope: null,
}

export interface Pipeline extends AsyncDisposable {
  db: Db
  world: World
  rest: Sandbox
  snov: SnovSandbox
  step: EnrichStep
  /** Stores a company of the world and queues it; returns its number. */
  queue(number: string, job?: { owner?: Owner; stage?: 'details' | 'domain'; name?: string }): string
  run(options?: Partial<EnrichOptions>): Promise<EnrichSummary>
  job(number: string): { stage: string; state: string; attempts: number; error: string | null } | undefined
}

export interface PipelineOptions {
  size?: number
  rest?: Partial<SandboxOptions>
  snov?: Partial<SnovSandboxOptions>
  timings?: Partial<Timings>
}

/** The whole pipeline in this process, against both sandboxes. */
export async function pipeline({ size = 200, rest, snov, ...more }: PipelineOptions = {}): Promise<Pipeline> {
  const world = createWorld({ seed: 5, companies: size })
  const apiKey = 'a-secret-key'
  const house = await startSandbox({ world, apiKey, quota: { limit: 10_000, windowMs: 1000 }, ...rest })
  const finder = await startSnovSandbox({ world, callsPerMinute: 1000, minuteMs: 1000, ...snov })
  const db = openDb(':memory:')
  const clock = systemClock()
  const hurried: Timings = { ...timings(0.01), requestTimeoutMs: 5000, snovTimeoutMs: 5000, ...more.timings }
  const { id: runId } = beginRun(db, clock, 'enrich')
  const settings = {
    snovClientId: finder.clientId,
    snovClientSecret: finder.clientSecret,
    snovApiUrl: finder.url,
    snovQuota: { limit: 1000, windowMs: 1000 },
  }
  const allowance = localAllowances(async () => db, clock)
  const step: EnrichStep = {
    db,
    clock,
    log: silentLog,
    timings: hurried,
    runId,
    companiesHouse: connected(house.url, { db }),
    providers: [snovProvider(await connectSnov({ allowance, clock, timings: hurried, settings }))],
  }
  const origin = { source: 'test', fetched_at: '2026-01-01', first_seen_at: '2026-01-01', run_id: 0 }
  return {
    db,
    world,
    rest: house,
    snov: finder,
    step,
    queue(number, { owner = 'enrich', stage = 'domain', name } = {}) {
      const { company_name = '', date_of_creation } = world.company(number) ?? {}
      const row = { company_number: number, company_name: name ?? company_name, date_of_creation, ...origin }
      db.insert(companies).values(row).run()
      const job = { companyNumber: number, stage, owner, cause: 'stored', dueAt: clock.now(), runId }
      enqueueJob(db, job)
      return number
    },
    run: (options = {}) =>
      runEnrichment(step, {
        ...everything,
        signal: new AbortController().signal,
        ...options,
      }),
    job(number) {
      const row = db
        .select()
        .from(jobs)
        .all()
        .find((job) => job.company_number === number)
      return row && { stage: row.stage, state: row.state, attempts: row.attempts, error: row.last_error }
    },
    async [Symbol.asyncDispose]() {
      await house.close()
      await finder.close()
      db.$client.close()
    },
  }
}
