import { copyFileSync, mkdirSync, renameSync, rmdirSync, rmSync } from 'node:fs'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { startSandbox } from '../../src/sandbox/companies-house/server.ts'
import { startSnovSandbox } from '../../src/sandbox/snov/server.ts'
import { startStreamSandbox } from '../../src/sandbox/stream/server.ts'
import { createWorld } from '../../src/sandbox/world/world.ts'
import { loadCompanies } from '../acceptance/load-companies.ts'
import { startChild } from '../child.ts'
import { type TempFolder, tempFolder } from '../host.ts'

const FILES = ['companies.db', 'companies.db-wal', 'companies.db-shm']

async function world() {
  const drawn = createWorld({ seed: 34, companies: 300 })
  const rest = await startSandbox({ world: drawn, quota: { limit: 20, windowMs: 1000 } })
  const stream = await startStreamSandbox({ world: drawn, heartbeatMs: 50, changesPerMinute: 600 })
  const snov = await startSnovSandbox({ world: drawn })
  const folder = tempFolder()
  loadCompanies(folder, drawn)
  const env = {
    COMPANIES_HOUSE_API_URL: rest.url,
    COMPANIES_HOUSE_API_KEY: rest.apiKey,
    CHPIPE_CH_QUOTA: '20/1s',
    COMPANIES_HOUSE_STREAM_URL: stream.url,
    COMPANIES_HOUSE_STREAM_KEY: stream.streamKey,
    SNOV_API_URL: snov.url,
    SNOV_CLIENT_ID: snov.clientId,
    SNOV_CLIENT_SECRET: snov.clientSecret,
    CHPIPE_CREDIT_BUDGET: '500/1d',
    CHPIPE_TIME_SCALE: '0.05',
  }
  return {
    env,
    folder,
    async [Symbol.asyncDispose]() {
      await Promise.all([rest.close(), stream.close(), snov.close()])
      folder[Symbol.dispose]()
    },
  }
}

/** Resolves when a run has begun in the database. */
async function begun(folder: TempFolder): Promise<void> {
  const db = new Database(folder.file('companies.db'), { readonly: true })
  try {
    while (db.prepare('SELECT 1 FROM runs').get() === undefined) await new Promise((done) => setTimeout(done, 10))
  } finally {
    db.close()
  }
}

const move = ({ file }: TempFolder) => {
  for (const name of FILES) renameSync(file(name), file(`aside-${name}`))
}

const HAPPENINGS: [name: string, happen: (folder: TempFolder) => void][] = [
  ['moved', move],
  ['deleted', ({ file }) => FILES.map((name) => rmSync(file(name)))],
  [
    'replaced by a restore',
    (folder) => {
      move(folder)
      copyFileSync(folder.file('aside-companies.db'), folder.file('companies.db'))
    },
  ],
  ['parted from its write-ahead log', ({ file }) => rmSync(file('companies.db-wal'))],
]

describe('a database that is taken away under a running', () => {
  it.each([
    ...HAPPENINGS.map(([what, happen]) => ['stream', what, happen] as const),
    ['import-officers', 'moved', move] as const,
    ['enrich', 'moved', move] as const,
  ])('%s: %s ends it with 5', async (command, _what, happen) => {
    await using open = await world()
    const child = startChild([command], { cwd: open.folder.path, env: open.env })
    await begun(open.folder)
    happen(open.folder)
    const { code, stdout, stderr } = await child.ended
    const lines = stderr.trimEnd().split('\n').slice(-2)
    expect([code, lines]).toEqual([
      5,
      [
        `error: The database was moved, deleted or replaced while it was in use: ${open.folder.file('companies.db')}`,
        'try: stop every chpipe before a restore, then start again with the right file',
      ],
    ])
    expect(stdout).not.toContain('Interrupted')
  })
})

describe('a working directory that was deleted', () => {
  it('matters only where a file is named from it', async () => {
    using folder = tempFolder()
    const gone = folder.file('gone')
    const start = (...more: string[]) => {
      mkdirSync(gone)
      const { ended } = startChild(['suppress', 'list', ...more], { cwd: gone })
      rmdirSync(gone)
      return ended
    }
    const whole = await start('--db', folder.file('other.db'))
    expect([whole.code, whole.stderr.split('\n')[0]]).toEqual([
      1,
      `error: There is no database yet: ${folder.file('other.db')}`,
    ])
    const relative = await start()
    expect([relative.code, relative.stderr.split('\n')[0]]).toEqual([
      5,
      'error: The working directory no longer exists, so there is no companies.db',
    ])
  })
})
