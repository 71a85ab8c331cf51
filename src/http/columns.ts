// The public tables' columns as schemas: the same names as in the database and in the exports.
import { z } from '@hono/zod-openapi'

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

export const companyColumns = z
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

export const officerColumns = z
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

export const domainColumns = z
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

export const emailColumns = z
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
