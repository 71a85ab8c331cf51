// import-companies, which checks and types what it loads, against `sqlite3 .import`, which does neither.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { registerFileRows } from '../../src/sandbox/register-file.ts'
import { createWorld } from '../../src/sandbox/world.ts'

export interface Row {
  name: string
  ours: string
  theirs: string
  ratio: number
  target: string
}

const ROWS = 1_000_000
/** Some companies are closed, and the register file leaves those out. */
const COMPANIES = 1_500_000
const ROUNDS = 5
const MEMORY_MB = 250

/** This file and its bundle, `dist/bench/main.js`, lie equally deep. */
const program = fileURLToPath(new URL('../../bin/chpipe.js', import.meta.url))

/** Imports the same file with both, turn by turn, each time into a new database, and compares the medians. */
export async function benchImportCompanies(): Promise<Row[]> {
  const file = await buildFile(join(tmpdir(), `chpipe-bench-register-${ROWS}.csv`))
  const ours: Measured[] = []
  const theirs: Measured[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    ours.push(await measure((db) => [process.execPath, [program, 'import-companies', file, '--quiet', '--db', db]]))
    theirs.push(await measure((db) => ['sqlite3', [db, '.mode csv', `.import "${file}" companies`]]))
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

interface Measured {
  seconds: number
  megabytes: number
}

async function measure(call: (db: string) => [command: string, args: string[]]): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'chpipe-bench-'))
  try {
    const [command, args] = call(join(folder, 'companies.db'))
    const begun = process.hrtime.bigint()
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] })
    let megabytes = 0
    const watch = setInterval(() => {
      megabytes = Math.max(megabytes, peakMegabytes(child.pid))
    }, 50)
    const [code] = await once(child, 'exit')
    clearInterval(watch)
    if (code !== 0) throw new Error(`${command} ended with ${code}`)
    return { seconds: Number(process.hrtime.bigint() - begun) / 1e9, megabytes }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The kernel's high-water mark of a process; 0 where there is no /proc. */
function peakMegabytes(pid: number | undefined): number {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
  } catch {
    return 0
  }
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
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
