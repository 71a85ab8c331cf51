import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openDb } from '../../../src/db/open.ts'
import { nameValue } from '../../../src/db/suppress/names.ts'
import {
  addSuppressions,
  listSuppressions,
  loadSuppressions,
  type NewSuppression,
  type OfficerFacts,
  removeSuppression,
  suppressEmail,
  suppressionsOf,
} from '../../../src/db/suppress/suppressions.ts'
import { emailHash, normalDomain } from '../../../src/db/values.ts'

const KEY = '0'.repeat(64)
const AT = '2026-01-05T00:00:00.000Z'

function rule(kind: NewSuppression['kind'], value: string, born: string | null = null): NewSuppression {
  return { kind, value, born, reason: null }
}

describe('the list', () => {
  test('keeps every rule once, with its first reason, and gives it back by its id', () => {
    const db = openDb(':memory:')
    const first = addSuppressions(db, [{ ...rule('domain', 'a.example'), reason: 'by post' }], AT)
    const again = addSuppressions(
      db,
      [rule('domain', 'a.example'), rule('company', 'a.example'), rule('company', 'a.example')],
      '2027-01-01T00:00:00.000Z',
    )
    expect(first.map(({ isNew }) => isNew)).toEqual([true])
    expect(again.map(({ isNew, suppression }) => [isNew, suppression.id])).toEqual([
      [false, 1],
      [true, 2],
      [false, 2],
    ])
    expect(listSuppressions(db)[0]).toMatchObject({
      id: 1,
      kind: 'domain',
      value: 'a.example',
      born: null,
      reason: 'by post',
      added_at: AT,
      follows: null,
    })
    expect(removeSuppression(db, 1)?.removed.value).toBe('a.example')
    expect(removeSuppression(db, 1)).toBeNull()
    expect(listSuppressions(db).map(({ id }) => id)).toEqual([2])
  })

  test('the same name with another month of birth is another person', () => {
    const db = openDb(':memory:')
    const names = [rule('name', 'smith, john', '1970-04'), rule('name', 'smith, john', '1970-05')]
    expect(addSuppressions(db, names, AT).map(({ isNew }) => isNew)).toEqual([true, true])
  })

  test('takes thousands of rules, and tells each', () => {
    const db = openDb(':memory:')
    const many = Array.from({ length: 2500 }, (_, index) => rule('officer', `officer-${index % 2400}`))
    const added = addSuppressions(db, many, AT)
    expect(added.filter(({ isNew }) => isNew)).toHaveLength(2400)
    expect(added.map(({ suppression }) => suppression.value)).toEqual(many.map(({ value }) => value))
  })

  test('keeps of an address only a hash under the key of the database', () => {
    const db = openDb(':memory:')
    suppressEmail(db, 'Jane.Doe@Example.CO.UK ', { reason: 'hidden by owner', addedAt: AT })
    suppressEmail(db, 'jane.doe@example.co.uk', { reason: 'again', addedAt: AT })
    const bare = createHash('sha256').update('jane.doe@example.co.uk').digest('hex')
    const rules = listSuppressions(db)
    expect(rules).toMatchObject([{ id: 1, kind: 'email', reason: 'hidden by owner', added_at: AT }])
    expect([rules[0]?.value, rules[0]?.value.length]).toEqual([expect.not.stringContaining(bare), 64])
    expect(loadSuppressions(db).email('JANE.DOE@EXAMPLE.CO.UK')).toBe(true)
    expect(loadSuppressions(db).email('john.doe@example.co.uk')).toBe(false)
    const other = openDb(':memory:')
    suppressEmail(other, 'jane.doe@example.co.uk', { reason: 'hidden by owner', addedAt: AT })
    expect(listSuppressions(other)[0]?.value).not.toBe(rules[0]?.value)
  })
})

