import { describe, expect, it } from 'vitest'
import { snovInput } from '../../../src/sandbox/snov/by-list.ts'
import { answered, domainWith, hitNames, missNames, openedSnov, peopleWith, rowsOf } from './opened.ts'

const NAMES = 'company-domain-by-name'
const FINDER = 'emails-by-domain-by-name'

describe('a task by list', () => {
  it('answers what the truth holds, whatever its order', async () => {
    await using open = await openedSnov()
    const names = [...hitNames(open.truth, 5), ...missNames(open.truth, 5)]
    const orders = []
    for (let run = 0; run < 3; run += 1) {
      const rows = rowsOf(await open.finish(NAMES, { names }))
      expect(Object.fromEntries(rows.map(({ name, result }) => [name, result]))).toEqual(
        Object.fromEntries(
          names.map((name) => [name, open.truth.domainOf(name) ? { domain: open.truth.domainOf(name)?.domain } : []]),
        ),
      )
      orders.push(rows.map(({ name }) => name).join())
    }
    expect(new Set([...orders, names.join()]).size).toBe(4)
  })

  it('is pending for as many polls as it is told, and then stays as it is', async () => {
    await using open = await openedSnov({ pendingPolls: 3 })
    const hash = await open.start(NAMES, { names: hitNames(open.truth, 1) })
    const answers = []
    for (let poll = 0; poll < 6; poll += 1) answers.push(await open.poll(NAMES, hash))
    expect(answers.map(({ body }) => body.status)).toEqual([
      ...['in_progress', 'in_progress', 'in_progress'],
      ...['completed', 'completed', 'completed'],
    ])
    expect(answers[5]?.body).toEqual(answers[3]?.body)
    expect(open.sandbox.requests.polls).toEqual({ [hash]: 6 })
    expect(open.sandbox.requests.creditsSpent).toBe(1)
  })

  it('counts its polls for itself', async () => {
    await using open = await openedSnov({ pendingPolls: 1 })
    const [name = '', other = ''] = hitNames(open.truth, 2)
    const hashes = [await open.start(NAMES, { names: [name] }), await open.start(NAMES, { names: [other] })]
    const statuses = []
    for (const hash of [...hashes, ...hashes]) statuses.push((await open.poll(NAMES, hash)).body.status)
    expect(statuses).toEqual(['in_progress', 'in_progress', 'completed', 'completed'])
  })

  it.each(['in_progress', 'in progress'] as const)('spells pending as "%s" when told to', async (pendingSpelling) => {
    await using open = await openedSnov({ pendingSpelling })
    const hash = await open.start(NAMES, { names: ['Alder'] })
    expect((await open.poll(NAMES, hash)).body.status).toBe(pendingSpelling)
    const { body } = await open.call('POST', '/v2/domain-search/start?domain=alder.example')
    const { pathname } = new URL(Object(body.links).result)
    expect((await open.call('GET', pathname)).body.status).toBe(pendingSpelling)
  })

  it('is not known to another operation', async () => {
    await using open = await openedSnov()
    const hash = await open.start(NAMES, { names: ['Alder'] })
    expect((await open.poll('email-verification', hash)).status).toBe(422)
    expect((await open.call('GET', `/v2/domain-search/result/${hash}`)).status).toBe(404)
  })

  it('takes the finder rows as they are, and tells people by their whole name alone', async () => {
    await using open = await openedSnov()
    const domain = domainWith((each) => open.truth.mailOf(each) === 'ordinary')
    const rows = [
      ...peopleWith(open.truth, domain, { count: 2 }),
      ...peopleWith(open.truth, domain, { emails: 0 }),
      ...peopleWith(open.truth, domain, { emails: 2 }),
    ]
    const found = rowsOf(await open.finish(FINDER, { rows }))
    expect(Object.fromEntries(found.map(({ people, result }) => [people, result]))).toEqual(
      Object.fromEntries(
        rows.map((row) => [
          `${row.first_name} ${row.last_name}`,
          open.truth.emailsOf(row.first_name, row.last_name, row.domain),
        ]),
      ),
    )
    expect(found.every((row) => Object.keys(row).join() === 'people,result')).toBe(true)
    expect(open.sandbox.requests.creditsSpent).toBe(4)
  })
})

