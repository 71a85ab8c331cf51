import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDb } from '../../src/db/open.ts'
import { median, PROGRAM, type Row } from './measure.ts'

const ROUNDS = 15

/** Time from start to exit, medians of alternating runs, so that whatever else the machine does meets all alike. */
export async function benchStartUp(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'chpipe-bench-'))
  const db = join(folder, 'companies.db')
  openDb(db).$client.close()
  try {
    const lines = {
      bare: ['-e', '0'],
      version: [PROGRAM, '--version'],
      help: [PROGRAM, '--help'],
      progress: [PROGRAM, 'progress', '--db', db],
    }
    const times: Record<keyof typeof lines, number[]> = { bare: [], version: [], help: [], progress: [] }
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const name of ['bare', 'version', 'help', 'progress'] as const) times[name].push(timeOf(lines[name], folder))
    }
    const bare = median(times.bare)
    const row = (name: string, ms: number, target: string): Row => ({
      name,
      ours: `${ms.toFixed(0)} ms`,
      theirs: `${bare.toFixed(0)} ms (node -e 0)`,
      ratio: ms / bare,
      target,
    })
    return [
      row('chpipe --version', median(times.version), 'at most 1.2'),
      row('chpipe --help', median(times.help), 'at most 1.6'),
      row('chpipe progress', median(times.progress), 'at most 2.2'),
    ]
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function timeOf(args: string[], cwd: string): number {
  const startedAt = performance.now()
  const { error, stderr, status } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8' })
  if (error || stderr) throw new Error(`node ${args.join(' ')} ended with ${status}: ${stderr}`, { cause: error })
  return performance.now() - startedAt
}
