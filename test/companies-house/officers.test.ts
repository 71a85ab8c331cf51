import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readOfficerItem } from '../../src/companies-house/officer-item.ts'
import { parseOfficerName } from '../../src/companies-house/officer-name.ts'
import { EmptiedList, fetchOfficers } from '../../src/companies-house/officers.ts'
import { filedValues, officersFiled } from '../../src/db/dataset/dictionary.ts'
import { json, officersPage, plain, type ScriptedServer, scriptedServer, startIndex } from '../scripted-server.ts'
import { connected } from './connected.ts'

const options = { lane: 'background', signal: new AbortController().signal } as const
const ids = (count: number) => Array.from({ length: count }, (_, index) => `id${index}`)

async function fetchIds(server: ScriptedServer) {
  const list = await fetchOfficers(connected(server.url), '00000001', options)
  return list?.officers.map(({ appointmentId }) => appointmentId)
}

describe('fetchOfficers', () => {
  for (const perPage of [35, 50, 100]) {
    for (const count of [0, 1, 34, 35, 36, 49, 50, 51, 99, 100, 101, 260]) {
      it(`gets all of ${count} officers from pages of ${perPage}`, async () => {
        await using server = await scriptedServer((path) =>
          officersPage('00000001', ids(count), { start: startIndex(path), perPage }),
        )
        expect(await fetchIds(server)).toEqual(ids(count))
        expect(server.asked).toHaveLength(Math.floor(count / perPage) + 1)
      })
    }
  }

  it('files the texts without blanks around them and without lone surrogates', async () => {
    const item = String.raw`{"name":"SMITH\ud800, Ann ","officer_role":"director","address":{"locality":" LEEDS"},"links":{"self":"/company/00000001/appointments/a"}}`
    const body = `{"kind":"officer-list","items":[${item}],"items_per_page":35,"total_results":1,"start_index":0}`
    await using server = await scriptedServer(() => plain(200, body))
    const list = await fetchOfficers(connected(server.url), '00000001', options)
    expect(list?.officers[0]?.item).toMatchObject({ name: 'SMITH\ufffd, Ann', address: { locality: 'LEEDS' } })
  })

  it('knows a 404 from an empty list', async () => {
    await using server = await scriptedServer(() => plain(404))
    expect(await fetchIds(server)).toBeUndefined()
  })

  it('keeps each appointment once when an insertion shifts the pages', async () => {
    await using server = await scriptedServer((path, nth) => {
      const list = nth === 1 ? ids(60) : ['new', ...ids(60)]
      return officersPage('00000001', list, { start: startIndex(path), perPage: 50 })
    })
    expect(await fetchIds(server)).toEqual(ids(60))
  })

  it('follows a short page when the total says that there is more', async () => {
    await using server = await scriptedServer((path) => {
      const start = startIndex(path)
      const page = officersPage('00000001', ids(120).slice(start, start + 50), { perPage: 100, total: 120 })
      return page
    })
    expect(await fetchIds(server)).toEqual(ids(120))
  })

  it('goes on to an empty page when the reply does not tell its page size', async () => {
    await using server = await scriptedServer((path) => {
      const start = startIndex(path)
      const items = ids(70).slice(start, start + 50)
      return json({
        items: items.map((id) => ({
          name: 'A',
          officer_role: 'director',
          links: { self: `/company/1/appointments/${id}` },
        })),
      })
    })
    expect(await fetchIds(server)).toEqual(ids(70))
  })

  it('refuses a server that repeats its page', async () => {
    await using server = await scriptedServer(() => officersPage('00000001', ids(50), { perPage: 50 }))
    await expect(fetchIds(server)).rejects.toMatchObject({ retryable: false, message: /^A page repeats itself/ })
  })

  it('refuses a list without end', async () => {
    await using server = await scriptedServer((path) => {
      const start = startIndex(path)
      return officersPage(
        '00000001',
        Array.from({ length: 5000 }, (_, index) => `id${start + index}`),
        { perPage: 5000 },
      )
    })
    await expect(fetchIds(server)).rejects.toMatchObject({ retryable: false, message: /^More than 20000 officers/ })
  })

  /** Answers for one company with `body`, and well for every other. */
  const answering = (body: unknown) =>
    scriptedServer((path) => (path.includes('/00000001/') ? json(body) : officersPage('x', [])))

  it.each([
    [['not', 'a', 'list']],
    [{}],
    [null],
    [{ error: 'x' }],
    [{ errors: [{ type: 'ch:service', error: 'x' }] }],
    [{ message: 'down' }],
    [{ items: null }],
    [{ items: {}, total_results: 0 }],
    [{ kind: 'search#companies', items: [], total_results: 0 }],
  ])('takes an answer of another shape for a passing fault: %j', async (body) => {
    await using server = await answering(body)
    await expect(fetchIds(server)).rejects.toMatchObject({
      retryable: true,
      message: /^The answer is not an officer list/,
    })
  })

  it.each([
    { total_results: 7 },
    { total_results: '7' },
    { total_results: 0, active_count: 3 },
    { active_count: 0, inactive_count: 2 },
    { resigned_count: '1' },
  ])('takes an empty list that counts officers for a passing fault: %j', async (counts) => {
    await using server = await answering({ kind: 'officer-list', items: [], ...counts })
    await expect(fetchIds(server)).rejects.toMatchObject({ retryable: true, message: /^The list is empty but counts/ })
  })

  it('takes an empty list that counts nobody for an empty list, and keeps a total that is a string', async () => {
    await using server = await answering({ kind: 'officer-list', items: [], total_results: '0', active_count: 0 })
    expect(await fetchIds(server)).toEqual([])
    await using other = await scriptedServer((path) =>
      startIndex(path) > 0
        ? officersPage('00000001', [])
        : json({ items: [{ name: 'A', officer_role: 'director' }], total_results: '1', items_per_page: '35' }),
    )
    const list = await fetchOfficers(connected(other.url), '00000001', options)
    expect([list?.reportedTotal, other.asked.length]).toEqual([1, 1])
  })

  it.each([
    ['an empty list', officersPage('00000001', [])],
    ['a 404', plain(404)],
  ])('does not take %s for the list of a company with officers', async (_name, answer) => {
    await using server = await scriptedServer((path) => (path.includes('/00000001/') ? answer : officersPage('x', [])))
    const fetching = fetchOfficers(connected(server.url), '00000001', { ...options, known: true })
    await expect(fetching).rejects.toBeInstanceOf(EmptiedList)
  })

  it('keeps a company number from becoming a path', async () => {
    await using server = await scriptedServer((path) => officersPage('x', [], { start: startIndex(path) }))
    await fetchOfficers(connected(server.url), '../a?b', options)
    expect(server.asked).toEqual(['/company/..%2Fa%3Fb/officers?items_per_page=500&start_index=0'])
  })
})