describe('the parameters of a start', () => {
  const names = ['Alder & Sons', 'Café Soleil']
  const query = `names[]=${encodeURIComponent('Alder & Sons')}&names[]=${encodeURIComponent('Café Soleil')}`
  const form = { 'Content-Type': 'application/x-www-form-urlencoded' }

  it.each<[string, string, Record<string, string>, string | undefined]>([
    ['query', `?${query}`, {}, undefined],
    ['query without brackets', `?${query.replaceAll('[]', '')}`, {}, undefined],
    ['query with numbers', `?${query.replace('[]', '[0]').replace('[]', '[1]')}`, {}, undefined],
    ['form', '', form, query],
    ['JSON', '', { 'Content-Type': 'application/json' }, JSON.stringify({ names })],
    ['JSON with brackets', '', { 'Content-Type': 'application/json' }, JSON.stringify({ 'names[]': names })],
  ])('may come as %s', async (_, search, headers, body) => {
    await using open = await openedSnov()
    const response = await fetch(`${open.sandbox.url}/v2/company-domain-by-name/start${search}`, {
      method: 'POST',
      headers: { ...headers, Authorization: `Bearer ${open.token}` },
      ...(body === undefined ? {} : { body }),
    })
    expect((await answered(response)).body.meta).toEqual({ names })
    expect(open.sandbox.requests.starts).toEqual({
      [snovInput(NAMES, names[0] ?? '')]: 1,
      [snovInput(NAMES, names[1] ?? '')]: 1,
    })
  })

  it('may come as a form for rows too', async () => {
    await using open = await openedSnov()
    const rows = [
      { first_name: 'John', last_name: 'Doe', domain: 'alder.example' },
      { first_name: 'Jane', last_name: 'Doe', domain: 'alder.example' },
    ]
    const pairs = rows.flatMap((row, at) =>
      Object.entries(row).map(([key, value]): [string, string] => [`rows[${at}][${key}]`, value]),
    )
    const response = await fetch(`${open.sandbox.url}/v2/emails-by-domain-by-name/start`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${open.token}` },
      body: new URLSearchParams(pairs),
    })
    expect((await answered(response)).body.meta).toEqual({ rows })
  })

  const eleven = Array.from({ length: 11 }, (_, at) => `alder${at}`)

  it.each<[string, string, unknown, string]>([
    [NAMES, 'names', { names: eleven }, 'The names may not have more than 10 items.'],
    ['email-verification', 'emails', { emails: eleven }, 'The emails may not have more than 10 items.'],
    ['li-profiles-by-urls', 'urls', { urls: eleven }, 'The urls may not have more than 10 items.'],
    [FINDER, 'rows', { rows: eleven }, 'The rows may not have more than 10 items.'],
    [NAMES, 'names', {}, 'The names field is required.'],
    [NAMES, 'names', { names: ['Alder', 7] }, 'The names field is invalid.'],
    [FINDER, 'rows', { rows: [{ first_name: 'Jo', last_name: '' }] }, 'The rows field is invalid.'],
  ])('are refused when they are wrong: %s, %s', async (operation, source, body, title) => {
    await using open = await openedSnov()
    const answer = await open.call('POST', `/v2/${operation}/start`, body)
    expect([answer.status, answer.body]).toEqual([422, { errors: { code: 422, title, source } }])
    expect(open.sandbox.requests.starts).toEqual({})
  })

  it('are refused when the body is not JSON, and ten of them are not too many', async () => {
    await using open = await openedSnov()
    const response = await fetch(`${open.sandbox.url}/v2/company-domain-by-name/start`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${open.token}`, 'Content-Type': 'application/json' },
      body: '{"names":[',
    })
    expect(response.status).toBe(422)
    expect((await open.call('POST', `/v2/${NAMES}/start`, { names: eleven.slice(1) })).status).toBe(200)
  })

  it('may name a webhook, which is never called, or makes the start fail', async () => {
    await using open = await openedSnov()
    const body = { names: ['Alder'], webhook_url: 'https://hooks.example/snov' }
    expect(await open.start(NAMES, body)).toMatch(/^[0-9a-f]{32}$/)
    open.setFaults('webhook-rejected')
    expect((await open.call('POST', `/v2/${NAMES}/start`, body)).status).toBe(422)
    expect((await open.call('POST', `/v2/${NAMES}/start`, { names: ['Alder'] })).status).toBe(200)
  })
})

