import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, test } from 'vitest'
import { natureInWords, naturesInWords } from '../../src/db/natures.ts'

/** The codes that the register published in August 2026. */
const CODES = readFileSync(fileURLToPath(new URL('./natures-of-control.txt', import.meta.url)), 'utf8')
  .trim()
  .split('\n')

describe('a nature of control in words', () => {
  it.each([
    ['ownership-of-shares-25-to-50-percent', 'Ownership of shares – More than 25% but not more than 50%'],
    [
      'ownership-of-shares-75-to-100-percent-as-trust',
      'Ownership of shares – 75% or more with control over the trustees of a trust',
    ],
    [
      'voting-rights-50-to-75-percent-limited-liability-partnership',
      'Ownership of voting rights - More than 50% but less than 75%',
    ],
    [
      'right-to-appoint-and-remove-members-as-firm-limited-liability-partnership',
      'Right to appoint or remove members as a member of a firm',
    ],
    ['part-right-to-share-surplus-assets-75-to-100-percent', 'Right to surplus assets - 75% or more'],
    ['significant-influence-or-control-as-trust', 'Has significant influence or control over the trustees of a trust'],
    [
      'significant-influence-or-control-as-trust-registered-overseas-entity',
      'Has significant influence or control as a trustee of a trust',
    ],
    [
      'voting-rights-more-than-25-percent-as-control-over-firm-registered-overseas-entity',
      'Ownership of voting rights - More than 25% through a firm under significant influence',
    ],
    [
      'registered-owner-as-nominee-person-england-wales-registered-overseas-entity',
      'Overseas entity holds land or property in England and Wales as a nominee for this person',
    ],
  ])('%s', (code, words) => {
    expect(natureInWords(code)).toBe(words)
  })

  it('is there for every code that the register publishes', () => {
    expect(CODES).toHaveLength(86)
    expect(CODES.filter((code) => natureInWords(code) === code || /undefined/.test(natureInWords(code)))).toEqual([])
  })

  it.each(['control-by-telepathy', '', 'ownership-of-shares', 'ownership-of-shares-25-to-50-percent-as-moon'])(
    '%j, which nobody knows, stays as it is',
    (code) => {
      expect(natureInWords(code)).toBe(code)
    },
  )
})

test('several are joined, and none is nothing', () => {
  expect(naturesInWords('right-to-appoint-and-remove-person,new-code')).toBe(
    'Right to appoint or remove persons; new-code',
  )
  expect([naturesInWords(null), naturesInWords('')]).toEqual([null, null])
})
