import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { companyNumber } from '../src/company-number.ts'

describe('a company number', () => {
  test.each([
    ['00445790', '00445790'],
    ['445790', '00445790'],
    [' 445790.', '00445790'],
    ['445,790', '00445790'],
    ['445.790', '00445790'],
    ["445'790", '00445790'],
    ['445790.0', '00445790'],
    ['00 44 57 90', '00445790'],
    ['00.44.57.90', '00445790'],
    ['0O445790', '00445790'],
    ['OO445790', '00445790'],
    ['00445790/', '00445790'],
    ['No. 00445790', '00445790'],
    ['No445790', '00445790'],
    ['NO. 445790', '00445790'],
    ['NO 445790', '00445790'],
    ['№ 445790', '00445790'],
    ['Company No 445790', '00445790'],
    ['Co. Reg. No.: 445790', '00445790'],
    ['CRN:445790', '00445790'],
    ['Registered in England and Wales No 445790', '00445790'],
    ['00445790 (England)', '00445790'],
    ['445790 England And Wales', '00445790'],
    ['445790 (E&W)', '00445790'],
    ['445790 U.K.', '00445790'],
    ['\uFF14\uFF14\uFF15\uFF17\uFF19\uFF10', '00445790'],
    ['\u200b445790', '00445790'],
    ['sc123456', 'SC123456'],
    ['SC 23716', 'SC023716'],
    ['SC23 716', 'SC023716'],
    ['SC 123 456', 'SC123456'],
    ['SC-123456', 'SC123456'],
    ['SC/123456', 'SC123456'],
    ['S.C. 123456', 'SC123456'],
    ['SC.123456.', 'SC123456'],
    ['SCO12345', 'SC012345'],
    ['SC 123,456', 'SC123456'],
    ['No. SC123456 (Scotland)', 'SC123456'],
    ['NI12345', 'NI012345'],
    ['ni 12345', 'NI012345'],
    ['SO300001', 'SO300001'],
    ['oc300675', 'OC300675'],
    ['NO000123', 'NO000123'],
    ['no 000123', 'NO000123'],
    ['NR. 445790', '00445790'],
    ['nr123456', 'NR123456'],
    ['SP29395R', 'SP29395R'],
    ['sp 29395 r', 'SP29395R'],
    ['R0000123', 'R0000123'],
    ['r123', 'R0000123'],
    ['ZZ1', 'ZZ000001'],
  ])('%j is %s', (typed, number) => {
    expect(companyNumber(typed)).toBe(number)
  })

  test.each([
    '',
    '0',
    '00000000',
    '123456789',
    '000445790',
    '12345678 87654321',
    '1, 2',
    '12 and 34',
    '445790.5',
    '00445790-1',
    '445790 (Jersey)',
    '445790 Delaware',
    'HE 445790 Cyprus',
    'B 12345',
    'HRB 12345',
    'FN 123456a b',
    '12345678A',
    'SC',
    'SC1234567',
    'N/A',
    'LIMITED',
    'x'.repeat(1000),
  ])('%j is none', (typed) => {
    expect(companyNumber(typed)).toBeNull()
  })

  test('in its own form stays as it is, and with blanks, dots and lost zeros it is still found', () => {
    const own = fc.oneof(
      fc.integer({ min: 1, max: 99_999_999 }).map((n) => ({ prefix: '', digits: String(n).padStart(8, '0') })),
      fc
        .tuple(fc.constantFrom('SC', 'NI', 'OC', 'SO', 'OE', 'FC', 'NL'), fc.integer({ min: 1, max: 999_999 }))
        .map(([prefix, n]) => ({ prefix, digits: String(n).padStart(6, '0') })),
    )
    const before = fc.constantFrom('', ' ', 'No. ', 'Company number: ')
    const glue = fc.constantFrom('', ' ', '-', '. ')
    const after = fc.constantFrom('', '.', ' ', ' (Scotland)')
    fc.assert(
      fc.property(own, before, glue, after, fc.boolean(), ({ prefix, digits }, head, between, tail, short) => {
        const typed = short ? digits.replace(/^0+/, '') : digits
        const number = prefix + digits
        expect(companyNumber(number)).toBe(number)
        expect(companyNumber(`${head}${prefix.toLowerCase()}${prefix && between}${typed}${tail}`)).toBe(number)
      }),
    )
  })
})
