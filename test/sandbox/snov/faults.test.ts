import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseSnovFaults, SNOV_FAULTS, type SnovFaultPlan } from '../../../src/sandbox/snov/faults.ts'
import { domainWith, hitNames, missNames, openedSnov, peopleWith, rowsOf } from './opened.ts'

const NAMES = 'company-domain-by-name'
const FINDER = 'emails-by-domain-by-name'
const START = `/v2/${NAMES}/start`

describe('a plan of Snov faults', () => {
  it.each<[string, SnovFaultPlan]>([
    ['', []],
    [
      '500:0.2, reset-after:1x:@emails-by-domain-by-name+start ,504:~40s:1,hang:500ms',
      [
        { name: '500', probability: 0.2 },
        { name: 'reset-after', count: 1, calls: ['emails-by-domain-by-name', 'start'] },
        { name: '504', delayMs: 40_000, probability: 1 },
        { name: 'hang', forMs: 500 },
      ],
    ],
  ])('is read from text: %j', (text, plan) => {
    expect(parseSnovFaults(text)).toEqual(plan)
  })

  it.each([
    ['boom', 'There is no Snov fault "boom".'],
    ['constructor', 'There is no Snov fault "constructor".'],
    ['500:2', '"2" in the Snov fault "500:2" is no condition.'],
    ['500:', '"" in the Snov fault "500:" is no condition.'],
    ['500:@finder', '"@finder" in the Snov fault "500:@finder" is no condition.'],
    ['slow:~soon', '"~soon" in the Snov fault "slow:~soon" is no condition.'],
  ])('is refused when it makes no sense: %s', (text, message) => {
    expect(() => parseSnovFaults(text)).toThrow(
      expect.objectContaining({ kind: 'usage', message, hint: expect.stringMatching(/fault/i) }),
    )
  })

  it('says again what it was written from', () => {
    const rule = fc.record({
      name: fc.constantFrom(...(Object.keys(SNOV_FAULTS) as (keyof typeof SNOV_FAULTS)[])),
      count: fc.nat(1000),
      calls: fc.constantFrom(['start'], ['result', 'token'], ['li-profiles-by-urls']),
      probability: fc.constantFrom(0, 0.25, 1),
      forMs: fc.integer({ min: 1, max: 100_000 }),
      delayMs: fc.integer({ min: 1, max: 100_000 }),
    })
    fc.assert(
      fc.property(fc.array(rule), (plan) => {
        const text = plan.map(
          ({ name, count, calls, probability, forMs, delayMs }) =>
            `${name}:${count}x:@${calls.join('+')}:${probability}:${forMs}ms:~${delayMs}ms`,
        )
        expect(parseSnovFaults(text.join())).toEqual(plan)
      }),
    )
  })

  it('strikes the calls it names, as often as it says, for as long as it says', async () => {
    await using open = await openedSnov({ faults: `500:1x:@${NAMES}+start,403:10s:@balance` })
    const body = { names: ['Alder'] }
    expect((await open.call('POST', `/v2/email-verification/start`, { emails: ['a@b.example'] })).status).toBe(200)
    expect((await open.call('GET', `/v2/${NAMES}/result?task_hash=x`)).status).toBe(422)
    expect((await open.call('POST', START, body)).status).toBe(500)
    expect((await open.call('POST', START, body)).status).toBe(200)
    expect((await open.call('GET', '/v1/get-balance')).status).toBe(403)
    open.clock.nowMs += 10_000
    expect((await open.call('GET', '/v1/get-balance')).status).toBe(200)
    expect(open.sandbox.requests.faults).toEqual({ 403: 1, 500: 1 })
  })
})

