import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { type Db, latestSchemaVersion, openDb } from '../../src/db/open.ts'
import { companies, runs } from '../../src/db/schema.ts'
import { type BackupStep, backupDatabase } from '../../src/steps/backup/backup.ts'
import { removeOlder } from '../../src/steps/backup/destination.ts'
import { run, type TempFolder, tempFolder } from '../host.ts'
import { fill, newDatabase } from '../steps/export/export-world.ts'

const SCHEMA = latestSchemaVersion()
const NAME = /^companies-\d{8}T\d{6}Z(-\d+)?\.db$/

/** A folder with a database of three companies with two officers each, which nobody has open. */
function stocked(): TempFolder {
  const folder = tempFolder()
  const db = newDatabase(folder.file('companies.db'))
  fill(db, 3, 2)
  db.$client.close()
  return folder
}

function mode(path: string): string {
  return (statSync(path).mode & 0o777).toString(8)
}

/** Overwrites pages in the middle, as a failing disk does. */
function damage(path: string): void {
  const bytes = readFileSync(path)
  writeFileSync(path, bytes.fill(0xa5, 4096 * 3, 4096 * 8))
}

describe('chpipe backup', () => {
  it('puts a checked copy into backups/, for its owner only, and tells what is in it', async () => {
    using folder = stocked()
    const { code, stdout, stderr } = await run(['backup', '--json'], { cwd: folder.path })
    expect([code, stderr]).toEqual([0, ''])
    const told = JSON.parse(stdout)
    const [name = '', ...others] = readdirSync(folder.file('backups'))
    const path = folder.file(`backups/${name}`)
    expect(name).toMatch(NAME)
    expect(others).toEqual([])
    expect(told).toMatchObject({ path, bytes: statSync(path).size, schema_version: SCHEMA, removed: [] })
    expect(told.rows).toMatchObject({ companies: 3, officers: 6, domains: 0 })
    expect(told.sha256).toBe(createHash('sha256').update(readFileSync(path)).digest('hex'))
    expect([mode(path), mode(folder.file('backups'))]).toEqual(['600', '700'])
  })

  it('makes a database that chpipe goes on with', async () => {
    using folder = stocked()
    const { stdout } = await run(['backup', '--json'], { cwd: folder.path })
    const { path } = JSON.parse(stdout)
    const db = openDb(path)
    expect(db.$client.pragma('journal_mode', { simple: true })).toBe('wal')
    expect(db.select().from(companies).all()).toHaveLength(3)
    db.$client.close()
    expect((await run(['progress', '--target', '3', '--db', path], { cwd: folder.path })).code).toBe(0)
  })

  it.runIf(process.platform === 'linux')('refuses a folder that nobody can make', async () => {
    using folder = stocked()
    const { code, stderr } = await run(['backup', '--out', '/proc/backups/of/chpipe/'], { cwd: folder.path })
    expect([code, stderr]).toEqual([5, expect.stringContaining('The folder of the backup cannot be made')])
  })

  it('records the backup in the database, with its summary', async () => {
    using folder = stocked()
    const { stdout } = await run(['backup', '--json', '--out', 'elsewhere/'], { cwd: folder.path })
    const db = openDb(folder.file('companies.db'))
    const [last] = db.select().from(runs).all()
    expect(last).toMatchObject({ command: 'backup', summary: stdout.trimEnd() })
    db.$client.close()
  })

  it('prints a summary for people', async () => {
    using folder = stocked()
    const { stdout } = await run(['backup'], { cwd: folder.path })
    expect(stdout).toMatch(
      /^backup {10}\/.*\/backups\/companies-.*\.db\nsize {12}\d+\.\d kB, in \d+\.\d s\nsha256 {10}/,
    )
    expect(stdout).toMatch(/rows {12}companies 3\n {16}officers 6\n {16}chpipe's own \d+\n$/)
  })

  it('leaves an older schema as it is, in the database and in the copy', async () => {
    using folder = stocked()
    const db = openDb(folder.file('companies.db'))
    db.$client.pragma(`user_version = ${SCHEMA - 1}`)
    db.$client.close()
    const { code, stdout } = await run(['backup', '--json'], { cwd: folder.path })
    expect([code, JSON.parse(stdout).schema_version]).toEqual([0, SCHEMA - 1])
    const after = openDb(folder.file('companies.db'), { readonly: true, migrate: false })
    expect(after.$client.pragma('user_version', { simple: true })).toBe(SCHEMA - 1)
    after.$client.close()
  })

  it('replaces a backup that --out names, in a folder that need not exist yet', async () => {
    using folder = stocked()
    const backup = () => run(['backup', '--out', 'safe/latest.db', '--json'], { cwd: folder.path })
    const first = JSON.parse((await backup()).stdout)
    const second = JSON.parse((await backup()).stdout)
    expect([first.path, second.path]).toEqual([folder.file('safe/latest.db'), folder.file('safe/latest.db')])
    expect(second.rows.runs).toBe(2)
    expect(readdirSync(folder.file('safe'))).toEqual(['latest.db'])
  })

  const refused: [what: string, out: string, message: string][] = [
    ['a file that is no backup', 'notes.txt', 'The file is not a backup, so it is left as it is'],
    ['the database itself', 'companies.db', 'This is the database itself'],
    ['a database in use', 'used.db', 'The database is in use, so it is left as it is'],
  ]
  it.each(refused)('does not overwrite %s', async (_what, out, message) => {
    using folder = stocked()
    writeFileSync(folder.file('notes.txt'), 'mine')
    const used = newDatabase(folder.file('used.db'))
    fill(used, 1, 1)
    const before = statSync(folder.file(out)).ino
    const { code, stderr } = await run(['backup', '--out', out], { cwd: folder.path })
    expect(code).toBe(5)
    expect(stderr).toContain(`error: ${message}: ${folder.file(out)}\n`)
    expect(statSync(folder.file(out)).ino).toBe(before)
    used.$client.close()
  })

  it('keeps the newest backups, and every file of another kind', async () => {
    using folder = stocked()
    const cwd = folder.path
    await run(['backup', '--out', 'kept/'], { cwd })
    const own = ['companies-20250101T000000Z.db', 'companies-20250101T000000Z-2.db', 'companies-20240101T000000Z.db']
    const others = ['customers-20200101T000000Z.db', 'companies-20200101T000000Z.db.gz', 'companies.db', 'notes.txt']
    for (const name of [...own, ...others]) writeFileSync(folder.file(`kept/${name}`), '')
    writeFileSync(folder.file('kept/companies-20230101T000000Z.db'), '')
    writeFileSync(folder.file('kept/companies-20230101T000000Z.db-wal'), 'written to')
    const { code, stdout } = await run(['backup', '--out', 'kept/', '--keep', '3', '--json'], { cwd })
    expect(code).toBe(0)
    const removed = ['companies-20250101T000000Z.db', 'companies-20240101T000000Z.db'].map((name) =>
      join(cwd, 'kept', name),
    )
    expect(JSON.parse(stdout).removed).toEqual(removed)
    const left = readdirSync(folder.file('kept'))
    expect(left).toEqual(expect.arrayContaining([...others, 'companies-20250101T000000Z-2.db']))
    expect(left).toContain('companies-20230101T000000Z.db')
    expect(left).toHaveLength(others.length + 5)
  })

  it.each([
    [7, ['27T160000', '27T150000', '27T140000', '26T040000', '25T040000', '24T040000', '23T040000']],
    [2, ['27T160000', '26T040000']],
    [1, ['27T160000']],
    [
      20,
      [...[16, 15, 14, 13, 12].map((hour) => `27T${hour}0000`), ...[26, 25, 24, 23, 22, 21].map((d) => `${d}T040000`)],
    ],
  ])('many in one day push out no earlier day: of 11 it keeps %i', (keep, days) => {
    using folder = tempFolder()
    const name = (day: string) => `companies-202611${day}Z.db`
    const daily = [21, 22, 23, 24, 25, 26].map((day) => `${day}T040000`)
    const starts = [12, 13, 14, 15, 16].map((hour) => `27T${hour}0000`)
    for (const day of [...daily, ...starts]) writeFileSync(folder.file(name(day)), '')
    removeOlder(folder.path, 'companies.db', { keep, made: folder.file(name('27T160000')) })
    expect(readdirSync(folder.path).toSorted()).toEqual(days.map(name).toSorted())
  })

  it('clears away what a killed backup left more than a day ago, and no younger one', async () => {
    using folder = stocked()
    mkdirSync(folder.file('kept'))
    const leftovers = ['1', '2'].map((nth) => `.companies-20260101T000000Z.db.partial-0000000${nth}`)
    for (const name of leftovers) writeFileSync(folder.file(`kept/${name}`), '')
    utimesSync(folder.file(`kept/${leftovers[0]}`), 0, Date.now() / 1000 - 86_500)
    await run(['backup', '--out', 'kept'], { cwd: folder.path })
    expect(readdirSync(folder.file('kept'))).toEqual([leftovers[1], expect.stringMatching(NAME)])
  })

  it('removes no earlier backup when the new one fails', async () => {
    using folder = stocked()
    const cwd = folder.path
    await run(['backup'], { cwd })
    const earlier = readdirSync(folder.file('backups'))
    damage(folder.file('companies.db'))
    const { code, stderr } = await run(['backup', '--keep', '1'], { cwd })
    expect(code).toBe(5)
    expect(stderr).toMatch(/^error: The (copy fails its check|database is damaged)/)
    expect(readdirSync(folder.file('backups'))).toEqual(earlier)
  })

  it('ends with 130 when interrupted, and leaves nothing', async () => {
    using folder = stocked()
    const started = (process: NodeJS.EventEmitter) => void process.emit('SIGINT')
    expect((await run(['backup'], { cwd: folder.path, started })).code).toBe(130)
    expect(existsSync(folder.file('backups'))).toBe(false)
  })

  const wrong: [args: string[], code: number, message: string][] = [
    [['--keep', '2', '--out', 'one.db'], 2, '--keep belongs to a folder, and --out names a file'],
    [['--keep', '0'], 2, '--keep: expected a whole number of at least 1, got: 0'],
    [['--out', '-'], 2, '--out needs the path of a folder or a file'],
    [['--db', 'none.db'], 5, 'There is no database to back up'],
    [['--out', 'companies.db/'], 5, 'The folder of the backup cannot be made'],
  ]
  it.each(wrong)('%s: ends with %i', async (args, expected, message) => {
    using folder = stocked()
    const { code, stdout, stderr } = await run(['backup', ...args], { cwd: folder.path })
    expect([code, stdout]).toEqual([expected, ''])
    expect(stderr).toContain(message)
    expect(existsSync(folder.file('none.db'))).toBe(false)
  })
})

/** A database of some megabytes, whose copy takes several steps. */
function large(folder: TempFolder): Db {
  const db = newDatabase(folder.file('companies.db'))
  db.$client.exec(`
    WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 4000)
    INSERT INTO notes (kind, detail, noted_at, run_id) SELECT 'odd', hex(randomblob(400)), 0, 1 FROM numbers`)
  return db
}

describe('a backup', () => {
  async function attempt(
    folder: TempFolder,
    step: Partial<BackupStep>,
    onProgress: (phase: string) => void = () => {},
  ) {
    const database = folder.file('companies.db')
    const db = openDb(database)
    const standard = { db, clock: systemClock(), signal: new AbortController().signal, freeBytes: () => null }
    try {
      const destination = { kind: 'folder', path: folder.file('backups') } as const
      return await backupDatabase({ ...standard, ...step }, { database, destination, keep: undefined, onProgress })
    } finally {
      db.$client.close()
    }
  }

  it('is not begun where the disk cannot hold it', async () => {
    using folder = stocked()
    const made = attempt(folder, { freeBytes: () => 50_000 })
    await expect(made).rejects.toMatchObject({
      kind: 'data',
      message: expect.stringMatching(/^There is not enough disk for the backup: it needs 1\.\d MB, free are 50\.0 kB/),
    })
    expect(existsSync(folder.file('backups'))).toBe(false)
  })

  it.each(['copying', 'checking'])('leaves nothing when it is interrupted while %s', async (phase) => {
    using folder = tempFolder()
    const db = large(folder)
    const stop = new AbortController()
    const reason = new Error('stopped')
    const made = attempt(folder, { signal: stop.signal }, (now) => now === phase && stop.abort(reason))
    await expect(made).rejects.toBe(reason)
    expect(existsSync(folder.file('backups'))).toBe(false)
    db.$client.close()
  })

  it('holds the database as it was when it began, and holds up no writer', async () => {
    using folder = tempFolder()
    const db = large(folder)
    let written = 0
    const { rows } = await attempt(folder, {}, (phase) => {
      if (phase !== 'copying') return
      fill(db, 1, 1, written)
      written += 1
    })
    expect(written).toBeGreaterThan(1)
    expect(rows).toMatchObject({ companies: 0, notes: 4000 })
    expect(db.select().from(companies).all()).toHaveLength(written)
    db.$client.close()
  })
})
