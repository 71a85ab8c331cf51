// Answers that are given again: nobody sees one that is older than what is stored, and nobody one that is not for them.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { request } from 'node:http'
import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { DAY_MS, systemClock } from '../../src/clock.ts'
import { companies, officers } from '../../src/db/schema.ts'
import { addToken, listTokens, revokeToken, tokenHash } from '../../src/db/served/tokens.ts'
import { deleteCompany } from '../../src/db/suppress/erase.ts'
import { addSuppressions } from '../../src/db/suppress/suppressions.ts'
import type { Admission } from '../../src/http/guard.ts'
import { keepAnswers } from '../../src/http/kept.ts'
import type { Moment } from '../../src/http/moment.ts'
import { addDomain, addOfficer } from '../steps/export/export-world.ts'
import { type Serving, serving, TOKEN } from './serving.ts'

const ADDED_AT = '2026-11-01T00:00:00.000Z'
const COMPANY = '/v1/companies/00000001'
const PSCS = `${COMPANY}/persons-with-significant-control`
const LISTS = ['/v1/companies?include=officers,domains', '/v1/officers', '/v1/companies?has_domain=true&limit=2']

/** What counts, tells the time, or is about the connection. */
const OF_THE_MOMENT = new Set(['date', 'ratelimit-remaining', 'connection', 'keep-alive'])

/** Body, status and headers of an answer, without what belongs to the moment. */
async function answerTo(api: Serving, path: string, headers: Record<string, string> = {}, method = 'GET') {
  const response = await api.get(path, { headers, method })
  const told = [...response.headers].filter(([name]) => !OF_THE_MOMENT.has(name))
  return { status: response.status, headers: told, body: await response.text() }
}

describe('an answer that is given again', () => {
  it.each([COMPANY, PSCS, ...LISTS])('is the same to everybody who asks the same: %s', async (path) => {
    // The seconds until a token has all its requests again stand in the headers.
    await using api = await serving(undefined, { clock: { ...systemClock(), steady: () => 0 } })
    for (const headers of [{}, { 'Accept-Encoding': 'gzip' }, { Accept: 'application/json' }, { Accept: '*/*' }]) {
      const first = await answerTo(api, path, headers)
      expect(first.status).toBe(200)
      expect(await answerTo(api, path, headers)).toEqual(first)
      expect(await answerTo(api, path, headers)).toEqual(first)
      expect(await answerTo(api, path, headers, 'HEAD')).toEqual({ ...first, body: '' })
      const tag = first.headers.find(([name]) => name === 'etag')?.[1] ?? ''
      const unchanged = await answerTo(api, path, { ...headers, 'If-None-Match': `"x", W/${tag}` })
      const ofNoBody = first.headers.filter(([name]) => !/^content-(type|length|encoding)$/.test(name))
      const withoutBody = unchanged.headers.filter(([name]) => name !== 'content-length')
      expect({ ...unchanged, headers: withoutBody }).toEqual({ status: 304, headers: ofNoBody, body: '' })
    }
    expect((await answerTo(api, path, { Accept: 'text/csv' })).status).toBe(406)
    expect((await answerTo(api, path, { Accept: 'undefined' })).status).toBe(406)
  })

  it('counts as any other, and says so to each token', async () => {
    await using api = await serving(undefined, { limitPerMinute: 3 })
    addToken(api.db, { name: 'acme', hash: tokenHash('chp_acme'), addedAt: ADDED_AT })
    const left = async (token: string) => {
      const { status, headers } = await api.get(COMPANY, { headers: { Authorization: `Bearer ${token}` } })
      return [status, headers.get('ratelimit-remaining')]
    }
    expect([
      await left(TOKEN),
      await left(TOKEN),
      await left('chp_acme'),
      await left(TOKEN),
      await left(TOKEN),
    ]).toEqual([
      [200, '2'],
      [200, '1'],
      [200, '2'],
      [200, '0'],
      [429, '0'],
    ])
    const requests = api.logged.filter(({ message }) => message === 'request')
    expect(requests.map(({ token, path, status }) => [token, path, status])).toEqual([
      ['(trial)', COMPANY, 200],
      ['(trial)', COMPANY, 200],
      ['acme', COMPANY, 200],
      ['(trial)', COMPANY, 200],
      ['(trial)', COMPANY, 429],
    ])
  })
})

