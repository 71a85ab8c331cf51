// A register, its stream with some companies withheld, and a database that has followed it for some days.

import { londonTime } from '../../../src/clock.ts'
import { openDb } from '../../../src/db/open.ts'
import { companies, jobs } from '../../../src/db/schema.ts'
import { type Sandbox, startSandbox } from '../../../src/sandbox/companies-house/server.ts'
import { parseStreamFaults } from '../../../src/sandbox/stream/faults.ts'
import { type StreamSandbox, startStreamSandbox } from '../../../src/sandbox/stream/server.ts'
import { createWorld } from '../../../src/sandbox/world/world.ts'
import { type Finished, type RunOptions, run, type TempFolder, tempFolder } from '../../host.ts'

const DAY_MS = 86_400_000

/** The civil day so many days ago. */
export const daysAgo = (days: number) => londonTime(Date.now() - days * DAY_MS).day

export interface AuditWorld extends AsyncDisposable {
  rest: Sandbox
  stream: StreamSandbox
  folder: TempFolder
  /** Born on each of the last days, by day. */
  born: Record<string, string[]>
  /** The companies whose events never came. */
  withheld: string[]
  audit(args?: string[], options?: RunOptions): Promise<Finished>
  /** `audit --json`, parsed. */
  report(args?: string[]): Promise<{ code: number; report: Report }>
  /** Rows and jobs as they are stored. */
  stored(): { companies: (typeof companies.$inferSelect)[]; jobs: (typeof jobs.$inferSelect)[] }
  /** Changes the database as something else than chpipe would. */
  sql(text: string, ...values: unknown[]): void
}

export interface Report {
  ended: string
  next_day: string | null
  days: {
    day: string
    received: number
    registered: number
    missing: number
    extra: number
    confirmed: number
    deleted: number
    equal: boolean
    queued: number
    missing_companies: { company_number: string; stored_under: string | null }[]
    extra_companies: { company_number: string; register: string }[]
  }[]
  days_differing: number
  missing: number
  queued: number
  corrected: number
  requests: number
}

const DAYS = 3
const BORN_A_DAY = 8

/** Went live three days ago; `plan` says what the stream withheld of what was born since. */
export async function auditWorld(plan = 'withhold:3x'): Promise<AuditWorld> {
  const world = createWorld({ seed: 21, companies: 1, today: '2020-01-01' })
  const rest = await startSandbox({ world, quota: { limit: 600, windowMs: 1000 } })
  const stream = await startStreamSandbox({ world, heartbeatMs: 50, race: { linkMs: 0, metricsMs: 0 } })
  const folder = tempFolder()
  const env = {
    COMPANIES_HOUSE_API_URL: rest.url,
    COMPANIES_HOUSE_API_KEY: rest.apiKey,
    CHPIPE_CH_QUOTA: '600/1s',
    COMPANIES_HOUSE_STREAM_URL: stream.url,
    COMPANIES_HOUSE_STREAM_KEY: stream.streamKey,
    CHPIPE_TIME_SCALE: '0.01',
  }
  const first = stream.logs.companies.next
  const born: Record<string, string[]> = {}
  stream.setFaults(parseStreamFaults(plan))
  for (let ago = DAYS; ago >= 0; ago -= 1) {
    const numbers = Array.from(
      { length: BORN_A_DAY },
      () => stream.publishNewCompany({ on: daysAgo(ago) }).company_number,
    )
    born[daysAgo(ago)] = numbers
  }
  stream.setFaults([])
  const events = [...stream.logs.companies.events()]
  const told = new Set(events.map(({ resource_id }) => resource_id))
  const follow = ['stream', '--from', String(first), '--max-events', String(events.length), '--quiet']
  const followed = await run(follow, { cwd: folder.path, env })
  if (followed.code !== 0) throw new Error(followed.stderr)
  const sql: AuditWorld['sql'] = (text, ...values) => {
    const db = openDb(folder.file('companies.db'))
    db.$client.prepare(text).run(...values)
    db.$client.close()
  }
  sql('UPDATE stream_cursors SET first_event_at = ?', Date.now() - DAYS * DAY_MS)
  const audit: AuditWorld['audit'] = (args = [], options = {}) =>
    run(['audit', ...args], { cwd: folder.path, ...options, env: { ...env, ...options.env } })
  return {
    rest,
    stream,
    folder,
    born,
    withheld: Object.values(born)
      .flat()
      .filter((number) => !told.has(number)),
    audit,
    async report(args = []) {
      const { code, stdout } = await audit(['--json', ...args])
      return { code, report: JSON.parse(stdout) }
    },
    stored() {
      const db = openDb(folder.file('companies.db'))
      const rows = { companies: db.select().from(companies).all(), jobs: db.select().from(jobs).all() }
      db.$client.close()
      return rows
    },
    sql,
    async [Symbol.asyncDispose]() {
      await Promise.all([rest.close(), stream.close()])
      folder[Symbol.dispose]()
    },
  }
}
