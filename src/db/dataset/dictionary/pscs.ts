// The columns of persons with significant control, and where a record of the register has them.
import {
  address,
  CH,
  type ColumnEntry,
  chpipe,
  companyNumber,
  from,
  identityVerification,
  NEW,
  type TableEntry,
  verification,
  WHEN,
  WHOLE,
} from './entry.ts'

const psc = from(`${CH}: snapshot or stream of persons with significant control`)

const at = (member: string, example?: string | number) => ({
  ...WHOLE,
  member,
  ...(example === undefined ? {} : { example }),
})

const person: Record<string, ColumnEntry> = {
  name: psc.text('Name as filed, `Forename Surname` or the name of a body; empty where it is withheld by law', {
    ...at('name', 'Ms Jane Anne Smith'),
  }),
  title: psc.text('Title of a person', at('name_elements.title', 'Ms')),
  forename: psc.text('First name of a person', at('name_elements.forename', 'Jane')),
  middle_name: psc.text('Further names of a person', at('name_elements.middle_name', 'Anne')),
  surname: psc.text('Surname of a person', at('name_elements.surname', 'Smith')),
  date_of_birth_month: psc.whole(
    'Month of birth, 1 to 12; the register does not publish the day',
    at('date_of_birth.month', 4),
  ),
  date_of_birth_year: psc.whole('Year of birth', at('date_of_birth.year', 1970)),
  nationality: psc.text('Nationality as filed', at('nationality', 'British')),
  country_of_residence: psc.text(
    'Country in which the person usually lives, as filed',
    at('country_of_residence', 'England'),
  ),
}

const body: Record<string, ColumnEntry> = {
  identification_type: psc.slug('Of a body: what register it is on', at('identification.identification_type')),
  legal_authority: psc.text('Of a body: the law that governs it', at('identification.legal_authority')),
  legal_form: psc.text('Of a body: its legal form', at('identification.legal_form')),
  place_registered: psc.text('Of a body: where it is registered', at('identification.place_registered')),
  country_registered: psc.text('Of a body: the country of that register', at('identification.country_registered')),
  registration_number: psc.text(
    'Of a body: its number there, as typed; not always a number',
    at('identification.registration_number'),
  ),
}

const control: Record<string, ColumnEntry> = {
  natures_of_control: psc.codes(
    'How the company is controlled; what each code means is in `natures_of_control_words`',
    {
      ...at('natures_of_control', 'ownership-of-shares-75-to-100-percent'),
    },
  ),
  natures_of_control_words: chpipe.text(
    'The same in words, separated by semicolons; a code that is new stays as it is',
    {
      ...WHOLE,
      computed: true,
      example: 'Ownership of shares – 75% or more',
    },
  ),
  notified_on: psc.day('Day on which it began, as filed; may be impossibly early', at('notified_on', '2016-04-06')),
  ceased_on: psc.day('Day on which it ended, as filed; empty while it lasts', at('ceased_on')),
  ceased: psc.truth('It ended, where the day is withheld by law', at('ceased')),
  is_sanctioned: psc.truth('The beneficial owner is under sanctions', at('is_sanctioned')),
  description: psc.slug('Of somebody withheld by law: why nothing else is shown', at('description')),
  statement: psc.slug(
    'Of a statement: what the company states, such as `no-individual-or-entity-with-signficant-control` (as the register spells it)',
    at('statement'),
  ),
  linked_psc_name: psc.text('Of a statement: the person whom it is about', at('linked_psc_name')),
  linked_psc: psc.id("Of a statement: the API's address of that person's record, whose last part is its `psc_id`", {
    ...at('links.person_with_significant_control'),
    since: 17,
  }),
  restrictions_notice_withdrawal_reason: psc.slug(
    'Of a statement: why a restrictions notice was withdrawn',
    at('restrictions_notice_withdrawal_reason'),
  ),
  exemptions: psc.json('Of an exemption: why, from when and until when the company is exempt', at('exemptions')),
}

export const personsWithSignificantControl: TableEntry = {
  row: 'One person or body that controls a company, one statement in place of them, or one exemption. Ceased ones are included.',
  key: ['company_number', 'psc_id'],
  columns: {
    ...companyNumber(psc),
    psc_id: psc.id('Names the record within the company; last part of `links.self`, may begin with `-`', {
      ...WHOLE,
      required: true,
      example: 'xFrIb608zKm11ApBuTuTmQyNpVs',
    }),
    kind: psc.slug(
      'What it is: `individual-`, `corporate-entity-` or `legal-person-person-with-significant-control`, the same with `-beneficial-owner`, `super-secure-...` (withheld by law), `persons-with-significant-control-statement`, `exemptions`',
      { ...at('kind', 'individual-person-with-significant-control'), required: true },
    ),
    ...person,
    ...address('the address for correspondence', psc, 'address', { since: WHOLE.since }),
    ...address('the principal office of a body', psc, 'principal_office_address', {
      prefix: 'principal_office_address_',
      ...WHOLE,
    }),
    ...body,
    ...control,
    ...verification(psc),
    appointment_verification_statement_date: psc.day(
      'Day from which a statement of verification may be given',
      at('identity_verification_details.appointment_verification_statement_date'),
    ),
    ...identityVerification,
    etag: psc.id('Version of the record; changes with every edit at the register', at('etag')),
    source: chpipe.slug('Where the row came from: `psc-snapshot` the daily file, `stream` the live stream', {
      ...NEW,
      ...WHOLE,
      example: 'psc-snapshot',
    }),
    fetched_at: chpipe.time('Moment of the snapshot or of the event that brought the row as it stands', {
      ...NEW,
      ...WHOLE,
      example: WHEN,
    }),
    run_id: chpipe.whole('Run of chpipe that wrote the row, for tracing', { ...NEW, ...WHOLE, example: 12 }),
  },
}
