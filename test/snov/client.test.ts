import { describe, expect, it } from 'vitest'
import { SnovError } from '../../src/snov/exchange.ts'
import {
  type Answer,
  bomb,
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
import { type SnovCall, scriptedSnov } from './scripted-snov.ts'

const signal = new AbortController().signal
const background = { lane: 'background', signal } as const

const START = '/v2/company-domain-by-name/start'
const RESULT = '/v2/company-domain-by-name/result'
const TOKEN = '/v1/oauth/access_token'
const BALANCE = '/v1/get-balance'

async function thrown(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'nothing was thrown',
    (error) => error,
  )
}

/** Answers the path with each of the script in turn, and then as usual. */
function script(path: string, ...answers: Answer[]) {
  return ({ path: asked }: SnovCall) => (asked === path ? answers.shift() : undefined)
}

describe('the token', () => {
  it('is asked for once, with the credentials as JSON, and carried by every call', async () => {
    await using server = await scriptedSnov()
    const snov = await connected(server.url)
    await Promise.all([snov.balance(background), snov.balance(background), snov.balance(background)])
    const [first] = server.calls
    expect(first).toMatchObject({
      path: TOKEN,
      authorization: undefined,
      body: { grant_type: 'client_credentials', client_id: 'an-id', client_secret: 'a-secret-0123456789abcdef' },
    })
    expect(server.calls.slice(1).map(({ path, authorization }) => [path, authorization])).toEqual(
      Array(3).fill([BALANCE, 'Bearer token-1']),
    )
  })

  it('is renewed shortly before it ends', async () => {
    await using server = await scriptedSnov({
      meddle: script(TOKEN, json({ access_token: 'brief', expires_in: 0.02 })),
    })
    const snov = await connected(server.url)
    await snov.balance(background)
    await new Promise((done) => setTimeout(done, 25))
    await snov.balance(background)
    const used = server.calls.filter(({ path }) => path === BALANCE).map(({ authorization }) => authorization)
    expect(used).toEqual(['Bearer brief', 'Bearer token-2'])
  })

  it('is renewed when it is refused, once for all calls that carried it', async () => {
    await using server = await scriptedSnov()
    const snov = await connected(server.url)
    await snov.balance(background)
    server.world.meddle = ({ authorization, path }) =>
      path !== TOKEN && authorization === 'Bearer token-1' ? plain(401) : undefined
    expect(await Promise.all([snov.balance(background), snov.balance(background)])).toEqual(['1000.00', '1000.00'])
    expect(server.count(TOKEN)).toBe(2)
  })

  it('that is refused again right after its renewal is a config error', async () => {
    await using server = await scriptedSnov({ meddle: ({ path }) => (path === BALANCE ? plain(401) : undefined) })
    const error = await thrown((await connected(server.url)).balance(background))
    expect(error).toMatchObject({ kind: 'config' })
    expect(server.count(TOKEN)).toBe(2)
  })

  for (const status of [400, 401, 403]) {
    it(`refused with ${status} is a config error without the secret in it`, async () => {
      const body = { error: 'invalid_client', message: 'no client a-secret-0123456789abcdef' }
      await using server = await scriptedSnov({ meddle: script(TOKEN, json(body, status)) })
      const error = await thrown((await connected(server.url)).balance(background))
      expect(error).toMatchObject({ kind: 'config' })
      expect(`${(error as Error).message} ${JSON.stringify(error)}`).not.toContain('a-secret')
      expect(server.calls).toHaveLength(1)
    })
  }
})

