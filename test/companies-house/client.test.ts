import { describe, expect, it } from 'vitest'
import { type RestReply, UpstreamError } from '../../src/companies-house/call.ts'
import { ChpipeError } from '../../src/errors.ts'
import {
  type Answer,
  bomb,
  cut,
  endless,
  json,
  plain,
  REDIRECTS,
  redirect,
  reset,
  scriptedServer,
  silent,
} from '../scripted-server.ts'
import { connected } from './connected.ts'

const signal = new AbortController().signal
const read = (reply: RestReply) => reply
const background = { lane: 'background', signal, read } as const
const noOfficers = json({ kind: 'officer-list', items: [], total_results: 0 })

/** Answers `/wanted` with each of the script in turn, the last one for good; everything else with a 200. */
function script(...answers: Answer[]) {
  let nth = 0
  return scriptedServer((path) =>
    path === '/wanted' ? (answers[Math.min(nth++, answers.length - 1)] ?? plain(500)) : noOfficers,
  )
}

async function thrown(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'nothing was thrown',
    (error) => error,
  )
}

describe('a reply', () => {
  it('is the parsed body of a 200', async () => {
    await using server = await script(json({ hello: 1 }))
    expect(await connected(server.url).get('/wanted', background)).toEqual({ status: 200, body: { hello: 1 } })
  })

  it.each([
    '',
    ' \n',
    '{}',
    '{"errors":[]}',
    '{"errors":[{"type":"ch:service","error":"company-profile-not-found"}]}',
    '{"timestamp":"2026-09-04T16:07:18.488455029","message":"404 NOT_FOUND \\"Resource not found\\"","request_id":"x"}',
    '{"timestamp":"2026-09-04","status":404,"error":"Not Found","path":"/company/1/insolvency"}',
  ])('is empty after a 404 of the service itself: %s', async (body) => {
    await using server = await script(plain(404, body))
    expect(await connected(server.url).get('/wanted', background)).toEqual({ status: 404, body: null })
  })

  it.each([
    '<html><body>Not found</body></html>',
    'default backend - 404',
    '{"message":"Not Found"}',
    '{"error":"not_found"}',
    '{"errors":[{"type":"proxy","error":"no-route"}]}',
    '{"errors":{"code":404}}',
    '"404"',
    'null',
    '{"timestamp":"2026-09-04"',
  ])('is a passing fault after a 404 of somebody else: %s', async (body) => {
    await using server = await script(plain(404, body), json({ ok: true }))
    expect(await connected(server.url).get('/wanted', background)).toEqual({ status: 200, body: { ok: true } })
    expect(server.asked).toHaveLength(2)
  })

  it('counts as an answer only when it is what was asked for', async () => {
    await using server = await script(json({ error: 'x' }), json({ error: 'x' }), json({ wanted: 1 }))
    const readWanted = ({ body }: RestReply) => {
      if (!(body as { wanted?: number }).wanted) throw new UpstreamError('not what was wanted', { retryable: true })
      return body
    }
    expect(await connected(server.url).get('/wanted', { ...background, read: readWanted })).toEqual({ wanted: 1 })
  })

  it('carries the key as Basic user name with an empty password', async () => {
    const seen: unknown[] = []
    await using server = await scriptedServer(() => (request, response) => {
      seen.push(request.headers.authorization)
      response.end('{}')
    })
    await connected(server.url).get('/wanted', background)
    expect(seen).toEqual([`Basic ${Buffer.from('a-secret-key:').toString('base64')}`])
  })
})

describe('a passing fault', () => {
  const faults: [string, Answer][] = [
    ['a 500 with JSON', json({ exception_id: 'x' }, 500)],
    ['a gateway error in HTML', plain(502, '<html><body><h1>502 Bad Gateway</h1></body></html>')],
    ['a cut body', cut],
    ['JSON that ends early', plain(200, '{"items":[{"na')],
    ['an empty 200', plain(200)],
    ['HTML on a 200', plain(200, '<html></html>')],
    ['a reset connection', reset],
  ]
  for (const [name, fault] of faults) {
    it(`is tried again: ${name}`, async () => {
      await using server = await script(fault, fault, json({ ok: true }))
      const companiesHouse = connected(server.url)
      expect(await companiesHouse.get('/wanted', background)).toEqual({ status: 200, body: { ok: true } })
      expect(companiesHouse.counts.requests).toBe(3)
    })
  }

  it('is tried again after silence', async () => {
    await using server = await script(silent, json({ ok: true }))
    const reply = await connected(server.url, { scale: 0.002 }).get('/wanted', background)
    expect(reply.status).toBe(200)
  })
})

