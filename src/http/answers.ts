// The public tables' columns as schemas: the same names as in the database and in the exports.
import { z } from '@hono/zod-openapi'
import type { Item, ServedCompany } from '../db/served/companies.ts'

const text = (description: string, example?: string) =>
  z
    .string()
    .nullable()
    .openapi({ description, ...(example === undefined ? {} : { example }) })
const given = (description: string, example?: string) =>
  z.string().openapi({ description, ...(example === undefined ? {} : { example }) })
const whole = (description: string, example?: number) =>
  z
    .int()
    .nullable()
    .openapi({ description, ...(example === undefined ? {} : { example }) })
const count = (description: string, example?: number) =>
  z.int().openapi({ description, ...(example === undefined ? {} : { example }) })

const number = given('Companies House number, eight characters', '00445790')
const run = count('The run of chpipe that wrote the row', 12)

const address = {
  care_of: text('Registered address or correspondence address: care of'),
  po_box: text('Post office box'),
  premises: text('House name or number', '8'),
  address_line_1: text('First line', 'HIGH STREET'),
  address_line_2: text('Second line'),
  locality: text('Town', 'LONDON'),
  region: text('County or region'),
  country: text('Country', 'ENGLAND'),
  postal_code: text('Postcode', 'SE12 3UW'),
}

const origin = {
  source: given('Where the row came from: `register-file`, `search`, `rest` or `stream`', 'rest'),
  fetched_at: given('When it was taken from there, ISO 8601 in UTC', '2026-11-23T15:24:00.000Z'),
  run_id: run,
}

const companyColumns = z
  .object({
    company_number: number,
    company_name: given('Name as registered', 'HAWTHORN SOFTWARE LIMITED'),
    company_status: text('Status under its API name', 'active'),
    company_status_detail: text('More about the status', 'active-proposal-to-strike-off'),
    type: text('Type under its API name', 'ltd'),
    subtype: text('More about the type'),
    jurisdiction: text('Where it is registered', 'england-wales'),
    date_of_creation: text('Day of incorporation, YYYY-MM-DD', '2011-08-01'),
    date_of_cessation: text('Day on which it ended, YYYY-MM-DD'),
    sic_codes: z
      .array(z.string())
      .openapi({ description: 'SIC 2007 codes of five digits, or SIC 2003 codes of four', example: ['62012'] }),
    ...address,
    officers_state: z
      .enum(['pending', 'complete', 'none', 'failed'])
      .openapi({ description: 'Whether the list of officers is complete; others only with `all=true`' }),
    officers_count: count('Appointments stored, resigned ones included', 3),
    officers_fetched_at: text('When the list of officers was taken, ISO 8601 in UTC', '2026-11-23T15:24:00.000Z'),
    ...origin,
    first_seen_at: given('When the company was first stored, ISO 8601 in UTC', '2026-11-01T09:00:00.000Z'),
    deleted_at: text('When the register dropped the company, ISO 8601 in UTC'),
  })
  .openapi('Company')

const officerColumns = z
  .object({
    company_number: number,
    appointment_id: given('Names the appointment within the company', 'aBcDeFgHiJkLmNoPqRsTuVwXyZ0'),
    officer_id: text('Names the officer in all companies'),
    person_number: text('Number of the person at Companies House'),
    name: text('Name as filed: SURNAME, Forenames, Title', 'SMITH, Jane Anne'),
    title: text('Title, read from the name'),
    forenames: text('Forenames, read from the name', 'Jane Anne'),
    surname: text('Surname, read from the name', 'SMITH'),
    officer_role: text('Role under its API name', 'director'),
    appointed_on: text('Day of appointment, YYYY-MM-DD', '2012-01-31'),
    appointed_before: text('Day before which the appointment was made, YYYY-MM-DD'),
    resigned_on: text(
      'Day of resignation, YYYY-MM-DD; null where none was filed, as for the last officers of a dissolved company',
    ),
    date_of_birth_month: whole('Month of birth, 1 to 12', 4),
    date_of_birth_year: whole('Year of birth', 1970),
    nationality: text('Nationality', 'British'),
    country_of_residence: text('Country of residence', 'England'),
    occupation: text('Occupation', 'Engineer'),
    ...address,
    identification_type: text('Corporate officer: kind of registration'),
    legal_authority: text('Corporate officer: governing law'),
    legal_form: text('Corporate officer: legal form'),
    place_registered: text('Corporate officer: where it is registered'),
    register_location: text('Corporate officer: country of that register'),
    registration_number: text('Corporate officer: its number there'),
    ...origin,
  })
  .openapi('Officer')