describe('a start', () => {
  it('sends names and rows as JSON', async () => {
    await using server = await scriptedSnov()
    const snov = await connected(server.url)
    await (await snov.readyStart(background)).startDomains(['Harbour Bakery', 'Élan'])
    const row = { firstName: 'Zoë', lastName: "O'Brien", domain: 'x.example' }
    await (await snov.readyStart(background)).startEmails([row])
    expect(server.calls.slice(1).map(({ path, body }) => [path, body])).toEqual([
      [START, { names: ['Harbour Bakery', 'Élan'] }],
      [
        '/v2/emails-by-domain-by-name/start',
        { rows: [{ first_name: 'Zoë', last_name: "O'Brien", domain: 'x.example' }] },
      ],
    ])
  })

  it('that is not sent gives its permit back', async () => {
    await using server = await scriptedSnov()
    const snov = await connected(server.url, { quota: { limit: 2, windowMs: 60_000 } })
    for (let nth = 0; nth < 3; nth += 1) (await snov.readyStart(background)).cancel()
    expect(await snov.balance(background)).toBe('1000.00')
  })

  const hash = 'a8998c31a141924d06220074fcdc6925'
  const own = (url: string) => `${url}/v2/company-domain-by-name/result/${hash}`
  const wirings: [name: string, body: (url: string) => unknown, polledAt: string][] = [
    ['the hash in data', () => ({ data: { task_hash: hash }, meta: { names: ['x'] } }), RESULT],
    ['the hash in data and empty arrays', () => ({ data: { task_hash: hash }, meta: [], links: [] }), RESULT],
    [
      'the hash in meta with a link',
      (url) => ({ data: [], meta: { task_hash: hash }, links: { result: own(url) } }),
      `${RESULT}/${hash}`,
    ],
    ['the hash in meta alone', () => ({ data: [], meta: { task_hash: hash }, links: [] }), `${RESULT}/${hash}`],
    [
      'a link that leads elsewhere',
      () => ({ data: [], meta: { task_hash: hash }, links: { result: own('https://thief.example') } }),
      `${RESULT}/${hash}`,
    ],
    [
      'a link that looks like the API',
      (url) => ({
        data: [],
        meta: { task_hash: hash },
        links: { result: own(url.replace('//', '//me@')).replace(/:(\d)/, '.evil:$1') },
      }),
      `${RESULT}/${hash}`,
    ],
  ]
  for (const [name, body, polledAt] of wirings) {
    it(`is polled at the API itself: ${name}`, async () => {
      await using server = await scriptedSnov()
      server.world.meddle = ({ path }) => {
        if (path === START) return json(body(server.url))
        return path.startsWith(RESULT) ? json({ status: 'completed', data: [], links: [] }) : undefined
      }
      const snov = await connected(server.url)
      const task = await (await snov.readyStart(background)).startDomains(['x'])
      expect(await snov.pollDomains(task, background)).toEqual({ state: 'completed', rows: [], odd: 0, oddTexts: [] })
      expect(server.calls.at(-1)).toMatchObject({ path: polledAt, authorization: 'Bearer token-1' })
    })
  }

  const credits = { success: false, message: 'Sorry, you ran out of credits, please order more credits' }
  const faults: [name: string, answer: Answer, fault: string, mayHaveActed: boolean][] = [
    ['400 out of credits', json(credits, 400), 'not-enough-credits', false],
    ['200 out of credits', json(credits), 'not-enough-credits', false],
    ['402', plain(402), 'not-enough-credits', false],
    ['403 out of credits', json(credits, 403), 'not-enough-credits', false],
    ['422', json({ success: false, errors: ['names is required'] }, 422), 'refused', false],
    ['400', plain(400, '<html>'), 'refused', false],
    ['200 with success false', json({ success: false, errors: ['no'] }), 'refused', false],
    ['404', json({ errors: { code: 404, title: 'Sorry, but url or entity not found' } }, 404), 'not-found', false],
    ['429', plain(429), 'rate-limited', false],
    ['401', plain(401), 'token', false],
    ['500', plain(500), 'passing', true],
    ['a gateway error', plain(504, '<html></html>'), 'passing', true],
    [
      'a redirect',
      (_, response) => response.writeHead(302, { location: 'https://thief.example' }).end(),
      'passing',
      true,
    ],
    ['a body without end', endless, 'passing', true],
    ['a body that unpacks to more than 8 MB', bomb, 'passing', true],
    ['a reset connection', reset, 'passing', true],
    ['half an answer', plain(200, '{"data":{"task_ha'), 'passing', true],
    ['an answer without a hash', json({ data: [], meta: [] }), 'passing', true],
    ['a hash that is none', json({ data: { task_hash: '../../x?y' } }), 'passing', true],
  ]
  for (const [name, answer, fault, mayHaveActed] of faults) {
    it(`is sent once, and says what became of it: ${name}`, async () => {
      await using server = await scriptedSnov({ meddle: ({ path }) => (path === START ? answer : undefined) })
      const snov = await connected(server.url)
      const error = await thrown((await snov.readyStart(background)).startDomains(['x']))
      expect(error).toBeInstanceOf(SnovError)
      expect(error).toMatchObject({ fault, mayHaveActed })
      expect(server.count(START)).toBe(1)
    })
  }

  it.each(REDIRECTS)('is not sent on to where a redirect leads, nor is the secret: %i', async (status) => {
    await using destination = await scriptedServer(() => json({}))
    await using server = await scriptedSnov()
    const snov = await connected(server.url)
    server.world.meddle = ({ path }) => redirect(status, `${destination.url}${path}`)
    await thrown(snov.balance(background))
    server.world.meddle = ({ path }) => (path === START ? redirect(status, `${destination.url}${path}`) : undefined)
    await thrown((await snov.readyStart(background)).startDomains(['x']))
    expect(server.count(START)).toBe(1)
    expect(destination.asked).toEqual([])
  })

  it('without an answer in time may have been bought', async () => {
    await using server = await scriptedSnov({ meddle: ({ path }) => (path === START ? silent : undefined) })
    const snov = await connected(server.url, { timings: { snovTimeoutMs: 300 } })
    const error = await thrown((await snov.readyStart(background)).startDomains(['x']))
    expect(error).toMatchObject({ fault: 'passing', mayHaveActed: true })
  })

  it('that found nobody listening was surely not bought', async () => {
    const server = await scriptedSnov()
    const snov = await connected(server.url)
    const ready = await snov.readyStart(background)
    await server[Symbol.asyncDispose]()
    expect(await thrown(ready.startDomains(['x']))).toMatchObject({ fault: 'passing', mayHaveActed: false })
  })

  it('by a plan without API access is a config error', async () => {
    await using server = await scriptedSnov({ meddle: script(START, plain(403)) })
    const snov = await connected(server.url)
    expect(await thrown((await snov.readyStart(background)).startDomains(['x']))).toMatchObject({ kind: 'config' })
  })

  it('after an interrupt may still finish', async () => {
    const stop = new AbortController()
    await using server = await scriptedSnov()
    server.world.meddle = ({ path }, usual) => {
      if (path !== START) return undefined
      stop.abort(new Error('interrupted'))
      return (request, response) => setTimeout(() => usual()(request, response), 30)
    }
    const snov = await connected(server.url)
    const ready = await snov.readyStart({ lane: 'background', signal: stop.signal })
    expect(await ready.startDomains(['x'])).toContain('task_hash=')
  })

  it('waits for proof that an outage is over', async () => {
    await using server = await scriptedSnov({ meddle: script(START, plain(502)) })
    const snov = await connected(server.url)
    await thrown((await snov.readyStart(background)).startDomains(['x']))
    server.world.meddle = script(BALANCE, plain(502), plain(502), plain(502))
    expect(await thrown(snov.readyStart(background))).toMatchObject({ fault: 'passing' })
    ;(await snov.readyStart(background)).cancel()
    ;(await snov.readyStart(background)).cancel()
    expect(server.count(BALANCE)).toBe(4)
  })

  it('never shares a connection with another call', async () => {
    await using server = await scriptedSnov()
    const snov = await connected(server.url)
    for (let nth = 0; nth < 3; nth += 1) await (await snov.readyStart(background)).startDomains(['x'])
    expect(new Set(server.calls.map(({ port }) => port)).size).toBe(4)
  })
})