describe('a final fault', () => {
  it('of the key is a config error at once, without the key in it', async () => {
    await using server = await script(json({ error: 'Invalid Authorization', type: 'ch:service' }, 401))
    const error = await thrown(connected(server.url).get('/wanted', background))
    expect(error).toMatchObject({ kind: 'config', message: 'Companies House refused the API key (401)' })
    expect(JSON.stringify(error)).not.toContain('a-secret-key')
    expect(server.asked).toEqual(['/wanted'])
  })

  it('of one request ends after its attempts, once the service has proved to be alive', async () => {
    await using server = await script(plain(500))
    const error = await thrown(connected(server.url).get('/wanted', background))
    expect(error).toBeInstanceOf(UpstreamError)
    expect(error).toMatchObject({ message: 'Companies House answered 500: GET /wanted' })
    expect(server.asked).toEqual([...Array(5).fill('/wanted'), '/company/00000000/officers'])
  })

  it('of the question is not tried again', async () => {
    await using server = await script(plain(400))
    const error = await thrown(connected(server.url).get('/wanted', background))
    expect(error).toMatchObject({ retryable: false, message: 'Companies House answered 400: GET /wanted' })
    expect(server.asked).toEqual(['/wanted', '/company/00000000/officers'])
  })

  it.each(REDIRECTS)('is a redirect, whose destination never sees the key: %i', async (status) => {
    await using destination = await script(json({}))
    await using server = await script(redirect(status, `${destination.url}/wanted`))
    expect(await thrown(connected(server.url).get('/wanted', background))).toMatchObject({ retryable: false })
    expect(destination.asked).toEqual([])
  })

  it.each([
    ['without end', endless],
    ['that unpacks to more', bomb],
  ])('is a body above 8 MB, %s', async (_name, answer) => {
    await using server = await script(answer)
    const error = await thrown(connected(server.url, { scale: 1 }).get('/wanted', background))
    expect(error).toMatchObject({ retryable: false, message: 'The answer is larger than 8 MB: GET /wanted' })
  })
})

describe('a limit', () => {
  for (const status of [429, 403]) {
    it(`${status} is waited out and costs no attempt`, async () => {
      await using server = await script(plain(status), plain(status), json({ ok: true }))
      const companiesHouse = connected(server.url, { quota: { limit: 5, windowMs: 40 } })
      expect(await companiesHouse.get('/wanted', background)).toEqual({ status: 200, body: { ok: true } })
      expect(companiesHouse.counts).toEqual({ requests: 3, rateLimited: 2 })
    })
  }

  it('without end is given up', async () => {
    await using server = await script(plain(403))
    const options = { quota: { limit: 5, windowMs: 20 }, maxOutageMs: 50 }
    const error = await thrown(connected(server.url, options).get('/wanted', background))
    expect(error).toMatchObject({ kind: 'upstream' })
    expect(error).not.toBeInstanceOf(UpstreamError)
  })
})

describe('an outage', () => {
  it('pauses every call, is probed, and costs no request its attempts', async () => {
    let down = 40
    await using server = await scriptedServer((path) => {
      down -= 1
      if (down > 0) return plain(503)
      return path.includes('/officers') ? noOfficers : json({ ok: true })
    })
    const companiesHouse = connected(server.url)
    const replies = await Promise.all(['/a', '/b', '/c', '/d'].map((path) => companiesHouse.get(path, background)))
    expect(replies).toEqual(Array(4).fill({ status: 200, body: { ok: true } }))
  })

  it.each([200, 204, 302, 400, 404, 410, 418, 451])('is a %i without sense for every call', async (status) => {
    await using server = await scriptedServer(() => plain(status, status === 204 ? '' : '<html>maintenance</html>'))
    const companiesHouse = connected(server.url, { maxOutageMs: 60 })
    const errors = await Promise.all(['/a', '/b', '/c'].map((path) => thrown(companiesHouse.get(path, background))))
    for (const error of errors) {
      expect(error).not.toBeInstanceOf(UpstreamError)
      expect(error).toMatchObject({ kind: 'upstream' })
    }
  })

  it('that lasts too long ends every call with an upstream error', async () => {
    await using server = await scriptedServer(() => plain(503))
    const companiesHouse = connected(server.url, { maxOutageMs: 100 })
    const errors = await Promise.all(['/a', '/b'].map((path) => thrown(companiesHouse.get(path, background))))
    for (const error of errors) {
      expect(error).toBeInstanceOf(ChpipeError)
      expect(error).not.toBeInstanceOf(UpstreamError)
      expect(error).toMatchObject({ kind: 'upstream' })
    }
  })

  it('is a server that is not there', async () => {
    const server = await script(json({}))
    await server[Symbol.asyncDispose]()
    const error = await thrown(connected(server.url, { maxOutageMs: 50 }).get('/wanted', background))
    expect(error).toMatchObject({ kind: 'upstream' })
    expect(String(error)).toContain('ECONNREFUSED')
  })
})

describe('an interrupt', () => {
  it('ends a wait for a permit at once', async () => {
    await using server = await script(json({}))
    const companiesHouse = connected(server.url, { quota: { limit: 1, windowMs: 3_600_000 } })
    await companiesHouse.get('/wanted', background)
    const stop = new AbortController()
    const waiting = thrown(companiesHouse.get('/wanted', { lane: 'background', signal: stop.signal, read }))
    stop.abort(new Error('interrupted'))
    expect(await waiting).toMatchObject({ message: 'interrupted' })
    expect(server.asked).toHaveLength(1)
  })

  it('lets a call that is out finish', async () => {
    const stop = new AbortController()
    await using server = await script((_request, response) => {
      stop.abort(new Error('interrupted'))
      setTimeout(() => response.end('{"ok":true}'), 20)
    })
    const reply = await connected(server.url, { scale: 1 }).get('/wanted', {
      lane: 'background',
      signal: stop.signal,
      read,
    })
    expect(reply).toEqual({ status: 200, body: { ok: true } })
  })

  it('abandons a call that does not finish within two seconds', async () => {
    const stop = new AbortController()
    await using server = await script(() => stop.abort(new Error('interrupted')))
    const began = performance.now()
    const error = await thrown(
      connected(server.url, { scale: 1 }).get('/wanted', { lane: 'background', signal: stop.signal, read }),
    )
    expect(error).toMatchObject({ message: 'interrupted' })
    expect(performance.now() - began).toBeLessThan(2000)
  })
})