describe('values', () => {
  test.each([
    ['Example.COM', 'example.com'],
    [' www.example.com. ', 'example.com'],
    ['münchen.example', 'xn--mnchen-3ya.example'],
    ['MÜNCHEN.example', 'xn--mnchen-3ya.example'],
    ['xn--mnchen-3ya.example', 'xn--mnchen-3ya.example'],
    ['a_b.c-d.example', 'a_b.c-d.example'],
    ['www.example', 'www.example'],
    ['example', null],
    ['a@example.com', null],
    ['https://example.com', null],
    ['example.com/path', null],
    ['example.com:80', null],
    ['exa mple.com', null],
    ['-a.example', null],
    ['127.0.0.1', null],
    ['a..example', null],
    [`${'a'.repeat(64)}.example`, null],
    ['', null],
  ])('the domain %j is %j', (text, expected) => {
    expect(normalDomain(text)).toBe(expected)
  })

  test('a name needs a surname and a forename', () => {
    expect(nameValue('VAN DER BERG', 'Anna-María')).toBe('van der berg, anna maria')
    expect([nameValue('', 'Anna'), nameValue('BERG', '---')]).toEqual([null, null])
  })

  test('addresses are compared with their domain in punycode', () => {
    expect(emailHash('a@MÜNCHEN.example')).toBe(emailHash('A@xn--mnchen-3ya.example'))
    expect(emailHash('a@www.example.com')).not.toBe(emailHash('a@example.com'))
  })
})

