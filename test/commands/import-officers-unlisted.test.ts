// From a register file that no longer lists a company to what is delivered of it.
import { readFileSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { openDb } from '../../src/db/open.ts'
import { csv, row } from '../companies-house/register/fixtures.ts'
import { run, type TempFolder, tempFolder } from '../host.ts'
import { json, officersPage, plain, type ScriptedServer, scriptedServer } from '../scripted-server.ts'

const PROFILE = /^\/company\/(\w+)$/
const lines = (numbers: number[]) => csv(numbers.map((number) => row({ CompanyNumber: `${number}` })))

/** Four companies with an officer each, of which a newer whole file lists all but the last. */
async function unlisted(server: ScriptedServer) {
  const folder = tempFolder()
  const env = {
    COMPANIES_HOUSE_API_URL: server.url,
    COMPANIES_HOUSE_API_KEY: 'a-secret-key',
    CHPIPE_CH_QUOTA: '1000/1s',
    CHPIPE_TIME_SCALE: '0.01',
  }
  const chpipe = (...args: string[]) => run([...args, '--quiet', '--json'], { cwd: folder.path, env })
  writeFileSync(folder.file('f1.csv'), lines([1, 2, 3, 4]))
  writeFileSync(folder.file('f2.csv'), lines([1, 2, 3]))
  await chpipe('import-companies', 'f1.csv')
  await chpipe('import-officers', '--target', '4')
  const { stdout } = await chpipe('import-companies', 'f2.csv')
  expect(JSON.parse(stdout)).toMatchObject({ no_longer_listed: 1, no_longer_listed_companies: ['00000004'] })
  const asking = async (...args: string[]) => {
    const ended = await chpipe('import-officers', '--target', '4', ...args)
    const { status_asked, status_ended, status_unanswered } = JSON.parse(ended.stdout)
    return [ended.code, status_asked, status_ended, status_unanswered]
  }
  return { folder, chpipe, asking }
}

function statusOf(folder: TempFolder): unknown {
  const db = openDb(folder.file('companies.db'), { readonly: true })
  const status = db.$client.prepare("SELECT company_status FROM companies WHERE company_number = '00000004'").pluck()
  const found = status.get()
  db.$client.close()
  return found
}

function register(profile: (nth: number) => ReturnType<typeof json>) {
  let asked = 0
  return scriptedServer((path) => {
    if (!PROFILE.test(path)) return officersPage(path.split('/')[2] ?? '', ['a'], { start: 0, perPage: 35 })
    asked += 1
    return profile(asked)
  })
}

const dissolved = { company_name: 'GONE LTD', company_number: '00000004', company_status: 'dissolved', type: 'ltd' }

it('is asked about once, and delivered and planned by what it has become', async () => {
  await using server = await register(() => json({ ...dissolved, date_of_cessation: '2026-10-01' }))
  const { folder, chpipe, asking } = await unlisted(server)
  using _folder = folder
  const delivered = async (): Promise<string[]> => {
    await chpipe('export', '--format', 'json', '--out', 'all.json')
    const companies = JSON.parse(readFileSync(folder.file('all.json'), 'utf8'))
    return companies.map(({ company_status }: { company_status: string }) => company_status)
  }
  expect(await delivered()).toEqual(['active', 'active', 'active', null])
  expect(statusOf(folder)).toBeNull()
  const plan = async () => JSON.parse((await chpipe('enrich', '--dry-run')).stdout).companies
  expect(await plan()).toBe(3)
  expect(await asking()).toEqual([0, 1, 1, 0])
  expect(await delivered()).toEqual(['active', 'active', 'active', 'dissolved'])
  expect(await asking('--refresh', '0s')).toEqual([0, 0, 0, 0])
  expect(server.asked.filter((path) => PROFILE.test(path))).toEqual(['/company/00000004'])
  expect(await plan()).toBe(3)
})

it('is active again when the register says so', async () => {
  await using server = await register(() => json({ ...dissolved, company_status: 'active' }))
  const { folder, asking } = await unlisted(server)
  using _folder = folder
  expect(await asking('--refresh', '0s')).toEqual([0, 1, 0, 0])
  expect(statusOf(folder)).toBe('active')
})

it.each([
  ['a 404', () => plain(404)],
  ['a 503 each time', () => plain(503)],
  ['another company', () => json({ ...dissolved, company_number: '00000005' })],
  ['no profile', () => json({ items: [] })],
])('stays without a status after %s, and is asked about by the next run', async (_what, reply) => {
  let healed = false
  await using server = await register(() => (healed ? json(dissolved) : reply()))
  const { folder, asking } = await unlisted(server)
  using _folder = folder
  expect(await asking()).toEqual([0, 1, 0, 1])
  expect(statusOf(folder)).toBeNull()
  healed = true
  expect(await asking()).toEqual([0, 1, 1, 0])
})

it('is not asked about beyond --limit', async () => {
  await using server = await register(() => json(dissolved))
  const { folder, asking } = await unlisted(server)
  using _folder = folder
  expect(await asking('--limit', '0')).toEqual([0, 0, 0, 0])
  expect(statusOf(folder)).toBeNull()
})
