import { describe, expect, it } from 'vitest'
import { DAY_MS, systemClock } from '../../src/clock.ts'
import type { Db } from '../../src/db/open.ts'
import {
  companies,
  emails,
  notes,
  officers,
  persons_with_significant_control,
  provider_answers,
  provider_requests,
  stream_rejects,
} from '../../src/db/schema.ts'
import { purge, purgeLimit } from '../../src/steps/suppress/purge.ts'
import { run, tempFolder } from '../host.ts'
import { addCompany, addEmail, addOfficer, addPsc, newDatabase } from '../steps/export/export-world.ts'
import { buyWorld, suppressWorld } from '../steps/suppress/suppress-world.ts'

const YEAR_MS = 365.25 * DAY_MS
const ago = (years: number) => new Date(Date.now() - years * YEAR_MS)
const dayAgo = (years: number) => ago(years).toISOString().slice(0, 10)

/** One person each who left long ago, left lately, left on no readable day, and is there. */
function fill(db: Db): void {
  addCompany(db, { company_number: '00000001', officers_count: 4 })
  const left: [string, string | null][] = [
    ['old', dayAgo(7)],
    ['late', dayAgo(5)],
    ['odd', '1 May'],
    ['here', null],
  ]
  for (const [id, resigned_on] of left) {
    addOfficer(db, { company_number: '00000001', appointment_id: id, name: `PERSON, ${id}`, resigned_on })
    addPsc(db, { company_number: '00000001', psc_id: id, name: `Person ${id}`, ceased_on: resigned_on })
  }
  addEmail(db, '00000001', 'old', 'old@x.example', 'valid')
  addEmail(db, '00000001', 'here', 'here@x.example', 'valid')
  const [then, now] = [ago(7).getTime(), Date.now()]
  for (const at of [then, now]) {
    db.insert(notes).values({ kind: 'k', company_number: '00000001', detail: 'PERSON', noted_at: at, run_id: 1 }).run()
    const line = { stream: 'officers', reason: 'r', line: 'PERSON', received_at: at, run_id: 1 }
    db.insert(stream_rejects).values(line).run()
  }
  db.update(emails)
    .set({ found_at: new Date(now).toISOString() })
    .run()
}

function world(filled = fill) {
  const folder = tempFolder()
  const db = newDatabase(folder.file('companies.db'))
  filled(db)
  return {
    db,
    chpipe: (...args: string[]) => run(args, { cwd: folder.path }),
    typing: (stdin: string) => {
      const env = { NO_COLOR: '1', TERM: 'dumb' }
      return run(['purge', '--older-than', '6y'], { cwd: folder.path, terminal: true, stdin, env })
    },
    [Symbol.dispose]() {
      db.$client.close()
      folder[Symbol.dispose]()
    },
  }
}

const left = (db: Db) => ({
  officers: db
    .select()
    .from(officers)
    .all()
    .map((row) => row.appointment_id)
    .sort(),
  pscs: db
    .select()
    .from(persons_with_significant_control)
    .all()
    .map((row) => row.psc_id)
    .sort(),
  emails: db
    .select()
    .from(emails)
    .all()
    .map((row) => row.email)
    .sort(),
  notes: db.select().from(notes).all().length,
  lines: db
    .select()
    .from(stream_rejects)
    .all()
    .map(({ line }) => line),
})

const ALL = {
  officers: ['here', 'late', 'odd', 'old'],
  pscs: ['here', 'late', 'odd', 'old'],
  emails: ['here@x.example', 'old@x.example'],
  notes: 2,
  lines: ['PERSON', 'PERSON'],
}