const domainColumns = z
  .object({
    company_number: number,
    domain: given('Domain of the company', 'hawthornsoftware.example'),
    provider: given('Who told it', 'snov'),
    confidence: whole('How likely it is the right one, 0 to 100', 92),
    state: given('What became of it', 'found'),
    found_at: given('When it was found, ISO 8601 in UTC', '2026-11-23T15:30:00.000Z'),
    run_id: run,
  })
  .openapi('Domain')

const emailColumns = z
  .object({
    company_number: number,
    appointment_id: given('The appointment whose address it is'),
    email: given('E-mail address', 'jane.smith@hawthornsoftware.example'),
    status: text('What the provider says of it', 'valid'),
    status_reason: text('Why'),
    provider: given('Who told it', 'snov'),
    found_at: given('When it was found, ISO 8601 in UTC', '2026-11-23T15:31:00.000Z'),
    run_id: run,
  })
  .openapi('Email')

// The shapes of answers.

const officerWithEmails = z
  .object({
    ...officerColumns.shape,
    emails: z.array(emailColumns).openapi({ description: 'Addresses of this appointment' }),
  })
  .openapi('OfficerWithEmails')

const officers = z.array(officerWithEmails).openapi({ description: 'All appointments, by appointment_id' })
const domains = z.array(domainColumns).openapi({ description: 'All domains, by name' })
const otherEmails = z
  .array(emailColumns)
  .optional()
  .openapi({ description: 'Addresses that belong to none of the officers here; absent when there are none' })

export const companyWithMembers = z
  .object({ ...companyColumns.shape, officers, domains, emails: otherEmails })
  .openapi('CompanyWithMembers')

const listedCompany = z
  .object({
    ...companyColumns.shape,
    officers: officers.optional(),
    domains: domains.optional(),
    emails: otherEmails,
  })
  .openapi('ListedCompany', { description: 'A company, with what `include` asks for' })

export const change = z
  .object({
    company_number: z.string().openapi({ example: '00445790' }),
    changed_at: z.string().nullable().openapi({
      description: 'The newest time that any fact of the company carries; null when something was only withdrawn',
      example: '2026-11-23T15:24:00.000Z',
    }),
    removed: z.boolean().openapi({ description: 'The company is gone: remove it with all that belongs to it' }),
    company: z.union([companyWithMembers, z.null()]).openapi({
      description: 'The company as it is now, which replaces all that you had of it; null when it is gone',
    }),
  })
  .openapi('Change')

const next = z.string().nullable().openapi({
  description:
    'Path and query of the next page; null on the last one. A page may hold fewer items than `limit`, even none, and still have a next one.',
  example: '/v1/companies?limit=100&cursor=WyJ4Il0',
})

export const companyList = z.object({ items: z.array(listedCompany), next }).openapi('CompanyList')
export const officerList = z.object({ items: z.array(officerWithEmails), next }).openapi('OfficerList')
export const changeList = z
  .object({
    items: z.array(change),
    next,
    checkpoint: z.string().openapi({
      description: 'Ask for the next changes with `since` set to this, once you have read the last page',
      example: '9f86d081-1234',
    }),
  })
  .openapi('ChangeList')

export const health = z
  .object({ status: z.literal('ok'), version: z.string().openapi({ example: '0.1.0' }) })
  .openapi('Health')

export const problem = z
  .object({
    type: z.string().openapi({ example: 'about:blank' }),
    title: z.string().openapi({ example: 'Bad Request' }),
    status: z.int().openapi({ example: 400 }),
    detail: z.string().optional().openapi({ example: 'A parameter is wrong or unknown' }),
    errors: z
      .array(z.object({ parameter: z.string(), detail: z.string() }))
      .optional()
      .openapi({ description: 'What is wrong with which parameter' }),
  })
  .openapi('Problem')

export const MEMBERS = ['officers', 'domains', 'emails'] as const
export type Member = (typeof MEMBERS)[number]

type Nested = Record<string, Item[string] | Nested[]>

/** A company with the members that are asked for inside, as the exports nest them. */
export function nestedCompany(
  { company, officers, domains, emails }: ServedCompany,
  include: readonly Member[],
): Nested {
  const nested: Nested = { ...company }
  const withEmails = include.includes('emails')
  if (include.includes('officers'))
    nested.officers = officers.map((officer) => nestedOfficer(officer, withEmails ? emails : []))
  if (include.includes('domains')) nested.domains = domains
  if (!withEmails) return nested
  const known = new Set(include.includes('officers') ? officers.map(({ appointment_id }) => appointment_id) : [])
  const others = emails.filter(({ appointment_id }) => !known.has(appointment_id))
  if (others.length > 0 || !include.includes('officers')) nested.emails = others
  return nested
}

/** An officer with those of the company's addresses that are theirs. */
export function nestedOfficer(officer: Item, emails: Item[]): Nested {
  return { ...officer, emails: emails.filter(({ appointment_id }) => appointment_id === officer.appointment_id) }
}
