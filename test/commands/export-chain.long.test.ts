// Deliveries under kills: the built program in processes of their own, killed at one change of a name after another.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { saveOfficers } from '../../src/db/officers/officers.ts'
import { type Db, write } from '../../src/db/open.ts'
import { startChild } from '../child.ts'
import { run, type TempFolder, tempFolder } from '../host.ts'
import { addCompany, addDomain, addEmail, fill, newDatabase } from '../steps/export/export-world.ts'
import { type Item, readSqlite } from '../steps/export/read-back.ts'
import { suppressOne } from '../steps/suppress/suppress-world.ts'

const KILLER = new URL('../kill-at.mjs', import.meta.url).href

/** Runs the command line in a process that dies at the nth change of a name; returns the signal that ended it. */
async function killedAt(
  nth: number,
  args: string[],
  cwd: string,
  when: 'before' | 'after' = 'before',
): Promise<NodeJS.Signals | null> {
  const env = { NODE_OPTIONS: `--import ${KILLER}`, KILL_AT: String(nth), KILL_WHEN: when }
  const { code, signal } = await startChild(args, { cwd, env }).ended
  if (signal === null) expect(code).toBe(0)
  return signal
}

const hidden = (path: string) => readdirSync(path).filter((name) => name.startsWith('.'))

const KEYS: Record<string, string[]> = {
  companies: ['company_number'],
  officers: ['company_number', 'appointment_id'],
  domains: ['company_number', 'domain'],
  emails: ['company_number', 'appointment_id', 'email'],
}

/** Takes a delta in as the README tells: what is gone goes, then its rows take the place of those with the same key. */
function apply(held: Record<string, Item[]>, delta: Record<string, Item[]>): void {
  for (const [table, keys] of Object.entries(KEYS)) {
    const kept = (held[table] ?? []).filter(
      (row) =>
        !delta.deletions?.some(
          (gone) =>
            gone.company_number === row.company_number &&
            (gone.table === 'companies' ||
              (gone.table === table && (gone.key === '' || gone.key === row[keys[1] ?? '']))),
        ),
    )
    const byKey = new Map([...kept, ...(delta[table] ?? [])].map((row) => [keys.map((key) => row[key]).join(' '), row]))
    held[table] = [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row)
  }
}

const list = (db: Db, number: string, ids: string[]) =>
  write(db, () => {
    const rows = ids.map((appointment_id) => ({
      company_number: number,
      appointment_id,
      source: 'rest',
      fetched_at: '2026-01-01T00:00:00.000Z',
      run_id: 7,
    }))
    const state = ids.length > 0 ? ('complete' as const) : ('none' as const)
    saveOfficers(db, number, rows, { state, fetchedAt: '2026-01-01T00:00:00.000Z', runId: 7 })
  })

/** What happens between two deliveries; the times that the rows carry say nothing. */
const changes: ((db: Db) => void)[] = [
  (db) => {
    list(db, '00000001', ['a0', 'new'])
    list(db, '00000002', [])
    addDomain(db, '00000003', 'c.example', 50)
  },
  (db) => {
    addCompany(db, { company_number: '00000020' })
    addEmail(db, '00000003', 'a0', 'x@c.example', 'valid')
    list(db, '00000002', ['back'])
  },
  (db) => {
    suppressOne(db, 'domain', 'c.example')
    db.$client.exec(
      "UPDATE companies SET deleted_at = '2026-01-01', company_name = 'GONE' WHERE company_number = '00000004'",
    )
  },
  (db) => {
    suppressOne(db, 'company', '00000005')
    list(db, '00000006', ['a1'])
  },
  (db) => {
    suppressOne(db, 'company', '00000007', { erase: true })
    list(db, '00000006', ['a0', 'a1'])
  },
]

function world(): TempFolder & { change(body: (db: Db) => void): void } {
  const folder = tempFolder()
  const db = newDatabase(folder.file('companies.db'))
  fill(db, 10, 2)
  db.$client.close()
  return Object.assign(folder, {
    change(body: (db: Db) => void) {
      const again = newDatabase(folder.file('companies.db'))
      body(again)
      again.$client.close()
    },
  })
}

test('five deltas on top of the first delivery are the delivery after them, whatever was killed in between', async () => {
  using folder = world()
  const full = ['export', '--format', 'sqlite', '--out', 'out/']
  expect((await run(full, { cwd: folder.path })).code).toBe(0)
  const first = readFileSync(folder.file('out/companies.sqlite'))
  for (const [index, change] of changes.entries()) {
    folder.change(change)
    const when = index === 1 ? 'after' : 'before'
    expect(await killedAt((index % 3) + 1, [...full, '--since', 'last'], folder.path, when)).toBe('SIGKILL')
    expect((await run([...full, '--since', 'last'], { cwd: folder.path })).code).toBe(0)
  }
  expect(readFileSync(folder.file('out/companies.sqlite')).equals(first)).toBe(true)
  expect((await run(['export', '--verify', 'out/'], { cwd: folder.path })).code).toBe(0)

  const held = readSqlite(folder.file('out/companies.sqlite'))
  const deltas = readdirSync(folder.file('out/deltas')).sort()
  expect(hidden(folder.file('out/deltas'))).toEqual([])
  expect(deltas.length).toBeGreaterThanOrEqual(5)
  for (const name of deltas) {
    expect((await run(['export', '--verify', `out/deltas/${name}`], { cwd: folder.path })).code).toBe(0)
    apply(held, readSqlite(folder.file(`out/deltas/${name}/companies.sqlite`)))
  }
  await run(['export', '--format', 'sqlite', '--include', 'companies,officers,domains,emails', '--out', 'fresh/'], {
    cwd: folder.path,
  })
  expect(held).toEqual(readSqlite(folder.file('fresh/companies.sqlite')))
})

test('an export that is killed at any change of a name leaves the earlier delivery or the new one, whole', async () => {
  using folder = world()
  const args = ['export', '--out', 'out/']
  const verified = async () => (await run(['export', '--verify', 'out/'], { cwd: folder.path })).code
  folder.change((db) => addDomain(db, '00000003', 'c.example', 50))
  expect([(await run(args, { cwd: folder.path })).code, await verified()]).toEqual([0, 0])
  folder.change((db) => {
    addCompany(db, { company_number: '00000020' })
    db.$client.exec('DELETE FROM domains')
  })
  const seen = new Set<string>()
  for (let nth = 1; (await killedAt(nth, args, folder.path)) !== null; nth += 1) {
    expect([nth, await verified()]).toEqual([nth, 0])
    expect(hidden(folder.file('out'))).toEqual([])
    seen.add(existsSync(folder.file('out/domains.csv')) ? 'earlier' : 'new')
  }
  expect(seen).toEqual(new Set(['earlier', 'new']))
  expect(existsSync(folder.file('out/domains.csv'))).toBe(false)
})

test('a first delivery that is killed leaves none, or a whole one', async () => {
  using folder = world()
  for (let nth = 1; (await killedAt(nth, ['export', '--out', 'new/'], folder.path)) !== null; nth += 1) {
    if (existsSync(folder.file('new'))) {
      expect((await run(['export', '--verify', 'new/'], { cwd: folder.path })).code).toBe(0)
    }
  }
  expect(hidden(folder.path)).toEqual([])
  expect(readdirSync(folder.file('new'))).toEqual(['companies.csv', 'manifest.json', 'officers.csv'])
})
