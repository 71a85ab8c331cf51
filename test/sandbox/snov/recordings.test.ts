import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { SnovTruth } from '../../../src/sandbox/snov/truth.ts'
import type { Answer } from '../companies-house/opened.ts'
import {
  askToken,
  credentials,
  domainWith,
  hitNames,
  missNames,
  type OpenedSnov,
  openedSnov,
  peopleWith,
  several,
} from './opened.ts'

function recorded(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../recorded/snov/${name}.json.recorded`, import.meta.url), 'utf8'))
}

/** The members of every object, sorted; the different shapes in every list; the type of everything else. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) {
    const shapes = new Map(value.map((each) => [JSON.stringify(shapeOf(each)), shapeOf(each)]))
    return [...shapes].sort(([left], [right]) => left.localeCompare(right)).map(([, shape]) => shape)
  }
  if (typeof value !== 'object' || value === null) return typeof value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([left], [right]) => left.localeCompare(right))
      .map(([name, member]) => [name, shapeOf(member)]),
  )
}

function addressWith(truth: SnovTruth, domain: string, status: string, reason?: string): string {
  const wanted = (email: string) => {
    const verdict = truth.verdictOf(email)
    return verdict.smtp_status === status && verdict.unknown_status_reason === reason
  }
  return several(1, (at) => `jo.bloggs${at}@${domain}`, wanted)[0] ?? ''
}

const domainsOf = (truth: SnovTruth) => ({
  ordinary: domainWith((each) => truth.mailOf(each) === 'ordinary'),
  catchall: domainWith((each) => truth.mailOf(each) === 'catchall'),
})

/** Everything that can be asked by list, with the recordings of its start, its pending and its completed state. */
const BY_LIST: readonly [operation: string, kind: string, body: (truth: SnovTruth) => unknown, results: string[]][] = [
  ['company-domain-by-name', 'company_domain_by_name', (truth) => ({ names: hitNames(truth, 2) }), ['completed']],
  [
    'emails-by-domain-by-name',
    'emails_by_domain_by_name',
    (truth) => ({
      rows: [
        ...peopleWith(truth, domainsOf(truth).ordinary, { status: 'valid' }),
        ...peopleWith(truth, domainsOf(truth).catchall, {}),
      ],
    }),
    ['completed'],
  ],
  [
    'email-verification',
    'email_verification',
    (truth) => ({
      emails: [
        addressWith(truth, domainsOf(truth).catchall, 'unknown', 'catchall'),
        addressWith(truth, domainsOf(truth).ordinary, 'valid'),
        'ivalid_format_example.com',
      ],
    }),
    ['completed'],
  ],
]

describe('by list, replies have the members of the recordings', () => {
  it.each(BY_LIST)('%s', async (operation, kind, body) => {
    await using open = await openedSnov()
    const payload = body(open.truth)
    const started = await open.call('POST', `/v2/${operation}/start`, payload)
    expect(shapeOf(started.body)).toEqual(shapeOf(recorded(`${kind}.start.200`)))
    expect(started.body.meta).toEqual(payload)
    const hash = String(Object(started.body.data).task_hash)
    expect(hash).toMatch(/^[0-9a-f]{32}$/)
    const pending = await open.poll(operation, hash)
    expect(shapeOf(pending.body)).toEqual(shapeOf(recorded(`${kind}.result.in_progress.200`)))
    const completed = await open.poll(operation, hash)
    expect(shapeOf(completed.body)).toEqual(shapeOf(recorded(`${kind}.result.completed.200`)))
    expect([started.status, pending.body.status, completed.body.status]).toEqual([200, 'in_progress', 'completed'])
  })

  it.each([
    ['company_domain_by_name.result.miss_array.200', 'company-domain-by-name', ''],
    ['company_domain_by_name.result.miss_norow.200', 'company-domain-by-name', 'miss-no-row'],
    ['emails_by_domain_by_name.result.miss.200', 'emails-by-domain-by-name', ''],
  ])('a miss: %s', async (name, operation, faults) => {
    await using open = await openedSnov({ faults })
    const rows = peopleWith(open.truth, domainsOf(open.truth).ordinary, { emails: 0 })
    const body = operation === 'company-domain-by-name' ? { names: missNames(open.truth, 1) } : { rows }
    const { body: completed } = await open.finish(operation, body)
    expect(shapeOf(completed)).toEqual(shapeOf(recorded(name)))
  })

  it('someone hidden, a profile and one that is missing, and too few credits', async () => {
    await using open = await openedSnov({ credits: 100 })
    const hidden = addressWith(open.truth, domainsOf(open.truth).ordinary, 'unknown', 'hidden_by_owner')
    const verified = await open.finish('email-verification', { emails: [hidden] })
    expect(shapeOf(verified.body)).toEqual(shapeOf(recorded('email_verification.result.hidden_by_owner.200')))
    const urls = Array.from({ length: 10 }, (_, at) => `https://www.linkedin.com/in/jo-bloggs${at}/`)
    const profiles = await open.finish('li-profiles-by-urls', { urls })
    expect(shapeOf(profiles.body)).toEqual(shapeOf(recorded('li_profiles_by_urls.result.hit_and_miss.200')))
    open.sandbox.moveBalance(-100)
    const rows = peopleWith(open.truth, domainsOf(open.truth).catchall, { count: 2 })
    const short = await open.finish('emails-by-domain-by-name', { rows })
    expect(shapeOf(short.body)).toEqual(shapeOf(recorded('emails_by_domain_by_name.result.not_enough_credits.200')))
    expect(short.body.status).toBe('not_enough_credits')
  })
})

