import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { companyKey } from '../../../src/sandbox/snov/domains.ts'
import { createSnovTruth } from '../../../src/sandbox/snov/truth.ts'
import { FORENAMES, SURNAMES } from '../../../src/sandbox/world/people.ts'
import { createWorld } from '../../../src/sandbox/world/world.ts'
import { TODAY } from '../companies-house/opened.ts'
import { domainWith, several } from './opened.ts'

const world = createWorld({ seed: 5, companies: 4000, today: TODAY })
const truth = createSnovTruth(world)
const companies = [...world.companies()]
const domains = companies.flatMap(({ company_number }) => truth.domainOf(company_number) ?? [])

const share = (kind: string) => domains.filter((each) => each.kind === kind).length / companies.length
const people = FORENAMES.flatMap((first) => SURNAMES.slice(0, 8).map((last): [string, string] => [first, last]))

describe('the domains of companies', () => {
  it('are known for about 60 % of them, and mostly their own', () => {
    expect(domains.length / companies.length).toBeCloseTo(0.6, 1)
    expect(share('own')).toBeGreaterThan(0.38)
    for (const kind of ['foreign', 'group', 'agent', 'webmail', 'deferred']) {
      expect([kind, share(kind) > 0.01 && share(kind) < 0.08]).toEqual([kind, true])
    }
  })

  it('are under names that nobody can own, and good host names', () => {
    const wrong = domains.filter(({ domain }) => !/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.(example|test)$/.test(domain))
    expect(wrong).toEqual([])
  })

  it('are shared by companies of different names', () => {
    const keysOf = new Map<string, Set<string>>()
    for (const { company_name } of companies) {
      const domain = truth.domainOf(company_name)?.domain ?? 'none'
      keysOf.set(domain, (keysOf.get(domain) ?? new Set()).add(companyKey(company_name)))
    }
    keysOf.delete('none')
    expect(keysOf.get('company-formations.example')?.size).toBeGreaterThan(10)
    expect([...keysOf].filter(([domain, keys]) => domain.endsWith('-group.example') && keys.size > 1)).not.toEqual([])
  })

  it('of a wrong company carry the name and a foreign ending', () => {
    const wrong = companies.find(({ company_name }) => truth.domainOf(company_name)?.kind === 'foreign')
    expect(wrong).toBeDefined()
    const { domain = '' } = truth.domainOf(wrong?.company_name ?? '') ?? {}
    const [first = ''] = companyKey(wrong?.company_name ?? '').split(' ')
    expect(domain).toMatch(new RegExp(`^${first}.*-(gmbh|pty|inc|srl)\\.example$`))
  })

  it('are the same by number and by name, without legal form, case, accents and punctuation', () => {
    const number = world.companyNumber(7)
    expect(truth.domainOf(number)).toEqual(truth.domainOf(world.company(number)?.company_name ?? ''))
    const { domain } = truth.domainOf('CAFÉ SOLEIL & SONS, BROTHERS LIMITED') ?? {}
    for (const name of ['Cafe Soleil and Sons Brothers', 'café soleil & sons, brothers ltd.']) {
      expect(truth.domainOf(name)?.domain).toBe(domain)
    }
  })

  it('come from the seed alone', () => {
    const other = (seed: number) => createSnovTruth(createWorld({ seed, companies: 10, today: TODAY }))
    const names = companies.slice(0, 50).map(({ company_name }) => company_name)
    const all = (seed: number) => names.map((name) => other(seed).domainOf(name))
    expect(all(5)).toEqual(names.map((name) => truth.domainOf(name)))
    expect(all(6)).not.toEqual(all(5))
  })

  it('are found for any text without failing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (name) => {
        const found = truth.domainOf(name)
        expect(found === undefined || /^[a-z0-9-]{1,63}\.(example|test)$/.test(found.domain)).toBe(true)
        expect(companyKey(companyKey(name))).toBe(companyKey(name))
      }),
    )
  })
})