describe('who is meant', () => {
  test('nobody, when there is no rule', () => {
    const none = suppressionsOf([], KEY)
    expect([none.empty, none.people]).toEqual([true, false])
    expect([none.company('00000001'), none.domain('a.example'), none.email('a@a.example')]).toEqual([
      false,
      false,
      false,
    ])
    expect(none.officer({ officer_id: 'x', name: 'SMITH, John' })).toBe(false)
  })

  test('a company by its number, however it is written, and where it is a corporate officer', () => {
    const { company, officer, people } = suppressionsOf([rule('company', '00445790')], KEY)
    expect([company('00445790'), company('445790'), company('00445791'), people]).toEqual([true, true, false, false])
    expect(officer({ identification_type: 'uk-limited-company', registration_number: '445790' })).toBe(true)
    expect(officer({ registration_number: null })).toBe(false)
  })

  const bodies: [place: Partial<OfficerFacts>, meant: boolean][] = [
    [{ identification_type: 'uk-limited-company' }, true],
    [{ identification_type: 'uk-limited-company', place_registered: 'Companies House' }, true],
    [{ identification_type: 'uk-limited-company', place_registered: 'Cardiff' }, true],
    [{ identification_type: 'uk-limited-company', place_registered: 'JERSEY' }, false],
    [{ identification_type: 'uk-limited-company', place_registered: 'Guernsey, Great Britain' }, false],
    [{ identification_type: 'other-corporate-body-or-firm' }, false],
    [{ identification_type: 'other-corporate-body-or-firm', place_registered: 'Tortola' }, false],
    [{ identification_type: 'other-corporate-body-or-firm', place_registered: 'Delaware, USA' }, false],
    [{ identification_type: 'other-corporate-body-or-firm', place_registered: 'New South Wales' }, false],
    [{ identification_type: 'other-corporate-body-or-firm', place_registered: 'Ireland' }, false],
    [{ identification_type: 'other-corporate-body-or-firm', place_registered: 'Northern Ireland' }, true],
    [{ identification_type: 'uk-limited-company', place_registered: 'N. Ireland' }, true],
    [{ identification_type: 'uk-limited-company', place_registered: 'Usk, Monmouthshire' }, true],
    [{ identification_type: 'uk-limited-company', place_registered: 'Republic Of  Ireland' }, false],
    [{ identification_type: 'uk-limited-company', place_registered: 'Registered In Ireland' }, false],
    [{ identification_type: 'other-corporate-body-or-firm', place_registered: 'Ukraine' }, false],
    [{ identification_type: 'other-corporate-body-or-firm', place_registered: 'London, Ontario' }, false],
    [{ identification_type: 'other-corporate-body-or-firm', place_registered: 'Companies House, Cardiff' }, true],
    [{ identification_type: 'other-corporate-body-or-firm', place_registered: 'ENGLAND AND WALES' }, true],
    [{ identification_type: 'other-corporate-body-or-firm', register_location: 'England & Wales' }, true],
    [{ identification_type: 'other-corporate-body-or-firm', legal_authority: 'Scotland' }, true],
    [{ identification_type: 'other-corporate-body-or-firm', legal_authority: 'Companies (Jersey) Law 1991' }, false],
    [{ place_registered: 'Tortola', legal_authority: 'England' }, false],
    [{ identification_type: 'non-eea' }, false],
    [{ identification_type: 'non-eea', place_registered: 'Isle Of Man, U.K.' }, false],
    [{ identification_type: 'eea', legal_authority: 'England' }, false],
    [{ place_registered: 'U.K.' }, true],
    [{}, false],
  ]

  test.each(bodies)(
    'the number of a body means the company only where it is registered in the UK: %j %s',
    (place, meant) => {
      const { officer } = suppressionsOf([rule('company', '01234567')], KEY)
      for (const registration_number of ['01234567', '1,234,567.', 'Company No 1234567']) {
        expect(officer({ ...place, registration_number })).toBe(meant)
      }
      expect(officer({ ...place, registration_number: '01234568' })).toBe(false)
    },
  )

  test('a domain with what is below it, and the addresses there', () => {
    const { domain, email } = suppressionsOf([rule('domain', 'a.example')], KEY)
    expect(['A.example', 'www.a.example', 'mail.a.example'].map(domain)).toEqual([true, true, true])
    expect(['b.example', 'aa.example', 'example'].map(domain)).toEqual([false, false, false])
    expect(['x@A.example', 'x@mail.a.example', 'a.example@b.example'].map(email)).toEqual([true, true, false])
  })

  test('an officer by the person number, whatever its variant', () => {
    const { officer } = suppressionsOf([rule('officer', '00345678')], KEY)
    const meant = ['003456780001', '003456780002', '3456780001'].map((person_number) => officer({ person_number }))
    expect(meant).toEqual([true, true, true])
    expect([officer({ person_number: '003456790001' }), officer({ person_number: null })]).toEqual([false, false])
  })

  test('an officer by the exact id', () => {
    const { officer } = suppressionsOf([rule('officer', 'aBc')], KEY)
    expect([officer({ officer_id: 'aBc' }), officer({ officer_id: 'abc' }), officer({ officer_id: null })]).toEqual([
      true,
      false,
      false,
    ])
  })

  const born = { date_of_birth_year: 1970, date_of_birth_month: 4 }
  const names: [
    rule: string,
    person: { surname?: string | null; forenames?: string | null; name?: string },
    boolean,
  ][] = [
    ['smith, john', { surname: 'SMITH', forenames: 'John' }, true],
    ['smith, john', { surname: 'Smith', forenames: 'JOHN Paul' }, true],
    ['smith, john paul', { surname: 'SMITH', forenames: 'John' }, true],
    ['smith, john paul', { surname: 'SMITH', forenames: 'John P.' }, true],
    ['smith, john paul', { surname: 'SMITH', forenames: 'John Albert' }, false],
    ['smith, john', { surname: 'SMITH', forenames: 'J' }, true],
    ['smith, john', { surname: 'SMITH', forenames: 'Jo' }, false],
    ['smith, john', { surname: 'SMITH', forenames: 'Paul John' }, false],
    ['smith, john', { surname: 'SMITHE', forenames: 'John' }, false],
    ['smith, john', { surname: 'SMITH', forenames: null }, false],
    ['oneil, sian', { surname: "O'NEIL", forenames: 'Siân' }, true],
    ['o neil, sian', { surname: 'O’Neil', forenames: 'Sian' }, true],
    ['smith jones, anna', { surname: 'SMITH-JONES', forenames: 'Anna' }, true],
    ['van der berg, jean paul', { surname: 'VANDERBERG', forenames: 'Jean-Paul Marie' }, true],
    ['berg, jean paul', { surname: 'BERG', forenames: 'Jeanpaul' }, true],
    ['lukasz, zaneta', { surname: 'ŁUKASZ', forenames: 'Żaneta' }, true],
    ['smith, john', { name: 'SMITH, John, Dr' }, true],
    ['smith, john', { surname: null, forenames: 'John Smith', name: 'John Smith' }, true],
    ['smith, john', { surname: 'SMITH JOHN', forenames: null }, true],
    ['smith, john', {}, false],
    ['smith, john', { surname: 'SMITH', forenames: 'Sir John' }, true],
    ['smith, john', { surname: 'SMITH', forenames: 'The Rt Hon Dr John Paul' }, true],
    ['smith, dr john', { surname: 'SMITH', forenames: 'John' }, true],
    ['smith, john', { surname: null, forenames: 'Dr John Smith', name: 'Dr John Smith' }, true],
    ['jones, earl winston', { surname: 'JONES', forenames: 'Earl Winston' }, true],
    ['jones, winston', { surname: 'JONES', forenames: 'Earl Winston' }, true],
    ['jones, earl', { surname: 'JONES', forenames: 'Earl Winston' }, true],
    ['smith, john paul', { surname: 'SMITH', forenames: 'John Albert Paul' }, true],
    ['smith, john albert paul', { surname: 'SMITH', forenames: 'John Paul' }, true],
    ['smith, john paul albert', { surname: 'SMITH', forenames: 'John Albert Paul' }, false],
    ['smith, anna', { surname: 'SMITH-JONES', forenames: 'Anna' }, true],
    ['jones, anna', { surname: 'SMITH JONES', forenames: 'Anna' }, true],
    ['smith jones, anna', { surname: 'JONES', forenames: 'Anna' }, true],
    ['jones smith, anna', { surname: 'SMITH-JONES', forenames: 'Anna' }, true],
    ['smith jones, anna', { surname: 'SMITH-BROWN', forenames: 'Anna' }, false],
    ['van der berg smith, anna', { surname: 'VAN DER BERG', forenames: 'Anna' }, true],
    ['van der smith, anna', { surname: 'VAN DER BERG', forenames: 'Anna' }, false],
    ['garcia, ana', { surname: 'GARCIA Y LOPEZ', forenames: 'Ana' }, true],
    ['howe, john', { surname: 'HOWE', forenames: 'Earl' }, false],
  ]

  test.each(names)('%s, born in that month: %j %s', (value, person, meant) => {
    const { officer } = suppressionsOf([rule('name', value, '1970-04')], KEY)
    expect(officer({ ...person, ...born })).toBe(meant)
    expect(officer({ ...person, ...born, date_of_birth_month: 5 })).toBe(false)
    expect(officer({ ...person, ...born, date_of_birth_year: 1971 })).toBe(false)
    expect(officer({ ...person, date_of_birth_year: 1970 })).toBe(false)
  })

  test('whatever case, spaces and hyphens a name is filed with', () => {
    const word = fc.stringMatching(/^[a-zà-öß]{2,10}$/)
    const written = fc.record({ upper: fc.boolean(), glue: fc.constantFrom('-', ' ', '  ', ' - ') })
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 3 }), word, written, (surname, first, { upper, glue }) => {
        const value = nameValue(surname.join(' '), first)
        // Some words are titles, of which no rule can be made.
        fc.pre(value !== null)
        const filed = surname.join(glue)
        const { officer } = suppressionsOf([rule('name', value ?? '', '1970-04')], KEY)
        expect(officer({ surname: upper ? filed.toUpperCase() : filed, forenames: first, ...born })).toBe(true)
      }),
    )
  })
})
