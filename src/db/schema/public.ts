// Public tables are the product: their names and columns stay as they are, here, in the exports and over HTTP.
// Times are ISO 8601 text in UTC.
import { sql } from 'drizzle-orm'
import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/** Address members under the API's own names, shared by companies and officers. */
const address = () => ({
  care_of: text(),
  po_box: text(),
  premises: text(),
  address_line_1: text(),
  address_line_2: text(),
  locality: text(),
  region: text(),
  country: text(),
  postal_code: text(),
})

/** The address of a principal office, in the same members. */
const principalOffice = () => ({
  principal_office_address_care_of: text(),
  principal_office_address_po_box: text(),
  principal_office_address_premises: text(),
  principal_office_address_address_line_1: text(),
  principal_office_address_address_line_2: text(),
  principal_office_address_locality: text(),
  principal_office_address_region: text(),
  principal_office_address_country: text(),
  principal_office_address_postal_code: text(),
})

/** What is published about the verification of an identity for one role; whether it is due follows from the day of reading. */
const verification = () => ({
  appointment_verification_start_on: text(),
  appointment_verification_end_on: text(),
  appointment_verification_statement_due_on: text(),
  identity_verified_on: text(),
  authorised_corporate_service_provider_name: text(),
  /** A JSON array of names. */
  anti_money_laundering_supervisory_bodies: text(),
  preferred_name: text(),
})

/** Where a row came from, when, and in which run. */
const origin = () => ({
  source: text().notNull(),
  fetched_at: text().notNull(),
  run_id: integer().notNull(),
})

/** What the register file tells beside the name, the address and the status. */
const companyFilings = () => ({
  country_of_origin: text(),
  accounts_accounting_reference_date_day: integer(),
  accounts_accounting_reference_date_month: integer(),
  accounts_next_due: text(),
  accounts_next_made_up_to: text(),
  accounts_overdue: integer(),
  accounts_last_accounts_made_up_to: text(),
  accounts_last_accounts_type: text(),
  accounts_last_accounts_period_start_on: text(),
  accounts_last_accounts_period_end_on: text(),
  accounts_next_accounts_due_on: text(),
  accounts_next_accounts_overdue: integer(),
  accounts_next_accounts_period_start_on: text(),
  accounts_next_accounts_period_end_on: text(),
  confirmation_statement_next_due: text(),
  confirmation_statement_last_made_up_to: text(),
  confirmation_statement_next_made_up_to: text(),
  confirmation_statement_overdue: integer(),
  annual_return_next_due: text(),
  annual_return_last_made_up_to: text(),
  annual_return_next_made_up_to: text(),
  annual_return_overdue: integer(),
  charges_count: integer(),
  charges_outstanding_count: integer(),
  charges_part_satisfied_count: integer(),
  charges_satisfied_count: integer(),
  general_partners_count: integer(),
  limited_partners_count: integer(),
  /** A JSON array as the profile has it: `{ name, effective_from, ceased_on }`, the latest first. */
  previous_company_names: text(),
  /** As the register file names the company on the web; null where that is the usual form of its number. */
  uri: text(),
})

/** What only a profile or a stream event tells; truth is 1 or 0. */
const companyProfile = () => ({
  has_charges: integer(),
  has_insolvency_history: integer(),
  has_been_liquidated: integer(),
  has_super_secure_pscs: integer(),
  registered_office_is_in_dispute: integer(),
  undeliverable_registered_office_address: integer(),
  is_community_interest_company: integer(),
  can_file: integer(),
  partial_data_available: text(),
  external_registration_number: text(),
  last_full_members_list_date: text(),
  term: text(),
  /** JSON objects as the profile has them. */
  service_address: text(),
  branch_company_details: text(),
  foreign_company_details: text(),
  /** A JSON array as the profile has it. */
  corporate_annotation: text(),
  etag: text(),
})

export const companies = sqliteTable(
  'companies',
  {
    company_number: text().primaryKey(),
    company_name: text().notNull(),
    company_status: text(),
    company_status_detail: text(),
    type: text(),
    subtype: text(),
    jurisdiction: text(),
    date_of_creation: text(),
    date_of_cessation: text(),
    /** Codes joined by commas: five digits, or four where a company kept its code of SIC 2003. */
    sic_codes: text(),
    ...address(),
    officers_state: text({ enum: ['pending', 'complete', 'none', 'failed', 'stale'] })
      .notNull()
      .default('pending'),
    officers_count: integer().notNull().default(0),
    officers_fetched_at: text(),
    ...origin(),
    first_seen_at: text().notNull(),
    deleted_at: text(),
    ...companyFilings(),
    ...companyProfile(),
    pscs_state: text({ enum: ['pending', 'complete', 'none', 'stale'] })
      .notNull()
      .default('pending'),
    pscs_fetched_at: text(),
    /** Not public. The number of the last change of anything of the company (see `changes.ts`); 0 from before there were numbers. */
    change_number: integer().notNull().default(0),
    /** Not public. Which row of which register file the company is stored as; null since anything else changed it. */
    file_row: integer(),
  },
  (table) => [
    index('companies_by_change').on(table.change_number),
    index('companies_by_officers_state').on(table.officers_state, table.company_number),
    index('companies_by_officers_fetched_at')
      .on(table.officers_fetched_at, table.officers_state)
      .where(sql`officers_fetched_at IS NOT NULL`),
    index('companies_stale').on(table.officers_state, table.officers_fetched_at).where(sql`officers_state = 'stale'`),
    index('companies_pscs_stale').on(table.company_number).where(sql`pscs_state = 'stale'`),
    index('companies_to_ask').on(table.company_number).where(sql`company_status IS NULL AND source = 'register-file'`),
  ],
)