describe('the e-mails of people', () => {
  const ordinary = domainWith((domain) => truth.mailOf(domain) === 'ordinary')

  it('are found for most of them, valid as a rule, more than one for a few', () => {
    const found = people.map(([first, last]) => truth.emailsOf(first, last, ordinary))
    const hits = found.filter((emails) => emails.length > 0)
    const firsts = hits.flatMap((emails) => emails.slice(0, 1))
    expect(hits.length / found.length).toBeCloseTo(0.72, 1)
    expect(firsts.filter((each) => each.smtp_status === 'valid').length / firsts.length).toBeGreaterThan(0.85)
    expect(hits.filter((emails) => emails.length > 1).length / hits.length).toBeLessThan(0.1)
    expect(hits.some((emails) => emails.length > 1)).toBe(true)
  })

  it('are guesses, without exception, where everything is caught', () => {
    const domain = domainWith((each) => truth.mailOf(each) === 'catchall')
    const statuses = people.map(([first, last]) =>
      truth.emailsOf(first, last, domain).map((each) => [each.smtp_status, each.unknown_status_reason]),
    )
    expect(statuses.every((each) => each.length > 0)).toBe(true)
    expect(new Set(statuses.flat().map(String))).toEqual(new Set(['unknown,catchall']))
  })

  it.each(['greylist', 'banned', 'connection_error'] as const)(
    'are unknown or missed where the server says %s',
    (kind) => {
      const domain = domainWith((each) => truth.mailOf(each) === kind)
      const found = people.map(([first, last]) => truth.emailsOf(first, last, domain))
      expect(found.some((emails) => emails.length === 0)).toBe(true)
      expect(new Set(found.flat().map((each) => each.unknown_status_reason))).toEqual(new Set([kind]))
    },
  )

  it('are under the domain asked for, and never under one that somebody could own', () => {
    const found = people.flatMap(([first, last]) => truth.emailsOf(first, last, ordinary))
    expect(found.filter(({ email }) => !/^[a-z0-9.-]+@[a-z0-9-]+\.example$/.test(email))).toEqual([])
    for (const domain of ['harbour.co.uk', 'gmail.com', 'example', 'gmail.example', 'sedoparking.example']) {
      expect([domain, people.flatMap(([first, last]) => truth.emailsOf(first, last, domain))]).toEqual([domain, []])
    }
  })

  it('do not depend on case and accents', () => {
    const domain = domainWith((each) => truth.mailOf(each) === 'catchall')
    expect(truth.emailsOf('ZOË', "O'BRIEN", domain)).toEqual(truth.emailsOf('Zoe', 'OBrien', domain.toUpperCase()))
  })
})

describe('the verifier', () => {
  it('agrees with the finder', () => {
    const domain = domainWith((each) => truth.mailOf(each) === 'ordinary')
    const found = people.flatMap(([first, last]) => truth.emailsOf(first, last, domain))
    expect(found.map(({ email }) => ({ email, ...truth.verdictOf(email) }))).toEqual(found)
  })

  it('hides a few people, whom the finder does not find', () => {
    const domain = domainWith((each) => truth.mailOf(each) === 'ordinary')
    const [hidden = ''] = several(
      1,
      (at) => `jo.bloggs${at}@${domain}`,
      (email) => truth.verdictOf(email).unknown_status_reason === 'hidden_by_owner',
    )
    expect(truth.verdictOf(hidden).smtp_status).toBe('unknown')
    const found = people.flatMap(([first, last]) => truth.emailsOf(first, last, domain))
    expect(found.length).toBeGreaterThan(100)
    expect(found.filter((each) => each.unknown_status_reason === 'hidden_by_owner')).toEqual([])
  })

  it.each([
    ['ivalid_format_example.com', { smtp_status: 'not_valid', is_valid_format: false }],
    ['pat@gmail.example', { smtp_status: 'not_valid', is_webmail: true }],
    ['pat@mailinator.test', { is_disposable: true }],
    ['xkcdqwz@alder.example', { is_gibberish: true }],
    ['pat@harbour.co.uk', { smtp_status: 'unknown', unknown_status_reason: 'connection_error' }],
  ])('%s', (email, verdict) => {
    expect(truth.verdictOf(email)).toMatchObject(verdict)
  })
})
