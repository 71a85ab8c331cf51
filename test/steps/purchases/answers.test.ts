import { describe, expect, it } from 'vitest'
import type { SnovEmail } from '../../../src/snov/replies.ts'
import { domainAnswers, emailsAnswers } from '../../../src/steps/purchases/answers.ts'
import { catchAllKey } from '../../../src/steps/purchases/inputs.ts'

const found = (email: string, reason: string | null = null): SnovEmail => {
  const status = reason === null ? 'valid' : 'unknown'
  return { email, status, reason, webmail: null, disposable: null, gibberish: null }
}
const ofJane = (reason: string | null = null) => [{ name: 'Jane Smith', emails: [found('jane@x.example', reason)] }]
const input = (key: string, name: string) => ({ key, name, domain: 'x.example' })

describe('an input that was erased while its answer was awaited', () => {
  it('is paid for all the same', () => {
    const rows = [
      { name: 'ALPHA', domain: 'alpha.example' },
      { name: 'BETA', domain: 'beta.example' },
    ]
    const asked = [
      { key: 'a', name: '' },
      { key: 'b', name: 'BETA' },
    ]
    expect(domainAnswers(asked, rows)).toMatchObject({ price: 2, answers: [{ outcome: 'miss' }, { outcome: 'hit' }] })
    expect(emailsAnswers([input('a', '')], ofJane())).toMatchObject({ price: 1 })
  })

  it('still tells that the domain takes mail for everybody, and nothing by its absence', () => {
    const told = (rows: ReturnType<typeof ofJane>) =>
      emailsAnswers([input('a', '')], rows).answers.filter(({ key }) => key === catchAllKey('x.example'))
    expect(told(ofJane('catchall'))).toMatchObject([{ outcome: 'hit', answer: { catchAll: true } }])
    expect(told([])).toEqual([])
  })

  it('keeps no row that may be about whoever was erased', () => {
    expect(emailsAnswers([input('a', ''), input('b', 'Bo Fry')], ofJane())).toMatchObject({
      price: 1,
      unmatched: [],
      holds: false,
    })
  })
})

describe('a paid row that matches no name', () => {
  const asked = ['ALPHA', 'BETA', 'GAMMA'].map((name) => ({ key: name.toLowerCase(), name }))
  const row = (name: string, domain: string | null = `${name.length}.example`) => ({ name, domain })
  const keys = ({ answers }: { answers: { key: string; outcome: string }[] }) =>
    answers.map(({ key, outcome }) => `${key} ${outcome}`)

  it('is kept, and those that it may belong to have no answer', () => {
    const answers = domainAnswers(asked, [row('???'), row('ALPHA')])
    expect(keys(answers)).toEqual(['alpha hit'])
    expect(answers).toMatchObject({
      price: 2,
      holds: true,
      unmatched: [{ name: '???', answer: { domain: '3.example' } }],
    })
  })

  it('is kept apart where every name has its own row, and is not paid for then', () => {
    const rows = [row('ALPHA'), row('BETA', null), row('GAMMA'), row('DELTA')]
    const answers = domainAnswers(asked, rows, ['null'])
    expect(keys(answers)).toEqual(['alpha hit', 'beta miss', 'gamma hit'])
    expect(answers).toMatchObject({ price: 2, holds: false, unmatched: [{ name: 'DELTA' }] })
  })

  it('is none where nothing was found in it', () => {
    const answers = domainAnswers(asked, [row('???', null), row('ALPHA')])
    expect(keys(answers)).toEqual(['alpha hit', 'beta miss', 'gamma miss'])
    expect(answers).toMatchObject({ price: 1, holds: false, unmatched: [] })
  })

  it('is kept as it came where it cannot be read, and so is one whose domain is none', () => {
    const answers = domainAnswers(asked, [row('ALPHA', 'not a domain'), row('BETA', null)], ['{"colour":"red"}'])
    expect(keys(answers)).toEqual(['beta miss'])
    expect(answers).toMatchObject({
      price: 2,
      holds: true,
      unmatched: [
        { name: 'ALPHA', answer: { domain: 'not a domain' } },
        { name: '', answer: { raw: '{"colour":"red"}' } },
      ],
    })
  })

  it('of a person is kept with the addresses that nobody hides, and tells whether the domain takes mail for everybody', () => {
    const people = [input('a', 'Ann Lee'), input('b', 'Bo Fry')]
    const hidden = found('h@x.example', 'hidden_by_owner')
    const rows = [{ name: '???', emails: [found('a@x.example', 'catchall'), hidden] }]
    const answers = emailsAnswers(people, [...rows, { name: '??', emails: [hidden] }])
    expect(keys(answers)).toEqual([`${catchAllKey('x.example')} hit`])
    expect(answers).toMatchObject({
      holds: true,
      unmatched: [{ name: '???', answer: { emails: [{ email: 'a@x.example' }] } }],
      hidden: ['h@x.example', 'h@x.example'],
    })
    expect(emailsAnswers(people, [{ name: '??', emails: [hidden] }])).toMatchObject({ holds: false, unmatched: [] })
  })
})
