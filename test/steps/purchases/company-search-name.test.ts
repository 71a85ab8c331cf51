import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { companySearchName } from '../../../src/steps/purchases/match.ts'

describe('the name under which a company is looked for', () => {
  it.each([
    ['HARBOUR BAKERY LTD', 'HARBOUR BAKERY'],
    ['HARBOUR BAKERY LTD.', 'HARBOUR BAKERY'],
    ['HARBOUR  BAKERY   LIMITED ', 'HARBOUR BAKERY'],
    ['HARBOUR BAKERY, LIMITED', 'HARBOUR BAKERY'],
    ['HARBOUR BAKERY (LIMITED)', 'HARBOUR BAKERY'],
    ['HARBOUR P.L.C.', 'HARBOUR'],
    ['HARBOUR P. L. C.', 'HARBOUR'],
    ['HARBOUR PUBLIC LIMITED COMPANY', 'HARBOUR'],
    ['SMITH & JONES LLP', 'SMITH & JONES'],
    ['HARBOUR C.I.C.', 'HARBOUR'],
    ['HARBOUR COMMUNITY INTEREST COMPANY', 'HARBOUR'],
    ['BARA DA CYF', 'BARA DA'],
    ['BARA DA CYFYNGEDIG', 'BARA DA'],
    ['BARA DA CYF.', 'BARA DA'],
    ['HARBOUR CIC LTD', 'HARBOUR'],
    ['HARBOUR S.A.R.L.', 'HARBOUR'],
    ['HARBOUR GMBH', 'HARBOUR'],
    ['HARBOUR, INC.', 'HARBOUR'],
    ['Harbour Bakery Ltd', 'Harbour Bakery'],
  ])('%s has its legal form taken off', (filed, searched) => {
    expect(companySearchName(filed)).toBe(searched)
  })

  it.each([
    ['HARBOUR (UK) LIMITED', 'HARBOUR (UK)'],
    ['HARBOUR UK LTD', 'HARBOUR UK'],
    ['HARBOUR HOLDINGS LIMITED', 'HARBOUR HOLDINGS'],
    ['HARBOUR & CO. LIMITED', 'HARBOUR & CO.'],
    ['HARBOUR GROUP PLC', 'HARBOUR GROUP'],
    ['THE LIMITED EDITION SHOP LTD', 'THE LIMITED EDITION SHOP'],
    ['SPA', 'SPA'],
    ['VISA', 'VISA'],
    ['PLCS', 'PLCS'],
    ['LIMITED', 'LIMITED'],
    ['LTD LTD', 'LTD'],
    ['ÉLAN LTD', 'ÉLAN'],
  ])('%s keeps what belongs to the name', (filed, searched) => {
    expect(companySearchName(filed)).toBe(searched)
  })

  it('is never empty, begins the filed name, and is the same when taken again', () => {
    const form = fc.constantFrom('', ' LTD', ' LIMITED', ' PLC', ' (UK) LTD', ' L.L.P.', ', INC.', ' ((', ' ,')
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), form, form, (name, one, two) => {
        fc.pre(/[\p{L}\p{N}]/u.test(name))
        const filed = `${name}${one}${two}`
        const searched = companySearchName(filed)
        expect(searched).not.toBe('')
        expect(filed.normalize('NFC').replace(/\s+/g, ' ').trim().startsWith(searched)).toBe(true)
        expect(companySearchName(searched)).toBe(searched)
      }),
    )
  })
})
