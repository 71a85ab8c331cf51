// The built program on the bulk files of the sandbox: what is stored must equal the sandbox's truth, without a call; and
// with calls, the API's rows take the place of those that came by file.
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { openDb } from '../../src/db/open.ts'
import { emails, officers } from '../../src/db/schema.ts'
import { startSandbox } from '../../src/sandbox/companies-house/server.ts'
import { writeBulkOfficers } from '../../src/sandbox/world/bulk-officers.ts'
import { createWorld, type World } from '../../src/sandbox/world/world.ts'
import { run, type TempFolder, tempFolder } from '../host.ts'
import { loadCompanies } from './load-companies.ts'

const SIZE = 240

interface Files {
  world: World
  folder: TempFolder
  snapshot: string[]
  updates: string[]
}

async function files(): Promise<Files> {
  const world = createWorld({
    seed: 11,
    companies: SIZE,
    today: new Date(Date.now() - 86_400_000).toISOString().slice(0, 10),
  })
  const folder = tempFolder()
  loadCompanies(folder, world)
  const names = await writeBulkOfficers(world, folder.path)
  return {
    world,
    folder,
    snapshot: names.filter((name) => name.startsWith('Prod216')),
    updates: names.filter((name) => name.startsWith('Prod198')),
  }
}

const importing = async (folder: TempFolder, args: string[], env: Record<string, string> = {}) => {
  const { code, stdout, stderr } = await run(['import-officers', ...args, '--json', '--quiet'], {
    cwd: folder.path,
    env,
  })
  return { code, stderr, summary: stdout === '' ? {} : JSON.parse(stdout) }
}

/** The world gives nominees any person number; files know them by the 9 in front of it. */
const plain = (text: string | null | undefined) => (text ?? '').toUpperCase().replace('NOMINEE-', '').trim()
const isFiled = (role: string) => !/managing-officer|limited-partnership/.test(role)

/** Who is in which role since when and until when, with what person and address, as files write it. */
function truth(world: World): string[] {
  return [...world.numbers()].flatMap((number) =>
    world.officers(number).flatMap(({ item }) => {
      const { address = {} } = item
      const line = [address.premises, address.address_line_1].filter(Boolean).join(' ')
      const facts = [number, item.officer_role, item.appointed_on ?? item.appointed_before, item.resigned_on]
      const more = [item.person_number, line, address.postal_code, item.occupation?.slice(0, 40), item.nationality]
      return isFiled(item.officer_role) ? [[...facts, ...more].map(plain).join('|')] : []
    }),
  )
}

function stored(folder: TempFolder) {
  const db = openDb(folder.file('companies.db'), { readonly: true })
  try {
    const rows = db.select().from(officers).all()
    return {
      rows,
      facts: rows.map((row) => {
        const line = [row.premises, row.address_line_1].filter(Boolean).join(' ')
        const facts = [row.company_number, row.officer_role, row.appointed_on ?? row.appointed_before, row.resigned_on]
        const more = [row.person_number, line, row.postal_code, row.occupation?.slice(0, 40), row.nationality]
        return [...facts, ...more].map(plain).join('|')
      }),
      states: db.$client
        .prepare('SELECT officers_state, count(*) FROM companies GROUP BY 1 ORDER BY 1')
        .raw()
        .all() as [string, number][],
      emails: db.select().from(emails).all(),
    }
  } finally {
    db.$client.close()
  }
}

describe('the bulk files of the sandbox', () => {
  it('bring every list, without a key and a call, and the updates what has changed since', async () => {
    const { world, folder, snapshot, updates } = await files()
    using _ = folder
    expect(snapshot.map((name) => name.replace(/_\d{4}/, ''))).toEqual([
      'Prod216_ew_1.dat',
      'Prod216_sc.dat',
      'Prod216_ni.dat',
    ])
    const taken = await importing(folder, ['--file', ...snapshot])
    expect(taken).toMatchObject({ code: 0, summary: { whole: true, disagreeing: 0, doubtful: 0 } })
    const before = stored(folder)
    expect(before.facts.toSorted()).not.toEqual(truth(world).toSorted())
    const applied = await importing(folder, ['--updates', ...updates])
    expect(applied.code).toBe(0)
    expect(applied.summary.applied.map(({ doubtful }: { doubtful: number }) => doubtful)).toEqual([0, 0, 0])
    const after = stored(folder)
    expect(after.facts.toSorted()).toEqual(truth(world).toSorted())
    const filed = [...world.numbers()].filter((number) =>
      world.officers(number).some(({ item }) => isFiled(item.officer_role)),
    )
    expect(Object.fromEntries(after.states).complete).toBe(filed.length)
  })

  it('leave the rest to the API, which replaces what came by file, ids, verification and addresses included', async () => {
    const { world, folder, snapshot, updates } = await files()
    using _ = folder
    await importing(folder, ['--file', ...snapshot])
    await importing(folder, ['--updates', ...updates])
    const [addressed] = stored(folder).rows.filter(({ officer_role }) => officer_role === 'director')
    const db = openDb(folder.file('companies.db'))
    const { company_number = '', appointment_id = '' } = addressed ?? {}
    const found = { provider: 'snov', found_at: '2026-01-01', run_id: 1 }
    db.insert(emails)
      .values({ company_number, appointment_id, email: 'someone@example.test', ...found })
      .run()
    db.$client.close()

    const sandbox = await startSandbox({ world, quota: { limit: 10_000, windowMs: 1000 } })
    const env = {
      COMPANIES_HOUSE_API_URL: sandbox.url,
      COMPANIES_HOUSE_API_KEY: sandbox.apiKey,
      CHPIPE_CH_QUOTA: '10000/1s',
      CHPIPE_TIME_SCALE: '0.05',
    }
    try {
      const audited = await run(['audit', '--officers', '60', '--json'], { cwd: folder.path, env })
      expect(JSON.parse(audited.stdout)).toMatchObject({ lists_checked: 60, equal: 60, drifted: 0 })
      await sleep(1100)
      const refreshed = await importing(folder, ['--refresh', '1s'], env)
      expect(refreshed.code).toBe(0)
    } finally {
      await sandbox.close()
    }
    const { rows, emails: kept } = stored(folder)
    const known = new Map(
      [...world.numbers()].flatMap((number) => world.officers(number).map((one) => [one.appointmentId, number])),
    )
    expect(rows.filter(({ source }) => source !== 'rest')).toEqual([])
    expect(rows.filter((row) => known.get(row.appointment_id) !== row.company_number)).toEqual([])
    expect(kept).toHaveLength(1)
    const [owner] = rows.filter((row) => row.appointment_id === kept[0]?.appointment_id)
    expect(owner).toMatchObject({ company_number, person_number: addressed?.person_number, officer_role: 'director' })
  })
})
