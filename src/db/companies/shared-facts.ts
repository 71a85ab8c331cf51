// What the register file says of many companies in the same words: where they are, how they stand, what their accounts
// are. It is read once for all of them, bound once, and put together again when the companies move into the database.
import type { CompanyFacts } from './told.ts'

/** Columns of `companies` that are read and staged together. Each kind stands side by side in the file as it is published. */
export const SHARED = {
  place: ['locality', 'region', 'country'],
  standing: ['type', 'subtype', 'company_status', 'company_status_detail', 'country_of_origin', 'date_of_cessation'],
  accounts: [
    'accounts_accounting_reference_date_day',
    'accounts_accounting_reference_date_month',
    'accounts_next_due',
    'accounts_last_accounts_made_up_to',
    'accounts_last_accounts_type',
    'annual_return_next_due',
    'annual_return_last_made_up_to',
    'charges_count',
    'charges_outstanding_count',
    'charges_part_satisfied_count',
    'charges_satisfied_count',
  ],
  trade: ['sic_codes', 'general_partners_count', 'limited_partners_count'],
  statements: ['confirmation_statement_next_due', 'confirmation_statement_last_made_up_to'],
} as const satisfies Record<string, readonly (keyof CompanyFacts)[]>

export type SharedKind = keyof typeof SHARED

export const SHARED_KINDS = Object.keys(SHARED) as SharedKind[]

type SharedColumn = (typeof SHARED)[SharedKind][number]

/** One object for all companies of which it is true. */
export interface Shared<Kind extends SharedKind = SharedKind> {
  facts: Pick<CompanyFacts, (typeof SHARED)[Kind][number]>
  /** Its row in the temporary table of its kind; 0 until it has one. */
  stagedAs: number
}

/** What the register file says about a company, as far as it is shared by reference. */
export type FiledCompany = Omit<CompanyFacts, SharedColumn> & { [Kind in SharedKind]: Shared<Kind> }
