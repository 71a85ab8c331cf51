import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { systemClock, timings } from '../../../src/clock.ts'
import { saveOfficers } from '../../../src/db/officers/officers.ts'
import { type Db, openDb, write } from '../../../src/db/open.ts'
import { beginRun } from '../../../src/db/runs.ts'
import { removeSuppression } from '../../../src/db/suppress/suppressions.ts'
import { destinationOf } from '../../../src/steps/export/destination.ts'
import type { ExportFormat } from '../../../src/steps/export/formats/formats.ts'
import { noCounts, refreshOfficers } from '../../../src/steps/officers/import.ts'
import { noEmptyRow } from '../../../src/steps/officers/store.ts'
import { connected, silentLog } from '../../companies-house/connected.ts'
import { run, type TempFolder } from '../../host.ts'
import { eachDatabase } from '../../new-database.ts'
import { json, scriptedServer } from '../../scripted-server.ts'
import { addCompany, addOfficer, collected, exportWorld, fill } from '../export/export-world.ts'
import { suppressOne, suppressWorld } from './suppress-world.ts'

let folder: TempFolder
let db: Db

eachDatabase((made) => {
  ;({ folder, db } = made)
})

async function exported(
  format: Extract<ExportFormat, 'csv' | 'ndjson' | 'json'> = 'ndjson',
  all = false,
): Promise<string> {
  const out = collected()
  const { files } = await exportWorld(db, out.destination, { format, all })
  const rows = { csv: out.text().split('\r\n').length - 2, ndjson: out.text().split('\n').length - 1, json: NaN }[
    format
  ]
  if (format !== 'json') expect(files.map((file) => file.rows)).toEqual([rows])
  else expect(files.map((file) => file.rows)).toEqual([JSON.parse(out.text()).length])
  return out.text()
}

interface ExportedCompany {
  company_number: string
  officers_count: number
  officers: { appointment_id: string; emails?: { email: string }[] }[]
  domains?: { domain: string }[]
}

async function companies(): Promise<ExportedCompany[]> {
  return JSON.parse(await exported('json'))
}

const formats: Extract<ExportFormat, 'csv' | 'ndjson' | 'json'>[] = ['csv', 'ndjson', 'json']
const cases: [
  kind: Parameters<typeof suppressOne>[1],
  value: string,
  born: string | undefined,
  gone: string[],
  kept: string[],
][] = [
  [
    'email',
    'Jane.Smithers@Alpha.example',
    undefined,
    ['jane.smithers@alpha'],
    ['o-jane-1', 'jane@beta', 'paul.jones@'],
  ],
  ['domain', 'alpha.example', undefined, ['alpha.example'], ['o-jane-1', 'ALPHA LIMITED', 'jane@beta.example']],
  ['company', '1', undefined, ['ALPHA', 'alpha.example', 'o-paul', 'o-alpha'], ['o-jane-2', 'jane@beta.example']],
  ['officer', 'o-jane-1', undefined, ['o-jane-1', 'Jane Mary', 'jane.smithers@', 'Whisper'], ['o-jane-2', 'jane@beta']],
  ['name', 'SMITHERS, Jane', '1970-04', ['o-jane', 'SMITHERS', 'jane', 'Whisper'], ['paul.jones@alpha', 'o-alpha']],
]

describe.each(cases)('suppressed by %s %s %s', (kind, value, born, gone, kept) => {
  test.each(formats)('they are nowhere in %s, and all others are', async (format) => {
    suppressWorld(db)
    const before = await exported(format)
    expect([...gone, ...kept].filter((text) => !before.includes(text))).toEqual([])
    const { suppression } = suppressOne(db, kind, value, born ? { born } : {})
    const after = await exported(format)
    expect(gone.filter((text) => after.includes(text))).toEqual([])
    expect(kept.filter((text) => !after.includes(text))).toEqual([])
    write(db, (tx) => removeSuppression(tx, suppression.id))
    expect(await exported(format)).toBe(before)
  })

  test('they are in no file of a folder, and the manifest counts what is there', async () => {
    suppressWorld(db)
    suppressOne(db, kind, value, born ? { born } : {})
    const { files } = await exportWorld(db, destinationOf(folder.file('out'), true))
    expect(files.map(({ name }) => name)).toEqual(['companies.csv', 'officers.csv', 'domains.csv', 'emails.csv'])
    for (const { name, rows, bytes } of files) {
      const text = readFileSync(folder.file(`out/${name}`), 'utf8')
      expect([name, text.split('\r\n').length - 2, Buffer.byteLength(text)]).toEqual([name, rows, bytes])
      expect(gone.filter((part) => text.includes(part))).toEqual([])
    }
  })

  test('a company counts the officers that are exported with it', async () => {
    suppressWorld(db)
    suppressOne(db, kind, value, born ? { born } : {})
    const counts = (await companies()).map(({ officers_count, officers }) => [officers_count, officers.length])
    expect(counts.map(([told]) => told)).toEqual(counts.map(([, there]) => there))
  })
})

test('a company without any officer left, and one without a suppressed one, stay', async () => {
  suppressWorld(db)
  suppressOne(db, 'officer', 'o-jane-1')
  suppressOne(db, 'officer', 'o-paul')
  expect((await companies()).map(({ company_number, officers_count }) => [company_number, officers_count])).toEqual([
    ['00000001', 0],
    ['00000002', 2],
  ])
})

