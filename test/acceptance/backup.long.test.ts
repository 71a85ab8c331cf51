// A backup that the built program makes while other processes write; restored and continued, it ends as the original does.
import { copyFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { openDb } from '../../src/db/open.ts'
import { companies, officers, stream_cursors } from '../../src/db/schema.ts'
import { readTallies } from '../../src/db/tallies.ts'
import { startSandbox } from '../../src/sandbox/companies-house/server.ts'
import { startStreamSandbox } from '../../src/sandbox/stream/server.ts'
import { createWorld } from '../../src/sandbox/world/world.ts'
import { startChild } from '../child.ts'
import { type TempFolder, tempFolder } from '../host.ts'
import { loadCompanies } from './load-companies.ts'

/** What differs between any two runs: who wrote a row, and when. */
const TRACES = new Set(['run_id', 'fetched_at', 'first_seen_at', 'officers_fetched_at', 'change_number'])

function stored(folder: TempFolder) {
  const db = openDb(folder.file('companies.db'))
  const plain = (rows: object[]) =>
    rows.map((row) => JSON.stringify(Object.entries(row).filter(([name]) => !TRACES.has(name)))).sort()
  try {
    return {
      companies: plain(db.select().from(companies).all()),
      officers: plain(db.select().from(officers).all()),
      timepoint: db.select().from(stream_cursors).get()?.timepoint ?? null,
      integrity: db.$client.pragma('integrity_check', { simple: true }),
    }
  } finally {
    db.$client.close()
  }
}

function count(folder: TempFolder) {
  const db = openDb(folder.file('companies.db'), { readonly: true })
  try {
    return { ...readTallies(db), events: db.select().from(stream_cursors).get()?.events ?? 0 }
  } finally {
    db.$client.close()
  }
}

it('is whole when it is made beside an import and the stream, and a restored one ends as the original does', async () => {
  using folder = tempFolder()
  using restored = tempFolder()
  const world = createWorld({ seed: 31, companies: 60 })
  loadCompanies(folder, world)
  // The whole list takes seconds, so that the backup is made in its middle.
  await using rest = await startSandbox({ world, quota: { limit: 10, windowMs: 1000 } })
  await using stream = await startStreamSandbox({ world, heartbeatMs: 100, race: { linkMs: 50, metricsMs: 50 } })
  const env = {
    COMPANIES_HOUSE_API_URL: rest.url,
    COMPANIES_HOUSE_API_KEY: rest.apiKey,
    CHPIPE_CH_QUOTA: '10/1s',
    COMPANIES_HOUSE_STREAM_URL: stream.url,
    COMPANIES_HOUSE_STREAM_KEY: stream.streamKey,
    CHPIPE_TIME_SCALE: '0.05',
  }
  const start = (cwd: string, ...args: string[]) => startChild([...args, '--json'], { cwd, env })
  const follow = ['stream', '--all', '--from', String(stream.logs.companies.next)]
  let changes = 0
  const change = () => stream.changeCompany(world.companyNumber(changes++ % 60))
  const changing = setInterval(change, 40)

  const following = start(folder.path, ...follow)
  await expect.poll(() => count(folder).events).toBeGreaterThan(5)
  const importing = start(folder.path, 'import-officers', '--target', '60')
  await expect.poll(() => count(folder).complete).toBeGreaterThan(5)
  const backup = await start(folder.path, 'backup').ended
  expect(backup.code).toBe(0)
  const { path, rows } = JSON.parse(backup.stdout)
  const imported = await importing.ended
  clearInterval(changing)
  const last = stream.logs.companies.next - 1
  await expect.poll(() => stored(folder).timepoint).toBe(last)
  following.process.kill('SIGTERM')
  expect((await following.ended).code).toBe(0)
  const original = stored(folder)
  expect(imported.code).toBeLessThan(2)
  expect(rows.officers).toBeGreaterThan(0)
  expect(rows.officers).toBeLessThan(original.officers.length)

  copyFileSync(path, restored.file('companies.db'))
  const examined = await start(restored.path, 'doctor', '--offline').ended
  expect(examined.code).toBe(0)
  const before = stored(restored)
  expect(before.timepoint).toBeLessThan(last)
  expect((await start(restored.path, 'import-officers', '--target', '60').ended).code).toBe(imported.code)
  const events = String(last - (before.timepoint ?? 0))
  expect((await start(restored.path, 'stream', '--all', '--max-events', events).ended).code).toBe(0)
  expect(stored(restored)).toEqual(original)
})
