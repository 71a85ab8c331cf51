import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { beginRun } from '../../src/db/runs.ts'
import { run, type TempFolder, tempFolder } from '../host.ts'
import { fill, newDatabase } from '../steps/export/export-world.ts'
import { unzipped, zipOf } from '../steps/export/package-world.ts'

function folderWith(companies: number): TempFolder {
  const folder = tempFolder()
  const db = newDatabase(folder.file('companies.db'))
  fill(db, companies, 1)
  db.$client.close()
  return folder
}

test('--package makes a zip that --verify finds right, and counts against the target', async () => {
  using folder = folderWith(2)
  const options = { cwd: folder.path, env: { CHPIPE_TARGET: '2' } }
  const made = await run(['export', '--package', 'a.zip'], options)
  expect([made.code, made.stderr]).toEqual([0, ''])
  expect(made.stdout).toMatch(/^\/\S+a\.zip: complete, as of \S+Z\n\nfile +rows +size +sha256\nreport\.html +0 /)
  expect(made.stdout).toMatch(/\ncompanies\.csv +2 +[\d.]+ (?:kB|bytes) {2}[0-9a-f]{12}…\n/)
  expect(made.stdout).toMatch(/\n5 files with the manifest, packed [\d.]+ kB\nsha256 {2}[0-9a-f]{64}\n$/)
  expect(String((await unzipped(folder.file('a.zip'))).get('report.html'))).toContain('The target is reached')

  const verified = await run(['export', '--verify', 'a.zip', '--db', 'none.db'], options)
  expect([verified.code, verified.stderr]).toEqual([0, ''])
  expect(verified.stdout).toMatch(/^a\.zip is as its manifest says: 4 files, \d+ rows, [\d,]+ bytes, as of \S+\n$/)
  expect(existsSync(folder.file('none.db'))).toBe(false)
})

test('the report measures against --target, else against what the last import of officers aimed at', async () => {
  using folder = folderWith(2)
  const report = async (...args: string[]) => {
    await run(['export', '--package', 'a.zip', ...args], { cwd: folder.path, env: { CHPIPE_TARGET: '7' } })
    return String((await unzipped(folder.file('a.zip'))).get('report.html'))
  }
  expect(await report()).toContain('<strong>2 of 7</strong>')
  const db = newDatabase(folder.file('companies.db'))
  beginRun(db, systemClock(), 'import-officers').finish({ target: 4 })
  db.$client.close()
  expect(await report()).toContain('<strong>2 of 4</strong>')
  expect(await report('--target', '5')).toContain('<strong>2 of 5</strong>')
})

test('--json prints the manifest with the zip around it, and what verification found', async () => {
  using folder = folderWith(1)
  const made = await run(['export', '--package', 'a.zip', '--json', '--quiet'], { cwd: folder.path })
  const { package: zip, ...manifest } = JSON.parse(made.stdout)
  const inside = (await unzipped(folder.file('a.zip'))).get('manifest.json')
  expect(manifest).toEqual(JSON.parse(String(inside)))
  expect(zip).toMatchObject({ path: folder.file('a.zip'), bytes: readFileSync(folder.file('a.zip')).length })

  const verified = await run(['export', '--verify', 'a.zip', '--json'], { cwd: folder.path })
  expect(JSON.parse(verified.stdout)).toMatchObject({ ok: true, as_of: manifest.as_of, files: 4, differences: [] })
})

test('--verify shows what differs and ends with 1, without raw control characters', async () => {
  using folder = folderWith(2)
  await run(['export', '--package', 'a.zip'], { cwd: folder.path })
  const files = await unzipped(folder.file('a.zip'))
  files.set('companies.csv', Buffer.from('company_number\r\n'))
  files.delete('officers.csv')
  await zipOf(folder.file('b.zip'), [...files, ['\u001b[31mred.txt', 'x']])
  const { code, stdout } = await run(['export', '--verify', 'b.zip'], { cwd: folder.path })
  expect(code).toBe(1)
  expect(stdout).not.toContain('\u001b')
  expect(
    stdout
      .replace(/[0-9a-f]{12}…/g, 'SUM')
      .replace(/ +/g, ' ')
      .split('\n'),
  ).toEqual([
    'b.zip is NOT as its manifest says: 3 files differ',
    '',
    'file what manifest found',
    'officers.csv missing there not there',
    '\uFFFD[31mred.txt extra not there there',
    expect.stringMatching(/^companies\.csv bytes [\d,]+ 16$/),
    'companies.csv sha256 SUM SUM',
    'companies.csv rows 2 0',
    '',
  ])
})

test('a package is counted from by the next delta to the same zip', async () => {
  using folder = folderWith(2)
  const first = await run(['export', '--since', 'last', '--package', 'a.zip'], { cwd: folder.path })
  expect([first.code, first.stderr.startsWith('error: No earlier export')]).toEqual([5, true])
  await run(['export', '--package', 'a.zip'], { cwd: folder.path })
  const next = await run(['export', '--since', 'last', '--package', 'a.zip', '--json'], { cwd: folder.path })
  expect(JSON.parse(next.stdout)).toMatchObject({
    filters: { since: expect.any(String) },
    files: expect.arrayContaining([expect.objectContaining({ name: 'companies.csv', rows: 0 })]),
  })
  expect([...(await unzipped(JSON.parse(next.stdout).package.path)).keys()]).toContain('deletions.csv')
  expect([...(await unzipped(folder.file('a.zip'))).keys()]).not.toContain('deletions.csv')
})

test('an empty package is made, with a warning', async () => {
  using folder = folderWith(0)
  const { code, stderr } = await run(['export', '--package', 'a.zip', '--quiet'], { cwd: folder.path })
  expect([code, stderr]).toEqual([0, expect.stringContaining('warn  The package is empty: no company has a complete')])
})

test('interrupted, it ends with 130 and leaves nothing', async () => {
  using folder = folderWith(90)
  const { code } = await run(['export', '--package', 'a.zip'], {
    cwd: folder.path,
    started: (process) => process.emit('SIGINT'),
  })
  expect([code, readdirSync(folder.path).filter((name) => name.includes('zip'))]).toEqual([130, []])
})

test.each([
  [['--package', 'a.txt'], 2, '--package makes a zip file'],
  [['--package', '.zip'], 2, '--package makes a zip file'],
  [['--package', 'a.zip', '--out', 'b'], 2, 'Name one, not both --out and --package'],
  [['--package', 'a.zip', '--format', 'json', '--bom'], 2, '--bom belongs to --format csv'],
  [['--package', 'missing/a.zip'], 5, 'The folder does not exist'],
  [['--package', 'a.zip', '--db', 'none.db'], 5, 'There is no database yet'],
  [['--verify', 'a.zip', '--gzip'], 2, '--verify stands alone: it takes no --gzip'],
  [['--verify', ''], 2, '--verify needs the path'],
  [['--verify', 'none.zip'], 5, 'The delivery cannot be read'],
  [['--verify', 'file.csv'], 5, 'The zip file cannot be read'],
  [['--verify', '.'], 5, 'There is no manifest.json'],
])('%j ends with %d', async (args, expected, sentence) => {
  using folder = folderWith(1)
  writeFileSync(folder.file('file.csv'), 'a,b\r\n')
  const { code, stdout, stderr } = await run(['export', ...args], { cwd: folder.path })
  expect([code, stdout]).toEqual([expected, ''])
  expect(stderr.startsWith(`error: ${sentence}`)).toBe(true)
  if (expected === 5) expect(stderr).toContain('\ntry: ')
})
