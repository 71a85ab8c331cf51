// The sandbox's snapshot and its PSC stream: what is stored equals its register in the end, through the stream's faults.
import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type Db, openDb } from '../../src/db/open.ts'
import { parseStreamFaults } from '../../src/sandbox/stream/faults.ts'
import { isPscTold, pscIdOf } from '../../src/sandbox/stream/psc-events.ts'
import { type StreamSandbox, startStreamSandbox } from '../../src/sandbox/stream/server.ts'
import { writePscSnapshot } from '../../src/sandbox/world/psc-snapshot.ts'
import { createWorld, type World } from '../../src/sandbox/world/world.ts'
import { run, tempFolder } from '../host.ts'
import { told, toldOf } from '../steps/pscs/told.ts'
import { loadCompanies } from './load-companies.ts'

const PSC = 'persons-with-significant-control'

/** One thing after the other to every company with a record: ends, changes, newcomers, deletions. */
function makeHappen(stream: StreamSandbox, world: World): void {
  const numbers = [...world.numbers()].filter((number) => world.pscs(number).some(isPscTold))
  numbers.forEach((number, index) => {
    const [first] = world.pscs(number).filter(isPscTold).map(pscIdOf)
    const id = first ?? ''
    const acts = [
      () => stream.changePsc(number, id, { nationality: 'Irish', name: 'Ms Marker Value' }),
      () => stream.ceasePsc(number, id),
      () => stream.notifyPsc(number),
      () => stream.notifyPsc(number, true),
      () => stream.deletePsc(number, id),
      () => stream.deletePsc(number, id, false),
      () => stream.changePsc(number, id),
    ]
    acts[index % acts.length]?.()
    if (index % 3 === 0) stream.notifyPsc(number)
  })
}

function differences(db: Db, world: World): string[] {
  const rows = db.$client.prepare(`SELECT * FROM persons_with_significant_control`).all() as Record<string, unknown>[]
  const stored = new Set(rows.map((row) => `${row.company_number} ${told(row)}`))
  const truth = new Set(
    [...world.numbers()].flatMap((number) => world.pscs(number).map((psc) => `${number} ${toldOf(psc)}`)),
  )
  return [...stored].filter((each) => !truth.has(each)).concat([...truth].filter((each) => !stored.has(each)))
}

test.each([
  ['', false],
  ['duplicate:0.1,cut:0.3,no-slash:0.3,run-on:0.2,republish:0.1,reset-mid-event:2x:0.05', false],
  ['skip:1x', false],
  ['jump:0.2', true],
])('is kept as the register has it, with faults "%s"; what is lost is in doubt: %s', async (faults, isDoubted) => {
  using folder = tempFolder()
  const world = createWorld({ seed: 31, companies: 150, today: '2026-08-07' })
  loadCompanies(folder, world)
  await writePscSnapshot(world, folder.file('pscs.zip'))
  expect((await run(['import-pscs', 'pscs.zip', '--quiet'], { cwd: folder.path })).code).toBe(0)
  await using stream = await startStreamSandbox({ world, heartbeatMs: 20, faults: parseStreamFaults(faults) })
  const env = {
    COMPANIES_HOUSE_STREAM_URL: stream.url,
    COMPANIES_HOUSE_STREAM_KEY: stream.streamKey,
    CHPIPE_TIME_SCALE: '0.002',
  }
  const read = <T>(body: (db: Db) => T): T => {
    const db = openDb(folder.file('companies.db'), { readonly: true })
    try {
      return body(db)
    } finally {
      db.$client.close()
    }
  }
  const place = () =>
    read((db) => db.$client.prepare("SELECT timepoint FROM stream_cursors WHERE stream = 'psc'").pluck().get())
  let happened = false
  const started = (process: NodeJS.EventEmitter) => {
    const deadline = Date.now() + 15_000
    const look = () => {
      if (!happened && stream.requests.open === 2) {
        makeHappen(stream, world)
        happened = true
      }
      const isDone = happened && place() === stream.logs[PSC].next - 1
      if (isDone || Date.now() > deadline) process.emit('SIGTERM')
      else setTimeout(look, 20)
    }
    look()
  }
  const args = ['stream', '--streams', 'companies,psc', '--json', '--quiet']
  const { code, stdout } = await run(args, { cwd: folder.path, env, started })
  expect([code, happened]).toEqual([0, true])
  expect(JSON.parse(stdout).streams).toContainEqual(expect.objectContaining({ stream: 'psc', rejects: 0 }))
  const found = read((db) => differences(db, world))
  expect(found).toEqual([])
  const doubted = async () => {
    const { stdout } = await run(['progress', '--json'], { cwd: folder.path })
    return JSON.parse(stdout).pscs.companies_in_doubt ?? 0
  }
  expect((await doubted()) > 0).toBe(isDoubted)
  await writePscSnapshot(world, folder.file('newer.txt'))
  const text = readFileSync(folder.file('newer.txt'), 'utf8')
  const moment = new Date(Date.now() + 1000).toISOString()
  writeFileSync(folder.file('newer.txt'), text.replace(/"generated_at":"[^"]*"/, `"generated_at":"${moment}"`))
  expect((await run(['import-pscs', 'newer.txt', '--quiet'], { cwd: folder.path })).code).toBe(0)
  expect([read((db) => differences(db, world)), await doubted()]).toEqual([[], 0])
})
