import { expect, test } from 'vitest'
import { run, tempFolder } from '../host.ts'
import { newDatabase } from '../steps/export/export-world.ts'
import { buyWorld, suppressWorld } from '../steps/suppress/suppress-world.ts'

async function world() {
  const folder = tempFolder()
  const db = newDatabase(folder.file('companies.db'))
  suppressWorld(db)
  buyWorld(db)
  db.$client.close()
  const chpipe = (...args: string[]) => run(args, { cwd: folder.path })
  for (const line of [
    ['export', '--out', 'z/', '--for', 'Zebra & Co'],
    ['export', '--package', 'a.zip', '--for', 'Acme'],
    ['export', '--package', 'a.zip', '--since', 'last', '--for', 'Acme'],
    ['export', '--out', 'own/'],
    ['export', '--out', 'd/', '--include', 'domains', '--for', 'Domains Ltd'],
  ]) {
    expect(await chpipe(...line)).toMatchObject({ code: 0 })
  }
  return {
    folder,
    chpipe,
    add: (...args: string[]) => chpipe('suppress', 'add', ...args),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  }
}

test('an erasure lists those who may hold it, again when it is repeated', async () => {
  using here = await world()
  const jane = ['--name', 'SMITHERS, Jane', '--born', '1970-04', '--erase']
  const { code, stdout } = await here.add(...jane)
  expect(code).toBe(0)
  const table = stdout.slice(stdout.indexOf('\n\n') + 2).replaceAll(/\d{4}-\d{2}-\d{2}/g, 'YYYY-MM-DD')
  expect(table.replaceAll(here.folder.path, '')).toMatch(
    /^Tell those who may hold it \(Article 19\):\n\nrecipient +deliveries +first +last +where\nAcme +2 +YYYY-MM-DD +YYYY-MM-DD +\/a\.zip\nZebra & Co +1 +\S+ +\S+ +\/z\n\(not recorded\) +1 +\S+ +\S+ +\/own\n$/,
  )
  const again = JSON.parse((await here.add(...jane, '--json')).stdout)
  const names = again.recipients.map(({ recipient }: { recipient: string }) => recipient)
  expect([again.erased.officers, names]).toEqual([0, ['Acme', 'Zebra & Co', null]])
  expect(again.recipients[0]).toEqual({
    recipient: 'Acme',
    deliveries: 2,
    first: expect.stringMatching(/^\d{4}-/),
    last: expect.stringMatching(/^\d{4}-/),
    destinations: [here.folder.file('a.zip')],
  })
})

test('only deliveries with the tables in question count, and nobody is listed for nothing', async () => {
  using here = await world()
  const recipients = async (...args: string[]) => JSON.parse((await here.add(...args, '--json')).stdout).recipients
  const named = (rows: { recipient: string }[]) => rows.map(({ recipient }) => recipient)
  expect(named(await recipients('--domain', 'beta.example', '--erase'))).toContain('Domains Ltd')
  expect(named(await recipients('--email', 'paul.jones@alpha.example', '--erase'))).toEqual([
    'Acme',
    'Zebra & Co',
    null,
  ])
  expect(await recipients('--email', 'nobody@gamma.example', '--erase')).toEqual([])
  expect(await recipients('--officer', 'o-paul')).toBeUndefined()
  expect((await here.add('--email', 'nobody@gamma.example', '--erase')).stdout).not.toContain('Article 19')
})
