import { expect, it } from 'vitest'
import { editionOf } from '../../../src/companies-house/register/source.ts'

const now = Date.UTC(2026, 10, 27)
const part = (file: string) => ({ file, name: null, async *chunks() {} })

it.each([
  ['/data/BasicCompanyDataAsOneFile-2026-11-01.csv', [], '2026-11-01', null],
  ['BasicCompanyDataAsOneFile-2026-11-01.zip', ['x.csv'], '2026-11-01', null],
  ['renamed.zip', ['BasicCompanyDataAsOneFile-2026-11-01.csv'], '2026-11-01', null],
  ['BasicCompanyDataAsOneFile-2026-11-01.zip', ['BasicCompanyDataAsOneFile-2026-10-01.csv'], '2026-10-01', null],
  ['BasicCompanyData-2026-11-01-part3_7.csv', [], '2026-11-01', [{ part: 3, of: 7 }]],
  ['BasicCompanyData-2026-11-01-part3_7.zip', ['data.csv'], '2026-11-01', [{ part: 3, of: 7 }]],
  [
    'all.zip',
    ['BasicCompanyData-2026-11-01-part1_2.csv', 'BasicCompanyData-2026-10-01-part2_2.csv'],
    '2026-10-01',
    [
      { part: 1, of: 2 },
      { part: 2, of: 2 },
    ],
  ],
  ['BasicCompanyDataAsOneFile-2026-12-01.csv', [], '2026-12-01', null],
  ['BasicCompanyDataAsOneFile-2062-11-01.csv', [], null, null],
  ['BasicCompanyDataAsOneFile-2026-13-01.csv', [], null, null],
  ['BasicCompanyData.csv', [], null, null],
  ['stdin', [], null, null],
])('%s with %j inside is of %s, part %j', (name, inside, asOf, parts) => {
  const files = inside.length === 0 ? [part(name)] : inside.map(part)
  expect(editionOf({ name, parts: files }, { now })).toEqual({ asOf, parts })
})

it('is of the day that the operator gives', () => {
  const name = 'BasicCompanyDataAsOneFile-2026-11-01.csv'
  expect(editionOf({ name, parts: [part(name)] }, { asOf: '2026-10-15', now }).asOf).toBe('2026-10-15')
})
