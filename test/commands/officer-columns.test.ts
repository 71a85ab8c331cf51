// From the register's answer to what is delivered of every member of an officer, through the commands alone.
import { readFileSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { csv, row } from '../companies-house/register/fixtures.ts'
import { run, tempFolder } from '../host.ts'
import { json, scriptedServer } from '../scripted-server.ts'

const dayFromNow = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)

/** Marker values in the shape that the service publishes. */
const address = (mark: string) => ({
  care_of: `${mark} care`,
  po_box: `${mark} box`,
  premises: `${mark} premises`,
  address_line_1: `${mark} line 1`,
  address_line_2: `${mark} line 2`,
  locality: `${mark} town`,
  region: `${mark} county`,
  country: `${mark} country`,
  postal_code: `${mark} code`,
})

const links = (id: string) => ({
  self: `/company/00000001/appointments/${id}`,
  officer: { appointments: `/officers/o-${id}/appointments` },
})

const verified = {
  anti_money_laundering_supervisory_bodies: ['m-body-1', 'm-body-2'],
  appointment_verification_end_on: '9999-12-31',
  appointment_verification_start_on: '2026-02-03',
  appointment_verification_statement_due_on: '2026-06-04',
  authorised_corporate_service_provider_name: 'm-provider',
  identity_verified_on: '2025-11-28',
  preferred_name: 'm-preferred',
}

const whole = {
  address: address('a'),
  appointed_on: '1991-05-12',
  contact_details: { contact_name: 'm-contact' },
  contribution_currency_type: 'm-GBP',
  contribution_currency_value: '11243.50',
  contribution_sub_types: [{ sub_type: 'm-money' }, { sub_type: 'm-shares' }],
  country_of_residence: 'm-residence',
  date_of_birth: { month: 3, year: 1970 },
  etag: 'm-etag',
  former_names: [{ forenames: 'm-former', surname: 'm-name' }],
  identification: {
    identification_type: 'm-type',
    legal_authority: 'm-authority',
    legal_form: 'm-form',
    place_registered: 'm-place',
    register_location: 'm-location',
    registration_number: 'm-number',
  },
  identity_verification_details: verified,
  is_pre_1992_appointment: true,
  links: links('whole'),
  name: 'MARKER, Ava May',
  nationality: 'm-nationality',
  occupation: 'm-occupation',
  officer_role: 'director',
  person_number: '300000010002',
  principal_office_address: address('p'),
  responsibilities: 'm-responsibilities',
}

const expected = {
  appointment_id: 'whole',
  contact_name: 'm-contact',
  contribution_currency_type: 'm-GBP',
  contribution_currency_value: '11243.50',
  contribution_sub_types: ['m-money', 'm-shares'],
  etag: 'm-etag',
  former_names: [{ forenames: 'm-former', surname: 'm-name' }],
  is_pre_1992_appointment: true,
  responsibilities: 'm-responsibilities',
  ...verified,
  ...address('a'),
  ...Object.fromEntries(
    Object.entries(address('p')).map(([name, value]) => [`principal_office_address_${name}`, value]),
  ),
  identity_verification: 'verified',
  is_active: true,
}

const due = (days: number) => ({ appointment_verification_statement_due_on: dayFromNow(days) })
const person = (id: string, details?: object) => ({
  name: `DOE, ${id}`,
  officer_role: 'director',
  appointed_on: '2020-01-01',
  links: links(id),
  ...(details ? { identity_verification_details: details } : {}),
})

it('delivers every member, its verification, and what changed of it', async () => {
  let items: object[] = [
    whole,
    person('due', due(3)),
    person('late', due(-3)),
    person('ended', { ...verified, appointment_verification_end_on: dayFromNow(-1) }),
    person('odd', { ...verified, appointment_verification_end_on: 'when pigs fly' }),
  ]
  await using server = await scriptedServer((path) => {
    const all = path.startsWith('/company/00000001/officers')
    return json({
      kind: 'officer-list',
      items: all && /start_index=0\b/.test(path) ? items : [],
      total_results: items.length,
      items_per_page: 500,
      links: { self: '/company/00000001/officers' },
    })
  })
  using folder = tempFolder()
  const env = {
    COMPANIES_HOUSE_API_URL: server.url,
    COMPANIES_HOUSE_API_KEY: 'a-secret-key',
    CHPIPE_CH_QUOTA: '1000/1s',
    CHPIPE_TIME_SCALE: '0.01',
  }
  const chpipe = (...args: string[]) => run([...args, '--quiet'], { cwd: folder.path, env })
  const officersIn = (file: string) =>
    JSON.parse(readFileSync(folder.file(file), 'utf8')).flatMap(({ officers }: { officers: object[] }) => officers)
  const standing = (officers: Record<string, unknown>[]) =>
    officers.map(({ appointment_id, identity_verification }) => [appointment_id, identity_verification])

  writeFileSync(folder.file('f.csv'), csv([row({ CompanyNumber: '00000001' })]))
  await chpipe('import-companies', 'f.csv')
  expect((await chpipe('import-officers', '--target', '1')).code).toBe(0)
  await chpipe('export', '--format', 'json', '--out', 'out/')
  const officers = officersIn('out/companies.json')
  expect(officers.find(({ appointment_id }: typeof expected) => appointment_id === 'whole')).toMatchObject(expected)
  expect(standing(officers)).toEqual([
    ['due', 'due'],
    ['ended', 'ended'],
    ['late', 'overdue'],
    ['odd', 'none'],
    ['whole', 'verified'],
  ])

  const { verification } = JSON.parse((await chpipe('progress', '--json')).stdout)
  expect(verification).toEqual({ verified: 1, due: 1, overdue: 1, ended: 1, none: 1 })
  expect((await chpipe('progress', '--prometheus')).stdout).toContain(
    'chpipe_officers_by_verification{identity_verification="overdue"} 1',
  )
  await chpipe('export', '--format', 'json', '--verification', ' overdue,due', '--out', 'some.json')
  expect(standing(officersIn('some.json'))).toEqual([
    ['due', 'due'],
    ['late', 'overdue'],
  ])
  expect(await chpipe('export', '--verification', 'overdu', '--out', 'none.json')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('expected verified, due, overdue, ended, none, got: overdu'),
  })

  items = [whole, person('due', { appointment_verification_start_on: dayFromNow(0) })]
  expect((await chpipe('import-officers', '--refresh', '0s')).code).toBe(0)
  const { stdout } = await chpipe('export', '--format', 'json', '--since', 'last', '--out', 'out/', '--json')
  const delta = JSON.parse(stdout).path.slice(folder.path.length + 1)
  expect(standing(officersIn(`${delta}/companies.json`))).toEqual([
    ['due', 'verified'],
    ['whole', 'verified'],
  ])
  expect(officersIn(`${delta}/companies.json`)[1]).toMatchObject(expected)
  const refused = await chpipe(
    'export',
    '--since',
    'last',
    '--verification',
    'due',
    '--out',
    'out/',
    '--format',
    'json',
  )
  expect([refused.code, refused.stderr]).toEqual([5, expect.stringContaining('No earlier export of these')])
})
