import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { run, type TempFolder, tempFolder } from '../host.ts'
import { fill, newDatabase } from '../steps/export/export-world.ts'
import { unzipped } from '../steps/export/package-world.ts'

function filledFolder(): TempFolder {
  const folder = tempFolder()
  const db = newDatabase(folder.file('companies.db'))
  fill(db, 2, 1)
  db.$client.close()
  return folder
}

test('a package says in its report and its manifest who delivers it, what it is called and where to ask', async () => {
  using folder = filledFolder()
  const signed = ['--supplier', 'Ashdown & Sons <Data>', '--title', 'Builders "1"', '--contact', 'data@ashdown.example']
  const made = await run(['export', '--package', 'a.zip', ...signed], { cwd: folder.path })
  expect([made.code, made.stderr]).toEqual([0, ''])
  const files = await unzipped(folder.file('a.zip'))
  const report = String(files.get('report.html'))
  expect(report).toContain('<h1>Builders &quot;1&quot;</h1>')
  expect(report).toContain('<title>Builders &quot;1&quot;: data package of ')
  expect(report).toContain('Delivered by <strong>Ashdown &amp; Sons &lt;Data&gt;</strong>.')
  expect(report).toContain('<a href="mailto:data@ashdown.example">data@ashdown.example</a>')
  expect(JSON.parse(String(files.get('manifest.json')))).toMatchObject({
    supplier: 'Ashdown & Sons <Data>',
    title: 'Builders "1"',
    contact: 'data@ashdown.example',
  })
  expect((await run(['export', '--verify', 'a.zip'], { cwd: folder.path })).code).toBe(0)
})

test('the environment signs every folder, an option wins over it, and nobody signs unless told', async () => {
  using folder = filledFolder()
  const env = { CHPIPE_SUPPLIER: 'Ashdown', CHPIPE_CONTACT: 'by telephone' }
  const manifest = (name: string) => JSON.parse(readFileSync(folder.file(`${name}/manifest.json`), 'utf8'))
  await run(['export', '--out', 'a/', '--contact', 'by post'], { cwd: folder.path, env })
  expect(manifest('a')).toMatchObject({ supplier: 'Ashdown', contact: 'by post' })
  await run(['export', '--out', 'b/'], { cwd: folder.path })
  expect(Object.keys(manifest('b'))).toEqual([
    'schema_version',
    'program_version',
    'as_of',
    'filters',
    'checkpoint',
    'files',
  ])
  expect((await run(['export'], { cwd: folder.path, env })).code).toBe(0)
})

const REFUSED: [args: string[], message: string][] = [
  [['--package', 'a.zip', '--title', ''], '--title: expected one line of at most 120 characters'],
  [['--package', 'a.zip', '--supplier', 'a\nb'], '--supplier: expected one line of at most 100 characters'],
  [['--package', 'a.zip', '--contact', 'x'.repeat(201)], '--contact: expected one line of at most 200 characters'],
  [['--title', 'Builders'], '--title is told in the manifest: it belongs to a folder or a --package'],
  [['--out', 'a.csv', '--supplier', 'Ashdown'], '--supplier is told in the manifest'],
  [['--verify', 'a.zip', '--contact', 'Ashdown'], '--verify stands alone: it takes no --contact'],
]
for (const [args, message] of REFUSED) {
  test(`chpipe export ${args.join(' ').slice(0, 60)} is refused in a sentence`, async () => {
    using folder = filledFolder()
    const { code, stderr } = await run(['export', ...args], { cwd: folder.path })
    expect(code).toBe(2)
    expect(stderr).toContain(message)
    expect(existsSync(folder.file('a.zip')) || existsSync(folder.file('a.csv'))).toBe(false)
  })
}
