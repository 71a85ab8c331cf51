import fc from 'fast-check'
import { expect, it } from 'vitest'
import { nameRules, nameValue, surnameTest } from '../../../src/db/suppress/names.ts'

const word = fc.constantFrom(
  ...[
    "O'Brien",
    'Łukasz',
    'van',
    'der',
    'Berg',
    'GARCÍA',
    'y',
    'Lorca',
    'ann',
    'A',
    'Mc Donald',
    'Straße',
    'de',
    'Smith-Jones',
  ],
  ...[
    'Sir',
    'Lord',
    'Earl',
    'Winston',
    'Ørsted',
    'Mr',
    'Dr.',
    'Ｗｉｄｅ',
    'ﬁnch',
    'ΟΔΟΣ',
    '李',
    'née',
    'St.',
    'John',
    '2nd',
  ],
)
const words = fc.array(word, { minLength: 1, maxLength: 4 })
const join = fc.constantFrom(' ', ' ', ', ', '-', '  ', '/', '.')

const MANY = Array.from({ length: 30 }, (_, at) => ({ value: `quillfeather${at}, ann`, born: '1970-04' }))

it('a name that a rule means holds a surname of the rule', () => {
  let meant = 0
  fc.assert(
    fc.property(words, words, words, join, fc.boolean(), (last, first, more, between, takesMore) => {
      const value = nameValue(last.join(' '), first.join(' '))
      fc.pre(value !== null)
      const rule = { value: value ?? '', born: '1970-04' }
      const parts = [takesMore ? [...more, ...last] : last, first]
      const means = nameRules([rule])
      for (const [one = [], other = []] of [parts, [...parts].reverse()]) {
        const name = `${one.join(' ')}${between}${other.join(' ')}`
        if (!means({ name, date_of_birth_year: 1970, date_of_birth_month: 4 })) continue
        meant += 1
        expect(surnameTest([rule])(name), name).toBe(true)
        expect(surnameTest([...MANY, rule])(name), name).toBe(true)
      }
      const [surname, forenames] = parts.map((part = []) => part.join(' '))
      if (means({ surname, forenames, date_of_birth_year: 1970, date_of_birth_month: 4 })) {
        expect(surnameTest([rule])(surname ?? ''), surname).toBe(true)
      }
    }),
    { numRuns: 3000 },
  )
  expect(meant).toBeGreaterThan(1000)
})

it.each([[], MANY])('passes over names with other letters', (...others) => {
  const test = surnameTest([{ value: 'quillfeather, ann', born: '1970-04' }, ...others])
  expect(['Ann QUILLFEATHER', 'Quill-Feather, A', 'QUÌLLFEATHER'].map(test)).toEqual([true, true, true])
  expect(['Ann Feather', '', 'QUILLFEATHE'].map(test)).toEqual([false, false, false])
})

/** Lists of one to `most` of these words. */
function lists(words: string[], most: number): string[][] {
  const longer = most > 1 ? lists(words, most - 1) : []
  return [...words.map((one) => [one]), ...longer.flatMap((list) => words.map((one) => [...list, one]))]
}

it.each([
  ['do smith', 'TRAN DO née SMITH'],
  ['van smith', 'Jones Van (née Smith)'],
  ['do', 'TRAN DO née SMITH'],
  ['smith', 'TRAN DO née SMITH'],
])('a surname of which a particle stands before a link: %s, %s', (rule, surname) => {
  const rules = [{ value: `${rule}, ann`, born: '1970-04' }]
  const isMeant = nameRules(rules)({ surname, forenames: 'Ann', date_of_birth_year: 1970, date_of_birth_month: 4 })
  expect(isMeant).toBe(!rule.includes(' '))
  expect(surnameTest(rules)(surname)).toBe(isMeant)
})

it('every surname that a rule means holds one of the rule, whatever particles and links it has', () => {
  const surnames = lists(['tran', 'do', 'née', 'smith', 'y'], 4).map((words) => words.join(' '))
  let meant = 0
  for (const rule of lists(['tran', 'do', 'née', 'smith'], 2)) {
    const value = nameValue(rule.join(' '), 'Ann')
    if (value === null) continue
    const rules = [{ value, born: '1970-04' }]
    const [means, bearsSurname] = [nameRules(rules), surnameTest(rules)]
    for (const surname of surnames) {
      if (!means({ surname, forenames: 'Ann', date_of_birth_year: 1970, date_of_birth_month: 4 })) continue
      meant += 1
      expect(bearsSurname(surname), `${value} / ${surname}`).toBe(true)
    }
  }
  expect(meant).toBeGreaterThan(1000)
})