describe('a poll', () => {
  const polled = async (body: unknown, kind: 'pollDomains' | 'pollEmails' = 'pollDomains') => {
    await using server = await scriptedSnov({ meddle: ({ path }) => (path === '/task' ? json(body) : undefined) })
    const snov = await connected(server.url)
    return await snov[kind]('/task', background)
  }

  for (const status of ['in_progress', 'in progress', 'IN_PROGRESS', 'postponed', null, 7]) {
    it(`is pending with the status ${JSON.stringify(status)}`, async () => {
      expect(await polled({ status, data: [] })).toEqual({ state: 'pending' })
    })
  }

  it('reads domains, and misses in every shape', async () => {
    const data = [
      { name: 'A', result: { domain: 'a.example' } },
      { name: 'B', result: [] },
      { name: 'C', result: {} },
      { name: 'D', result: null },
      { name: 'E' },
    ]
    expect(await polled({ status: 'completed', data, meta: { task_hash: 'another' } })).toEqual({
      state: 'completed',
      rows: [
        { name: 'A', domain: 'a.example' },
        { name: 'B', domain: null },
        { name: 'C', domain: null },
        { name: 'D', domain: null },
        { name: 'E', domain: null },
      ],
      odd: 0,
      oddTexts: [],
    })
  })

  it('reads addresses with what is said about them', async () => {
    const email = {
      email: ' j@x.example ',
      smtp_status: 'unknown',
      unknown_status_reason: 'Catchall',
      is_webmail: false,
    }
    const data = [
      { people: 'John Doe', result: [email, { email: 5 }] },
      { people: 'Jane Doe', result: {} },
    ]
    expect(await polled({ status: 'completed', data }, 'pollEmails')).toEqual({
      state: 'completed',
      rows: [
        {
          name: 'John Doe',
          emails: [
            {
              email: 'j@x.example',
              status: 'unknown',
              reason: 'catchall',
              webmail: false,
              disposable: null,
              gibberish: null,
            },
          ],
        },
        { name: 'Jane Doe', emails: [] },
      ],
      odd: 0,
      oddTexts: [],
    })
  })

  it.each([undefined, null, 'none', 7])(
    'that is finished without a list (%j) is a fault, and no answer',
    async (data) => {
      const fault = expect.objectContaining({ fault: 'passing', mayHaveActed: false })
      for (const read of ['pollDomains', 'pollEmails'] as const) {
        await expect(polled({ status: 'completed', data }, read)).rejects.toEqual(fault)
      }
    },
  )

  it('takes numbers for names, and any status and member of an address', async () => {
    const address = {
      email: 'j@x.example',
      smtp_status: 'brand-new',
      unknown_status_reason: 7,
      is_webmail: 'no',
      more: {},
    }
    const known = {
      email: 'j@x.example',
      status: 'brand-new',
      reason: null,
      webmail: null,
      disposable: null,
      gibberish: null,
    }
    expect(
      await polled({ status: 'completed', data: [{ name: 1066, result: { domain: 'a.example', rank: '1' } }] }),
    ).toEqual({
      state: 'completed',
      rows: [{ name: '1066', domain: 'a.example' }],
      odd: 0,
      oddTexts: [],
    })
    const odd = { people: 'Jo Fry', result: [{ email: 'no address' }] }
    const data = [{ people: 'John Doe', result: [address] }, odd, { people: 'Ann Lee', result: 'none' }]
    expect(await polled({ status: 'completed', data }, 'pollEmails')).toEqual({
      state: 'completed',
      rows: [{ name: 'John Doe', emails: [known] }],
      odd: 2,
      oddTexts: [odd, { people: 'Ann Lee', result: 'none' }].map((row) => JSON.stringify(row)),
    })
  })

  it('keeps rows that nobody can read apart, and takes a list that came as an object', async () => {
    const data = { 0: null, 2: 7, 5: { name: 'A', result: { domain: 'a.example' } }, 6: { colour: 'red' } }
    const rows = [{ name: 'A', domain: 'a.example' }]
    expect(await polled({ status: 'completed', data, planet: 'Earth' })).toEqual({
      state: 'completed',
      rows,
      odd: 3,
      oddTexts: ['null', '7', '{"colour":"red"}'],
    })
  })

  it('says that the credits ran out', async () => {
    const answer = await polled({ status: 'not_enough_credits', data: [] })
    expect(answer).toEqual({ state: 'not-enough-credits', rows: [], odd: 0, oddTexts: [] })
  })

  it('of a task that is not known is not found', async () => {
    for (const status of [404, 422]) {
      const answer = json({ errors: { code: status, title: status === 404 ? '' : 'Request not found' } }, status)
      await using server = await scriptedSnov({ meddle: script('/task', answer) })
      expect(await thrown((await connected(server.url)).pollDomains('/task', background))).toMatchObject({
        fault: 'not-found',
      })
    }
  })

  it('is tried again after passing faults and limits', async () => {
    await using server = await scriptedSnov({
      meddle: script('/task', plain(503), plain(429), json({ status: 'completed', data: [] })),
    })
    const snov = await connected(server.url, { quota: { limit: 20, windowMs: 50 } })
    expect(await snov.pollDomains('/task', background)).toMatchObject({ state: 'completed' })
    expect(snov.counts).toEqual({ requests: 4, rateLimited: 1 })
  })
})

