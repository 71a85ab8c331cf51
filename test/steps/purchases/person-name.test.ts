import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseOfficerName } from '../../../src/companies-house/officer-name.ts'
import { matchName, normalName, personName } from '../../../src/steps/purchases/inputs.ts'
import { DEFAULT_ROLES, isPersonWanted, type OfficerToAsk, wantedPeople } from '../../../src/steps/purchases/people.ts'

describe('the name to ask for', () => {
  const names: [filed: string, asked: string | null][] = [
    ['SMITH, John Michael', 'John|Smith'],
    ['SMITH, John Michael, Dr', 'John|Smith'],
    ['SMITH, JOHN', 'John|Smith'],
    ['MCDONALD, Ronald', 'Ronald|McDonald'],
    ['McDONALD, Ronald', 'Ronald|McDonald'],
    ['MacDONALD, Flora', 'Flora|MacDonald'],
    ['MACDONALD, Flora', 'Flora|MacDonald'],
    ['MACGILLIVRAY, Una', 'Una|MacGillivray'],
    ['MACHIN, Ann', 'Ann|Machin'],
    ['MACKIE, Ann', 'Ann|Mackie'],
    ['MACRON, Ann', 'Ann|Macron'],
    ["O'BRIEN, Conan", "Conan|O'Brien"],
    ['O’BRIEN, Conan', 'Conan|O’Brien'],
    ["D'ARCY-HUGHES, Jean-Luc", "Jean-Luc|D'Arcy-Hughes"],
    ["N'DIAYE, Awa", "Awa|N'Diaye"],
    ['VAN DER BERG, Jan', 'Jan|van der Berg'],
    ['DE SOUZA, Maria', 'Maria|de Souza'],
    ['DE LA MARE, Walter', 'Walter|de la Mare'],
    ['LE FEUVRE, Paul', 'Paul|Le Feuvre'],
    ['VON HALLER, Eva', 'Eva|von Haller'],
    ['DE, Sushil', 'Sushil|De'],
    ['JONES-PARRY, Ann-Marie', 'Ann-Marie|Jones-Parry'],
    ['SMITH, DeShawn', 'DeShawn|Smith'],
    ['ŞAHİN, Ömer', 'Ömer|Şahin'],
    ['ΠΑΠΑΔΟΠΟΥΛΟΣ, ΓΙΩΡΓΟΣ', 'Γιωργος|Παπαδοπουλος'],
    ['ЯКОВЛЕВ, ИВАН', 'Иван|Яковлев'],
    ['ÅKESSON, ÅSA', 'Åsa|Åkesson'],
    ['SMITH III, John', 'John|Smith III'],
    ['VI, Anh', 'Anh|Vi'],
    ['SMITH OBE, John, Sir', 'John|Smith'],
    ['SMITH O.B.E. KC, John', 'John|Smith'],
    ['SMITH, Sir John', 'John|Smith'],
    ['MA, Jack', 'Jack|Ma'],
    ['SMITH, John (Jack)', 'John|Smith'],
    ['SMITH, "Jack" John', 'John|Smith'],
    ['SMITH, J Michael', 'Michael|Smith'],
    ['SMITH, J R', 'J|Smith'],
    ['SMITH', null],
    ['John', null],
    ['SMITH, ', null],
    [', John', null],
    ['-, -', null],
    ['', null],
  ]
  it.each(names)('%s', (filed, asked) => {
    const name = personName(parseOfficerName(filed, null))
    expect(name && `${name.firstName}|${name.lastName}`).toBe(asked)
  })

  it('is one word and some words without anything around them, or none, whatever is filed', () => {
    const filed = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 60 }),
      fc.tuple(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' })).map((parts) => parts.join(', ')),
      fc.string({ unit: fc.constantFrom(...'ABÇdé,(")\' -.Mc'), maxLength: 30 }),
    )
    fc.assert(
      fc.property(filed, (text) => {
        const name = personName(parseOfficerName(text, null))
        if (!name) return
        expect(name.firstName).toMatch(/^\S+$/)
        expect(name.lastName).toMatch(/^\S+( \S+)*$/)
        expect(`${name.firstName}${name.lastName}`).not.toMatch(/[,()"]/)
      }),
    )
  })

  it('compares equal to the name as filed, word by word', () => {
    const word = fc.string({ unit: fc.constantFrom(...'ABCDEFGHIKLMNOPRSTUVWYÉÖŁŞ'), minLength: 2, maxLength: 12 })
    const surname = fc.array(
      word.map((letters) => `X${letters}`),
      { minLength: 1, maxLength: 3 },
    )
    fc.assert(
      fc.property(word, surname, (first, words) => {
        const name = personName(parseOfficerName(`${words.join(' ')}, Q${first}`, null))
        expect(normalName(name?.lastName ?? '')).toBe(normalName(words.join(' ')))
        expect(normalName(name?.firstName ?? '')).toBe(normalName(`Q${first}`))
      }),
    )
  })
})

