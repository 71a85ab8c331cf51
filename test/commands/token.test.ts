import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { run, tempFolder } from '../host.ts'

test('a token is printed once, and only its hash is kept', async () => {
  using folder = tempFolder()
  const cwd = folder.path
  const added = await run(['token', 'add', 'acme', '--quiet'], { cwd })
  expect([added.code, added.stderr]).toEqual([0, ''])
  expect(added.stdout).toMatch(/^chp_[\w-]{43}\n$/)
  const files = ['companies.db', 'companies.db-wal'].map((name) => {
    try {
      return readFileSync(folder.file(name), 'latin1')
    } catch {
      return ''
    }
  })
  expect(files.join('')).toContain('acme')
  expect(files.join('')).not.toContain(added.stdout.trim())
  const listed = await run(['token', 'list', '--json'], { cwd })
  expect(JSON.parse(listed.stdout)).toEqual([
    { id: 1, name: 'acme', added_at: expect.any(String), revoked_at: null, scope: 'data' },
  ])
})

test('a token is revoked by its name or id, once and for good', async () => {
  using folder = tempFolder()
  const cwd = folder.path
  for (const name of ['acme', 'beta']) await run(['token', 'add', name], { cwd })
  expect((await run(['token', 'revoke', 'acme'], { cwd })).stdout).toBe('revoked: acme, number 1\n')
  expect((await run(['token', 'revoke', '2'], { cwd })).stdout).toBe('revoked: beta, number 2\n')
  const again = await run(['token', 'revoke', 'acme'], { cwd })
  expect([again.code, again.stdout]).toEqual([
    0,
    expect.stringMatching(/^revoked already: acme, on \d{4}-\d\d-\d\d\n$/),
  ])
  const taken = await run(['token', 'add', 'acme'], { cwd })
  expect([taken.code, taken.stdout]).toEqual([1, ''])
  expect((await run(['token', 'list'], { cwd })).stdout).toMatch(
    /^id {2}name {2}for {3}added {7}revoked\n1 {3}acme {2}data {2}[\d-]{10} {2}[\d-]{10}\n/,
  )
})

test.each([
  [['add', 'a b'], 2],
  [['add', '7'], 2],
  [['revoke', 'nobody'], 1],
])('token %j ends with %i', async (args, code) => {
  using folder = tempFolder()
  await run(['token', 'add', 'first'], { cwd: folder.path })
  const finished = await run(['token', ...args], { cwd: folder.path })
  expect([finished.code, finished.stdout]).toEqual([code, ''])
  expect(finished.stderr).toMatch(/^error: .+\ntry: .+\n$/)
})
