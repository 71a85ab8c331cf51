// What only a process of its own can show: closed pipes and signals. It runs the built program.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TempFolder, tempFolder } from '../host.ts'
import { newDatabase } from '../steps/export/export-world.ts'

const program = fileURLToPath(new URL('../../bin/chpipe.js', import.meta.url))
const COMPANIES = 60_000

let folder: TempFolder

beforeAll(() => {
  folder = tempFolder()
  const db = newDatabase(folder.file('companies.db'))
  db.$client.exec(`
    INSERT INTO companies (company_number, company_name, officers_state, officers_count, source, fetched_at, run_id, first_seen_at)
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${COMPANIES})
      SELECT printf('%08d', i), 'COMPANY ' || i, 'complete', 1, 'bulk', '2026-01-01', 1, '2026-01-01' FROM n;
    INSERT INTO officers (company_number, appointment_id, name, source, fetched_at, run_id)
      SELECT company_number, 'a', 'SMITH, John', 'rest', '2026-01-01', 1 FROM companies`)
  db.$client.close()
})

afterAll(() => folder[Symbol.dispose]())

function startExport(...args: string[]): ChildProcess {
  return spawn(process.execPath, [program, 'export', ...args], { cwd: folder.path, stdio: 'ignore' })
}

const names = (path: string) => readdirSync(folder.file(path))
const manifest = () => readFileSync(folder.file('out/manifest.json'), 'utf8')

async function whenWriting(path: string): Promise<void> {
  while (!names(path).some((name) => name.endsWith('.tmp'))) await delay(5)
}

test('`| head` gets its line, and the export ends quietly', () => {
  const line = `set -o pipefail; "${process.execPath}" "${program}" export 2>&1 | head -n 1 | cut -c 1-14`
  expect(execFileSync('bash', ['-c', line], { cwd: folder.path, encoding: 'utf8' })).toBe('company_number\n')
})

test('SIGINT ends it with 130, SIGKILL at once; both leave the earlier delivery whole', async () => {
  const first = startExport('--out', 'out/')
  expect(await once(first, 'exit')).toEqual([0, null])
  const before = manifest()

  const interrupted = startExport('--out', 'out/')
  await whenWriting('out')
  interrupted.kill('SIGINT')
  expect(await once(interrupted, 'exit')).toEqual([130, null])
  expect(names('out')).toEqual(['companies.csv', 'manifest.json', 'officers.csv'])

  const killed = startExport('--out', 'out/')
  await whenWriting('out')
  killed.kill('SIGKILL')
  expect(await once(killed, 'exit')).toEqual([null, 'SIGKILL'])
  expect(names('out').filter((name) => !name.startsWith('.'))).toEqual([
    'companies.csv',
    'manifest.json',
    'officers.csv',
  ])
  expect(manifest()).toBe(before)

  expect(await once(startExport('--out', 'out/'), 'exit')).toEqual([0, null])
  expect(names('out')).toEqual(['companies.csv', 'manifest.json', 'officers.csv'])
  expect(JSON.parse(manifest()).files).toEqual(JSON.parse(before).files)
})
