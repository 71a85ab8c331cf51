import { describe, expect, it } from 'vitest'
import { type Db, openDb } from '../../../src/db/open.ts'
import { beginRun } from '../../../src/db/runs.ts'
import { companies, stream_cursors } from '../../../src/db/schema.ts'
import { type AuditDaysOptions, auditDays, type DayAudit } from '../../../src/steps/audit/days.ts'
import { connected, silentLog } from '../../companies-house/connected.ts'
import { json, plain, scriptedServer } from '../../scripted-server.ts'
import { clock } from '../stream/stream-world.ts'

const DAY = '2026-03-02'

function holding(...numbers: string[]): Db {
  const db = openDb(':memory:')
  for (const number of numbers) receive(db, number)
  return db
}

function receive(db: Db, number: string, more: Partial<typeof companies.$inferInsert> = {}): void {
  const row = { company_number: number, company_name: number, date_of_creation: DAY, source: 'stream', run_id: 0 }
  db.insert(companies)
    .values({ ...row, fetched_at: '', first_seen_at: '', ...more })
    .run()
}

const item = (number: string) => ({ company_number: number, company_name: number })

interface Register {
  /** What the search shows, and how much it says it has. */
  found: string[]
  hits?: number
  /** Companies that a profile confirms. */
  profiles?: string[]
  /** The profiles cannot be had. */
  broken?: boolean
}

function register({ found, hits = found.length, profiles = [], broken }: Register) {
  return scriptedServer((path) => {
    const { pathname, searchParams } = new URL(path, 'http://x')
    if (pathname.startsWith('/company/')) {
      const number = pathname.slice('/company/'.length)
      if (number.startsWith('00000000')) return json({ items: [] })
      if (broken) return plain(500)
      return profiles.includes(number) ? json({ company_name: number, date_of_creation: DAY }) : plain(404)
    }
    const type = searchParams.get('company_type')
    const all = type === null ? found : found.filter((number) => number.startsWith(type))
    const start = Number(searchParams.get('start_index'))
    const shown = all.slice(start, start + 5000)
    return shown.length === 0 ? plain(404) : json({ hits: type === null ? hits : all.length, items: shown.map(item) })
  })
}

type Audited = Partial<AuditDaysOptions> & { patienceMs?: number }

async function audit(db: Db, url: string, { patienceMs = 0, ...more }: Audited = {}): Promise<DayAudit | undefined> {
  const audits: DayAudit[] = []
  using run = beginRun(db, clock, 'audit')
  const step = { db, companiesHouse: connected(url), clock, log: silentLog, timings: { auditPatienceMs: patienceMs } }
  await auditDays(
    { ...step, runId: run.id, signal: new AbortController().signal },
    {
      ...{ from: DAY, to: DAY, today: '2026-03-09', filters: {}, types: ['AA', 'BB'], repair: false },
      onDay: (one) => audits.push(one),
      ...more,
    },
  )
  return audits[0]
}

const numbers = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${prefix}${String(index).padStart(6, '0')}`)

describe('auditDays', () => {
  it('takes the word of a profile for a company that the search does not list yet', async () => {
    await using server = await register({ found: ['00000001'], profiles: ['00000002'] })
    const day = await audit(holding('00000001', '00000002'), server.url)
    expect(day).toMatchObject({ received: 2, registered: 2, missing: [], extra: [], confirmed: 1, equal: true })
  })

  it('counts a company as extra when its profile cannot be had', async () => {
    await using server = await register({ found: ['00000001'], broken: true })
    const day = await audit(holding('00000001', '00000002'), server.url)
    expect(day).toMatchObject({ extra: [{ register: 'unasked' }], equal: false })
  })

  it('does not miss in the register what an event has deleted', async () => {
    await using server = await register({ found: ['00000001'] })
    const db = holding('00000001')
    receive(db, '00000002', { deleted_at: DAY })
    expect(await audit(db, server.url)).toMatchObject({ received: 1, registered: 1, deleted: 1, equal: true })
    expect(server.asked).toHaveLength(1)
  })

  it('marks nothing as deleted for a day of which the search shows nothing', async () => {
    await using server = await register({ found: [] })
    const db = holding('00000001')
    expect(await audit(db, server.url, { repair: true })).toMatchObject({ corrected: 0, equal: false })
    expect(db.select().from(companies).get()?.deleted_at).toBeNull()
  })

  it('goes through a day of more than 10,000 companies by type', async () => {
    const all = [...numbers('AA', 6000), ...numbers('BB', 6001)]
    await using server = await register({ found: all })
    const day = await audit(holding(...all.slice(0, 50)), server.url)
    expect(day).toMatchObject({ received: 50, registered: 12_001, unlisted: 0, equal: false })
    expect(day?.missing).toHaveLength(11_951)
  })

  it('does not take a day for proven when the search counts more than it shows', async () => {
    await using server = await register({ found: ['00000001'], hits: 3 })
    const day = await audit(holding('00000001'), server.url)
    expect(day).toMatchObject({ missing: [], extra: [], unlisted: 2, equal: false })
  })

  it('looks again for what is missing today while a stream is followed', async () => {
    await using server = await register({ found: ['00000001', '00000002'] })
    const db = holding('00000001')
    using stream = beginRun(db, clock, 'stream')
    db.insert(stream_cursors).values({ stream: 'companies', claimed_by: stream.id }).run()
    const day = audit(db, server.url, { today: DAY, patienceMs: 300 })
    await expect.poll(() => server.asked.length).toBeGreaterThan(0)
    await clock.sleep(50)
    receive(db, '00000002')
    expect(await day).toMatchObject({ received: 2, missing: [], equal: true })
  })

  it('waits for nobody while no stream is followed', async () => {
    await using server = await register({ found: ['00000001'] })
    expect(await audit(holding(), server.url, { today: DAY, patienceMs: 60_000 })).toMatchObject({ equal: false })
  })
})

describe('what the register does not know any more', () => {
  const repaired = async (answers: (path: string) => ReturnType<typeof json>) => {
    await using server = await scriptedServer((path) => {
      if (path.startsWith('/advanced-search')) {
        return path.includes('start_index=0') ? json({ hits: '1', items: [item('00000001')] }) : plain(404)
      }
      return path.includes('/00000000') ? json({ items: [] }) : answers(path)
    })
    const db = holding('00000001', '00000002')
    const day = await audit(db, server.url, { repair: true })
    const gone = db.select().from(companies).all()
    return { day, gone: gone.filter(({ deleted_at }) => deleted_at !== null).map((row) => row.company_number) }
  }
  const known = (path: string) => json({ company_name: 'ONE', company_number: path.split('/')[2] })

  it('is marked as deleted on a 404 of its own, while other companies are known', async () => {
    const { day, gone } = await repaired((path) => (path.endsWith('00000002') ? plain(404) : known(path)))
    expect(day).toMatchObject({ corrected: 1, extra: [{ register: 'unknown' }] })
    expect(gone).toEqual(['00000002'])
  })

  it.each([
    ['a 404 for everybody', () => plain(404)],
    ['a page of HTML', () => plain(404, '<html>Not found</html>')],
    ['JSON that is no profile', () => json({ error: 'x' })],
    ["another company's profile", () => json({ company_name: 'ONE', company_number: '00000009' })],
  ])('is not told by %s', async (_name, answer) => {
    const { day, gone } = await repaired((path) =>
      path.endsWith('00000002') || _name.includes('everybody') ? answer() : known(path),
    )
    expect(day).toMatchObject({ corrected: 0, extra: [{ register: 'unasked' }], equal: false })
    expect(gone).toEqual([])
  })
})
