// import-companies, which checks and types what it loads, against `sqlite3 .import`, which does neither.
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
const ROUNDS = 5
const MEMORY_MB = 250

/** Imports the same file with both, turn by turn, each time into a new database, and compares the medians. */
export async function benchImportCompanies(): Promise<Row[]> {
  const file = await buildFile(join(tmpdir(), `chpipe-bench-register-${ROWS}.csv`))
  const ours: Measured[] = []
  const theirs: Measured[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    ours.push(await measureAnew((db) => [process.execPath, [PROGRAM, 'import-companies', file, '--quiet', '--db', db]]))
    theirs.push(await measureAnew((db) => ['sqlite3', [db, '.mode csv', `.import "${file}" companies`]]))
  }
  const [mine, yours] = [ours, theirs].map((runs) => median(runs.map(({ seconds }) => seconds)))
  const [memory, theirMemory] = [ours, theirs].map((runs) => Math.max(...runs.map(({ megabytes }) => megabytes)))
  return [
    {
      name: `import-companies, ${ROWS} rows of 55 columns, against sqlite3 .import`,
      ours: `${mine?.toFixed(2)} s`,
      theirs: `${yours?.toFixed(2)} s`,
      ratio: Number(mine) / Number(yours),
      target: '<= 1.5',
    },
    {
      name: `import-companies, peak memory against ${MEMORY_MB} MB`,
      ours: `${memory?.toFixed(0)} MB`,
      theirs: `${theirMemory?.toFixed(0)} MB`,
      ratio: Number(memory) / MEMORY_MB,
      target: '<= 1',
    },
  ]
}

/** Each time with a new database. */
async function measureAnew(call: (db: string) => [command: string, args: string[]]): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'chpipe-bench-'))
  try {
    return await measure(...call(join(folder, 'companies.db')))
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
