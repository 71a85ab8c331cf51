import { expect, it } from 'vitest'
import { postcodeTest } from '../../src/companies-house/postcode.ts'

it.each<[prefix: string, found: string[], passedOver: (string | null)[]]>([
  ['N', ['N1 1AA', 'N22 5XX'], ['NE1 1AA', 'NW1 1AA', 'SN1 1AA', '', null]],
  ['n1', ['N1 1AA', 'N1C 4AB', 'n11aa'], ['N10 1AA', 'N19 5AA', 'NE1 1AA', 'NN1 1AA']],
  ['N11', ['N11 1AA'], ['N1 1AA', 'N1 1AB']],
  ['SW1', ['SW1A 1AA', 'SW1 1AA', 'SW1P 3AD'], ['SW10 1AA', 'SW19 1AA', 'S1 1AA']],
  ['SW1A', ['SW1A 1AA', 'SW1A2AA'], ['SW1P 1AA', 'SW1 1AA']],
  ['SW1A 1', ['SW1A 1AA', 'SW1A1ZZ'], ['SW1A 2AA']],
  ['SW1A1AA', ['SW1A 1AA'], ['SW1A 1AB']],
  ['N1 1', ['N1 1AA'], ['N11 1AA', 'N1C 1AA']],
])('%s finds its own and no other', (prefix, found, passedOver) => {
  const test = postcodeTest(prefix)
  expect(found.filter((postcode) => test?.(postcode))).toEqual(found)
  expect(passedOver.filter((postcode) => test?.(postcode))).toEqual([])
})

it.each(['', '123', 'LONDON', 'N-1', 'SW1A 1AAA', 'N 1A'])('%j is no beginning of a postcode', (text) => {
  expect(postcodeTest(text)).toBeNull()
})