describe('names are compared', () => {
  it.each([
    ["O'Brien", 'o’brien'],
    ['Jean-Luc  PICARD', 'jean luc picard'],
    ['Zoë Müller', 'ZOE MULLER'],
    ['Zoë', 'Zoe\u0308'],
    ['ŁUKASZ', 'lukasz'],
    ['Søren Kjær', 'Soren Kjaer'],
    ['Straße', 'STRASSE'],
    ['ŞAHİN', 'sahin'],
    ['ΠΑΠΑΔΟΠΟΥΛΟΣ', 'Παπαδόπουλος'],
    ['A.B. Smith Ltd.', 'ab smith ltd'],
    ['!Nova', 'NOVA'],
  ])('%s like %s', (one, other) => {
    expect(normalName(one)).toBe(normalName(other))
  })

  it('apart where letters, digits or words differ', () => {
    const names = ['Now Here', 'Nowhere', 'Smith', 'Smyth', '20 20', '2020', '!!!', '???', 'Яковлев', '山田']
    expect(new Set(names.map(normalName)).size).toBe(names.length)
    expect(matchName('Now Here')).toBe(matchName('nowhere'))
  })

  it('the same when compared again, and in capitals', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (name) => {
        expect(normalName(normalName(name))).toBe(normalName(name))
        expect(normalName(`  ${name}\t`)).toBe(normalName(name))
      }),
    )
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."abcdeéöłşñøßæ '-.") }), (name) => {
        expect(normalName(name.toUpperCase())).toBe(normalName(name))
      }),
    )
  })
})

describe('whom to ask for', () => {
  const officer = (more: Partial<OfficerToAsk>): OfficerToAsk => ({
    appointment_id: 'a',
    officer_role: 'director',
    resigned_on: null,
    name: 'SMITH, John',
    ...more,
  })

  it.each([
    ['director', true],
    ['nominee-director', true],
    ['llp-member', true],
    ['llp-designated-member', true],
    ['director-of-an-overseas-company', true],
    ['corporate-director', false],
    ['corporate-nominee-director', false],
    ['corporate-llp-member', false],
    ['secretary', false],
    [null, false],
  ])('%s: %s', (officer_role, wanted) => {
    expect(isPersonWanted(officer({ officer_role }))).toBe(wanted)
  })

  it('is nobody who has resigned, and whoever --roles names', () => {
    expect(isPersonWanted(officer({ resigned_on: '2020-01-01' }))).toBe(false)
    expect(isPersonWanted(officer({ officer_role: 'secretary' }), ['Secretary'])).toBe(true)
    expect(isPersonWanted(officer({}), ['secretary'])).toBe(false)
    expect(isPersonWanted(officer({ officer_role: 'corporate-secretary' }), ['secretary'])).toBe(false)
    expect(DEFAULT_ROLES).toEqual(['director', 'llp'])
  })

  it('is each person once, with all appointments, in their order', () => {
    const people = wantedPeople([
      officer({ appointment_id: '1', name: "O'BRIEN, John" }),
      officer({ appointment_id: '2', name: 'John' }),
      officer({ appointment_id: '3', name: 'SMITH, Ann' }),
      officer({ appointment_id: '4', name: 'O’Brien, JOHN Michael', officer_role: 'llp-member' }),
      officer({ appointment_id: '5', officer_role: 'secretary' }),
    ])
    expect(people).toEqual([
      { firstName: 'John', lastName: "O'Brien", appointmentIds: ['1', '4'] },
      { firstName: 'Ann', lastName: 'Smith', appointmentIds: ['3'] },
    ])
  })

  it('is no title, and no body under the role of a person, whatever an older row holds in its parts', () => {
    const stale = { forenames: 'Bell', surname: 'ARCH' }
    const people = wantedPeople([
      officer({ name: 'HOWE, Earl' }),
      officer({ name: 'ARCH, Bell', legal_form: 'Private Company', ...stale }),
      officer({ name: 'ARCH, Bell', registration_number: '229269', ...stale }),
      officer({ name: 'ARCH, Bell Limited', ...stale }),
      officer({ name: 'ARCH LTD, Bell', ...stale }),
      officer({ name: 'JONES, Earl Winston', appointment_id: 'w' }),
    ])
    expect(people).toEqual([{ firstName: 'Earl', lastName: 'Jones', appointmentIds: ['w'] }])
  })
})
