import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openDb } from '../../src/db/open.ts'
import { nameValue } from '../../src/db/suppression-names.ts'
import { emailHash, normalCompanyNumber, normalDomain } from '../../src/db/suppression-values.ts'
import {
  addSuppressions,
  listSuppressions,
  loadSuppressions,
  type NewSuppression,
  removeSuppression,
  suppressEmail,
  suppressionsOf,
} from '../../src/db/suppressions.ts'

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
    expect(listSuppressions(db)[0]).toEqual({
      id: 1,
      kind: 'domain',
      value: 'a.example',
      born: null,
      reason: 'by post',
      added_at: AT,
    })
    expect(removeSuppression(db, 1)?.value).toBe('a.example')
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

  test('keeps an address only as the SHA-256 of its lower-case form', () => {
    const db = openDb(':memory:')
    suppressEmail(db, 'Jane.Doe@Example.CO.UK ', { reason: 'hidden by owner', addedAt: AT })
    suppressEmail(db, 'jane.doe@example.co.uk', { reason: 'again', addedAt: AT })
    const hash = createHash('sha256').update('jane.doe@example.co.uk').digest('hex')
    expect(listSuppressions(db)).toEqual([
      { id: 1, kind: 'email', value: hash, born: null, reason: 'hidden by owner', added_at: AT },
    ])
    expect(loadSuppressions(db).email('JANE.DOE@EXAMPLE.CO.UK')).toBe(true)
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

  test.each([
    ['445790', '00445790'],
    [' sc123456 ', 'SC123456'],
    ['SP29395R', 'SP29395R'],
    ['SC1234', null],
    ['123456789', null],
    ['', null],
  ])('the company number %j is %j', (text, expected) => {
    expect(normalCompanyNumber(text)).toBe(expected)
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
    const none = suppressionsOf([])
    expect([none.empty, none.people]).toEqual([true, false])
    expect([none.company('00000001'), none.domain('a.example'), none.email('a@a.example')]).toEqual([
      false,
      false,
      false,
    ])
    expect(none.officer({ officer_id: 'x', name: 'SMITH, John' })).toBe(false)
  })

  test('a company by its number, however it is written, and where it is a corporate officer', () => {
    const { company, officer, people } = suppressionsOf([rule('company', '00445790')])
    expect([company('00445790'), company('445790'), company('00445791'), people]).toEqual([true, true, false, false])
    expect(officer({ identification_type: 'uk-limited-company', registration_number: '445790' })).toBe(true)
    expect(officer({ identification_type: 'non-eea', registration_number: '445790' })).toBe(false)
    expect(officer({ registration_number: null })).toBe(false)
  })

  test('a domain with what is below it, and the addresses there', () => {
    const { domain, email } = suppressionsOf([rule('domain', 'a.example')])
    expect(['A.example', 'www.a.example', 'mail.a.example'].map(domain)).toEqual([true, true, true])
    expect(['b.example', 'aa.example', 'example'].map(domain)).toEqual([false, false, false])
    expect(['x@A.example', 'x@mail.a.example', 'a.example@b.example'].map(email)).toEqual([true, true, false])
  })

  test('an officer by the exact id', () => {
    const { officer } = suppressionsOf([rule('officer', 'aBc')])
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
  ]

  test.each(names)('%s, born in that month: %j %s', (value, person, meant) => {
    const { officer } = suppressionsOf([rule('name', value, '1970-04')])
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
        const filed = surname.join(glue)
        const { officer } = suppressionsOf([rule('name', value ?? '', '1970-04')])
        expect(officer({ surname: upper ? filed.toUpperCase() : filed, forenames: first, ...born })).toBe(true)
      }),
    )
  })
})
