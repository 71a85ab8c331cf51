import { expect, it } from 'vitest'
import { postcodeTest } from '../src/postcode.ts'

it.each<[prefix: string, found: string[], passedOver: (string | null)[]]>([
  ['N', ['N1 1AA', 'N22 5XX'], ['NE1 1AA', 'NW1 1AA', 'SN1 1AA', '', null]],
  ['n1', ['N1 1AA', 'N1C 4AB', 'n11aa'], ['N10 1AA', 'N19 5AA', 'NE1 1AA', 'NN1 1AA']],
  ['N11', ['N11 1AA'], ['N1 1AA', 'N1 1AB']],
  ['SW1', ['SW1A 1AA', 'SW1 1AA', 'SW1P 3AD'], ['SW10 1AA', 'SW19 1AA', 'S1 1AA']],
  ['SW1A', ['SW1A 1AA', 'SW1A2AA'], ['SW1P 1AA', 'SW1 1AA']],
  ['SW1A 1', ['SW1A 1AA', 'SW1A1ZZ'], ['SW1A 2AA']],
  ['SW1A1AA', ['SW1A 1AA'], ['SW1A 1AB']],
  ['N1 1', ['N1 1AA'], ['N11 1AA', 'N1C 1AA']],
  [
    'BR7',
    [
      'BR7 5ZZ',
      'BR7 5ZZ.',
      '.br7 5zz',
      'BR7-5ZZ',
      'BR7 .5ZZ',
      'BR7 5ZZ UK',
      "BR7 5ZZ'",
      'BR7 5Z',
      'BR7 5',
      'BR7',
      '"BR75ZZ"',
    ],
    ['BR75 1AA', 'BR1 7AA', 'B7 5ZZ', 'R7 5ZZ'],
  ],
  ['BR75', ['BR75 1AA'], ['BR7 5ZZ', 'BR7 5ZZ.', 'BR75ZZ', 'BR7 5', 'BR7_5ZZ', 'BR7 5Z']],
  ['br7 5h.', ['BR7 5HF.', 'br75hf'], ['BR7 5ZZ']],
  ['BR75HF', ['BR7 5HF', 'BR7,5HF'], ['BR7 5HG']],
])('%s finds its own and no other', (prefix, found, passedOver) => {
  const test = postcodeTest(prefix)
  expect(found.filter((postcode) => test?.(postcode))).toEqual(found)
  expect(passedOver.filter((postcode) => test?.(postcode))).toEqual([])
})

it.each(['', '123', 'LONDON', 'N-1', 'SW1A 1AAA', 'N 1A'])('%j is no beginning of a postcode', (text) => {
  expect(postcodeTest(text)).toBeNull()
})
