import { openDb, write } from '../../src/db/open.ts'
import { companies, credit_ledger, domains, emails, jobs, officers, provider_requests } from '../../src/db/schema.ts'
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/companies-house/server.ts'
import { type SnovSandbox, type SnovSandboxOptions, startSnovSandbox } from '../../src/sandbox/snov/server.ts'
import { createWorld, type World } from '../../src/sandbox/world/world.ts'
import { type Child, startChild } from '../child.ts'
import { type TempFolder, tempFolder } from '../host.ts'
import { newDatabase } from '../new-database.ts'

export interface EnrichStage extends AsyncDisposable {
  rest: Sandbox
  snov: SnovSandbox
  world: World
  folder: TempFolder
  env: Record<string, string>
  start(args?: string[], env?: Record<string, string>): Child
  read(): EnrichState
}

export interface EnrichState {
  jobs: string[]
  domains: string[]
  emails: string[]
  officers: number
  requests: string[]
  spent: number
}

export interface EnrichStageOptions {
  size: number
  rest?: Partial<SandboxOptions>
  snov?: Partial<SnovSandboxOptions>
  /** Rows hold number and name alone, so that every profile must be fetched. */
  bare?: boolean
}

/** Both sandboxes with one world, and a database that knows its companies. */
export async function enrichStage({ size, rest, snov, bare = false }: EnrichStageOptions): Promise<EnrichStage> {
  const world = createWorld({ seed: 11, companies: size, today: '2026-09-15' })
  const folder = tempFolder()
  loadCompanies(folder, world, bare)
  const house = await startSandbox({ world, quota: { limit: 10_000, windowMs: 1000 }, ...rest })
  const finder = await startSnovSandbox({ world, callsPerMinute: 1000, minuteMs: 1000, ...snov })
  const env = {
    COMPANIES_HOUSE_API_URL: house.url,
    COMPANIES_HOUSE_API_KEY: house.apiKey,
    CHPIPE_CH_QUOTA: '10000/1s',
    SNOV_API_URL: finder.url,
    SNOV_CLIENT_ID: finder.clientId,
    SNOV_CLIENT_SECRET: finder.clientSecret,
    CHPIPE_SNOV_QUOTA: '1000/1s',
    CHPIPE_TIME_SCALE: '0.05',
    CHPIPE_CREDIT_BUDGET: '100000/1d',
  }
  return {
    rest: house,
    snov: finder,
    world,
    folder,
    env,
    start: (args = [], more = {}) =>
      startChild(['enrich', '--json', ...args], { cwd: folder.path, env: { ...env, ...more } }),
    read: () => readState(folder),
    async [Symbol.asyncDispose]() {
      await house.close()
      await finder.close()
      folder[Symbol.dispose]()
    },
  }
}

function loadCompanies(folder: TempFolder, world: World, bare: boolean): void {
  const db = newDatabase(folder.file('companies.db'))
  const origin = { source: 'test', fetched_at: '2026-01-01', first_seen_at: '2026-01-01', run_id: 0 }
  write(db, (tx) => {
    for (const { company_number, company_name, type, date_of_creation } of world.companies()) {
      // Known as active, so that `enrich` takes each of them.
      const known = bare ? {} : { company_status: 'active', type, date_of_creation }
      tx.insert(companies)
        .values({ company_number, company_name, ...known, ...origin })
        .run()
    }
  })
  db.$client.close()
}

/** What is stored, without the times and the runs, in one order. */
function readState(folder: TempFolder): EnrichState {
  const db = openDb(folder.file('companies.db'), { readonly: true })
  const lines = (rows: object[], leave: string[] = []) =>
    rows
      .map((row) =>
        Object.entries(row)
          .filter(([name]) => !leave.includes(name))
          .map(([, value]) => String(value))
          .join('|'),
      )
      .sort()
  const state = {
    jobs: db
      .select()
      .from(jobs)
      .all()
      .map((job) => `${job.company_number} ${job.stage} ${job.state} ${job.claimed_by}`)
      .sort(),
    domains: lines(db.select().from(domains).all(), ['found_at', 'run_id']),
    emails: lines(db.select().from(emails).all(), ['found_at', 'run_id']),
    officers: db.select().from(officers).all().length,
    requests: db
      .select()
      .from(provider_requests)
      .all()
      .map(({ status }) => status),
    spent: db
      .select()
      .from(credit_ledger)
      .all()
      .reduce((sum, row) => sum + Math.max(row.expected, row.observed ?? 0), 0),
  }
  db.$client.close()
  return state
}
