import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { deliveries } from '../../src/db/schema.ts'
import { run, tempFolder } from '../host.ts'
import { addCompany, fill, newDatabase } from '../steps/export/export-world.ts'
import { unzipped } from '../steps/export/package-world.ts'

function world() {
  const folder = tempFolder()
  const db = newDatabase(folder.file('companies.db'))
  fill(db, 2, 1)
  db.$client.close()
  const recorded = () => {
    const read = newDatabase(folder.file('companies.db'))
    const rows = read.select().from(deliveries).all()
    read.$client.close()
    return rows.map(({ recipient }) => recipient)
  }
  return {
    folder,
    recorded,
    chpipe: (...args: string[]) => run(['export', ...args], { cwd: folder.path }),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  }
}

test('--for is in the manifest of a folder and of a package, and on record', async () => {
  using here = world()
  const made = await here.chpipe('--out', 'd/', '--for', '  Acme   Ltd ')
  expect([made.code, made.stdout]).toEqual([0, expect.stringMatching(/d: complete, for Acme Ltd, as of /)])
  expect((await here.chpipe('--package', 'a.zip', '--for', 'Bücher & Söhne')).code).toBe(0)
  expect((await here.chpipe('--out', 'e/')).code).toBe(0)
  const manifest = (text: string) => JSON.parse(text).recipient
  expect(manifest(readFileSync(here.folder.file('d/manifest.json'), 'utf8'))).toBe('Acme Ltd')
  expect(manifest(String((await unzipped(here.folder.file('a.zip'))).get('manifest.json')))).toBe('Bücher & Söhne')
  expect(readFileSync(here.folder.file('e/manifest.json'), 'utf8')).not.toContain('recipient')
  expect(here.recorded()).toEqual(['Acme Ltd', 'Bücher & Söhne', null])
  expect((await here.chpipe('--verify', 'a.zip')).code).toBe(0)
})

test('--since last with --for counts from what the same customer, or nobody named, was given', async () => {
  using here = world()
  await here.chpipe('--out', 'd/')
  const db = newDatabase(here.folder.file('companies.db'))
  addCompany(db, { company_number: '00000009' })
  db.$client.close()
  await here.chpipe('--out', 'd/', '--for', 'Acme')
  const rows = async (...more: string[]) => {
    const { stdout } = await here.chpipe('--since', 'last', '--out', 'd/', '--json', ...more)
    return JSON.parse(stdout).files.find(({ name }: { name: string }) => name === 'companies.csv').rows
  }
  expect(await rows('--for', 'Beta')).toBe(1)
  expect(await rows('--for', 'Acme')).toBe(0)
  expect(await rows()).toBe(0)
})

test.each([
  [['--for', ' ', '--out', 'd/'], 'got: nothing'],
  [['--for', 'x'.repeat(201), '--out', 'd/'], 'got: a longer one'],
  [['--for', 'a\u0007b', '--out', 'd/'], 'got: control characters'],
  [['--for', 'Acme'], '--for needs --out or --package'],
])('%j is refused', async (args, sentence) => {
  using here = world()
  const { code, stdout, stderr } = await here.chpipe(...args)
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toContain(sentence)
  expect(here.recorded()).toEqual([])
})
