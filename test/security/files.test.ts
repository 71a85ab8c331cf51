// What chpipe leaves on the disk is for its owner alone, and nobody else can make it write elsewhere.
// Temporary copies of a register: test/companies-house/register/source.test.ts; links in a delivery that is verified:
// test/steps/export/package-verify.test.ts.
import { chmodSync, lstatSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { csv, row, rows } from '../companies-house/register/fixtures.ts'
import { run, type TempFolder, tempFolder } from '../host.ts'
import { fill, newDatabase } from '../steps/export/export-world.ts'

/** One of the two companies is none. */
const REGISTER = csv([...rows(1), row({ CompanyNumber: '../../etc' })])

let umask: number
beforeEach(() => {
  umask = process.umask(0)
})
afterEach(() => process.umask(umask))

function stocked(): TempFolder {
  const folder = tempFolder()
  const db = newDatabase(folder.file('companies.db'))
  fill(db, 2, 1)
  db.$client.close()
  return folder
}

/** The files below a folder that others may read or write. */
function open(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    lstatSync(join(folder, name)).isFile(),
  )
  expect(files.length).toBeGreaterThan(0)
  return files.filter((name) => (lstatSync(join(folder, name)).mode & 0o077) !== 0)
}

describe('with an open umask', () => {
  it('the database and its log, backups, rejects, exports, packages and logs are readable by their owner alone', async () => {
    using folder = tempFolder()
    const cwd = folder.path
    writeFileSync(folder.file('register.csv'), REGISTER, { mode: 0o600 })
    const lines = [
      'import-companies register.csv --rejects rejects.csv --log-file chpipe.log',
      'backup --out backups/',
      'backup --out one.db',
      'export --all --out data/',
      'export --all --out flat.csv --gzip',
      'export --all --format sqlite --out flat.sqlite',
      'export --all --package all.zip',
      'token add acme',
    ]
    for (const line of lines) expect(await run(line.split(' '), { cwd })).toMatchObject({ code: 0 })
    const db = newDatabase(folder.file('companies.db'))
    fill(db, 1, 1, 7)
    expect(readdirSync(cwd)).toEqual(expect.arrayContaining(['rejects.csv', 'companies.db-wal', 'chpipe.log']))
    expect(open(cwd)).toEqual([])
    db.$client.close()
  })

  it('an empty file becomes a private database', () => {
    using folder = tempFolder()
    writeFileSync(folder.file('companies.db'), '')
    newDatabase(folder.file('companies.db')).$client.close()
    expect(open(folder.path)).toEqual([])
  })

  it('an export keeps the mode of the file that it replaces, which its owner has chosen', async () => {
    using folder = stocked()
    writeFileSync(folder.file('for-all.csv'), '')
    chmodSync(folder.file('for-all.csv'), 0o644)
    expect(await run(['export', '--out', 'for-all.csv'], { cwd: folder.path })).toMatchObject({ code: 0 })
    expect(open(folder.path)).toEqual(['for-all.csv'])
  })
})

describe('a link that somebody else has laid', () => {
  it('under the temporary name of the rejects leads nowhere', async () => {
    using folder = tempFolder()
    writeFileSync(folder.file('precious'), 'mine')
    writeFileSync(folder.file('register.csv'), REGISTER)
    symlinkSync(folder.file('precious'), folder.file('rejects.csv.partial'))
    await run(['import-companies', 'register.csv', '--rejects', 'rejects.csv'], { cwd: folder.path })
    expect(readFileSync(folder.file('precious'), 'utf8')).toBe('mine')
    expect(readFileSync(folder.file('rejects.csv'), 'utf8')).toContain('not a company number')
  })
})

describe('what chpipe needs itself', () => {
  const options = ['progress --log-file', 'import-companies r.csv --rejects', 'export --out']
  const names = ['companies.db', 'companies.db-wal', '.env', 'link']
  it.each(options.flatMap((option) => names.map((name) => [option, name])))(
    'is not written over by %s %s',
    async (option, name) => {
      using folder = stocked()
      writeFileSync(folder.file('r.csv'), REGISTER)
      symlinkSync(folder.file('companies.db'), folder.file('link'))
      const before = readFileSync(folder.file('companies.db'))
      const { code, stderr } = await run([...option.split(' '), `./${name}`], { cwd: folder.path })
      expect(code).toBe(2)
      expect(stderr).toMatch(/names the (database itself|file of the settings): /)
      expect(readFileSync(folder.file('companies.db')).equals(before)).toBe(true)
    },
  )
})

describe('.env', () => {
  it.each([0o644, 0o640, 0o660])('with mode %o: a line warns of it', async (mode) => {
    using folder = stocked()
    const file = folder.file('.env')
    writeFileSync(file, 'CHPIPE_TARGET=3\n')
    chmodSync(file, mode)
    const { stderr } = await run(['progress', '--quiet'], { cwd: folder.path })
    expect(stderr).toMatch(
      /^\S+ warn {2}\.env may be read by others on this machine file=.*\.env try="chmod 600 .*"\n$/,
    )
    chmodSync(file, 0o600)
    expect((await run(['progress', '--quiet'], { cwd: folder.path })).stderr).toBe('')
  })
})
