// The columns of an officer, and where an item of the register has them.
import {
  address,
  chpipe,
  companyNumber,
  filedName,
  identityVerification,
  officer,
  origin,
  type TableEntry,
  verification,
  WHOLE,
} from './entry.ts'

export const officers: TableEntry = {
  row: 'One appointment: a person or a body in one role at one company. Resigned ones are included.',
  key: ['company_number', 'appointment_id'],
  columns: {
    ...companyNumber(officer),
    appointment_id: officer.id(
      'Names the appointment within the company; last part of `links.self`, may begin with `-`',
      { required: true, example: 'aBcDeFgHiJkLmNoPqRsTuVwXyZ0' },
    ),
    officer_id: officer.id('Names the officer across companies; one person may have several', {}),
    person_number: officer.id('Number in the bulk products: eight digits for the person, four for the variant', {
      member: 'person_number',
    }),
    name: officer.text('Name as filed: `SURNAME, Forename Middle, Title`, or the name of a body', {
      member: 'name',
      example: 'SMITH, Jane Anne',
    }),
    title: filedName.text('Title, where one was filed; a peer may have no forename', {}),
    forenames: filedName.text('Forenames of a person; none of a body, whatever its role', { example: 'Jane Anne' }),
    surname: filedName.text('Surname of a person', { example: 'SMITH' }),
    officer_role: officer.slug(
      'Role, such as `director`, `secretary`, `llp-designated-member`, `corporate-secretary`',
      { member: 'officer_role', example: 'director' },
    ),
    appointed_on: officer.day('First day in the role', { member: 'appointed_on', example: '2012-01-31' }),
    appointed_before: officer.day('Given instead where the first day was before 1992 and is not known', {
      member: 'appointed_before',
    }),
    resigned_on: officer.day(
      'Last day in the role; empty while it is held, and for the last officers of a dissolved company',
      { member: 'resigned_on' },
    ),
    date_of_birth_month: officer.whole('Month of birth, 1 to 12; the register does not publish the day', {
      member: 'date_of_birth.month',
      example: 4,
    }),
    date_of_birth_year: officer.whole('Year of birth', { member: 'date_of_birth.year', example: 1970 }),
    nationality: officer.text('Nationality as filed', { member: 'nationality', example: 'British' }),
    country_of_residence: officer.text('Country in which the person usually lives, as filed', {
      member: 'country_of_residence',
      example: 'England',
    }),
    occupation: officer.text('Occupation as filed', { member: 'occupation', example: 'Engineer' }),
    ...address('the address for correspondence', officer, 'address'),
    identification_type: officer.slug(
      'Of a body: what register it is on, such as `uk-limited-company`, `eea`, `non-eea`',
      { member: 'identification.identification_type' },
    ),
    legal_authority: officer.text('Of a body: the law that governs it', { member: 'identification.legal_authority' }),
    legal_form: officer.text('Of a body: its legal form', { member: 'identification.legal_form' }),
    place_registered: officer.text('Of a body: where it is registered', { member: 'identification.place_registered' }),
    register_location: officer.text('Of a body: the country of that register', {
      member: 'identification.register_location',
    }),
    registration_number: officer.text('Of a body: its number there, as typed', {
      member: 'identification.registration_number',
    }),
    ...origin('the officer list'),
    is_pre_1992_appointment: officer.truth('The first day in the role was before 1992', {
      ...WHOLE,
      member: 'is_pre_1992_appointment',
    }),
    former_names: officer.json('Earlier names of the person: `forenames`, `surname`', {
      ...WHOLE,
      member: 'former_names',
      example: '[{"forenames":"Jane","surname":"Rowan"}]',
    }),
    ...address('the principal office of a body or partner', officer, 'principal_office_address', {
      prefix: 'principal_office_address_',
      ...WHOLE,
    }),
    responsibilities: officer.text('What a managing officer is responsible for, as filed', {
      ...WHOLE,
      member: 'responsibilities',
    }),
    contact_name: officer.text('Whom to contact at a corporate managing officer', {
      ...WHOLE,
      member: 'contact_details.contact_name',
    }),
    contribution_currency_type: officer.slug('Currency of what a limited partner contributed, such as `GBP`', {
      ...WHOLE,
      member: 'contribution_currency_type',
    }),
    contribution_currency_value: officer.text('Amount of it, as filed', {
      ...WHOLE,
      member: 'contribution_currency_value',
    }),
    contribution_sub_types: officer.codes('What it consists of: `money`, `shares`, `services-or-goods` and others', {
      ...WHOLE,
      member: 'contribution_sub_types.sub_type',
    }),
    ...verification(officer),
    etag: officer.id('Version of the appointment; changes with every edit at the register', {
      ...WHOLE,
      member: 'etag',
    }),
    ...identityVerification,
    is_active: chpipe.truth('The office is held: not resigned, and the company is not dissolved, converted or closed', {
      ...WHOLE,
      required: true,
      computed: true,
      example: 'true',
    }),
  },
}