test('when all domains and e-mails are suppressed, there are no columns and no files for them', async () => {
  suppressWorld(db)
  suppressOne(db, 'domain', 'alpha.example')
  suppressOne(db, 'domain', 'beta.example')
  const { files } = await exportWorld(db, destinationOf(folder.file('out'), true))
  expect(files.map(({ name }) => name)).toEqual(['companies.csv', 'officers.csv'])
  expect((await exported('csv')).split('\r\n')[0]).not.toMatch(/,domain|email/)
})

test('an e-mail whose officer is not stored leaves with the first suppressed person', async () => {
  suppressWorld(db)
  db.$client.exec("DELETE FROM officers WHERE appointment_id = 'b1'")
  suppressOne(db, 'domain', 'other.example')
  expect(await exported()).toContain('jane@beta.example')
  suppressOne(db, 'officer', 'somebody-else')
  expect(await exported()).not.toContain('jane@beta.example')
})

test('whole pages of suppressed companies are passed over', async () => {
  fill(db, 200, 1)
  for (let number = 61; number <= 180; number += 1) suppressOne(db, 'company', String(number))
  const numbers = (await companies()).map(({ company_number }) => Number(company_number))
  expect(numbers).toEqual([...Array(60).keys(), ...[...Array(20).keys()].map((n) => n + 180)].map((n) => n + 1))
})

test('an export that has begun goes on with the rules that it began with', async () => {
  fill(db, 200, 1)
  const writer = openDb(folder.file('companies.db'))
  const out = collected()
  await exportWorld(db, out.destination, { onProgress: () => suppressOne(writer, 'company', '200') })
  writer.$client.close()
  expect(out.text().split('\r\n')).toHaveLength(202)
})

describe('what comes in again stays out', () => {
  test('a company that is imported again, even after it was erased', async () => {
    suppressWorld(db)
    suppressOne(db, 'company', '00000001', { erase: true })
    const recorded = readFileSync(
      new URL('../../sandbox/recorded/basic-company-data__header_and_row.csv.recorded', import.meta.url),
      'utf8',
    )
    const [head = '', row = ''] = recorded.split(/\r?\n/)
    const number = /,(?:")?([A-Z0-9]{8})(?:")?,/.exec(row)?.[1] ?? ''
    writeFileSync(folder.file('again.csv'), `${head}\r\n${row.replace(number, '00000001')}\r\n`)
    const { code } = await run(['import-companies', 'again.csv'], { cwd: folder.path })
    expect(code).toBe(0)
    expect(db.$client.prepare('SELECT company_number FROM companies').pluck().all()).toEqual(['00000001', '00000002'])
    for (const format of formats) expect(await exported(format, true)).not.toContain('00000001')
  })

  test('officers whose list is refreshed: a person who was erased is not stored again', async () => {
    suppressWorld(db)
    suppressOne(db, 'name', 'SMITHERS, Jane', { born: '1970-04', erase: true })
    await using server = await scriptedServer((path) => {
      const number = path.split('/')[2] ?? ''
      const items = ['Jane Mary', 'Anna'].map((forename, index) => ({
        name: `SMITHERS, ${forename}`,
        officer_role: 'director',
        date_of_birth: { year: 1970, month: 4 },
        links: {
          self: `/company/${number}/appointments/new${index}`,
          officer: { appointments: `/officers/new-id-${index}/appointments` },
        },
      }))
      return json({ items, total_results: 2, items_per_page: 35, start_index: 0 })
    })
    db.$client.exec("UPDATE companies SET officers_fetched_at = '2020-01-01T00:00:00.000Z'")
    const clock = systemClock()
    const refresh = beginRun(db, clock, 'import-officers')
    const companiesHouse = connected(server.url, { db })
    await refreshOfficers(
      {
        db,
        companiesHouse,
        clock,
        log: silentLog,
        timings: timings(0.01),
        runId: refresh.id,
        startedAt: refresh.startedAt,
        emptyRow: noEmptyRow(),
      },
      {
        ageMs: 86_400_000,
        limit: 10,
        concurrency: 1,
        counts: noCounts(),
        runStartedAt: refresh.startedAt,
        signal: new AbortController().signal,
      },
    )
    refresh.finish({})
    const stored = db.$client.prepare('SELECT name FROM officers WHERE company_number = ? ORDER BY 1').pluck()
    expect(stored.all('00000001')).toEqual(['SMITHERS, Anna'])
    expect(db.$client.serialize().toString('latin1')).not.toContain('Jane Mary')
    const [first] = await companies()
    expect(first?.officers.map(({ appointment_id }) => appointment_id)).toEqual(['new1'])
    expect(first?.officers_count).toBe(1)
  })
})

test('a person is left out of a list that is stored later', async () => {
  suppressOne(db, 'officer', 'o-late')
  addCompany(db, { company_number: '00000009', officers_state: 'pending' })
  const origin = { company_number: '00000009', source: 'rest', fetched_at: '2026-01-01', run_id: 1 }
  const rows = ['o-late', 'o-other'].map((officer_id) => ({
    ...origin,
    appointment_id: `of-${officer_id}`,
    officer_id,
  }))
  write(db, () => saveOfficers(db, '00000009', rows, { state: 'complete', fetchedAt: '2026-01-01', runId: 1 }))
  addOfficer(db, { ...origin, appointment_id: 'another', officer_id: 'o-another' })
  expect((await companies()).flatMap(({ officers }) => officers.map(({ appointment_id }) => appointment_id))).toEqual([
    'another',
    'of-o-other',
  ])
})
