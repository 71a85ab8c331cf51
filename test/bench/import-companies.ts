import { spawnSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { writeRegisterFile } from '../../src/sandbox/register-file.ts'
import { createWorld } from '../../src/sandbox/world.ts'
import type { Row } from './main.ts'

/** The register file leaves out what is dissolved, so the world is larger than the file. */
const COMPANIES = 1_100_000
const ROUNDS = 3
const FILE = join(tmpdir(), `chpipe-bench-register-${COMPANIES}.csv`)
const PROGRAM = resolve('bin/chpipe.js')

interface Timed {
  seconds: number
  peakMb: number
}

/** Loads the same file with both, in turn: sqlite3 neither checks nor types what it loads. */
export async function benchImportCompanies(): Promise<Row[]> {
  if (!existsSync(FILE)) await writeRegisterFile(createWorld({ seed: 11, companies: COMPANIES }), FILE)
  const ours: Timed[] = []
  const theirs: Timed[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    theirs.push(timed((db) => ['sqlite3', db, '.mode csv', `.import ${FILE} companies`]))
    ours.push(timed((db) => [process.execPath, PROGRAM, '--db', db, '--quiet', 'import-companies', FILE]))
  }
  const [a, b] = [median(ours.map(({ seconds }) => seconds)), median(theirs.map(({ seconds }) => seconds))]
  const peak = Math.max(...ours.map(({ peakMb }) => peakMb))
  return [
    {
      name: 'import-companies, about 1,000,000 rows of 55 columns',
      ours: `${a.toFixed(1)} s`,
      theirs: `${b.toFixed(1)} s (sqlite3 .import)`,
      ratio: a / b,
      target: 'at most 1.5',
    },
    { name: 'its peak memory', ours: `${peak} MB`, theirs: '250 MB', ratio: peak / 250, target: 'at most 1' },
  ]
}

/** Runs a program on a fresh database, through Python, which tells the child's peak memory. */
function timed(commandOn: (db: string) => string[]): Timed {
  const db = join(tmpdir(), `chpipe-bench-${process.pid}.db`)
  const [program = '', ...args] = commandOn(db)
  const begun = performance.now()
  const { stdout } = spawnSync('python3', ['-c', PEAK, program, ...args], { encoding: 'utf8' })
  const seconds = (performance.now() - begun) / 1000
  for (const ending of ['', '-wal', '-shm']) rmSync(db + ending, { force: true })
  const [status, kilobytes] = stdout.trim().split(' ').map(Number)
  if (status !== 0) throw new Error(`${program} ended with ${status}`)
  return { seconds, peakMb: Math.round((kilobytes ?? 0) / 1024) }
}

const PEAK =
  'import subprocess,sys,resource;r=subprocess.run(sys.argv[1:],stdout=subprocess.DEVNULL);print(r.returncode,resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)'

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