describe('chpipe purge', () => {
  it('shows a plan that it then keeps to, and a second run finds nothing', async () => {
    using here = world()
    const counts = { officers: 1, pscs: 1, emails: 0, answers: 0, requests: 0, notes: 1, lines: 1 }
    const plan = await here.chpipe('purge', '--older-than', '6y', '--dry-run', '--json')
    expect([plan.code, JSON.parse(plan.stdout)]).toEqual([0, { before: expect.any(String), dry_run: true, ...counts }])
    expect(left(here.db)).toEqual(ALL)
    const done = await here.chpipe('purge', '--older-than', '6y', '--yes', '--json')
    expect([done.code, JSON.parse(done.stdout)]).toMatchObject([0, { dry_run: false, ...counts }])
    expect(left(here.db)).toEqual({
      officers: ['here', 'late', 'odd'],
      pscs: ['here', 'late', 'odd'],
      emails: ['here@x.example'],
      notes: 1,
      lines: ['', 'PERSON'],
    })
    expect(here.db.select().from(companies).get()?.officers_count).toBe(3)
    const again = await here.chpipe('purge', '--older-than', '6y', '--yes')
    expect(again.stdout).toMatch(/^Older than \d{4}-\d{2}-\d{2}:\n\nwhat +removed\n/)
    expect(again.stdout).not.toMatch(/ [1-9]\d*\n/)
  })

  it.each([
    ['y', 0, ['here', 'late', 'odd']],
    ['n', 1, ALL.officers],
    ['', 1, ALL.officers],
    ['yellow', 1, ALL.officers],
  ])('asks on a terminal, with the plan before it: %j', async (answer, code, officersLeft) => {
    using here = world()
    const asked = await here.typing(`${answer}\r`)
    expect(asked.code).toBe(code)
    expect(asked.stderr).toMatch(
      /appointments that were resigned, with their e-mails +1\n(?:.*\n)*Remove all of this\? .*\[y\/N\]/,
    )
    expect(left(here.db).officers).toEqual(officersLeft)
  })

  it('takes old addresses out of what was bought, and buys none of it again', async () => {
    using here = world((db) => {
      suppressWorld(db)
      buyWorld(db)
      db.update(provider_answers).set({ answered_at: 0 }).run()
      db.update(provider_requests).set({ requested_at: 0 }).run()
      db.update(emails).set({ found_at: '1999-01-01T00:00:00.000Z' }).run()
    })
    const done = await here.chpipe('purge', '--older-than', '6y', '--yes', '--json')
    expect(JSON.parse(done.stdout)).toMatchObject({ officers: 0, emails: 3, answers: 3, requests: 2 })
    expect(left(here.db).officers).toHaveLength(4)
    const kept = JSON.stringify([
      here.db.select().from(provider_answers).all(),
      here.db.select().from(provider_requests).all(),
    ])
    expect(kept).not.toMatch(/jane|paul/i)
    const outcomes = here.db
      .select()
      .from(provider_answers)
      .all()
      .map(({ operation, outcome }) => `${operation} ${outcome}`)
    expect(outcomes.sort()).toEqual(['domain hit', 'domain hit', ...Array(3).fill('emails suppressed')])
  })

  it('tells the next delta what went', async () => {
    using here = world()
    await here.chpipe('export', '--out', 'd/')
    await here.chpipe('purge', '--older-than', '6y', '--yes')
    const delta = await here.chpipe('export', '--out', 'd/', '--since', 'last', '--json')
    const rows = Object.fromEntries(
      JSON.parse(delta.stdout).files.map(({ name, rows }: { name: string; rows: number }) => [name, rows]),
    )
    expect(rows).toMatchObject({ 'companies.csv': 1, 'officers.csv': 3, 'deletions.csv': 3 })
  })

  it('may be stopped between two batches, and goes on from there', async () => {
    using here = world((db) => {
      addCompany(db, { company_number: '00000001', officers_count: 1200 })
      db.$client.transaction(() => {
        for (let each = 0; each < 1200; each += 1) {
          addOfficer(db, { company_number: '00000001', appointment_id: `a${each}`, resigned_on: '1999-01-01' })
        }
      })()
    })
    const stop = new AbortController()
    const clock = systemClock()
    const limit = purgeLimit(YEAR_MS, clock.now())
    const stopped = purge(here.db, { clock, signal: stop.signal }, limit, () => stop.abort(new Error('stopped')))
    await expect(stopped).rejects.toThrow('stopped')
    const count = () => here.db.select().from(companies).get()?.officers_count
    expect([left(here.db).officers.length, count()]).toEqual([700, 700])
    const rest = await purge(here.db, { clock, signal: new AbortController().signal }, limit)
    expect([rest.officers, left(here.db).officers.length, count()]).toEqual([700, 0, 0])
  })

  it.each([
    [['--older-than', '6y'], 'Removing needs --yes'],
    [['--yes'], 'How old?'],
    [['--older-than', '0d', '--yes'], 'expected an age'],
    [['--older-than', '6m', '--yes'], 'expected an age'],
    [['--older-than', 'six years', '--yes'], 'expected an age'],
    [['--older-than', '99999y', '--yes'], 'expected an age'],
  ])('changes nothing for %j', async (args, sentence) => {
    using here = world()
    const { code, stdout, stderr } = await here.chpipe('purge', ...args)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(sentence)
    expect(left(here.db)).toEqual(ALL)
  })
})
