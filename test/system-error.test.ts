import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { tempFolder as tempFolderOf, useTempFolder } from '../src/files.ts'
import { main } from '../src/main.ts'
import { createWorld } from '../src/sandbox/world/world.ts'
import { loadCompanies } from './acceptance/load-companies.ts'
import { startChild } from './child.ts'
import { csv, row } from './companies-house/register/fixtures.ts'
import { run, tempFolder } from './host.ts'
import { officersPage, scriptedServer, silent } from './scripted-server.ts'

const BIN = fileURLToPath(new URL('../bin/chpipe.js', import.meta.url))

async function finished(child: ChildProcess): Promise<{ status: number | null; stderr: string }> {
  let stderr = ''
  child.stderr?.on('data', (chunk) => {
    stderr += chunk
  })
  const status = await new Promise<number | null>((done) => child.on('close', done))
  return { status, stderr }
}

describe('what the system refuses', () => {
  it.each([
    ['ENOSPC', 'The disk is full: /data/x'],
    ['EDQUOT', 'The disk quota is used up: /data/x'],
    ['EROFS', 'The disk is read-only: /data/x'],
    ['EACCES', 'The permission is missing: /data/x'],
    ['EIO', 'The disk failed: /data/x'],
    ['EMFILE', 'Too many files are open in this process: /data/x'],
  ])('%s ends a command with 5, a sentence and what to try', async (code, sentence) => {
    let said = ''
    const stderr = new Writable({
      write(chunk, _encoding, done) {
        said += chunk
        done()
      },
    })
    const host = {
      ...{ argv: ['node', 'chpipe', 'progress'], env: {}, stdin: process.stdin, stdout: stderr, stderr },
      ...{ on() {}, off() {}, exit() {} },
      cwd(): string {
        throw Object.assign(new Error(`${code}: as libuv says it, open '/data/x'`), { code, path: '/data/x' })
      },
    }
    expect(await main(host)).toBe(5)
    expect(said.split('\n')).toEqual([`error: ${sentence}`, expect.stringMatching(/^try: ./), ''])
  })

  it.each(['companies.db', 'a-file/companies.db'])('a --db that cannot be: %s', async (name) => {
    using folder = tempFolder()
    writeFileSync(folder.file('a-file'), '')
    mkdirSync(folder.file('companies.db'))
    const { code, stderr } = await run(['token', 'add', 'acme', '--db', folder.file(name)], { cwd: folder.path })
    expect([code, stderr.split('\n').length]).toEqual([5, 3])
    expect(stderr).toMatch(/^error: .+\ntry: .+\n$/)
    expect(stderr).not.toMatch(/\bE[A-Z]{3,}\b|SQLITE/)
  })

  it.each([
    [['progress', '--prometheus', '--watch'], 2, 'chpipe progress --help'],
    [['export', '--format', 'xlsx', '--gzip', '--out', 'x.xlsx'], 2, 'chpipe export --help'],
    [['suppress', 'import', 'a-folder'], 5, 'name a CSV file'],
    [['import-companies', 'a-folder'], 5, 'name the register file'],
    [['import-companies', '/dev/null/x.csv'], 5, 'check the path'],
  ])('%j says what to try', async (args, code, hint) => {
    using folder = tempFolder()
    mkdirSync(folder.file('a-folder'))
    const ended = await run(args, { cwd: folder.path })
    expect([ended.code, ended.stderr]).toEqual([code, expect.stringMatching(/^error: .+\ntry: .+\n$/)])
    expect(ended.stderr).toContain(`try: ${hint}`)
    expect(ended.stderr).not.toMatch(/\bE[A-Z]{3,}\b|SQLITE/)
  })

  it('a wrong target is told with what to write', async () => {
    using folder = tempFolder()
    const { code, stderr } = await run(['progress'], { cwd: folder.path, env: { CHPIPE_TARGET: 'abc' } })
    expect([code, stderr]).toEqual([
      3,
      'error: CHPIPE_TARGET is not a whole number above zero: abc\ntry: write it as CHPIPE_TARGET=10000, or unset it\n',
    ])
  })
})

/** Where the links in a folder lead; one that has gone meanwhile leads nowhere. */
function linksOf(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    try {
      return [readlinkSync(join(folder, name))]
    } catch {
      return []
    }
  })
}

it('no descriptor left for a connection ends an import with 5, not as an outage of the service', async () => {
  using folder = tempFolder()
  loadCompanies(folder, createWorld({ seed: 1, companies: 80, today: '2026-09-15' }))
  // The first answer lets the others be asked for, which then hold their connections.
  await using server = await scriptedServer((_path, nth) => (nth === 1 ? officersPage('x', ['a']) : silent))
  const line = 'ulimit -n 60 && exec "$0" "$1" import-officers --concurrency 64 --quiet'
  const { status, stderr } = await finished(
    spawn('bash', ['-c', line, process.execPath, BIN], {
      cwd: folder.path,
      env: { PATH: process.env.PATH, COMPANIES_HOUSE_API_URL: server.url, COMPANIES_HOUSE_API_KEY: 'a-key' },
    }),
  )
  expect(stderr).toMatch(/^error: Too many files are open in this process.*\ntry: raise the limit/m)
  expect(status).toBe(5)
})

describe('temporary files', () => {
  it("of SQLite go to the chosen folder, and so do chpipe's own until it is gone", async () => {
    using folder = tempFolder()
    mkdirSync(folder.file('tmp'))
    const child = startChild(['import-companies', '-'], { cwd: folder.path, env: { CHPIPE_TMP: 'tmp' } })
    const name = 'LONG '.repeat(800)
    const lines = Array.from({ length: 8000 }, (_, at) => row({ CompanyNumber: String(at), CompanyName: name }))
    child.process.stdin?.write(csv(lines))
    const open = () => linksOf(`/proc/${child.process.pid}/fd`).filter((path) => path.startsWith(folder.file('tmp/')))
    await expect.poll(open).not.toEqual([])
    child.process.stdin?.end()
    expect((await child.ended).code).toBe(0)

    useTempFolder(folder.file('tmp'))
    expect(tempFolderOf()).toBe(folder.file('tmp'))
    rmSync(folder.file('tmp'), { recursive: true })
    expect(tempFolderOf()).not.toBe(folder.file('tmp'))
  })

  it('lie beside the database unless CHPIPE_TMP says otherwise, which must be a folder that may be written', async () => {
    using folder = tempFolder()
    mkdirSync(folder.file('data'))
    mkdirSync(folder.file('tmp'))
    const db = folder.file('data/companies.db')
    await run(['token', 'list', '--db', db], { cwd: folder.path })
    expect(process.env.SQLITE_TMPDIR).toBe(folder.file('data'))
    await run(['token', 'list', '--db', db], { cwd: folder.path, env: { CHPIPE_TMP: 'tmp' } })
    expect(process.env.SQLITE_TMPDIR).toBe(folder.file('tmp'))
    const { code, stderr } = await run(['token', 'list'], { cwd: folder.path, env: { CHPIPE_TMP: 'nowhere' } })
    expect([code, stderr.split('\n')[0]]).toEqual([
      3,
      `error: CHPIPE_TMP names no folder that may be written: ${folder.file('nowhere')}`,
    ])
  })
})