describe('paths and methods', () => {
  it.each([
    ['GET', '/v1/nothing', 404],
    ['GET', '/v1/check-user-balance', 404],
    ['GET', '/v2/constructor/start', 404],
    ['POST', '/v2/domain-search/start/extra?domain=alder.example', 404],
    ['POST', '/v2/domain-search/prospects/search-emails/start/0123', 404],
    ['GET', '/v2/company-domain-by-name/start', 405],
    ['POST', '/v2/company-domain-by-name/result', 405],
    ['POST', '/v1/get-balance', 405],
  ] as const)('%s %s is a %s', async (method, path, status) => {
    await using open = await openedSnov()
    const answer = await open.call(method, path)
    expect([answer.status, Object(answer.body.errors).code]).toEqual([status, status])
  })
})

describe('a search by domain', () => {
  const follow = async (open: Awaited<ReturnType<typeof openedSnov>>, path: string) => {
    const { body } = await open.call('POST', path)
    return (await open.call('GET', new URL(Object(body.links).result).pathname)).body
  }

  it('leads through pages of 50 e-mails, each with the next one in its links', async () => {
    await using open = await openedSnov({ pendingPolls: 0 })
    const domain = domainWith((each) => open.truth.contactsOf(each).emails.length > 100)
    const { emails } = open.truth.contactsOf(domain)
    const seen: unknown[] = []
    let path = `/v2/domain-search/domain-emails/start?domain=${domain}`
    while (path !== '') {
      const body = await follow(open, path)
      seen.push(...(body.data as { email: string }[]).map(({ email }) => email))
      expect(Object(body.meta).total_count).toBe(emails.length)
      path = String(Object(body.links).next).replace(open.sandbox.url, '')
    }
    expect(seen).toEqual(emails)
    expect(open.sandbox.requests.creditsSpent).toBe(3)
  })

  it('leads through pages of 20 prospects, filtered by position', async () => {
    await using open = await openedSnov({ pendingPolls: 0 })
    const domain = domainWith((each) => open.truth.contactsOf(each).prospects.length > 25)
    const all = open.truth.contactsOf(domain).prospects
    const first = await follow(open, `/v2/domain-search/prospects/start?domain=${domain}`)
    const second = await follow(open, String(Object(first.links).next).replace(open.sandbox.url, ''))
    const read = (body: Record<string, unknown>) => body.data as { last_name: string; position: string }[]
    expect([...read(first), ...read(second)].map(({ last_name }) => last_name)).toEqual(
      all.slice(0, 40).map(({ last_name }) => last_name),
    )
    const directors = await follow(open, `/v2/domain-search/prospects/start?domain=${domain}&positions[]=director`)
    expect(new Set(read(directors).map(({ position }) => position))).toEqual(new Set(['Director']))
  })

  it('costs nothing where nothing is known, and shows an empty object as a list', async () => {
    await using open = await openedSnov({ pendingPolls: 0 })
    const body = await follow(open, '/v2/domain-search/start?domain=gmail.example')
    expect(body).toMatchObject({ data: [], links: [], status: 'completed', meta: { emails_count: 0 } })
    expect(open.sandbox.requests.creditsSpent).toBe(0)
    const counted = await open.call('POST', '/v1/get-domain-emails-count', { domain: 'gmail.example' })
    expect(counted.body).toEqual({ success: true, domain: 'gmail.example', webmail: true, result: 0 })
  })

  it.each([
    '/v2/domain-search/start',
    '/v2/domain-search/domain-emails/start?domain=alder.example&next=abc',
    '/v2/domain-search/prospects/start?domain=alder.example&page=none',
    `/v2/domain-search/prospects/start?domain=alder.example${'&positions[]=x'.repeat(11)}`,
  ])('is refused when it makes no sense: %s', async (path) => {
    await using open = await openedSnov()
    expect((await open.call('POST', path)).status).toBe(422)
  })
})
