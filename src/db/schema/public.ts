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

/** Where a row came from, when, and in which run. */
const origin = () => ({
  source: text().notNull(),
  fetched_at: text().notNull(),
  run_id: integer().notNull(),
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
    officers_state: text({ enum: ['pending', 'complete', 'none', 'failed'] })
      .notNull()
      .default('pending'),
    officers_count: integer().notNull().default(0),
    officers_fetched_at: text(),
    ...origin(),
    first_seen_at: text().notNull(),
    deleted_at: text(),
    /** Not public. The number of the last change of anything of the company (see `changes.ts`); 0 from before there were numbers. */
    change_number: integer().notNull().default(0),
  },
  (table) => [
    index('companies_by_change').on(table.change_number),
    index('companies_by_officers_state').on(table.officers_state, table.company_number),
    index('companies_by_officers_fetched_at').on(table.officers_fetched_at),
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
  },
  (table) => [primaryKey({ columns: [table.company_number, table.appointment_id] })],
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