describe('the very next request', () => {
  const officersOf = async (api: Serving) => JSON.parse((await answerTo(api, COMPANY)).body).officers.length
  const statuses = async (api: Serving, path: string) => (await answerTo(api, path)).status
  /** What each of the paths says before and after. */
  const changed = async (change: (api: Serving) => void) => {
    await using api = await serving()
    const paths = [COMPANY, ...LISTS]
    const read = async () => {
      const texts: string[] = []
      for (const path of paths) texts.push((await answerTo(api, path)).body)
      return texts
    }
    await read()
    await read()
    const before = await read()
    change(api)
    const after = await read()
    return paths.filter((_, index) => before[index] !== after[index])
  }

  it('shows what another connection has written', async () => {
    const rename = ({ db }: Serving) => {
      db.update(companies).set({ company_name: 'NEW LTD' }).where(eq(companies.company_number, '00000001')).run()
    }
    expect(await changed(rename)).toEqual([COMPANY, LISTS[0], LISTS[2]])
    const add = ({ db }: Serving) => {
      addOfficer(db, { company_number: '00000001', appointment_id: 'new', name: 'ROE, Jane' })
      addDomain(db, '00000001', 'second.example', 50)
    }
    expect(await changed(add)).toEqual([COMPANY, LISTS[0], LISTS[1]])
    expect(await changed(() => {})).toEqual([])
  })

  it('shows nobody who was suppressed or erased', async () => {
    await using api = await serving()
    expect([await officersOf(api), await officersOf(api), await officersOf(api)]).toEqual([2, 2, 2])
    addSuppressions(api.db, [{ kind: 'officer', value: 'of-1', born: null, reason: null }], ADDED_AT)
    expect(await officersOf(api)).toBe(1)
    api.db.delete(officers).where(eq(officers.appointment_id, '-aB')).run()
    expect(await officersOf(api)).toBe(0)
    addSuppressions(api.db, [{ kind: 'company', value: '00000001', born: null, reason: null }], ADDED_AT)
    expect(await statuses(api, COMPANY)).toBe(404)
    expect(await statuses(api, '/v1/companies/2')).toBe(200)
    deleteCompany(api.db, '00000002')
    expect(await statuses(api, '/v1/companies/2')).toBe(404)
  })

  it('with a token that was revoked, or is for something else, is refused', async () => {
    await using api = await serving()
    const id = addToken(api.db, { name: 'acme', hash: tokenHash('chp_acme'), addedAt: ADDED_AT })?.id ?? 0
    addToken(api.db, { name: 'watch', hash: tokenHash('chp_watch'), addedAt: ADDED_AT, scope: 'metrics' })
    const status = async (token: string) => (await answerTo(api, COMPANY, { Authorization: `Bearer ${token}` })).status
    await status('chp_acme')
    expect([await status('chp_acme'), await status('chp_acme'), await status('chp_watch')]).toEqual([200, 200, 403])
    revokeToken(api.db, id, ADDED_AT)
    expect(listTokens(api.db)[0]?.revoked_at).toBe(ADDED_AT)
    expect([await status('chp_acme'), await status(TOKEN), await status(`${TOKEN}x`)]).toEqual([401, 200, 401])
  })

  it('of a new day tells how identities stand on it', async () => {
    let now = Date.parse('2026-01-10T23:59:59.999Z')
    await using api = await serving(undefined, { clock: { ...systemClock(), now: () => now } })
    api.db.update(officers).set({ appointment_verification_statement_due_on: '2026-01-10' }).run()
    const states = async () => {
      const { body } = await answerTo(api, COMPANY)
      return JSON.parse(body).officers.map((officer: Record<string, string>) => officer.identity_verification)
    }
    expect([await states(), await states(), await states()].flat()).toContain('due')
    now += 1
    expect(await states()).not.toContain('due')
    expect([await states(), await states()].flat()).not.toContain('due')
    now -= DAY_MS
    expect(await states()).toContain('due')
  })

  it('with a body, another method or two tokens is refused as ever', async () => {
    await using api = await serving()
    await answerTo(api, COMPANY)
    await answerTo(api, COMPANY)
    const status = (headers: Record<string, string | string[]>, method = 'GET') =>
      new Promise((done, fail) => {
        const asked = request(`${api.url}${COMPANY}`, { method, headers }, (response) => {
          response.resume()
          done(response.statusCode)
        })
        asked.on('error', fail)
        asked.end()
      })
    const Authorization = `Bearer ${TOKEN}`
    expect(await status({ Authorization })).toBe(200)
    expect(await status({ Authorization, 'Transfer-Encoding': 'chunked' })).toBe(400)
    expect(await status({ Authorization }, 'DELETE')).toBe(405)
    expect(await status({ Authorization: [Authorization, 'Bearer other'] })).toBe(401)
    expect(await status({ Authorization: [Authorization, Authorization] })).toBe(401)
    expect(await status({})).toBe(401)
  })
})

