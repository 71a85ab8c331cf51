// Notices, from what is so in the database to a receiver that fails, hangs and recovers.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { clearNotice, listNotices, raiseNotice, settleNotice, takeNotice } from '../../src/db/notices.ts'
import { type Db, openDb } from '../../src/db/open.ts'
import { beginRun } from '../../src/db/runs.ts'
import { runs } from '../../src/db/schema.ts'
import { readCauses } from '../../src/steps/notices/causes.ts'
import { bodyFor, signatureOf } from '../../src/steps/notices/send.ts'
import { run, tempFolder } from '../host.ts'
import { addCompany, addOfficer, fill, newDatabase } from '../steps/export/export-world.ts'

type Mood = 'takes' | 'refuses' | 'hangs'

async function receiver() {
  const got: { body: string; headers: IncomingHttpHeaders; path: string }[] = []
  const state = { mood: 'takes' as Mood }
  const server = createServer(async (request, response) => {
    const body = await text(request)
    got.push({ body, headers: request.headers, path: request.url ?? '' })
    if (state.mood === 'hangs') return
    response.writeHead(state.mood === 'takes' ? 204 : 500).end()
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  return {
    got,
    state,
    url: `http://127.0.0.1:${port}/hooks/a-secret-path?sig=a-secret`,
    causes: () => got.map(({ body }) => JSON.parse(body).cause),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

const NOTICE = { cause: 'test', subject: '', message: 'Hello', raisedAt: 0 }

describe('what is sent', () => {
  it('is what each receiver takes', () => {
    expect(bodyFor('https://hooks.slack.com/services/T/B/x', NOTICE)).toEqual({
      text: expect.stringMatching(/^chpipe on .*: Hello$/),
    })
    for (const host of ['a.webhook.office.com', 'prod-1.uksouth.logic.azure.com', 'b.api.powerplatform.com']) {
      const body = bodyFor(`https://${host}/x?sig=y`, NOTICE) as {
        attachments: { contentType: string; content: { body: unknown[] } }[]
      }
      expect(body.attachments[0]?.contentType).toBe('application/vnd.microsoft.card.adaptive')
      expect(body.attachments[0]?.content.body).toEqual([
        { type: 'TextBlock', text: expect.stringContaining('Hello'), wrap: true },
      ])
    }
    for (const url of ['https://example.com/x', 'https://notslack.com/', 'https://slack.com.example.org/']) {
      expect(bodyFor(url, NOTICE)).toMatchObject({
        source: 'chpipe',
        cause: 'test',
        subject: '',
        message: 'Hello',
        raised_at: '1970-01-01T00:00:00.000Z',
      })
    }
  })
})

describe('chpipe notify test', () => {
  it('posts signed JSON, and says nothing of the secret address', async () => {
    await using server = await receiver()
    const env = { CHPIPE_NOTIFY_URL: server.url, CHPIPE_NOTIFY_SECRET: 'k3y' }
    const { code, stdout, stderr } = await run(['notify', 'test'], { env })
    expect([code, stderr, stdout]).toEqual([0, '', `webhook ${new URL(server.url).host}  sent\n`])
    const [{ body = '', headers = {}, path = '' } = {}] = server.got
    expect(path).toBe('/hooks/a-secret-path?sig=a-secret')
    expect(headers['content-type']).toContain('application/json')
    expect(headers['x-chpipe-signature']).toBe(
      `sha256=${signatureOf('k3y', String(headers['x-chpipe-timestamp']), body)}`,
    )
    expect(Math.abs(Number(headers['x-chpipe-timestamp']) - Date.now() / 1000)).toBeLessThan(60)
  })

  it.each<[Mood, string]>([
    ['refuses', 'failed: it answered 500'],
    ['hangs', 'failed: it did not answer in time'],
  ])('ends with 1 when the receiver %s', async (mood, told) => {
    await using server = await receiver()
    server.state.mood = mood
    const { code, stdout } = await run(['notify', 'test'], {
      env: { CHPIPE_NOTIFY_URL: server.url, CHPIPE_TIME_SCALE: '0.03' },
    })
    expect([code, stdout]).toEqual([1, expect.stringContaining(told)])
    expect(stdout).not.toContain('secret')
  })

  it('runs a command with the notice on its stdin, and no key in its environment', async () => {
    using folder = tempFolder()
    const env = {
      PATH: process.env.PATH ?? '',
      COMPANIES_HOUSE_API_KEY: 'a-rest-key',
      CHPIPE_NOTIFY_SECRET: 'a-signing-key',
      CHPIPE_NOTIFY_COMMAND: `cat > ${folder.file('in')}; env > ${folder.file('env')}`,
    }
    const { code, stdout } = await run(['notify', 'test'], { env })
    expect([code, stdout]).toEqual([0, 'command  sent\n'])
    expect(JSON.parse(readFileSync(folder.file('in'), 'utf8'))).toMatchObject({ source: 'chpipe', cause: 'test' })
    const seen = readFileSync(folder.file('env'), 'utf8')
    expect(seen).toContain('CHPIPE_NOTICE_CAUSE=test\n')
    expect(seen).not.toMatch(/a-rest-key|a-signing-key/)
  })

  it.each([
    ['exit 3', 'failed: it ended with 3'],
    ['sleep 60', 'failed: it did not end in time'],
  ])('tells of the command %j that it %s', async (command, told) => {
    const env = { PATH: process.env.PATH ?? '', CHPIPE_NOTIFY_COMMAND: command, CHPIPE_TIME_SCALE: '0.03' }
    expect(await run(['notify', 'test'], { env })).toMatchObject({ code: 1, stdout: `command  ${told}\n` })
  })

  it.each([
    [{}, 'Neither CHPIPE_NOTIFY_URL nor CHPIPE_NOTIFY_COMMAND is set'],
    [{ CHPIPE_NOTIFY_URL: 'hooks.slack.com/x-secret' }, 'CHPIPE_NOTIFY_URL is not an http(s) URL without credentials'],
    [{ CHPIPE_NOTIFY_URL: 'http://example.com/x-secret' }, 'CHPIPE_NOTIFY_URL would send notices unencrypted'],
  ])('refuses %j with 3', async (env, sentence) => {
    const { code, stderr } = await run(['notify', 'test'], { env })
    expect([code, stderr]).toEqual([3, expect.stringContaining(sentence)])
    expect(stderr).not.toContain('x-secret')
  })
})

describe('a command that notifies', () => {
  /** A database at its target, in which a person has a name; each call makes a backup. */
  async function world(
    body: (tools: {
      server: Awaited<ReturnType<typeof receiver>>
      backup: (...args: string[]) => ReturnType<typeof run>
      file: (name: string) => string
      change: (write: (db: Db) => void) => void
    }) => Promise<void>,
  ) {
    await using server = await receiver()
    using folder = tempFolder()
    const change = (write: (db: Db) => void) => {
      const db = newDatabase(folder.file('companies.db'))
      write(db)
      db.$client.close()
    }
    change((db) => {
      const fetched = new Date().toISOString()
      addCompany(db, {
        company_number: '00000001',
        officers_count: 1,
        officers_fetched_at: fetched,
        company_name: 'SECRETIVE LTD',
      })
      addOfficer(db, { company_number: '00000001', appointment_id: 'a', name: 'LOVELACE, Ada' })
    })
    const env = { CHPIPE_NOTIFY_URL: server.url, CHPIPE_TARGET: '1', CHPIPE_TIME_SCALE: '0.1' }
    const backup = (...args: string[]) => run(['backup', ...args], { cwd: folder.path, env })
    await body({ server, backup, file: folder.file, change })
  }

  it('tells a cause once, and nothing of anybody', () =>
    world(async ({ server, backup }) => {
      expect((await backup()).code).toBe(0)
      expect((await backup()).code).toBe(0)
      expect(server.causes()).toEqual(['target-reached'])
      expect(server.got[0]?.body).not.toMatch(/LOVELACE|SECRETIVE|00000001/)
    }))

  it('tells it later when the receiver fails, and once', () =>
    world(async ({ server, backup, file }) => {
      server.state.mood = 'refuses'
      const failed = await backup()
      expect([failed.code, failed.stderr]).toEqual([
        0,
        expect.stringContaining('a notice could not be sent; trying again later'),
      ])
      expect(failed.stderr).not.toContain('secret')
      const waiting = await run(['notify', 'list'], { cwd: file('') })
      expect(waiting.stdout).toContain('target-reached  waiting  The target is reached')
      server.state.mood = 'takes'
      await backup()
      await backup()
      expect(server.causes()).toEqual(['target-reached', 'target-reached'])
      expect((await run(['notify', 'list'], { cwd: file('') })).stdout).toContain('target-reached  sent')
    }))

  it('is not held up by a receiver that hangs', () =>
    world(async ({ server, backup }) => {
      server.state.mood = 'hangs'
      const { code, stderr } = await backup('--quiet')
      expect([code, stderr]).toEqual([0, expect.stringContaining('it did not answer in time')])
    }))

  it('tells of its own failure, that it is over, and of the next one', () =>
    world(async ({ server, backup, file }) => {
      writeFileSync(file('a-file'), '')
      const fails = async () => expect((await backup('--out', 'a-file/x/')).code).toBe(5)
      await fails()
      await fails()
      expect(server.causes()).toEqual(['target-reached', 'backup-failed'])
      expect((await backup()).code).toBe(0)
      await fails()
      expect(server.causes()).toEqual(['target-reached', 'backup-failed', 'backup-failed'])
    }))

  it('says nothing of a wrong option, and asks for nothing where no target is set', () =>
    world(async ({ server, backup, file }) => {
      expect((await backup('--keep', '0')).code).toBe(2)
      expect((await run(['backup'], { cwd: file('') })).code).toBe(0)
      const db = openDb(file('companies.db'), { readonly: true })
      expect([server.got, listNotices(db)]).toEqual([[], []])
      db.$client.close()
    }))
})

describe('the list of notices', () => {
  it('lends a notice to one sender at a time, and to another when that one died', () => {
    const db = openDb(':memory:')
    const one = { cause: 'a', subject: 's', message: 'm' }
    expect([raiseNotice(db, one, 1000), raiseNotice(db, { ...one, message: 'other' }, 2000)]).toEqual([true, false])
    const taken = takeNotice(db, 3000)
    expect(taken).toEqual({ ...one, raisedAt: 1000 })
    expect(takeNotice(db, 3000 + 119_000)).toBeUndefined()
    expect(takeNotice(db, 3000 + 121_000)).toEqual(taken)
    if (taken) settleNotice(db, taken, null)
    expect(takeNotice(db, 200_000)).toEqual(taken)
    if (taken) settleNotice(db, taken, 200_001)
    expect(takeNotice(db, 9_000_000)).toBeUndefined()
    expect(listNotices(db)).toEqual([{ ...one, raisedAt: 1000, sentAt: 200_001 }])
    clearNotice(db, one, 300_000)
    expect([listNotices(db), raiseNotice(db, one, 400_000)]).toEqual([[], true])
    expect(takeNotice(db, 400_001)).toEqual({ ...one, raisedAt: 400_000 })
  })
})

describe('the causes', () => {
  const clock = systemClock()
  const so = (db: Db, more: { target?: number; budget?: { limit: number; windowMs: number } } = {}) =>
    readCauses(db, { clock, target: 10, budget: null, ...more })
      .filter(({ message }) => message !== null)
      .map(({ cause, subject, message }) => `${cause} ${subject}: ${message}`)

  it('are none in a new database', () => {
    expect(so(openDb(':memory:'), { budget: { limit: 5, windowMs: 1000 } })).toEqual([])
  })

  it('count the target of the last import, lists that are old, and what an audit found', () => {
    const db = openDb(':memory:')
    fill(db, 3, 1)
    const old = new Date(clock.now() - 31 * 86_400_000).toISOString()
    addCompany(db, { company_number: '00000009', officers_fetched_at: old })
    beginRun(db, clock, 'import-officers').finish({ target: 4 })
    beginRun(db, clock, 'audit').finish({ missing: 2, extra: 0, repair: false })
    expect(so(db)).toEqual([
      expect.stringMatching(/^target-reached : The target is reached: 4 companies have officers\./),
      'audit-differs : The audit differs from the register: 2 missing, 0 extra. To repair: chpipe audit --repair',
      'lists-old : 1 officer list is older than 30 days. To refresh: chpipe import-officers --refresh 30d',
    ])
    beginRun(db, clock, 'audit').finish({ missing: 2, extra: 0, repair: true })
    expect(so(db).join()).not.toContain('audit-differs')
  })

  it('tell of a process that is gone until its command has run again', () => {
    const db = openDb(':memory:')
    const run = { command: 'stream', host: 'elsewhere', boot: 'b', pid: 1, started_at: 0, heartbeat_at: 0 }
    db.insert(runs).values(run).run()
    expect(so(db)).toEqual([expect.stringMatching(/^run-gone stream: chpipe stream ended without a word/)])
    beginRun(db, clock, 'stream').finish({})
    expect(so(db)).toEqual([])
  })

  it('include a budget of nothing', () => {
    expect(so(openDb(':memory:'), { budget: { limit: 0, windowMs: 1000 } })).toEqual([
      expect.stringMatching(/^budget-used-up : /),
    ])
  })
})

describe('chpipe progress', () => {
  it('--wait returns when the target is reached', async () => {
    using folder = tempFolder()
    const db = newDatabase(folder.file('companies.db'))
    fill(db, 3, 2)
    const waiting = run(['progress', '--wait', '--target', '4'], {
      cwd: folder.path,
      env: { CHPIPE_TIME_SCALE: '0.02' },
    })
    const early = await Promise.race([waiting, new Promise((done) => setTimeout(() => done('waits'), 400))])
    fill(db, 1, 2, 3)
    const { code, stdout } = await waiting
    expect([early, code, stdout.trimEnd().split('\n').at(-1)]).toEqual(['waits', 0, 'READY FOR STREAMING API'])
    db.$client.close()
  })

  it('--wait goes without --watch, and ends with 130 on Ctrl-C', async () => {
    using folder = tempFolder()
    newDatabase(folder.file('companies.db')).$client.close()
    expect((await run(['progress', '--wait', '--watch'], { cwd: folder.path })).code).toBe(2)
    const started = (process: NodeJS.EventEmitter) => setTimeout(() => process.emit('SIGINT'), 300)
    expect((await run(['progress', '--wait'], { cwd: folder.path, started })).code).toBe(130)
    expect(existsSync(folder.file('companies.db'))).toBe(true)
  })

  it('says that lists are old, and what to run', async () => {
    using folder = tempFolder()
    const db = newDatabase(folder.file('companies.db'))
    addCompany(db, { company_number: '1', officers_fetched_at: '2020-01-01T00:00:00.000Z' })
    addCompany(db, { company_number: '2', officers_fetched_at: new Date().toISOString() })
    db.$client.close()
    const { stdout } = await run(['progress'], { cwd: folder.path })
    expect(stdout).toContain('  old lists      1 is older than 30 days: chpipe import-officers --refresh 30d\n')
    const json = await run(['progress', '--json'], { cwd: folder.path })
    expect(JSON.parse(json.stdout).lists_older_than_30_days).toBe(1)
  })
})