describe('the balance', () => {
  it('is the decimal string that Snov writes', async () => {
    await using server = await scriptedSnov({ credits: 25000 })
    expect(await (await connected(server.url)).balance(background)).toBe('25000.00')
  })

  it('that is none is a passing fault', async () => {
    await using server = await scriptedSnov({
      meddle: ({ path }) => (path === BALANCE ? json({ data: [] }) : undefined),
    })
    expect(await thrown((await connected(server.url)).balance(background))).toMatchObject({ fault: 'passing' })
  })
})

it('waits for nobody after an interrupt', async () => {
  await using server = await scriptedServer(() => silent)
  const stop = new AbortController()
  const waiting = thrown((await connected(server.url)).balance({ lane: 'background', signal: stop.signal }))
  stop.abort(new Error('interrupted'))
  expect(await waiting).toMatchObject({ message: 'interrupted' })
})

it('needs credentials', async () => {
  const { connectSnov } = await import('../../src/snov/client.ts')
  const settings = {
    snovClientId: 'x',
    snovClientSecret: undefined,
    snovApiUrl: 'https://x',
    snovQuota: { limit: 1, windowMs: 1 },
  }
  const options = { settings } as unknown as Parameters<typeof connectSnov>[0]
  expect(await thrown(connectSnov(options))).toMatchObject({ kind: 'config' })
})
