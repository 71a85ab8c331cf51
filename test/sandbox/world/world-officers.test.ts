import { describe, expect, it } from 'vitest'
import { drawOfficerId, ownerOf } from '../../../src/sandbox/world/numbering.ts'
import { listName, naturalName } from '../../../src/sandbox/world/people.ts'
import { createWorld } from '../../../src/sandbox/world/world.ts'
import { findCompany, TODAY } from '../companies-house/opened.ts'

const world = createWorld({ seed: 1, companies: 4000, today: TODAY })
const numbers = [...world.numbers()]
const everyone = numbers.flatMap((number) => world.officers(number))

describe('its officers', () => {
  it('are few or none, with some companies at the edges of pages', () => {
    const counts = numbers.map((number) => world.officers(number).length)
    expect(counts.filter((count) => count >= 1 && count <= 5).length).toBeGreaterThan(3000)
    for (const edge of [0, 34, 35, 36, 49, 50, 51, 99, 100, 101, 260]) expect(counts, `${edge}`).toContain(edge)
  })

  it('have unique appointments with ids of 27 characters, some of which begin with - or _', () => {
    const ids = everyone.map((officer) => officer.appointmentId)
    expect(new Set(ids).size).toBe(ids.length)
    const all = [...ids, ...everyone.map((officer) => officer.officerId)]
    expect(all.filter((id) => !/^[\w-]{27}$/.test(id))).toEqual([])
    expect(ids.some((id) => id.startsWith('-'))).toBe(true)
    expect(ids.some((id) => id.startsWith('_'))).toBe(true)
  })

  it('have neither date of birth nor residence when they are secretaries', () => {
    const secretaries = everyone.filter(({ item }) => item.officer_role.endsWith('secretary'))
    expect(secretaries.length).toBeGreaterThan(500)
    expect(secretaries.filter(({ item }) => item.date_of_birth ?? item.country_of_residence)).toEqual([])
    const directors = everyone.filter(({ item, nameElements }) => item.officer_role === 'director' && nameElements)
    expect(directors.filter(({ item }) => !item.date_of_birth)).toEqual([])
  })

  it('show what the facts list: firms, resignations, old appointments, former names, verification, no surname', () => {
    const has = (member: string) => everyone.some(({ item }) => member in item)
    for (const member of ['identification', 'resigned_on', 'appointed_before', 'former_names', 'contact_details']) {
      expect(has(member), member).toBe(true)
    }
    expect(has('identity_verification_details')).toBe(true)
    expect(everyone.some(({ nameElements }) => nameElements && nameElements.surname === undefined)).toBe(true)
    expect(
      everyone.filter(({ item }) => item.appointed_before !== undefined && item.appointed_on !== undefined),
    ).toEqual([])
    expect(
      everyone.filter(({ item }) => item.resigned_on !== undefined && item.resigned_on < (item.appointed_on ?? '')),
    ).toEqual([])
    expect(everyone.some(({ item }) => item.name.startsWith("O'BRIEN, "))).toBe(true)
    expect(everyone.some(({ item }) => item.name.startsWith('McDONALD, '))).toBe(true)
    expect(everyone.some(({ item }) => /^[\p{Lu} ]+,/u.test(item.name) && !/^[\x20-\x7e]+$/.test(item.name))).toBe(true)
  })

  it('are peers without a forename, and firms under the role of a director, whose numbers are as somebody typed them', () => {
    expect(everyone.some(({ item }) => /^[^,]+, Lord$/.test(item.name))).toBe(true)
    const misfiled = everyone.filter(({ item, corporateName }) => corporateName && item.officer_role === 'director')
    expect(misfiled.length).toBeGreaterThan(0)
    const numbers = everyone.flatMap(({ item }) => item.identification?.registration_number ?? [])
    for (const typed of [/^\d+$/, /^\d+( \d{3})+$/, /^No\. \d+$/, /^\d+\.$/]) {
      expect([typed, numbers.some((number) => typed.test(number))]).toEqual([typed, true])
    }
  })

  it('are verified in the shapes that are published, and stand in every way on the day of the world', () => {
    const details = everyone.flatMap(({ item: { identity_verification_details: one } }) => (one ? [one] : []))
    const shapes = new Set(details.map((one) => Object.keys(one).sort().join(' ')))
    const dates = 'appointment_verification_end_on appointment_verification_start_on'
    expect([...shapes].sort()).toEqual([
      `anti_money_laundering_supervisory_bodies ${dates} authorised_corporate_service_provider_name identity_verified_on preferred_name`,
      dates,
      'appointment_verification_statement_due_on',
    ])
    const standing = (one: (typeof details)[number]) => {
      const due = one.appointment_verification_statement_due_on
      if (due !== undefined) return due < TODAY ? 'overdue' : 'due'
      return (one.appointment_verification_end_on ?? '') > TODAY ? 'verified' : 'ended'
    }
    for (const state of ['verified', 'due', 'overdue', 'ended']) {
      expect([state, details.filter((one) => standing(one) === state).length > 10]).toEqual([state, true])
    }
    expect(everyone.filter(({ item }) => !item.identity_verification_details).length).toBeGreaterThan(1000)
    expect(everyone.filter(({ item, corporateName }) => corporateName && item.identity_verification_details)).toEqual(
      [],
    )
  })

  it('have the members of their roles alone: a partner only with a principal office, a contact, a contribution', () => {
    const rolesWith = (member: keyof (typeof everyone)[number]['item']) =>
      [
        ...new Set(everyone.filter(({ item }) => item[member] !== undefined).map(({ item }) => item.officer_role)),
      ].sort()
    expect(rolesWith('responsibilities')).toEqual(['corporate-managing-officer', 'managing-officer'])
    expect(rolesWith('contact_details')).toEqual(['corporate-managing-officer'])
    expect(rolesWith('contribution_currency_value')).toEqual([
      'corporate-limited-partner-in-a-limited-partnership',
      'limited-partner-in-a-limited-partnership',
    ])
    const homeless = everyone.filter(({ item }) => item.address === undefined)
    expect(new Set(homeless.map(({ item }) => item.officer_role))).toEqual(
      new Set([
        'corporate-general-partner-in-a-limited-partnership',
        'corporate-limited-partner-in-a-limited-partnership',
      ]),
    )
    expect(homeless.filter(({ item }) => item.principal_office_address === undefined)).toEqual([])
  })

  it('can be one human under one id as director and as secretary', () => {
    const number = findCompany(world, (each) => {
      const [first, second, ...rest] = world.officers(each)
      return rest.length === 0 && first !== undefined && first.officerId === second?.officerId
    })
    const [secretary, director] = world.officers(number)
    expect([secretary?.item.officer_role, director?.item.officer_role]).toEqual(['secretary', 'director'])
    expect(secretary?.item.name).toBe(director?.item.name)
    expect(secretary?.appointmentId).not.toBe(director?.appointmentId)
  })

  it('can be asked for by officer id, also when somebody serves many companies', () => {
    const [officer] = world.officers(findCompany(world, (number) => world.officers(number).length === 1))
    expect(world.appointments(officer?.officerId ?? '').map(([, each]) => each)).toContainEqual(officer)
    const nominee = everyone.find(
      ({ item }) =>
        item.officer_role === 'corporate-nominee-secretary' &&
        world.appointments(item.links.officer.appointments.split('/')[2] ?? '').length > 20,
    )
    expect(nominee?.corporateName).toBeDefined()
    expect(world.appointments('AAAAAAAAAAAAAAAAAAAAAAAAAAA')).toEqual([])
  })

  it.each([
    [{ title: 'Mr', forename: 'Jo', surname: 'SMITH' }, 'SMITH, Jo', 'Jo SMITH'],
    [{ title: 'MISS', forename: 'Jo', other_forenames: 'Ann', surname: 'SMITH' }, 'SMITH, Jo Ann', 'Jo Ann SMITH'],
    [{ title: 'Dr', forename: 'Jo', surname: 'SMITH' }, 'SMITH, Jo, Dr', 'Dr Jo SMITH'],
    [{ title: 'Sir', surname: 'SMITH' }, 'SMITH, Sir', 'Sir SMITH'],
    [{ forename: 'Jo' }, 'Jo', 'Jo'],
  ])('are named as the service names them: %j', (elements, list, natural) => {
    expect([listName(elements), naturalName(elements)]).toEqual([list, natural])
  })

  it('have ids that say whose they are, and no other id does', () => {
    const owner = { kind: 'nominee', index: 4_000_000_000, slot: 3 } as const
    expect(ownerOf(7, drawOfficerId(7, owner))).toEqual(owner)
    expect(ownerOf(8, drawOfficerId(7, owner))).toBeUndefined()
    expect(ownerOf(7, 'x')).toBeUndefined()
  })
})