/** Starts by domain and asks until it is completed. */
async function finishByDomain(
  open: OpenedSnov,
  path: string,
): Promise<{ started: Answer; pending: Answer; done: Answer }> {
  const started = await open.call('POST', path)
  const link = new URL(String(Object(started.body.links).result)).pathname
  const pending = await open.call('GET', link)
  return { started, pending, done: await open.call('GET', link) }
}

describe('by domain, replies have the members of the recordings', () => {
  const rich = (truth: SnovTruth) =>
    domainWith((each) => {
      const { company, prospects, emails, generic } = truth.contactsOf(each)
      const related = company?.related_domains
      return (
        prospects.length > 0 &&
        prospects.length < 20 &&
        emails.length > 50 &&
        generic.length > 1 &&
        String(related) !== ''
      )
    })

  it('the company', async () => {
    await using open = await openedSnov()
    const path = `/v2/domain-search/start?domain=${rich(open.truth)}`
    const { started, pending, done } = await finishByDomain(open, path)
    expect(shapeOf(started.body)).toEqual(shapeOf(recorded('domain_search.start.200')))
    expect(shapeOf(pending.body)).toEqual(shapeOf(recorded('domain_search.result.in_progress_space.200')))
    expect(pending.body.status).toBe('in progress')
    expect(shapeOf(done.body)).toEqual(shapeOf(recorded('domain_search.result.completed.200')))
  })

  it.each([
    ['domain-emails', 'domain_emails'],
    ['generic-contacts', 'generic_contacts'],
  ])('%s', async (operation, kind) => {
    await using open = await openedSnov()
    const path = `/v2/domain-search/${operation}/start?domain=${rich(open.truth)}`
    const { started, done } = await finishByDomain(open, path)
    expect(shapeOf(started.body)).toEqual(shapeOf(recorded(`domain_search.${kind}.start.200`)))
    expect(shapeOf(done.body)).toEqual(shapeOf(recorded(`domain_search.${kind}.result.completed.200`)))
    expect(started.body.meta).toMatchObject({ tab: operation === 'domain-emails' ? 'emails' : 'service' })
  })

  it('prospects, and the e-mail of one of them', async () => {
    await using open = await openedSnov()
    const query = `domain=${rich(open.truth)}&positions[]=Director&positions[]=Web%20developer`
    const { started, done } = await finishByDomain(open, `/v2/domain-search/prospects/start?${query}`)
    expect(shapeOf(started.body)).toEqual(shapeOf(recorded('domain_search.prospects.start.200')))
    expect(shapeOf(done.body)).toEqual(shapeOf(recorded('domain_search.prospects.result.completed.200')))
    const answers = []
    for (const prospect of done.body.data as Record<string, string>[]) {
      answers.push(await finishByDomain(open, new URL(prospect.search_emails_start ?? '').pathname))
    }
    const found = answers.find(({ done: { body } }) => Object(body.data).emails.length > 0)
    expect(shapeOf(found?.started.body)).toEqual(shapeOf(recorded('domain_search.search_emails.start.200')))
    expect(shapeOf(found?.done.body)).toEqual(shapeOf(recorded('domain_search.search_emails.result.completed.200')))
  })
})

describe('the rest, value for value or member for member', () => {
  it.each([
    ['error.404', 'GET', '/v1/get-domain-search', '', 404],
    ['error.404', 'GET', '/v2/domain-search/result/0123456789abcdef0123456789abcdef', '', 404],
    ['error.404', 'GET', '/v2/domain-search/result/', '', 404],
    ['error.422_request_not_found', 'GET', '/v2/email-verification/result?task_hash=nothing', '', 422],
    ['error.422_request_not_found', 'GET', '/v2/company-domain-by-name/result', '', 422],
    ['error.400_out_of_credits', 'POST', '/v2/domain-search/start?domain=alder.example', 'no-credits,credits-400', 400],
  ] as const)('%s: %s %s', async (name, method, path, faults, status) => {
    await using open = await openedSnov({ faults })
    const answer = await open.call(method, path)
    expect([answer.status, answer.body]).toEqual([status, recorded(name)])
  })

  it('tokens, the balance, the count of e-mails, errors as an array', async () => {
    await using open = await openedSnov({ faults: '400:@domain-search', credits: 25_000 })
    const { body: right } = await askToken(open.sandbox, 'application/json', JSON.stringify(credentials(open.sandbox)))
    expect(shapeOf(right)).toEqual(shapeOf(recorded('oauth_access_token.200')))
    const { body: wrong } = await askToken(open.sandbox, 'application/json', '{}')
    expect(wrong).toEqual(recorded('oauth_access_token.401'))
    expect((await open.call('GET', '/v1/get-balance')).body).toEqual(recorded('get_balance.200'))
    const counted = await open.call('POST', '/v1/get-domain-emails-count?domain=alder.example')
    expect(shapeOf(counted.body)).toEqual(shapeOf(recorded('get_domain_emails_count.200')))
    const refused = await open.call('POST', '/v2/domain-search/start?domain=alder.example')
    expect(refused.status).toBe(400)
    expect(shapeOf(refused.body)).toEqual(shapeOf(recorded('error.operation_errors_array')))
  })
})