describe('what is kept', () => {
  const admission: Admission = {
    recognise: () => ({ name: 'acme', scopes: ['data'] }),
    authenticate: () => ({ name: 'acme', scopes: ['data'] }),
    grant: () => ({ allowed: true, headers: { 'RateLimit-Limit': '1' } }),
  }
  const asking = (url: string) => {
    const headers = { host: 'x', authorization: 'Bearer x' }
    const rawHeaders = Object.entries(headers).flat()
    return { method: 'GET', url, headers, rawHeaders } as unknown as IncomingMessage
  }
  const kept = (state: () => string, maxBytes?: number) => {
    const now = Object.assign(() => ({ state: state() }) as Moment, { forget() {} })
    const answers = keepAnswers({ now, admission, ...(maxBytes && { maxBytes }) })
    const ask = (url: string, text: string, state: string) =>
      answers.keep(asking(url), { bytes: Buffer.from(text), etag: '"x"', state }, [['etag', '"x"']])
    return {
      ask,
      keep(url: string, text: string, state: string) {
        ask(url, text, state)
        ask(url, text, state)
      },
      answered(url: string): string | null {
        let body: string | null = null
        const end = (text: string, encoding: 'latin1') => {
          body = Buffer.from(text, encoding).toString()
        }
        const response = { writeHead: () => response, end } as unknown as ServerResponse
        return answers.answer(asking(url), response) ? body : null
      },
    }
  }

  it('is the bytes as they were, for the state in which they were read', () => {
    let now = 'a'
    const own = kept(() => now)
    own.keep('/2', 'of before', 'b')
    own.keep('/1', 'Siân 漢字 😀', 'a')
    expect([own.answered('/1'), own.answered('/2'), own.answered('/3')]).toEqual(['Siân 漢字 😀', null, null])
    now = 'b'
    expect(own.answered('/1')).toBeNull()
    now = 'a'
    expect(own.answered('/1')).toBeNull()
  })

  it('is only what is asked for twice', () => {
    const { ask, answered } = kept(() => 'a')
    ask('/1', 'x', 'a')
    expect(answered('/1')).toBeNull()
    ask('/2', 'x', 'a')
    ask('/1', 'x', 'a')
    expect([answered('/1'), answered('/2')]).toEqual(['x', null])
  })

  it('is nothing while the state cannot be told', () => {
    const own = kept((): string => {
      throw new Error('gone')
    })
    own.keep('/1', 'x', 'a')
    expect(own.answered('/1')).toBeNull()
  })

  it('takes no more room than it may: the least recent goes, and nothing large comes', () => {
    const own = kept(() => 'a', 1000)
    for (const url of ['/1', '/2', '/3', '/4', '/5', '/6', '/7', '/8', '/9']) {
      own.keep(url, 'x'.repeat(110), 'a')
      own.answered('/1')
    }
    expect([own.answered('/1'), own.answered('/2'), own.answered('/9')?.length]).toEqual(['x'.repeat(110), null, 110])
    own.keep('/large', 'x'.repeat(200), 'a')
    expect(own.answered('/large')).toBeNull()
  })
})