describe('a start that fails', () => {
  it.each([
    ['500', 500],
    ['502', 502],
    ['504', 504],
    ['429', 429],
    ['403', 403],
    ['400', 400],
  ] as const)('%s: nothing was bought', async (fault, status) => {
    await using open = await openedSnov({ faults: `${fault}:1x` })
    const answer = await open.call('POST', START, { names: ['Alder'] })
    expect([answer.status, open.sandbox.requests.starts]).toEqual([status, {}])
    const isPage = status === 502 || status === 504
    expect(answer.headers.get('content-type')).toBe(isPage ? 'text/html' : 'application/json')
    expect(answer.text.startsWith('<html>')).toBe(isPage)
  })

  it('reset: nothing was bought', async () => {
    await using open = await openedSnov({ faults: 'reset:1x' })
    await expect(open.call('POST', START, { names: ['Alder'] })).rejects.toThrow('fetch failed')
    expect(open.sandbox.requests).toMatchObject({ starts: {}, byPath: { [`POST ${START}`]: { none: 1 } } })
    expect((await open.call('POST', START, { names: ['Alder'] })).status).toBe(200)
  })

  it.each(['hang', 'hang-after'])('%s: never answered', async (fault) => {
    await using open = await openedSnov({ faults: fault })
    const request = fetch(open.sandbox.url + START, {
      method: 'POST',
      headers: { Authorization: `Bearer ${open.token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ names: ['Alder'] }),
      signal: AbortSignal.timeout(150),
    })
    await expect(request).rejects.toThrow('timeout')
    expect(Object.values(open.sandbox.requests.starts)).toEqual(fault === 'hang' ? [] : [1])
  })

  it.each(['reset-after', 'reset-mid-body'])('%s: bought all the same, and nobody got the hash', async (fault) => {
    await using open = await openedSnov({ faults: `${fault}:1x`, unattendedMs: 0 })
    await expect(open.call('POST', START, { names: hitNames(open.truth, 2) })).rejects.toThrow()
    expect(open.sandbox.requests).toMatchObject({ creditsSpent: 2, polls: { [hashOf(open)]: 0 } })
  })

  it.each([
    ['504-after', 504],
    ['truncated', 200],
    ['garbage', 200],
    ['html', 200],
  ] as const)('%s: bought all the same, and the answer cannot be read', async (fault, status) => {
    await using open = await openedSnov({ faults: `${fault}:1x`, unattendedMs: 0 })
    const answer = await open.call('POST', START, { names: hitNames(open.truth, 2) })
    expect(answer.status).toBe(status)
    expect(() => JSON.parse(answer.text)).toThrow(SyntaxError)
    expect(open.sandbox.requests.creditsSpent).toBe(2)
  })

  it('no-hash: bought all the same, and the answer does not name it', async () => {
    await using open = await openedSnov({ faults: 'no-hash', unattendedMs: 0 })
    const names = hitNames(open.truth, 1)
    expect((await open.call('POST', START, { names })).body).toEqual({ data: [], meta: { names }, links: [] })
    const { body } = await open.call('POST', '/v2/domain-search/start?domain=alder.example')
    expect(body).toEqual({ data: [], meta: { domain: 'alder.example' }, links: [] })
    expect(Object.values(open.sandbox.requests.starts)).toEqual([1, 1])
  })

  it('slow: right but late', async () => {
    await using open = await openedSnov({ faults: 'slow:~60ms' })
    const began = performance.now()
    expect(await open.start(NAMES, { names: ['Alder'] })).toMatch(/^[0-9a-f]{32}$/)
    expect(performance.now() - began).toBeGreaterThan(50)
  })
})

/** The hash of the only task. */
function hashOf({ sandbox }: Awaited<ReturnType<typeof openedSnov>>): string {
  return Object.keys(sandbox.requests.polls).join()
}

describe('a result that goes wrong', () => {
  it('never-finish: pending for ever, and free', async () => {
    await using open = await openedSnov({ faults: 'never-finish:1x', unattendedMs: 0 })
    const names = hitNames(open.truth, 1)
    const hash = await open.start(NAMES, { names })
    const statuses = new Set()
    for (let poll = 0; poll < 20; poll += 1) statuses.add((await open.poll(NAMES, hash)).body.status)
    expect([...statuses]).toEqual(['in_progress'])
    expect(open.sandbox.requests.creditsSpent).toBe(0)
    expect((await open.finish(NAMES, { names })).body.status).toBe('completed')
  })

  it('forget: a known task is unknown', async () => {
    await using open = await openedSnov({ faults: 'forget:1x' })
    const hash = await open.start(NAMES, { names: ['Alder'] })
    expect((await open.poll(NAMES, hash)).status).toBe(422)
    expect((await open.poll(NAMES, hash)).status).toBe(200)
  })

  it('the answer to the poll that completes is lost, and may be asked for again without another charge', async () => {
    await using open = await openedSnov({ pendingPolls: 0, faults: 'reset-after:1x:@result' })
    const hash = await open.start(NAMES, { names: hitNames(open.truth, 1) })
    await expect(open.poll(NAMES, hash)).rejects.toThrow('fetch failed')
    expect((await open.poll(NAMES, hash)).body.status).toBe('completed')
    expect(open.sandbox.requests.creditsSpent).toBe(1)
  })

  it.each([
    ['miss-object', {}],
    ['miss-null', null],
  ])('%s: misses have another shape, hits have not', async (faults, miss) => {
    await using open = await openedSnov({ faults })
    const [hit = ''] = hitNames(open.truth, 1)
    const [none = ''] = missNames(open.truth, 1)
    const rows = rowsOf(await open.finish(NAMES, { names: [hit, none] }))
    expect(rows.find(({ name }) => name === none)).toEqual({ name: none, result: miss })
    expect(rows.find(({ name }) => name === hit)?.result).toEqual({ domain: open.truth.domainOf(hit)?.domain })
    const domain = domainWith((each) => open.truth.mailOf(each) === 'ordinary')
    const found = await open.finish(FINDER, { rows: peopleWith(open.truth, domain, { emails: 0 }) })
    expect(rowsOf(found)[0]?.result).toEqual(miss)
  })

  it('miss-no-row: misses are not there', async () => {
    await using open = await openedSnov({ faults: 'miss-no-row' })
    const hits = hitNames(open.truth, 2)
    const rows = rowsOf(await open.finish(NAMES, { names: [...missNames(open.truth, 3), ...hits] }))
    expect(rows.map(({ name }) => name).sort()).toEqual([...hits].sort())
  })

  it('recased, stranger, other-hash: names in capitals, a row too many, another hash', async () => {
    await using open = await openedSnov({ faults: 'recased,stranger,other-hash' })
    const [name = ''] = hitNames(open.truth, 1)
    const hash = await open.start(NAMES, { names: [name] })
    await open.poll(NAMES, hash)
    const answer = await open.poll(NAMES, hash)
    expect(rowsOf(answer).map((row) => row.name)).toEqual([
      ` ${name.toUpperCase().replaceAll(' ', '  ')} `,
      'Nobody Asked',
    ])
    expect(Object(answer.body.meta)).toEqual({ names: [name], task_hash: expect.stringMatching(/^[0-9a-f]{32}$/) })
    expect(Object(answer.body.meta).task_hash).not.toBe(hash)
  })

  it.each([
    ['escaped', (name: string) => name.replaceAll('&', '&amp;').replaceAll("'", '&#039;').replaceAll('"', '&quot;')],
    ['plainer', (name: string) => name.replaceAll('&', ' and ').replaceAll('-', '').replaceAll("'", '')],
    ['renamed', () => 'Quite Another'],
  ])('%s: the name asked for comes back otherwise', async (faults, renamed) => {
    await using open = await openedSnov({ faults })
    const name = `O'Hare & Sons-"Quick"`.replaceAll('"', faults === 'plainer' ? '' : '"')
    const rows = rowsOf(await open.finish(NAMES, { names: [name] }))
    expect(rows.map((row) => row.name)).toEqual([renamed(name)])
  })

  it('more-emails: a second address, charged; hidden: all of them to be left alone', async () => {
    await using open = await openedSnov({ faults: 'more-emails,hidden' })
    const domain = domainWith((each) => open.truth.mailOf(each) === 'ordinary')
    const rows = [
      ...peopleWith(open.truth, domain, { status: 'valid' }),
      ...peopleWith(open.truth, domain, { emails: 0 }),
    ]
    const found = rowsOf(await open.finish(FINDER, { rows }))
    const emails = found.flatMap(({ result }) => result as { email: string; unknown_status_reason: string }[])
    const [truth] = open.truth.emailsOf('Jo', rows[0]?.last_name ?? '', domain)
    expect(emails.map(({ email }) => email)).toEqual([truth?.email, `alias.${truth?.email}`])
    expect(new Set(emails.map((each) => each.unknown_status_reason))).toEqual(new Set(['hidden_by_owner']))
    expect(open.sandbox.requests.creditsSpent).toBe(2)
  })

  it('odd, odd-status: values that nobody expects', async () => {
    await using open = await openedSnov({ faults: 'odd:@result,odd-status', pendingPolls: 0 })
    const { body } = await open.finish(NAMES, { names: ['Alder'] })
    expect(body).toMatchObject({ status: 'postponed', meta: null, planet: 'Earth' })
    expect(Object(body.data).slice(0, 2)).toEqual([null, 7])
  })

  it('foreign-link: the result is said to be elsewhere', async () => {
    await using open = await openedSnov({ faults: 'foreign-link' })
    const { body } = await open.call('POST', '/v2/domain-search/start?domain=alder.example')
    const hash = Object(body.meta).task_hash
    expect(body.links).toEqual({ result: `https://snov.example/v2/domain-search/result/${hash}` })
  })

  it('huge, deep: bodies that a reader has to bound', async () => {
    await using open = await openedSnov({ faults: 'huge:1x,deep:1x:@balance' })
    expect((await open.call('POST', START, { names: ['Alder'] })).text.length).toBeGreaterThan(16 * 1024 * 1024)
    const deep = await open.call('GET', '/v1/get-balance')
    expect(deep.headers.get('content-type')).toBe('application/json')
    expect(deep.text.match(/\[/g)?.length).toBe(100_000)
    expect(() => JSON.parse(deep.text)).not.toThrow()
  })
})

describe('the admin door', () => {
  const admin = async (url: string, method = 'GET', body?: string) => {
    const response = await fetch(`${url}/_sandbox/snov/${body === undefined ? '' : 'faults'}`, {
      method,
      ...(body === undefined ? {} : { body }),
    })
    return [response.status, await response.text()]
  }

  it('tells what was asked, needs no token and counts nothing', async () => {
    await using open = await openedSnov()
    const [name = ''] = hitNames(open.truth, 1)
    await open.finish(NAMES, { names: [name] })
    const response = await fetch(`${open.sandbox.url}/_sandbox/snov/requests`)
    const counts = await response.json()
    expect(counts).toEqual({
      total: 4,
      counted: 4,
      rateLimited: 0,
      byPath: {
        'POST /v1/oauth/access_token': { 200: 1 },
        [`POST ${START}`]: { 200: 1 },
        [`GET /v2/${NAMES}/result`]: { 200: 2 },
      },
      byStatus: { 200: 4 },
      starts: { [`${NAMES} ${name.toLowerCase()}`]: 1 },
      charges: { [`${NAMES} ${name.toLowerCase()}`]: 1 },
      polls: { [hashOf(open)]: 2 },
      creditsSpent: 1,
      windowPeak: 4,
      faults: {},
    })
    expect(open.sandbox.requests).toEqual(counts)
  })

  it('tells the truth', async () => {
    await using open = await openedSnov()
    const get = async (path: string) => (await fetch(`${open.sandbox.url}/_sandbox/snov/${path}`)).json()
    const [hit = ''] = hitNames(open.truth, 1)
    expect(await get(`domains?company=${hit}`)).toEqual(open.truth.domainOf(hit))
    expect(await get(`domains?company=${missNames(open.truth, 1)}`)).toBeNull()
    const domain = domainWith((each) => open.truth.mailOf(each) === 'catchall')
    expect(await get(`emails?first_name=Jo&last_name=Bloggs&domain=${domain}`)).toEqual(
      open.truth.emailsOf('Jo', 'Bloggs', domain),
    )
  })

  it('sets faults, says what is wrong with a plan, and moves the balance', async () => {
    await using open = await openedSnov({ credits: 10 })
    const { url } = open.sandbox
    expect(await admin(url, 'POST', '500:1x')).toEqual([204, ''])
    expect((await open.call('GET', '/v1/get-balance')).status).toBe(500)
    expect(await admin(url, 'POST', 'boom')).toEqual([400, 'There is no Snov fault "boom".\n'])
    expect((await admin(url))[0]).toBe(404)
    const moved = async (by: string) =>
      (await fetch(`${url}/_sandbox/snov/balance?by=${by}`, { method: 'POST' })).status
    expect([await moved('-4'), await moved('some')]).toEqual([204, 400])
    expect(await (await fetch(`${url}/_sandbox/snov/balance`)).json()).toEqual({ balance: 6 })
  })
})
