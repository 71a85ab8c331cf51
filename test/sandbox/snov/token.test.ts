import { describe, expect, it } from 'vitest'
import { answered, askToken, credentials, openedSnov } from './opened.ts'

const BALANCE = '/v1/get-balance'
const FORM = 'application/x-www-form-urlencoded'

describe('a token', () => {
  it('is given for the right client, in every encoding', async () => {
    await using open = await openedSnov()
    const fields = credentials(open.sandbox)
    const multipart = new FormData()
    for (const [name, value] of Object.entries(fields)) multipart.set(name, value)
    const answers = [
      await askToken(open.sandbox, FORM, new URLSearchParams(fields).toString()),
      await askToken(open.sandbox, 'application/json', JSON.stringify(fields)),
      await askToken(open.sandbox, undefined, multipart),
    ]
    for (const { status, body } of answers) {
      expect([status, body]).toEqual([
        200,
        { access_token: expect.stringMatching(/^[A-Za-z0-9]{40}$/), token_type: 'Bearer', expires_in: 3600 },
      ])
    }
    expect(new Set(answers.map(({ body }) => body.access_token)).size).toBe(3)
  })

  it.each([
    ['client_id', 'somebody'],
    ['client_secret', 'guess'],
    ['grant_type', 'password'],
  ])('is refused for a wrong %s', async (name, value) => {
    await using open = await openedSnov()
    const { sandbox } = open
    const answer = await askToken(
      sandbox,
      'application/json',
      JSON.stringify({ ...credentials(sandbox), [name]: value }),
    )
    expect([answer.status, answer.body]).toEqual([
      401,
      { error: 'invalid_client', message: 'Client authentication failed' },
    ])
  })

  it('may be sent as Bearer, alone, or as a parameter of the query, a form or JSON', async () => {
    await using open = await openedSnov()
    const { token, sandbox } = open
    const post = (type: string, body: string) =>
      fetch(`${sandbox.url}/v1/get-domain-emails-count`, { method: 'POST', headers: { 'Content-Type': type }, body })
    const ways = [
      fetch(sandbox.url + BALANCE, { headers: { Authorization: `Bearer ${token}` } }),
      fetch(sandbox.url + BALANCE, { headers: { Authorization: token } }),
      fetch(`${sandbox.url}${BALANCE}?access_token=${token}`),
      post(FORM, `access_token=${token}&domain=alder.example`),
      post('application/json', JSON.stringify({ access_token: token, domain: 'alder.example' })),
    ]
    expect((await Promise.all(ways)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
  })

  it.each([
    ['no token', {}],
    ['a wrong token', { Authorization: 'Bearer guess' }],
  ])('is needed: %s gets a 401 and is not counted', async (_, headers) => {
    await using open = await openedSnov()
    const { counted } = open.sandbox.requests
    expect((await answered(await fetch(open.sandbox.url + BALANCE, { headers }))).status).toBe(401)
    expect(open.sandbox.requests.counted).toBe(counted)
  })

  it('expires, and a new one does not end the older ones', async () => {
    await using open = await openedSnov({ tokenLifeMs: 600_000 })
    const { body } = await askToken(open.sandbox, 'application/json', JSON.stringify(credentials(open.sandbox)))
    expect(body.expires_in).toBe(600)
    open.clock.nowMs += 599_999
    expect((await open.call('GET', BALANCE)).status).toBe(200)
    open.clock.nowMs += 1
    expect((await open.call('GET', BALANCE)).status).toBe(401)
  })

  it('ends the older ones with the fault one-token, and may be refused out of the blue', async () => {
    await using open = await openedSnov({ faults: '401:1x' })
    expect((await open.call('GET', BALANCE)).status).toBe(401)
    expect((await open.call('GET', BALANCE)).status).toBe(200)
    open.setFaults('one-token')
    await askToken(open.sandbox, 'application/json', JSON.stringify(credentials(open.sandbox)))
    expect((await open.call('GET', BALANCE)).status).toBe(401)
  })
})

describe('the allowance', () => {
  it('is 60 calls a minute, and the next is a 429 that says nothing about when', async () => {
    await using open = await openedSnov()
    const statuses = []
    for (let call = 0; call < 59; call += 1) statuses.push((await open.call('GET', BALANCE)).status)
    expect(new Set(statuses)).toEqual(new Set([200]))
    const refused = await open.call('GET', BALANCE)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, null])
    expect([...refused.headers.keys()].filter((name) => /limit|reset|remain/i.test(name))).toEqual([])
    expect(open.sandbox.requests).toMatchObject({ total: 61, counted: 60, rateLimited: 1, windowPeak: 60 })
    open.clock.nowMs += 60_000
    expect((await open.call('GET', BALANCE)).status).toBe(200)
  })

  it('can have another size and another minute', async () => {
    await using open = await openedSnov({ callsPerMinute: 2, minuteMs: 500 })
    const read = async () => (await open.call('GET', BALANCE)).status
    expect([await read(), await read()]).toEqual([200, 429])
    open.clock.nowMs += 500
    expect(await read()).toBe(200)
  })
})