describe('readOfficerItem', () => {
  const director = { name: 'DOE, Jane', officer_role: 'director', appointed_on: '2020-01-02' }
  const links = { self: '/company/1/appointments/-_a1', officer: { appointments: '/officers/o1/appointments' } }

  it('takes the id from the link and lets unknown members through', () => {
    const read = readOfficerItem({ ...director, links, something_new: { deep: [1] } })
    expect(read).toMatchObject({ appointmentId: '-_a1', linked: true, odd: false })
    expect(read?.unknown).toEqual({ something_new: { deep: [1] } })
  })

  it('keeps an item whose members are of the wrong kind, and says that it is odd', () => {
    const read = readOfficerItem({ ...director, links, appointed_on: 'yesterday', date_of_birth: 'May', occupation: 7 })
    expect(read).toMatchObject({
      appointmentId: '-_a1',
      odd: true,
      item: { name: 'DOE, Jane', appointed_on: null, occupation: null },
    })
  })

  const whole = {
    ...director,
    links,
    etag: 'e1',
    is_pre_1992_appointment: true,
    former_names: [{ forenames: 'Jane', surname: 'ROE' }, { surname: 'POE' }],
    principal_office_address: { premises: '1', address_line_1: 'HIGH STREET', locality: 'YORK' },
    responsibilities: 'Management',
    contact_details: { contact_name: 'Front Desk' },
    contribution_currency_type: 'GBP',
    contribution_currency_value: '11243.50',
    contribution_sub_types: [{ sub_type: 'money' }, {}, { sub_type: 'shares' }],
    identity_verification_details: {
      anti_money_laundering_supervisory_bodies: ['ACCA', 'HMRC'],
      appointment_verification_start_on: '2025-11-18',
      appointment_verification_end_on: '9999-12-31',
      appointment_verification_statement_due_on: '2026-06-01',
      authorised_corporate_service_provider_name: 'AGENTS LIMITED',
      identity_verified_on: '2025-11-17',
      preferred_name: 'Janey Doe',
    },
  }
  const columnsOf = (item: object) => filedValues(readOfficerItem(item)?.item ?? {}, officersFiled)

  it('reads every member that the register publishes, each for its column', () => {
    expect(readOfficerItem(whole)).toMatchObject({ odd: false, unknown: {} })
    expect(columnsOf(whole)).toMatchObject({
      etag: 'e1',
      is_pre_1992_appointment: 1,
      former_names: '[{"forenames":"Jane","surname":"ROE"},{"surname":"POE"}]',
      principal_office_address_premises: '1',
      principal_office_address_address_line_1: 'HIGH STREET',
      principal_office_address_locality: 'YORK',
      responsibilities: 'Management',
      contact_name: 'Front Desk',
      contribution_currency_type: 'GBP',
      contribution_currency_value: '11243.50',
      contribution_sub_types: 'money,shares',
      anti_money_laundering_supervisory_bodies: '["ACCA","HMRC"]',
      appointment_verification_start_on: '2025-11-18',
      appointment_verification_end_on: '9999-12-31',
      appointment_verification_statement_due_on: '2026-06-01',
      authorised_corporate_service_provider_name: 'AGENTS LIMITED',
      identity_verified_on: '2025-11-17',
      preferred_name: 'Janey Doe',
    })
  })

  it.each([
    ['is_pre_1992_appointment', 'yes', null],
    ['former_names', 'ROE', null],
    ['former_names', [7, { forenames: 8, surname: 'a\ud800b' }], '[{"forenames":null,"surname":"a\uFFFDb"}]'],
    ['contribution_currency_value', 11243.5, '11243.5'],
    ['contribution_sub_types', [{ sub_type: 'money,shares' }, { sub_type: 'new-kind' }], 'new-kind'],
    ['contribution_sub_types', [{}], null],
    ['contact_details', 'Front Desk', undefined],
    ['principal_office_address', ['YORK'], undefined],
  ])('takes %s for what can be read of it: %j', (member, value, expected) => {
    const columns: Record<string, unknown> = columnsOf({ ...whole, [member]: value })
    expect(columns[member]).toEqual(expected)
    expect([columns.name, columns.responsibilities]).toEqual(['DOE, Jane', 'Management'])
  })

  it.each([
    ['soon', 'soon'],
    ['2026-02-31', '2026-02-31'],
    ['', 'unreadable'],
    [20261231, '20261231'],
    [[2026, 12, 31], 'unreadable'],
    [null, null],
  ])('does not drop an end of a verification that is no day: %j', (end, expected) => {
    const details = { ...whole.identity_verification_details, appointment_verification_end_on: end }
    const read = readOfficerItem({ ...whole, identity_verification_details: details })
    expect(read?.item.identity_verification_details?.appointment_verification_end_on).toBe(expected)
    expect(read?.odd).toBe(end !== null)
  })

  it('takes a start or a due date that is no day for absent', () => {
    const details = {
      appointment_verification_start_on: 'soon',
      appointment_verification_statement_due_on: '2026-13-01',
    }
    expect(readOfficerItem({ ...whole, identity_verification_details: details })).toMatchObject({
      odd: true,
      item: {
        identity_verification_details: {
          appointment_verification_start_on: null,
          appointment_verification_statement_due_on: null,
        },
      },
    })
  })

  it('names new members within lists as well', () => {
    const read = readOfficerItem({ ...whole, former_names: [{ surname: 'ROE', until: '1999' }] })
    expect(read?.unknown).toEqual({ 'former_names.0.until': '1999' })
    expect(read?.odd).toBe(false)
  })

  it('takes null for absent', () => {
    expect(readOfficerItem({ ...director, links, resigned_on: null, address: null })).toMatchObject({ odd: false })
  })

  it('derives a stable id without a link, another one for another role', () => {
    const id = (item: object) => readOfficerItem(item)?.appointmentId
    expect(id(director)).toBe(id({ ...director, resigned_on: '2024-01-01', occupation: 'x' }))
    expect(id(director)).not.toBe(id({ ...director, officer_role: 'secretary' }))
    expect(id(director)).toMatch(/^derived-[\w-]{27}$/)
  })

  it('reads anything without throwing', () => {
    fc.assert(
      fc.property(fc.anything(), (raw) => {
        const read = readOfficerItem(raw)
        expect(read === null || typeof read.appointmentId === 'string').toBe(true)
      }),
    )
  })
})