export const officers = sqliteTable(
  'officers',
  {
    company_number: text()
      .notNull()
      .references(() => companies.company_number, { onDelete: 'cascade' }),
    /** Last part of `links.self`, or an id derived from the item where that link is missing. */
    appointment_id: text().notNull(),
    officer_id: text(),
    person_number: text(),
    /** As filed: `SURNAME, Forename Middle, Title`. */
    name: text(),
    title: text(),
    forenames: text(),
    surname: text(),
    officer_role: text(),
    appointed_on: text(),
    appointed_before: text(),
    resigned_on: text(),
    date_of_birth_month: integer(),
    date_of_birth_year: integer(),
    nationality: text(),
    country_of_residence: text(),
    occupation: text(),
    ...address(),
    identification_type: text(),
    legal_authority: text(),
    legal_form: text(),
    place_registered: text(),
    register_location: text(),
    registration_number: text(),
    ...origin(),
    is_pre_1992_appointment: integer(),
    /** A JSON array as the list has it: `{ forenames, surname }`. */
    former_names: text(),
    ...principalOffice(),
    responsibilities: text(),
    contact_name: text(),
    contribution_currency_type: text(),
    contribution_currency_value: text(),
    /** Codes joined by commas. */
    contribution_sub_types: text(),
    ...verification(),
    etag: text(),
    /** Not public. The timepoint of the event that wrote the row; null from a list or a file. */
    stream_timepoint: integer(),
  },
  (table) => [
    primaryKey({ columns: [table.company_number, table.appointment_id] }),
    index('officers_by_person').on(table.person_number),
    index('officers_by_verification_due')
      .on(table.appointment_verification_statement_due_on)
      .where(sql`appointment_verification_start_on IS NULL AND appointment_verification_statement_due_on IS NOT NULL`),
    index('officers_by_verification_end')
      .on(table.appointment_verification_end_on)
      .where(sql`appointment_verification_start_on IS NOT NULL`),
  ],
)

/** People and bodies that control a company, statements that there is none or that somebody is asked, and exemptions. */
export const persons_with_significant_control = sqliteTable(
  'persons_with_significant_control',
  {
    company_number: text()
      .notNull()
      .references(() => companies.company_number, { onDelete: 'cascade' }),
    /** Last part of `links.self`. */
    psc_id: text().notNull(),
    kind: text().notNull(),
    name: text(),
    title: text(),
    forename: text(),
    middle_name: text(),
    surname: text(),
    date_of_birth_month: integer(),
    date_of_birth_year: integer(),
    nationality: text(),
    country_of_residence: text(),
    ...address(),
    ...principalOffice(),
    identification_type: text(),
    legal_authority: text(),
    legal_form: text(),
    place_registered: text(),
    country_registered: text(),
    registration_number: text(),
    /** Codes joined by commas. */
    natures_of_control: text(),
    notified_on: text(),
    ceased_on: text(),
    /** 1 where only that, and no day, is published. */
    ceased: integer(),
    is_sanctioned: integer(),
    description: text(),
    statement: text(),
    linked_psc_name: text(),
    linked_psc: text(),
    restrictions_notice_withdrawal_reason: text(),
    /** A JSON object as the register has it. */
    exemptions: text(),
    ...verification(),
    appointment_verification_statement_date: text(),
    etag: text(),
    ...origin(),
    /** Not public. The timepoint of the event that wrote the row; null from a snapshot. */
    stream_timepoint: integer(),
  },
  (table) => [
    primaryKey({ columns: [table.company_number, table.psc_id] }),
    index('pscs_by_verification_due')
      .on(table.appointment_verification_statement_due_on)
      .where(sql`appointment_verification_start_on IS NULL AND appointment_verification_statement_due_on IS NOT NULL`),
    index('pscs_by_verification_end')
      .on(table.appointment_verification_end_on)
      .where(sql`appointment_verification_start_on IS NOT NULL`),
  ],
)

export const domains = sqliteTable(
  'domains',
  {
    company_number: text()
      .notNull()
      .references(() => companies.company_number, { onDelete: 'cascade' }),
    domain: text().notNull(),
    provider: text().notNull(),
    confidence: integer(),
    state: text().notNull(),
    found_at: text().notNull(),
    run_id: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.company_number, table.domain] })],
)

export const emails = sqliteTable(
  'emails',
  {
    company_number: text()
      .notNull()
      .references(() => companies.company_number, { onDelete: 'cascade' }),
    appointment_id: text().notNull(),
    email: text().notNull(),
    status: text(),
    status_reason: text(),
    provider: text().notNull(),
    found_at: text().notNull(),
    run_id: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.company_number, table.appointment_id, table.email] })],
)
