// The columns of a company.
import {
  address,
  type ColumnEntry,
  chpipe,
  companyNumber,
  origin,
  profile,
  profileOnly,
  register,
  registerOrProfile,
  type TableEntry,
  WHEN,
  WHOLE,
} from './entry.ts'

/** Where a profile has it. */
const at = (member: string) => ({ ...WHOLE, member })

/** What is due when, in the register's words; the profile has it under the same names, one below the other. */
const filings: Record<string, ColumnEntry> = {
  country_of_origin: register.text('Country in which the company was formed, in words', {
    ...WHOLE,
    example: 'United Kingdom',
  }),
  accounts_accounting_reference_date_day: registerOrProfile.whole('Day of the month on which its year ends', {
    ...at('accounts.accounting_reference_date.day'),
    example: 31,
  }),
  accounts_accounting_reference_date_month: registerOrProfile.whole('Month in which its year ends', {
    ...at('accounts.accounting_reference_date.month'),
    example: 3,
  }),
  accounts_next_due: registerOrProfile.day('Day by which the next accounts must be filed', at('accounts.next_due')),
  accounts_next_made_up_to: profileOnly.day(
    'Day to which the next accounts are made up',
    at('accounts.next_made_up_to'),
  ),
  accounts_overdue: profileOnly.truth('Accounts were overdue when the profile was read', at('accounts.overdue')),
  accounts_last_accounts_made_up_to: registerOrProfile.day(
    'Day to which the last accounts were made up',
    at('accounts.last_accounts.made_up_to'),
  ),
  accounts_last_accounts_type: registerOrProfile.slug(
    'Category of the last accounts, such as `micro-entity`, `full`, `dormant`',
    { ...at('accounts.last_accounts.type'), example: 'micro-entity' },
  ),
  accounts_last_accounts_period_start_on: profileOnly.day(
    'First day of the last accounts',
    at('accounts.last_accounts.period_start_on'),
  ),
  accounts_last_accounts_period_end_on: profileOnly.day(
    'Last day of the last accounts',
    at('accounts.last_accounts.period_end_on'),
  ),
  accounts_next_accounts_due_on: profileOnly.day(
    'Day by which the next accounts must be filed, by their period',
    at('accounts.next_accounts.due_on'),
  ),
  accounts_next_accounts_overdue: profileOnly.truth(
    'The next accounts were overdue when the profile was read',
    at('accounts.next_accounts.overdue'),
  ),
  accounts_next_accounts_period_start_on: profileOnly.day(
    'First day of the next accounts',
    at('accounts.next_accounts.period_start_on'),
  ),
  accounts_next_accounts_period_end_on: profileOnly.day(
    'Last day of the next accounts',
    at('accounts.next_accounts.period_end_on'),
  ),
  confirmation_statement_next_due: registerOrProfile.day(
    'Day by which the next statement must be filed',
    at('confirmation_statement.next_due'),
  ),
  confirmation_statement_last_made_up_to: registerOrProfile.day(
    'Day to which the last statement was made up',
    at('confirmation_statement.last_made_up_to'),
  ),
  confirmation_statement_next_made_up_to: profileOnly.day(
    'Day to which the next statement is made up',
    at('confirmation_statement.next_made_up_to'),
  ),
  confirmation_statement_overdue: profileOnly.truth(
    'The statement was overdue when the profile was read',
    at('confirmation_statement.overdue'),
  ),
  annual_return_next_due: registerOrProfile.day(
    'The same of the annual return, which the statement replaced',
    at('annual_return.next_due'),
  ),
  annual_return_last_made_up_to: registerOrProfile.day(
    'Day to which the last annual return was made up',
    at('annual_return.last_made_up_to'),
  ),
  annual_return_next_made_up_to: profileOnly.day(
    'Day to which the next annual return is made up',
    at('annual_return.next_made_up_to'),
  ),
  annual_return_overdue: profileOnly.truth(
    'The annual return was overdue when the profile was read',
    at('annual_return.overdue'),
  ),
  charges_count: register.whole('Charges (mortgages) registered against it', { ...WHOLE, example: 1 }),
  charges_outstanding_count: register.whole('Of these, outstanding', { ...WHOLE, example: 1 }),
  charges_part_satisfied_count: register.whole('Of these, partly satisfied', { ...WHOLE, example: 0 }),
  charges_satisfied_count: register.whole('Of these, satisfied', { ...WHOLE, example: 0 }),
  general_partners_count: register.whole('General partners of a limited partnership', { ...WHOLE, example: 0 }),
  limited_partners_count: register.whole('Limited partners of a limited partnership', { ...WHOLE, example: 0 }),
  previous_company_names: registerOrProfile.json(
    'Earlier names, the latest first: `name`, `effective_from`, and `ceased_on`, the day on which the name ended',
    { ...at('previous_company_names'), example: '[{"name":"HAWTHORN LIMITED","ceased_on":"2014-02-03"}]' },
  ),
  uri: register.id('Address of the company on the web of linked data', WHOLE),
}

