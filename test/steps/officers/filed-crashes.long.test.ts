// Bulk files under kills: the built program in processes of their own, killed inside one transaction after another.
import { writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { openDb } from '../../../src/db/open.ts'
import { startChild } from '../../child.ts'
import { bulkText, changeLine, companyLine, personLine } from '../../companies-house/bulk/bulk-lines.ts'
import { type TempFolder, tempFolder } from '../../host.ts'
import { saveWorldCompany } from './filed-world.ts'

const KILLER = new URL('../../kill-in-transaction.mjs', import.meta.url).href
const NUMBERS = Array.from({ length: 250 }, (_, at) => String(10_000_000 + at))

/** Two officers a company; every tenth company says that it has three. */
const SNAPSHOT = bulkText(
  NUMBERS.flatMap((company, at) => [
    companyLine(company, at % 10 === 0 ? 3 : 2),
    personLine({ company, person: `3${String(at).padStart(7, '0')}0001` }),
    personLine({ company, person: `4${String(at).padStart(7, '0')}0001`, type: '00', born: '' }),
  ]),
)

const update = (run: string, day: string, change: (company: string, at: number) => string[]) =>
  bulkText(
    NUMBERS.flatMap((company, at) => [companyLine(company, 2), ...change(company, at)]),
    { kind: 'UPDT', run, day },
  )

const FILES: Record<string, string> = {
  'Prod216_9001_ew_1.dat': SNAPSHOT,
  'Prod198_9002.txt': update('9002', '20260808', (company, at) => [
    changeLine({ company, person: `3${String(at).padStart(7, '0')}0001`, fields: ['', 'AVA', 'RENAMED'] }),
  ]),
  'Prod198_9003.txt': update('9003', '20260811', (company, at) => [
    changeLine({
      company,
      person: `3${String(at).padStart(7, '0')}0001`,
      oldType: '01',
      type: '03',
      resigned: '20260810',
    }),
    changeLine({ company, person: `5${String(at).padStart(7, '0')}0001`, appointed: '20260810' }),
  ]),
}

function prepare(): TempFolder {
  const folder = tempFolder()
  const db = openDb(folder.file('companies.db'))
  for (const number of NUMBERS) saveWorldCompany(db, number)
  db.$client.close()
  for (const [name, content] of Object.entries(FILES)) writeFileSync(folder.file(name), content)
  return folder
}

async function importing(folder: TempFolder, args: string[], killAt: number | null) {
  const env = killAt === null ? {} : { NODE_OPTIONS: `--import ${KILLER}`, KILL_AT: String(killAt) }
  return await startChild(['import-officers', ...args, '--quiet', '--json'], { cwd: folder.path, env }).ended
}

/** All that counts, without the runs that wrote it. */
function contents(folder: TempFolder) {
  const db = openDb(folder.file('companies.db'), { readonly: true })
  const rows = (sql: string) => db.$client.prepare(sql).raw().all()
  try {
    return {
      companies: rows(
        'SELECT company_number, officers_state, officers_count, officers_fetched_at FROM companies ORDER BY 1',
      ),
      officers: rows(`SELECT company_number, appointment_id, person_number, name, resigned_on, source, fetched_at
        FROM officers ORDER BY 1, 2`),
      files: rows('SELECT product, run_number, part, records FROM bulk_files ORDER BY run_number'),
      tallies: rows('SELECT name, count FROM tallies ORDER BY name'),
    }
  } finally {
    db.$client.close()
  }
}

const UPDATES = ['--updates', 'Prod198_9002.txt', 'Prod198_9003.txt']
const FILE = ['--file', 'Prod216_9001_ew_1.dat']

describe('an import of bulk files that is killed', () => {
  it('at any transaction goes on to the same end, and no company is half stored in between', async () => {
    using unbroken = prepare()
    for (const args of [FILE, UPDATES]) expect((await importing(unbroken, args, null)).code).toBe(0)
    const whole = contents(unbroken)
    expect(whole.officers).toHaveLength(225 * 3)

    using folder = prepare()
    for (const args of [FILE, UPDATES]) {
      let deaths = 0
      for (let killAt = 1; ; killAt += 1) {
        const { signal, code } = await importing(folder, args, killAt)
        expect(halves(folder)).toEqual([])
        if (signal === null) {
          expect(code).toBe(0)
          break
        }
        deaths += 1
      }
      expect(deaths).toBeGreaterThan(2)
      expect((await importing(folder, args, null)).code).toBe(0)
    }
    expect(contents(folder)).toEqual(whole)
  }, 240_000)
})

it('a snapshot of a hundred thousand companies passes through a heap of 24 MB', async () => {
  using folder = prepare()
  const others = Array.from({ length: 100_000 }, (_, at) => String(20_000_000 + at))
  const lines = others.flatMap((company) => [companyLine(company, 2), personLine({ company }), personLine({ company })])
  const own = NUMBERS.flatMap((company) => [companyLine(company, 1), personLine({ company })])
  const text = bulkText([...lines, ...own])
  expect(text.length).toBeGreaterThan(50_000_000)
  writeFileSync(folder.file('Prod216_9001_ew_1.dat'), text)
  const env = { NODE_OPTIONS: '--max-old-space-size=24' }
  const child = startChild(['import-officers', ...FILE, '--quiet', '--json'], { cwd: folder.path, env })
  const { code, stdout } = await child.ended
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ records: 300_500, completed: 250 })
}, 120_000)

/** Companies whose count is not that of their rows, or that have rows without a list. */
function halves(folder: TempFolder): unknown[] {
  const db = openDb(folder.file('companies.db'), { readonly: true })
  try {
    const sql = `SELECT company_number FROM companies WHERE officers_count <>
      (SELECT count(*) FROM officers WHERE officers.company_number = companies.company_number)
      OR (officers_state = 'complete') <> (officers_count > 0)`
    return db.$client.prepare(sql).pluck().all()
  } finally {
    db.$client.close()
  }
}
