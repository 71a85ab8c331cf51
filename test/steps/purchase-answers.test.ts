import { describe, expect, it } from 'vitest'
import type { FoundEmail } from '../../src/snov/tasks.ts'
import { catchAllKey } from '../../src/steps/buy-input.ts'
import { domainAnswers, emailsAnswers } from '../../src/steps/purchase-answers.ts'

const found = (email: string, reason: string | null = null): FoundEmail => {
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

  it('leaves strangers unpaid where nothing was erased', () => {
    expect(emailsAnswers([input('a', 'Paul Jones')], ofJane('catchall'))).toMatchObject({ price: 0, strangers: 1 })
    expect(domainAnswers([{ key: 'b', name: 'BETA' }], [{ name: 'ALPHA', domain: 'alpha.example' }]).price).toBe(0)
  })
})
