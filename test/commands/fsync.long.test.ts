// A disk that does not keep names: what cannot be made sure of leaves nothing that looks whole.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { startChild } from '../child.ts'
import { run, tempFolder } from '../host.ts'
import { fill, newDatabase } from '../steps/export/export-world.ts'

const FAILER = new URL('../fail-sync.mjs', import.meta.url).href

function failing(nth: number, args: string[], cwd: string) {
  const env = { NODE_OPTIONS: `--import ${FAILER}`, FAIL_SYNC_AT: String(nth) }
  return startChild(args, { cwd, env }).ended
}

test.each([1, 2])(
  'a backup whose folder cannot be synced leaves none, and an earlier one as it was (%d)',
  async (nth) => {
    using folder = tempFolder()
    const db = newDatabase(folder.file('companies.db'))
    fill(db, 3, 1)
    db.$client.close()
    const { code, stderr } = await failing(nth, ['backup', '--out', 'copies/'], folder.path)
    expect([code, stderr]).toEqual([5, expect.stringMatching(/^error: [^\n]*copies[\s\S]*\ntry: /)])
    expect(existsSync(folder.file('copies'))).toBe(false)

    expect((await run(['backup', '--out', 'one.db'], { cwd: folder.path })).code).toBe(0)
    const before = readFileSync(folder.file('one.db'))
    expect((await failing(nth, ['backup', '--out', 'one.db'], folder.path)).code).toBe(5)
    expect(readFileSync(folder.file('one.db')).equals(before)).toBe(true)
    expect(readdirSync(folder.path).filter((name) => name.includes('partial'))).toEqual([])
  },
)

test('an export whose folder cannot be synced is not counted from', async () => {
  using folder = tempFolder()
  const db = newDatabase(folder.file('companies.db'))
  fill(db, 3, 1)
  db.$client.close()
  expect((await failing(2, ['export', '--out', 'out/'], folder.path)).code).toBe(5)
  expect((await run(['export', '--out', 'out/', '--since', 'last'], { cwd: folder.path })).code).toBe(5)
})
