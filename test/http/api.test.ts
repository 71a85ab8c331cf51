import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { gunzipSync } from 'node:zlib'
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { type Db, openDb } from '../../src/db/open.ts'
import { companies, deletions } from '../../src/db/schema.ts'
import { addToken, tokenHash } from '../../src/db/served/tokens.ts'
import { addSuppressions } from '../../src/db/suppress/suppressions.ts'
import { parseTrustedProxies } from '../../src/http/guard.ts'
import { createTurns, readAll } from '../../src/http/listing.ts'
import { type Serving, serving, TOKEN } from './serving.ts'

let api: Serving
beforeAll(async () => {
  api = await serving()
})
afterAll(() => api[Symbol.asyncDispose]())

const numbers = async (path: string) => {
  const { body } = await api.json(path)
  return body.items.map((item: { company_number: string }) => item.company_number)
}

describe('companies', () => {
  it.each([
    ['', ['00000001', '00000002', '00000003', 'SC000004']],
    ['?all=true', ['00000001', '00000002', '00000003', 'SC000004', 'SC000005']],
    ['?status=active', ['00000001', '00000003']],
    ['?status=active,liquidation&type=ltd', ['00000001', '00000002']],
    ['?sic=011', ['00000001']],
    ['?sic=2020', []],
    ['?sic=59,62', ['00000001', '00000002']],
    ['?postcode=N1', ['00000001']],
    ['?postcode=n10,n1%207', ['00000001', '00000002']],
    ['?postcode=n101aa,N17AA', ['00000001', '00000002']],
    ['?locality=london&region=greater%20london&country=ENGLAND', ['00000001']],
    ['?created_from=2021-06-01&created_to=2021-12-31', ['00000002']],
    ['?has_domain=true', ['00000001']],
    ['?has_domain=false', ['00000002', '00000003', 'SC000004']],
    ['?has_email=true', ['00000001']],
    ['?q=river', ['00000002', '00000003']],
    ['?q=riv*%20stud', ['00000002']],
    ['?q=riv%20studios', []],
    ['?q=eclair', ['00000003']],
    ["?q=o'neil", ['00000001']],
    ['?q=river&all=true', ['00000002', '00000003', 'SC000005']],
    ['?q=river&status=liquidation', ['00000002']],
    ['?q=%22river%22%20OR%20(name:%20AND%20NEAR', []],
  ])('%s', async (query, expected) => {
    expect(await numbers(`/v1/companies${query}`)).toEqual(expected)
  })

  it('come page by page, each once, and the last page has no next one', async () => {
    const seen: string[] = []
    let next: string | null = '/v1/companies?limit=2'
    let pages = 0
    for (; next; pages += 1) {
      const { body, headers } = await api.json(next)
      seen.push(...body.items.map((item: { company_number: string }) => item.company_number))
      next = body.next
      expect(headers.get('link')).toBe(next && `<${next}>; rel="next"`)
    }
    expect([pages, seen]).toEqual([2, ['00000001', '00000002', '00000003', 'SC000004']])
  })

  it('hold what include asks for', async () => {
    const { body } = await api.json('/v1/companies?limit=1&include=officers,emails')
    const [company] = body.items
    expect(company.sic_codes).toEqual(['62020', '01110'])
    expect(Object.keys(company)).not.toContain('domains')
    expect(company.officers.map((officer: { emails: unknown[] }) => officer.emails.length)).toEqual([1, 0])
  })

  it('one alone has everything inside, with or without its leading zeros', async () => {
    const { body } = await api.json('/v1/companies/1')
    expect([body.company_number, body.officers.length, body.domains[0].domain]).toEqual([
      '00000001',
      2,
      'oneil.example',
    ])
    for (const typed of ['No.%201', '0%20000%20001', '00000001.']) {
      expect((await api.json(`/v1/companies/${typed}`)).body.company_number).toBe('00000001')
      expect((await api.json(`/v1/officers?company=${typed}`)).body.items).toEqual(
        (await api.json('/v1/officers?company=00000001')).body.items,
      )
    }
    expect(await api.json('/v1/companies/SC000005')).toMatchObject({
      status: 404,
      body: { detail: expect.stringContaining('not complete yet') },
    })
    expect((await api.json('/v1/companies/SC000005?all=true')).status).toBe(200)
    expect(await api.json('/v1/companies/99999999')).toMatchObject({
      status: 404,
      body: { detail: 'There is no such company here' },
    })
  })
})

