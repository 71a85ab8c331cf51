// A hostile upstream is bounded and believed in nothing. Bodies that are huge, endless or unpack to much:
// test/companies-house/client.test.ts, stream/client.test.ts, stream/splitter.test.ts and test/snov/client.test.ts; pages
// without end: test/companies-house/officers.test.ts; links of a task that lead away: test/snov/client.test.ts; zips:
// test/steps/export/package-verify.test.ts and test/companies-house/register/source.test.ts.
import { describe, expect, it } from 'vitest'
import { readOfficerItem } from '../../src/companies-house/officer-item.ts'
import { fetchOfficers } from '../../src/companies-house/officers.ts'
import { searchCompanies } from '../../src/companies-house/search.ts'
import { readCompanyEvent } from '../../src/companies-house/stream/companies.ts'
import { readLine } from '../../src/companies-house/stream/event.ts'
import { openDb } from '../../src/db/open.ts'
import { readRejectsAfter, saveReject } from '../../src/db/stream/gaps.ts'
import { readDomainPoll, readEmailsPoll, readTask } from '../../src/snov/replies.ts'
import { domainAnswers } from '../../src/steps/purchases/answers.ts'
import { connected } from '../companies-house/connected.ts'
import { changed } from '../companies-house/stream/stream-server.ts'
import { run, tempFolder } from '../host.ts'
import { json, plain, scriptedServer } from '../scripted-server.ts'
import { connected as connectedSnov } from '../snov/connected.ts'

const options = { lane: 'background', signal: new AbortController().signal } as const
const DEEP = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
const line = (text: string) => ({ kind: 'line', text, bytes: text.length, utf8: true }) as const

/** Company numbers that would lead elsewhere in a path, a query, a file name or SQL. */
const NO_NUMBERS = [
  '../../etc',
  '..',
  '.',
  '%2e%2e',
  'a/b',
  '0000000/',
  "1' OR 1=1",
  '00000001\n',
  '',
  '0'.repeat(10_000),
]

describe('a company number that is none', () => {
  it('in a search result names no company', async () => {
    const items = NO_NUMBERS.map((company_number) => ({ company_number, company_name: 'X LTD' }))
    await using server = await scriptedServer(() => json({ hits: items.length, items }))
    const days = { incorporatedFrom: '2026-01-01', incorporatedTo: '2026-01-01' }
    expect(await searchCompanies(connected(server.url), days, 0, options)).toMatchObject({
      companies: [],
      odd: items.length,
    })
  })

  it('in an event, or another one than its data has, is rejected', () => {
    const mixed = JSON.parse(changed(5, '00000001', { data: { company_number: '00000002' } }))
    for (const event of [...NO_NUMBERS.map((number) => JSON.parse(changed(5, number))), mixed]) {
      expect(readLine(line(JSON.stringify(event)), readCompanyEvent)).toMatchObject([
        { kind: 'rejected', timepoint: 5 },
      ])
    }
  })

  it.each(['enrich --company', 'suppress add --company', 'enrich --retry'])('is refused by %s', async (args) => {
    using folder = tempFolder()
    for (const number of NO_NUMBERS.slice(0, 6)) {
      expect(await run([...args.split(' '), number], { cwd: folder.path })).toMatchObject({ code: 2, stdout: '' })
    }
  })
})

describe('JSON of a hundred thousand levels', () => {
  it('in a list of officers is refused before it is parsed', async () => {
    const body = `{"items":[${DEEP},{"name":"DOE, Jane","officer_role":"director"}],"total_results":2}`
    await using server = await scriptedServer((path) =>
      path.includes('00000001') ? plain(200, body) : json({ items: [] }),
    )
    const refused = { retryable: false, message: expect.stringContaining('nested deeper than 100 levels') }
    await expect(fetchOfficers(connected(server.url), '00000001', options)).rejects.toMatchObject(refused)
  })

  it('in the stream is a rejected line, wherever it stands', () => {
    const reason = 'nested deeper than 100 levels'
    expect(readLine(line(DEEP), readCompanyEvent)).toMatchObject([{ kind: 'rejected', timepoint: null, reason }])
    const event = changed(5, '00000001').replace('"event":', `"deep":${DEEP},"event":`)
    expect(readLine(line(event), readCompanyEvent)).toMatchObject([{ kind: 'rejected', timepoint: 5, reason }])
  })

  it('from Snov is a task without a hash, and a poll without rows', () => {
    expect(() => readTask(JSON.parse(DEEP), 'company-domain-by-name', 'https://api.snov.io')).toThrow(/task hash/)
    expect(readEmailsPoll({ status: 'completed', data: [JSON.parse(DEEP)] })).toMatchObject({ rows: [], odd: 1 })
  })
})

