import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { formatNames } from '../../src/steps/export/formats/formats.ts'
import { run, type TempFolder, tempFolder } from '../host.ts'
import { fill, newDatabase } from '../steps/export/export-world.ts'

function folderWith(companies: number): TempFolder {
  const folder = tempFolder()
  const db = newDatabase(folder.file('companies.db'))
  fill(db, companies, 1)
  db.$client.close()
  return folder
}

test('ends a folder and a file with a table on stdout, and says nothing else', async () => {
  using folder = folderWith(2)
  const made = await run(['export', '--out', 'delivery/'], { cwd: folder.path })
  expect([made.code, made.stderr]).toEqual([0, ''])
  const { as_of, files } = JSON.parse(readFileSync(folder.file('delivery/manifest.json'), 'utf8'))
  const sum = (name: string) => files.find((file: { name: string }) => file.name === name).sha256.slice(0, 12)
  expect(made.stdout.split('\n')).toEqual([
    `${folder.file('delivery')}: complete, as of ${as_of}`,
    '',
    expect.stringMatching(/^file +rows +size +sha256$/),
    expect.stringMatching(new RegExp(`^companies.csv +2 +[\\d.]+ (?:kB|bytes) {2}${sum('companies.csv')}…$`)),
    expect.stringMatching(new RegExp(`^officers.csv +2 +[\\d.]+ (?:kB|bytes) {2}${sum('officers.csv')}…$`)),
    '',
    expect.stringMatching(/^2 files, [\d.]+ (?:kB|bytes)$/),
    '',
  ])
  const one = await run(['export', '--format', 'ndjson', '--out', 'one.ndjson'], { cwd: folder.path })
  expect(one.stdout).toContain(`${folder.file('one.ndjson')}: complete, as of `)
})

test('writes the flat table to stdout, and what it did to stderr', async () => {
  using folder = folderWith(2)
  const { code, stdout, stderr } = await run(['export'], { cwd: folder.path })
  expect([code, stdout.split('\r\n').length]).toEqual([0, 4])
  expect(stderr).toMatch(/^\S+ info {2}exported file=stdout rows=2 bytes=\d+ as_of=\S+\n$/)
})

test('--out with --json prints the manifest; --quiet says nothing else', async () => {
  using folder = folderWith(2)
  const { code, stdout, stderr } = await run(['export', '--out', 'delivery/', '--json', '--quiet'], {
    cwd: folder.path,
  })
  expect([code, stderr]).toEqual([0, ''])
  expect(JSON.parse(stdout)).toEqual(JSON.parse(readFileSync(folder.file('delivery/manifest.json'), 'utf8')))
  expect(JSON.parse(stdout)).toMatchObject({ filters: { all: false }, files: [{ rows: 2 }, { rows: 2 }] })
  expect(readdirSync(folder.file('delivery'))).toEqual(['companies.csv', 'manifest.json', 'officers.csv'])
})

test('a name without a separator is a file, unless a folder has it', async () => {
  using folder = folderWith(1)
  mkdirSync(folder.file('there'))
  await run(['export', '--out', 'flat.csv'], { cwd: folder.path })
  await run(['export', '--out', 'there', '--format', 'ndjson'], { cwd: folder.path })
  expect(readFileSync(folder.file('flat.csv'), 'utf8').split('\r\n')).toHaveLength(3)
  expect(readdirSync(folder.file('there'))).toEqual(['companies.ndjson', 'manifest.json'])
})

test('an empty export is a header, a warning and 0', async () => {
  using folder = folderWith(0)
  const { code, stdout, stderr } = await run(['export', '--quiet'], { cwd: folder.path })
  expect([code, stdout.split('\r\n').length]).toEqual([0, 2])
  expect(stderr).toContain('warn  The export is empty: no company has a complete officer list yet')
})

test.each([
  [['--format', 'xml'], 2, `--format: expected ${formatNames.join(', ')}, got: xml`],
  [['--format', 'json', '--bom'], 2, '--bom belongs to --format csv, not to json'],
  [['--out', ''], 2, '--out needs the path of a folder or a file'],
  [['--out', './companies.db'], 2, '--out names the database itself: ./companies.db'],
  [['--out', 'missing/x.csv'], 5, 'The folder does not exist'],
  [['--out', 'companies.db/x.csv'], 5, 'Part of the path is not a folder'],
  [['--db', 'none.db'], 5, 'There is no database yet'],
])('%j ends with %d', async (args, expected, sentence) => {
  using folder = folderWith(1)
  const { code, stdout, stderr } = await run(['export', ...args], { cwd: folder.path })
  expect([code, stdout]).toEqual([expected, ''])
  expect(stderr.startsWith(`error: ${sentence}`)).toBe(true)
  expect(existsSync(folder.file('none.db'))).toBe(false)
})

test('interrupted, it ends with 130 and leaves nothing', async () => {
  using folder = folderWith(300)
  const { code } = await run(['export', '--out', 'new/delivery/'], {
    cwd: folder.path,
    started: (process) => process.emit('SIGINT'),
  })
  expect([code, existsSync(folder.file('new'))]).toEqual([130, false])
})
