// The real process, killed outright while it stores: what is there is whole companies, and the next run does the rest.
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { openDb } from '../../src/db/open.ts'
import { individual, snapshotText } from '../companies-house/pscs/fixtures.ts'
import { csv, rows } from '../companies-house/register/fixtures.ts'
import { run, tempFolder } from '../host.ts'

const PROGRAM = fileURLToPath(new URL('../../bin/chpipe.js', import.meta.url))
const COMPANIES = 6000

test('import-pscs', async () => {
  using folder = tempFolder()
  writeFileSync(folder.file('register.csv'), csv(rows(COMPANIES)))
  const numbers = Array.from({ length: COMPANIES }, (_, index) => String(index + 1).padStart(8, '0'))
  const lines = numbers.flatMap((number) => [individual(number, 'a'), individual(number, 'b')])
  writeFileSync(folder.file('pscs.txt'), snapshotText(lines))
  expect(await run(['import-companies', 'register.csv'], { cwd: folder.path })).toMatchObject({ code: 0 })
  const db = openDb(folder.file('companies.db'), { readonly: true })
  const read = (sql: string) => Number(db.$client.prepare(sql).pluck().get())
  const stored = () => read('SELECT count(*) FROM persons_with_significant_control')

  const child = spawn(process.execPath, [PROGRAM, 'import-pscs', 'pscs.txt'], { cwd: folder.path, stdio: 'ignore' })
  const ended = new Promise((resolve) => child.once('close', resolve))
  while (child.exitCode === null && stored() === 0) await delay(1)
  child.kill('SIGKILL')
  await ended
  const some = stored()
  expect(some).toBeGreaterThan(0)
  expect(some).toBeLessThan(2 * COMPANIES)
  expect(read("SELECT count(*) FROM companies WHERE pscs_state = 'complete'")).toBe(some / 2)
  expect(read("SELECT count FROM tallies WHERE name = 'pscs'")).toBe(some)
  expect(read('SELECT count(*) FROM bulk_files WHERE whole')).toBe(0)

  const { code, stdout } = await run(['import-pscs', 'pscs.txt', '--json'], { cwd: folder.path })
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ inserted: 2 * COMPANIES - some, unchanged: some })
  expect(read('SELECT count(*) FROM bulk_files WHERE whole')).toBe(1)
  db.$client.close()
})