describe('officers', () => {
  it.each([
    ['', ['-aB', 'zZ', 'b']],
    ['?company=00000001', ['-aB', 'zZ']],
    ['?company=1&active=true', ['-aB']],
    ['?officer_id=oF-1', ['-aB', 'b']],
    ['?surname=van%20der%20Berg', ['-aB', 'b']],
    ['?surname=berg', []],
    ['?surname=smith&active=true', []],
  ])('%s', async (query, expected) => {
    const { body } = await api.json(`/v1/officers${query}`)
    expect(body.items.map((item: { appointment_id: string }) => item.appointment_id)).toEqual(expected)
  })

  it.each(['dissolved', 'converted-closed', 'closed'])('of a company that is %s hold no office', async (status) => {
    await using other = await serving()
    other.db.update(companies).set({ company_status: status }).where(eq(companies.company_number, '00000002')).run()
    const { body } = await other.json('/v1/officers?active=true')
    expect(body.items.map((item: { appointment_id: string }) => item.appointment_id)).toEqual(['-aB'])
    expect((await other.json('/v1/officers?company=2')).body.items).toHaveLength(1)
  })

  it('are paged within a company as well', async () => {
    const seen: string[] = []
    for (let next: string | null = '/v1/officers?limit=1'; next; ) {
      const { body }: { body: { items: { appointment_id: string }[]; next: string | null } } = await api.json(next)
      seen.push(...body.items.map(({ appointment_id }) => appointment_id))
      next = body.next
    }
    expect(seen).toEqual(['-aB', 'zZ', 'b'])
  })
})

