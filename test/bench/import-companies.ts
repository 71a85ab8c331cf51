// import-companies against `sqlite3 .import`, which loads the same 55 columns as text: it neither checks nor types them, keeps
// no index, and takes broken rows as they come. And the same file again, against the first time.
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { registerFileRows } from '../../src/sandbox/world/register-file.ts'
import { createWorld } from '../../src/sandbox/world/world.ts'
import { type Measured, measure, median, PROGRAM, type Row } from './measure.ts'

const ROWS = 1_000_000
/** Some companies are closed, and the register file leaves those out. */
const COMPANIES = 1_500_000
/** The day that the file is of: it is told, so that the second import knows it for the same. */
const DAY = '2026-01-31'
const ROUNDS = 5
const MEMORY_MB = 250

/** Imports the same file with both, turn by turn, each time into a new database, and compares the medians. */
export async function benchImportCompanies(): Promise<Row[]> {
  const file = await buildFile(join(tmpdir(), `chpipe-bench-register-${ROWS}.csv`))
  const ours: Measured[] = []
  const again: Measured[] = []
  const theirs: Measured[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const runs = await measureTwice((db) => [
      process.execPath,
      [PROGRAM, 'import-companies', file, '--as-of', DAY, '--quiet', '--db', db],
    ])
    ours.push(runs.first)
    again.push(runs.second)
    theirs.push(await measureAnew((db) => ['sqlite3', [db, '.mode csv', `.import "${file}" companies`]]))
  }
  const [mine, same, yours] = [ours, again, theirs].map((runs) => median(runs.map(({ seconds }) => seconds)))
  const [memory, sameMemory, theirMemory] = [ours, again, theirs].map((runs) =>
    Math.max(...runs.map(({ megabytes }) => megabytes)),
  )
  return [
    {
      name: `import-companies, ${ROWS} rows of 55 columns, against sqlite3 .import (no checks, types or indexes)`,
      ours: `${mine?.toFixed(2)} s`,
      theirs: `${yours?.toFixed(2)} s`,
      ratio: Number(mine) / Number(yours),
      target: '<= 1.2',
    },
    {
      name: `import-companies, peak memory against ${MEMORY_MB} MB`,
      ours: `${memory?.toFixed(0)} MB`,
      theirs: `${theirMemory?.toFixed(0)} MB`,
      ratio: Number(memory) / MEMORY_MB,
      target: '<= 1',
    },
    {
      name: `import-companies, the same file again (${sameMemory?.toFixed(0)} MB), against the first time`,
      ours: `${same?.toFixed(2)} s`,
      theirs: `${mine?.toFixed(2)} s`,
      ratio: Number(same) / Number(mine),
      target: '<= 0.3',
    },
  ]
}

type Call = (db: string) => [command: string, args: string[]]

/** Each time with a new database. */
function measureAnew(call: Call): Promise<Measured> {
  return withNewDatabase((db) => measure(...call(db)))
}

/** Twice with the same database. */
function measureTwice(call: Call): Promise<{ first: Measured; second: Measured }> {
  return withNewDatabase(async (db) => ({ first: await measure(...call(db)), second: await measure(...call(db)) }))
}

async function withNewDatabase<T>(use: (db: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'chpipe-bench-'))
  try {
    return await use(join(folder, 'companies.db'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Writes the file once; later runs on this machine find it. */
async function buildFile(path: string): Promise<string> {
  if (existsSync(path)) return path
  const building = `${path}.${process.pid}`
  const file = await open(building, 'w')
  let lines: string[] = []
  let written = 0
  for (const line of registerFileRows(createWorld({ seed: 1, companies: COMPANIES, today: '2026-01-31' }))) {
    lines.push(line)
    written += 1
    if (lines.length < 2000 && written <= ROWS) continue
    await file.write(`${lines.join('\n')}\n`)
    lines = []
    if (written > ROWS) break
  }
  await file.close()
  if (written <= ROWS) throw new Error(`The synthetic register has only ${written - 1} live companies`)
  renameSync(building, path)
  return path
}