describe('parseOfficerName', () => {
  const cases: [name: string, role: string, parts: [string | null, string | null, string | null]][] = [
    ['SMITH, John Paul', 'director', [null, 'John Paul', 'SMITH']],
    ["O'BRIEN, Mary, Dr", 'director', ['Dr', 'Mary', "O'BRIEN"]],
    ['DE SOUZA-LIMA, Ana', 'llp-member', [null, 'Ana', 'DE SOUZA-LIMA']],
    ['SMITH, John, Sir, Obe', 'director', ['Sir, Obe', 'John', 'SMITH']],
    ['Madonna Louise', 'director', [null, 'Madonna Louise', null]],
    ['SUKARNO', 'director', [null, null, 'SUKARNO']],
    ['ACME, SONS & CO LIMITED', 'corporate-secretary', [null, null, null]],
    ['null, John', 'director', [null, 'John', null]],
    ['HOWE, Earl', 'director', ['Earl', null, 'HOWE']],
    ['HOWE,EARL.', 'director', ['EARL.', null, 'HOWE']],
    ['HOWE, The Rt Hon. The Lord', 'director', ['The Rt Hon. The Lord', null, 'HOWE']],
    ['HOWE, Earl Howe', 'director', ['Earl Howe', null, 'HOWE']],
    ['SMITH, Lord Smith Of Kelvin', 'director', ['Lord Smith Of Kelvin', null, 'SMITH']],
    ['SMITH, Sir, KBE', 'director', ['Sir, KBE', null, 'SMITH']],
    ['SMITH, Lt Col (Retd)', 'secretary', ['Lt Col (Retd)', null, 'SMITH']],
    ['JONES, Earl Winston', 'director', [null, 'Earl Winston', 'JONES']],
    ['CHAN, Wing', 'director', [null, 'Wing', 'CHAN']],
    ['LAW, Duke Of', 'director', ['Duke Of', null, 'LAW']],
    ['TRUST, Sarah', 'secretary', [null, 'Sarah', 'TRUST']],
    ['LI, Sa', 'secretary', [null, 'Sa', 'LI']],
    ['JONES, S.A.', 'secretary', [null, 'S.A.', 'JONES']],
    ['CORP, Jane', 'director', [null, 'Jane', 'CORP']],
  ]
  for (const [name, role, [title, forenames, surname]] of cases) {
    it(`splits ${name}`, () => {
      expect(parseOfficerName(name, role)).toEqual({ title, forenames, surname })
    })
  }

  const nobody = { title: null, forenames: null, surname: null }

  it.each([
    'BELL ARCH LIMITED',
    'ARCH, Bell Limited',
    'ARCH, BELL LTD.',
    'ARCH LTD, Bell',
    'ARCH, Bell P.L.C.',
    'ARCH, Bell L.L.P',
    'ARCH, Bell GmbH & Co. KG',
    'ARCH, Bell S.à r.l.',
    'ARCH, Bell S. A. R. L.',
    'ARCH, Bell B.V.',
    'ARCH, Bell S.A.',
    'ARCH, BELL AG',
    'Bell Arch N.V.',
    'Bell Arch L.P.',
    'Bell Arch A/S',
    'BELL ARCH TRUST',
    'ARCH, Bell Pty. Ltd.',
    'ARCH, Bell Trustees',
    'BELL ARCH LIMITED (IN LIQUIDATION)',
    'BELL ARCH LTD T/A BELLS',
    'BELL ARCH INC.,',
  ])('takes %s for a body under the role of a director', (name) => {
    expect(parseOfficerName(name, 'director')).toEqual(nobody)
  })

  it('takes whoever is identified for a body, and a date of birth for a sign of a person', () => {
    expect(parseOfficerName('ARCH, Bell', 'director', { identified: true, born: true })).toEqual(nobody)
    expect(parseOfficerName('BOER, Nico N.V.', 'director', { born: true }).forenames).toBe('Nico N.V.')
    expect(parseOfficerName('ARCH, Bell Ltd', 'director', { born: true })).toEqual(nobody)
  })
})