const profileMembers: Record<string, ColumnEntry> = {
  has_charges: profileOnly.truth('Charges are, or were, registered against it', at('has_charges')),
  has_insolvency_history: profileOnly.truth('It is, or was, insolvent', at('has_insolvency_history')),
  has_been_liquidated: profileOnly.truth('It was liquidated', at('has_been_liquidated')),
  has_super_secure_pscs: profileOnly.truth(
    'A person with significant control is withheld by law',
    at('has_super_secure_pscs'),
  ),
  registered_office_is_in_dispute: profileOnly.truth(
    'Somebody disputes its registered office',
    at('registered_office_is_in_dispute'),
  ),
  undeliverable_registered_office_address: profileOnly.truth(
    'Post to its registered office comes back',
    at('undeliverable_registered_office_address'),
  ),
  is_community_interest_company: profileOnly.truth(
    'It is a community interest company',
    at('is_community_interest_company'),
  ),
  can_file: profileOnly.truth('It can file online', at('can_file')),
  partial_data_available: profileOnly.slug(
    'Who holds the rest where the register holds only a part',
    at('partial_data_available'),
  ),
  external_registration_number: profileOnly.id('Its number at another registrar', at('external_registration_number')),
  last_full_members_list_date: profileOnly.day(
    'Day of the last full list of members',
    at('last_full_members_list_date'),
  ),
  term: profileOnly.text('How long a partnership is to last, as filed', at('term')),
  service_address: profileOnly.json(
    'Address for service of an overseas company, in the members of an address',
    at('service_address'),
  ),
  branch_company_details: profileOnly.json(
    'Of a UK establishment: business, parent company and its number',
    at('branch_company_details'),
  ),
  foreign_company_details: profileOnly.json(
    'Of an overseas company: its home register, law, form and accounts',
    at('foreign_company_details'),
  ),
  corporate_annotation: profileOnly.json(
    'Remarks of the registrar: `type`, `description`, `created_on`',
    at('corporate_annotation'),
  ),
  etag: profileOnly.id('Version of the profile; changes with every edit at the register', at('etag')),
}

export const companies: TableEntry = {
  row: 'One company on the register.',
  key: ['company_number'],
  columns: {
    ...companyNumber(profile),
    company_name: profile.text('Registered name', { required: true, example: 'HAWTHORN SOFTWARE LIMITED' }),
    company_status: profile.slug(
      'Status, such as `active`, `dissolved`, `liquidation`; empty for some kinds, and while it is not known',
      { example: 'active' },
    ),
    company_status_detail: profile.slug('More about the status, such as `active-proposal-to-strike-off`', {}),
    type: profile.slug('Legal form, such as `ltd`, `plc`, `llp`, `private-limited-guarant-nsc`', { example: 'ltd' }),
    subtype: profile.slug(
      'Such as `community-interest-company`, `private-fund-limited-partnership`, `slp`, `pflp`, `spflp`; mostly empty',
      {},
    ),
    jurisdiction: profileOnly.slug('Register that it belongs to, such as `england-wales`, `scotland`', {
      example: 'england-wales',
    }),
    date_of_creation: profile.day('Day of incorporation or registration', { example: '2011-08-01' }),
    date_of_cessation: profile.day('Day on which it was dissolved or closed', {}),
    sic_codes: profile.codes(
      'Up to four codes: SIC 2007 with five digits, or SIC 2003 with four; joined by commas, an array in JSON',
      { example: '62012' },
    ),
    ...address('the registered office', profile, 'registered_office_address'),
    // The register file has the whole address in its lines.
    premises: profileOnly.text('House name or number where filed apart from the street, in the registered office', {
      member: 'registered_office_address.premises',
      example: '8',
    }),
    officers_state: chpipe.slug(
      'Its officer list: `complete`, `none` (read, and empty), `stale` (was complete, may have changed), `pending` or `failed`',
      {
        required: true,
        values: ['pending', 'complete', 'none', 'failed', 'stale'],
      },
    ),
    officers_count: chpipe.whole('Appointments of this company in this export, resigned ones included', {
      required: true,
      example: 3,
    }),
    officers_fetched_at: chpipe.time('When its officer list was read as a whole', { example: WHEN }),
    ...origin('the company'),
    first_seen_at: chpipe.time('When chpipe first learnt of the company', { required: true, example: WHEN }),
    deleted_at: chpipe.time('When the register said that it was removed; empty while it is there', {}),
    ...filings,
    ...profileMembers,
    pscs_state: chpipe.slug(
      'Its persons with significant control, as the newest snapshot has them and the stream has told since: `complete`, `none` (read, and none recorded), `pending` (not read) or `stale` (in doubt, since the stream has lost events)',
      { ...WHOLE, required: true, values: ['pending', 'complete', 'none', 'stale'] },
    ),
    pscs_fetched_at: chpipe.time('Moment of the snapshot that last changed what is known of them as a whole', {
      ...WHOLE,
      example: WHEN,
    }),
  },
}