describe('refusals', () => {
  it.each([
    ['/v1/companies?foo=1', 400, ['foo']],
    ['/v1/companies?limit=0', 400, ['limit']],
    ['/v1/companies?limit=1001', 400, ['limit']],
    ['/v1/companies?limit=1e2', 400, ['limit']],
    ['/v1/companies?limit=1&limit=2', 400, ['limit']],
    ['/v1/companies?status=Active%27', 400, ['status']],
    ['/v1/companies?sic=abc&created_from=2021-02-30', 400, ['sic', 'created_from']],
    ['/v1/companies?q=%22*', 400, ['q']],
    ['/v1/companies?postcode=%25', 400, ['postcode']],
    ['/v1/companies?include=secrets', 400, ['include']],
    ['/v1/companies?cursor=abc', 400, ['cursor']],
    ['/v1/companies?cursor=%00', 400, ['cursor']],
    ['/v1/companies/..%2F..%2Fetc', 400, ['company_number']],
    ['/v1/changes', 400, ['since']],
    ['/v1/changes?since=yesterday', 400, ['since']],
    ['/healthz?x=1', 400, ['x']],
  ])('%s: %i', async (path, status, parameters) => {
    const { body, headers, status: got } = await api.json(path)
    expect([got, headers.get('content-type'), body.status]).toEqual([status, 'application/problem+json', status])
    expect(body.errors.map(({ parameter }: { parameter: string }) => parameter)).toEqual(parameters)
  })

  it('a cursor of another query is refused', async () => {
    const { body } = await api.json('/v1/companies?limit=1')
    const cursor = new URL(body.next, api.url).searchParams.get('cursor')
    expect((await api.json(`/v1/companies?status=active&cursor=${cursor}`)).status).toBe(400)
    expect((await api.json(`/v1/companies?limit=3&cursor=${cursor}`)).status).toBe(200)
  })

  it('a cursor of changes with a made-up checkpoint is refused', async () => {
    const path = '/v1/changes?since=2020-01-01T00:00:00Z&limit=1'
    const { body } = await api.json(path)
    const cursor = new URL(body.next, api.url).searchParams.get('cursor') ?? ''
    const [mark, number] = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    const forged = Buffer.from(JSON.stringify([mark, number, 'x\r\ny'])).toString('base64url')
    expect((await api.json(`${path}&cursor=${cursor}`)).status).toBe(200)
    expect((await api.json(`${path}&cursor=${forged}`)).status).toBe(400)
  })

  it.each(['/v1/companies', '/v1/companies/00000001', '/v1/officers', '/v1/changes', '/metrics'])(
    '%s needs a token',
    async (path) => {
      const none = await fetch(`${api.url}${path}`)
      expect([none.status, none.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="chpipe"'])
      const wrong = await api.get(path, { headers: { Authorization: `Bearer ${TOKEN}x` } })
      expect([wrong.status, wrong.headers.get('www-authenticate')]).toEqual([
        401,
        'Bearer realm="chpipe", error="invalid_token"',
      ])
    },
  )

  it('other methods, paths, types and bodies', async () => {
    const post = await api.get('/v1/companies', { method: 'POST', body: 'x' })
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
    expect((await api.json('/v2')).status).toBe(404)
    expect((await api.json('/v1/companies', { Accept: 'text/csv' })).status).toBe(406)
    expect(await withBody(`${api.url}/v1/companies`)).toBe(400)
  })

  it('more requests than the limit, counted by token', async () => {
    await using small = await serving(undefined, { limitPerMinute: 2 })
    const first = await small.json('/v1/companies')
    expect([first.status, first.headers.get('ratelimit-limit'), first.headers.get('ratelimit-remaining')]).toEqual([
      200,
      '2',
      '1',
    ])
    await small.json('/v1/officers')
    const third = await small.json('/v1/companies')
    expect([third.status, third.body.title]).toEqual([429, 'Too Many Requests'])
    expect(Number(third.headers.get('retry-after'))).toBeGreaterThan(50)
    expect((await small.json('/healthz')).status).toBe(200)
  })
})

describe('answers', () => {
  it('carry an ETag that spares an unchanged body', async () => {
    const { headers } = await api.json('/v1/companies')
    const tag = headers.get('etag') ?? ''
    expect(tag).toMatch(/^"[\w-]{27}(-gzip)?"$/)
    const again = await api.get('/v1/companies', { headers: { 'If-None-Match': `"x", W/${tag}` } })
    expect([again.status, again.headers.get('etag'), await again.text()]).toEqual([304, tag, ''])
  })

  it('are compressed for those who take it', async () => {
    const plain = await raw(`${api.url}/v1/companies`, 'identity')
    const zipped = await raw(`${api.url}/v1/companies`, 'br, gzip;q=0.5')
    expect(zipped.headers['content-encoding']).toBe('gzip')
    expect(plain.headers['content-encoding']).toBeUndefined()
    expect(gunzipSync(zipped.body).equals(plain.body)).toBe(true)
    expect(zipped.headers.etag).not.toBe(plain.headers.etag)
  })

  it('to HEAD have the headers alone', async () => {
    const get = await raw(`${api.url}/v1/companies`, 'identity')
    const head = await raw(`${api.url}/v1/companies`, 'identity', 'HEAD')
    expect([head.status, head.body.length, head.headers.etag]).toEqual([200, 0, get.headers.etag])
    expect(head.headers['content-length']).toBe(get.headers['content-length'])
  })

  it('come as lines to those who ask for lines, whole, compressed or not', async () => {
    const lines = async (path: string) => {
      const response = await api.get(path, { headers: { Accept: 'application/x-ndjson' } })
      return (await response.text())
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line))
    }
    const { body } = await api.json('/v1/companies?include=officers')
    expect(await lines('/v1/companies?include=officers')).toEqual(body.items)
    expect(await lines('/v1/companies?include=officers&limit=2')).toEqual(body.items.slice(0, 2))
    expect(await lines('/v1/officers')).toEqual((await api.json('/v1/officers')).body.items)
  })

  it('forbid browsers everything', async () => {
    const { headers } = await api.json('/v1/companies')
    expect(headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'")
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    const page = await fetch(`${api.url}/`)
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'; style-src 'sha256-")
    expect(await page.text()).not.toMatch(/<script|https?:\/\//)
  })
})

describe('changes', () => {
  it('tell every company that changed, deleted ones by their number alone', async () => {
    await using own = await serving()
    const { body } = await own.json('/v1/changes?since=2026-01-01T00:00:00%2B01:00&limit=3')
    expect(body.items.map(({ removed }: { removed: boolean }) => removed)).toEqual([false, false, false])
    const rest = await own.json(body.next)
    expect([rest.body.items.length, rest.body.next, rest.body.checkpoint]).toEqual([1, null, body.checkpoint])
    expect((await own.json(`/v1/changes?since=${body.checkpoint}`)).body.items).toEqual([])
    own.db.$client.exec(
      "UPDATE companies SET deleted_at = '2026-02-01T00:00:00.000Z' WHERE company_number = 'SC000004'",
    )
    expect((await own.json(`/v1/changes?since=${body.checkpoint}`)).body.items).toEqual([
      { company_number: 'SC000004', changed_at: '2026-02-01T00:00:00.000Z', removed: true, company: null },
    ])
  })

  it('tell what was removed from a company, and who was suppressed since', async () => {
    await using own = await serving()
    const since = (await own.json('/v1/changes?since=2026-01-01T00:00:00Z')).body.checkpoint
    const at = '2026-03-02T00:00:00.000Z'
    own.db
      .insert(deletions)
      .values({ kind: 'email', company_number: '00000003', key: 'x', deleted_at: at, run_id: 1 })
      .run()
    expect((await own.json(`/v1/changes?since=${since}`)).body.items).toMatchObject([
      { company_number: '00000003', changed_at: at, removed: false },
    ])
    addSuppressions(own.db, [{ kind: 'officer', value: 'oF-1', born: null, reason: null }], at)
    addSuppressions(own.db, [{ kind: 'company', value: '00000003', born: null, reason: null }], at)
    const { body } = await own.json(`/v1/changes?since=${since}`)
    expect(
      body.items.map(
        (item: { company_number: string; removed: boolean; company: { officers_count: number } | null }) => [
          item.company_number,
          item.removed,
          item.company?.officers_count,
        ],
      ),
    ).toEqual([
      ['00000001', false, 1],
      ['00000002', false, 0],
      ['00000003', true, undefined],
    ])
  })

  it('are found whatever the times that they carry, and many as well as few', async () => {
    await using own = await serving()
    const { checkpoint } = (await own.json('/v1/changes?since=2026-01-01T00:00:00Z')).body
    own.db.$client.exec("UPDATE companies SET fetched_at = '2001-01-01' WHERE company_number = '00000002'")
    const items = async () => (await own.json(`/v1/changes?since=${checkpoint}&limit=1000`)).body.items
    expect((await items()).map((item: { company_number: string }) => item.company_number)).toEqual(['00000002'])
    own.db.$client.exec(`
      WITH RECURSIVE numbers (n) AS (SELECT 90000 UNION ALL SELECT n + 1 FROM numbers WHERE n < 94499)
      INSERT INTO companies (company_number, company_name, officers_state, source, fetched_at, first_seen_at, run_id)
        SELECT printf('%08d', n), 'X', 'complete', 'rest', '2001-01-01', '2001-01-01', 1 FROM numbers`)
    const lines = await (
      await own.get(`/v1/changes?since=${checkpoint}`, { headers: { Accept: 'application/x-ndjson' } })
    ).text()
    expect(lines.trim().split('\n')).toHaveLength(4501)
  })

  it('refuse the checkpoint of another database', async () => {
    await using own = await serving()
    const { status, body } = await own.json('/v1/changes?since=00000000-3')
    expect([status, body.detail]).toEqual([400, expect.stringContaining('is not of this database')])
  })
})

test('what is suppressed is nowhere', async () => {
  await using own = await serving()
  const rules = [
    { kind: 'company' as const, value: '00000002', born: null, reason: null },
    { kind: 'name' as const, value: 'van der berg, sian', born: '1970-04', reason: null },
    { kind: 'domain' as const, value: 'oneil.example', born: null, reason: null },
  ]
  addSuppressions(own.db, rules, '2026-01-01T00:00:00.000Z')
  for (const path of [
    '/v1/companies?include=officers,domains,emails',
    '/v1/companies?q=riverside',
    '/v1/companies/00000001',
    '/v1/companies/00000002',
    '/v1/officers',
    '/v1/officers?surname=van%20der%20berg',
    '/v1/officers?officer_id=oF-1',
    '/v1/officers?company=00000002',
    '/v1/changes?since=2026-01-02T00:00:00Z',
  ]) {
    const text = await (await own.get(path)).text()
    expect([path, text.match(/RIVERSIDE|BERG|oneil\.example/)]).toEqual([path, null])
  }
  expect((await own.json('/v1/companies?has_domain=true')).body.items).toEqual([])
  expect((await own.json('/v1/companies/00000001')).body.officers_count).toBe(1)
})

test('the index of names follows what is written', async () => {
  await using own = await serving()
  expect((await own.json('/v1/companies?q=newname')).body.items).toEqual([])
  own.db.update(companies).set({ company_name: 'NEWNAME LTD' }).where(eq(companies.company_number, '00000003')).run()
  await expect.poll(async () => (await own.json('/v1/companies?q=newname')).body.items.length).toBe(1)
  expect((await own.json('/v1/companies?q=eclair')).body.items).toEqual([])
})

test('a read that fails behind the headers cuts the connection, and the log tells', async () => {
  await using own = await serving()
  own.db.$client.exec('DROP TABLE emails')
  const answer = own.get('/v1/companies?include=emails', { headers: { Accept: 'application/x-ndjson' } })
  await expect(answer.then((response) => response.text())).rejects.toThrow()
  expect(own.logged).toContainEqual(expect.objectContaining({ message: 'request failed', route: '/v1/companies' }))
})

test('goes on when its log cannot be written', async () => {
  const fail = () => {
    throw new Error('the disk is full')
  }
  await using own = await serving(undefined, { log: { info: fail, warn: fail, error: fail } })
  expect((await own.json('/v1/companies?limit=1')).status).toBe(200)
  expect((await own.json('/v1/companies?limit=1')).status).toBe(200)
})

test('a reader of lines who leaves ends the reading, and the log tells', async () => {
  await using own = await serving(many)
  const leave = new AbortController()
  const headers = { Accept: 'application/x-ndjson', 'Accept-Encoding': 'identity' }
  const response = await own.get('/v1/companies?include=officers', { signal: leave.signal, headers })
  await response.body?.getReader().read()
  leave.abort()
  await expect
    .poll(() => own.logged.find(({ path }) => path === '/v1/companies'))
    .toMatchObject({
      status: 200,
      aborted: true,
      token: '(trial)',
    })
  expect(JSON.stringify(own.logged)).not.toContain(TOKEN)
  expect((await own.json('/healthz')).status).toBe(200)
})

describe('many streams', () => {
  const lines = { Accept: 'application/x-ndjson', 'Accept-Encoding': 'identity' }

  it('of one token are refused beyond a few, until one has ended', async () => {
    await using own = await serving(many, { streamsPerToken: 2 })
    const leave = [new AbortController(), new AbortController()]
    for (const { signal } of leave) {
      const response = await own.get('/v1/companies?include=officers', { headers: lines, signal })
      await response.body?.getReader().read()
    }
    const third = await own.json('/v1/companies', lines)
    expect([third.status, third.headers.get('retry-after'), third.body.detail]).toEqual([
      429,
      '10',
      'This token reads 2 streams of lines already, and may read no more at once',
    ])
    expect((await own.json('/v1/companies?limit=1')).status).toBe(200)
    expect((await own.get('/v1/companies', { method: 'HEAD', headers: lines })).status).toBe(200)
    addToken(own.db, { name: 'other', hash: tokenHash('chp_other'), addedAt: '2026-01-01T00:00:00.000Z' })
    const other = await own.get('/v1/companies?limit=1', { headers: { ...lines, Authorization: 'Bearer chp_other' } })
    expect([other.status, (await other.text()).split('\n').length]).toEqual([200, 2])
    leave[0]?.abort()
    await expect
      .poll(async () => {
        const again = await own.get('/v1/companies?limit=1', { headers: lines })
        await again.text()
        return again.status
      })
      .toBe(200)
    leave[1]?.abort()
  })

  it('take their steps in turn, one in a round of the event loop, behind the pages', async () => {
    let [round, running] = [0, true]
    const count = () => {
      round += 1
      if (running) setImmediate(count)
    }
    count()
    const turns = createTurns()
    const seen: [name: string, round: number][] = []
    const work = async (name: string, kind: 'page' | 'stream', steps: number) => {
      for (let step = 0; step < steps; step += 1) {
        await turns.next(kind)
        seen.push([name, round])
      }
    }
    await Promise.all([work('a', 'stream', 3), work('b', 'stream', 3), work('page', 'page', 1)])
    running = false
    expect(seen.map(([name]) => name)).toEqual(['page', 'a', 'b', 'a', 'b', 'a', 'b'])
    expect(new Set(seen.map(([, at]) => at)).size).toBe(seen.length)
  })

  it('take short steps while others ask, and long ones when they have been alone for a while', async () => {
    const turns = createTurns()
    const asked: number[] = []
    const walk = (_after: string[] | null, limit: number) => {
      asked.push(limit)
      if (asked.length === 2) turns.heard()
      return { entries: [], reached: asked.length === 300 ? null : ['x'] }
    }
    for await (const _ of readAll(walk, { after: null, turns }));
    expect(asked.slice(0, 4)).toEqual([10, 10, 2, 2])
    expect([asked.at(-1), new Set(asked).size, asked.lastIndexOf(2) < 210]).toEqual([10, 2, true])
  })
})

describe('when the file of the database is moved away', () => {
  const paths = [
    '/healthz',
    '/v1/companies',
    '/v1/officers',
    '/v1/changes?since=2020-01-01T00:00:00Z',
    '/v1/companies/1',
  ]
  const statuses = async (own: Serving) => {
    const answers = await Promise.all(paths.map((path) => own.get(path)))
    return answers.map(({ status }) => status)
  }
  const all = (status: number) => paths.map(() => status)

  it('nothing is served, and what is in its place as soon as that is a whole database', async () => {
    await using own = await serving()
    const { $client } = own.db
    const path = $client.name
    await $client.backup(`${path}.backup`)
    const restored = openDb(`${path}.backup`)
    restored
      .update(companies)
      .set({ company_name: 'RESTORED LTD' })
      .where(eq(companies.company_number, '00000001'))
      .run()
    restored.$client.close()
    expect((await own.json('/v1/companies?q=eclair')).body.items).toHaveLength(1)
    renameSync(path, `${path}.aside`)
    expect(await statuses(own)).toEqual(all(503))
    const { headers, body } = await own.json('/v1/companies')
    expect([headers.get('retry-after'), body.detail]).toEqual(['10', 'The database cannot be read'])

    // A copy that is not whole yet, then one that is.
    const bytes = readFileSync(`${path}.backup`)
    writeFileSync(path, bytes.subarray(0, bytes.length - 4096))
    expect(await statuses(own)).toEqual(all(503))
    rmSync(path)
    rmSync(`${path}-wal`, { force: true })
    rmSync(`${path}-shm`, { force: true })
    renameSync(`${path}.backup`, path)
    await expect.poll(() => statuses(own)).toEqual(all(200))
    expect((await own.json('/v1/companies?q=restored')).body.items).toHaveLength(1)
    expect((await own.json('/v1/companies/1')).body.company_name).toBe('RESTORED LTD')
  })

  it('it is served again when it is back, and no stream goes on without it', async () => {
    await using own = await serving(many)
    const path = own.db.$client.name
    const headers = { Accept: 'application/x-ndjson', 'Accept-Encoding': 'identity' }
    const response = await own.get('/v1/companies?include=officers', { headers })
    const reader = response.body?.getReader()
    await reader?.read()
    renameSync(path, `${path}.aside`)
    const rest = async () => {
      while (!(await reader?.read())?.done);
    }
    await expect(rest()).rejects.toThrow()
    expect(await statuses(own)).toEqual(all(503))
    renameSync(`${path}.aside`, path)
    expect(await statuses(own)).toEqual(all(200))
  })
})

describe('tokens for the metrics', () => {
  it('are another kind than those of customers', async () => {
    await using own = await serving()
    const addedAt = '2026-01-01T00:00:00.000Z'
    addToken(own.db, { name: 'acme', hash: tokenHash('chp_acme'), addedAt })
    addToken(own.db, { name: 'monitor', hash: tokenHash('chp_monitor'), addedAt, scope: 'metrics' })
    const ask = async (token: string, path: string) =>
      (await own.get(path, { headers: { Authorization: `Bearer ${token}` } })).status
    expect([await ask('chp_acme', '/v1/companies'), await ask('chp_acme', '/metrics')]).toEqual([200, 403])
    expect([await ask('chp_monitor', '/v1/companies'), await ask('chp_monitor', '/metrics')]).toEqual([403, 200])
  })
})

describe('below a prefix', () => {
  it('every address that is told has it, whether or not the proxy takes it off', async () => {
    await using own = await serving(undefined, { basePath: '/register' })
    for (const prefix of ['', '/register']) {
      const { body, headers } = await own.json(`${prefix}/v1/companies?limit=2`)
      expect(body.next).toMatch(/^\/register\/v1\/companies\?limit=2&cursor=/)
      expect(headers.get('link')).toBe(`<${body.next}>; rel="next"`)
      expect((await own.json(body.next)).body.items).toHaveLength(2)
      expect((await own.json(`${prefix}/openapi.json`)).body.servers).toEqual([{ url: '/register' }])
      const page = await (await own.get(prefix || '/')).text()
      expect(page).toContain('href="/register/openapi.json"')
    }
    expect((await own.json('/registered/v1/companies')).status).toBe(404)
    expect(own.logged.map(({ path }) => path)).toContain('/v1/companies')
  })
})

describe('the log', () => {
  it('names the client that a trusted proxy forwards, and believes nobody else', async () => {
    await using near = await serving(undefined, {
      trustedProxies: parseTrustedProxies('loopback, 10.0.0.0/8') ?? never,
    })
    await using far = await serving(undefined, { trustedProxies: parseTrustedProxies('192.0.2.1') ?? never })
    const forwarded = { 'X-Forwarded-For': '198.51.100.1, 203.0.113.9, 10.1.2.3' }
    await near.get('/healthz', { headers: forwarded })
    await far.get('/healthz', { headers: forwarded })
    await near.get('/healthz')
    await expect.poll(() => [...near.logged, ...far.logged].filter(({ path }) => path === '/healthz').length).toBe(3)
    const clients = (api: Serving) => api.logged.filter(({ path }) => path === '/healthz').map(({ client }) => client)
    expect([clients(near), clients(far)]).toEqual([['203.0.113.9', '127.0.0.1'], ['127.0.0.1']])
  })
})

function never(): boolean {
  throw new Error('the list of proxies cannot be read')
}

function raw(url: string, encoding: string, method = 'GET') {
  type Raw = { status: number | undefined; headers: Record<string, unknown>; body: Buffer }
  return new Promise<Raw>((done, fail) => {
    const headers = { Authorization: `Bearer ${TOKEN}`, 'Accept-Encoding': encoding }
    request(url, { method, headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('end', () =>
        done({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }),
      )
    })
      .on('error', fail)
      .end()
  })
}

function withBody(url: string): Promise<number | undefined> {
  return new Promise((done, fail) => {
    const headers = { Authorization: `Bearer ${TOKEN}` }
    request(url, { method: 'GET', headers }, (response) => done(response.resume().statusCode))
      .on('error', fail)
      .end('body')
  })
}

/** More lines than sockets and buffers hold. */
function many(db: Db): void {
  db.$client.exec(`
    INSERT INTO companies (company_number, company_name, officers_state, officers_count, source, fetched_at, run_id, first_seen_at)
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
      SELECT printf('%08d', i), 'COMPANY ' || i, 'complete', 1, 'bulk', '2026-01-01', 1, '2026-01-01' FROM n;
    INSERT INTO officers (company_number, appointment_id, name, source, fetched_at, run_id)
      SELECT company_number, 'a', 'SMITH, John', 'rest', '2026-01-01', 1 FROM companies`)
}