describe('the stream', () => {
  it('cannot make millions of rejects from one line', () => {
    const text = `${changed(5, '00000001').trim()}${'{}'.repeat(500_000)}`
    const read = readLine(line(text), readCompanyEvent)
    expect(read).toHaveLength(1000)
    expect(read.map((one) => (one.kind === 'rejected' ? one.line.length : 0)).reduce((a, b) => a + b)).toBe(1_000_000)
  })

  it('cannot fill the memory with the rejects of an earlier run', () => {
    const db = openDb(':memory:')
    for (let nth = 0; nth < 12; nth += 1) {
      const text = `${nth}${'x'.repeat(8_000_000)}`
      saveReject(db, { stream: 's', timepoint: null, after: 4, reason: 'r', line: text, receivedAt: 0, runId: 1 })
    }
    const kept = readRejectsAfter(db, 's', 4)
    expect(kept.map((text) => text[0] === '1')).toEqual([true, true, ...Array(6).fill(false)])
    db.$client.close()
  })
})

describe('Snov', () => {
  it('cannot change what objects inherit', async () => {
    const rows =
      '[{"__proto__":{"polluted":1},"people":"A B","result":{"__proto__":{"email":"a@b.example"},"1":{"email":"c@d.example"}}}]'
    const poll = readEmailsPoll(JSON.parse(`{"status":"completed","data":${rows},"__proto__":{"polluted":1}}`))
    expect(poll).toMatchObject({ state: 'completed' })
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
    expect(readOfficerItem(JSON.parse('{"name":"A","__proto__":{"polluted":1}}'))).not.toBeNull()
    expect(Object.keys(Object.prototype)).toEqual([])
  })

  it('cannot pass off anything as an address', () => {
    const result = [
      'javascript:alert(1)@x.example',
      '=HYPERLINK("x")@x.example',
      'a b@x.example',
      'a\u001b[31m@x.example',
      'a\u202e@x.example',
      '<b>@x.example',
      'a@x.example/path',
      'a@x@y.example',
      'a@',
      `${'a'.repeat(100_000)}@x.example`,
      { toString: 'a@x.example' },
      " jané.o'neil+uk@münchen.example ",
    ].map((email) => ({ email }))
    expect(readEmailsPoll({ status: 'completed', data: [{ people: 'A', result }] })).toMatchObject({
      rows: [{ emails: [{ email: "jané.o'neil+uk@münchen.example" }] }],
    })
  })

  it('cannot pass off anything as a domain; foreign letters come in their plain form', () => {
    const domainOf = (domain: unknown) => {
      const poll = readDomainPoll({ status: 'completed', data: [{ name: 'ACME', result: { domain } }] })
      const rows = poll.state === 'pending' ? [] : poll.rows
      return domainAnswers([{ key: 'k', name: 'ACME' }], rows).answers[0]?.answer ?? null
    }
    const none = [
      'javascript:alert(1)',
      'a b.example',
      '..',
      '../../etc',
      '\u001b[31m',
      'x'.repeat(1e6),
      '-',
      7,
      [],
      'localhost',
    ]
    expect(none.map(domainOf)).toEqual(none.map(() => null))
    expect(domainOf('https://www.Acme.example:8/path?q#h')).toEqual({ domain: 'acme.example' })
    expect(domainOf('\u0430cme.example')).toEqual({ domain: 'xn--cme-5cd.example' })
  })

  it.each(['tok\u2028en-secret', 'token\r\nX-Evil: secret', `secret${'x'.repeat(10_000)}`])(
    'cannot have a token that is none sent on, or shown: %j',
    async (access_token) => {
      await using server = await scriptedServer(() => json({ access_token, expires_in: 1e308 }))
      const asked = (await connectedSnov(server.url)).balance(options)
      await expect(asked).rejects.toThrow('Snov answered without an access token')
      await expect(asked).rejects.not.toThrow(/secret/)
      expect(server.asked.filter((path) => !path.includes('oauth'))).toEqual([])
    },
  )

  it('cannot take the time of a huge answer with rows of the wrong kind', () => {
    const data = Array.from({ length: 200_000 }, (_, nth) => nth)
    expect(readDomainPoll({ status: 'completed', data })).toMatchObject({ rows: [], odd: 200_000 })
    const rows = data.map((nth) => ({ name: `${nth} & CO LTD`, domain: 'x.example' }))
    const { unmatched, price } = domainAnswers([{ key: 'a', name: 'ALPHA' }], rows)
    expect({ kept: unmatched.length, price }).toEqual({ kept: 20, price: 1 })
  })
})
