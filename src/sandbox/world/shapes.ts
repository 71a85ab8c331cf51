/**
 * What the synthetic register knows, in the members and spelling of the API (facts 1.4 and 1.5). Absent values are
 * absent or undefined, never null: the API omits them.
 */

export interface SyntheticAddress {
  address_line_1?: string | undefined
  address_line_2?: string | undefined
  care_of?: string | undefined
  country?: string | undefined
  locality?: string | undefined
  po_box?: string | undefined
  postal_code?: string | undefined
  premises?: string | undefined
  region?: string | undefined
}

export interface SyntheticAccounts {
  accounting_reference_date?: { day: string; month: string } | undefined
  last_accounts?:
    | { made_up_to: string; period_end_on: string; period_start_on?: string | undefined; type: string }
    | undefined
  next_accounts?:
    | { due_on?: string | undefined; period_end_on: string; period_start_on?: string | undefined }
    | undefined
  next_due?: string | undefined
  next_made_up_to?: string | undefined
}

export interface SyntheticStatement {
  last_made_up_to?: string | undefined
  next_due?: string | undefined
  next_made_up_to?: string | undefined
}

/** A company as the register stores it: the profile without what the API works out at request time. */
export interface SyntheticCompany {
  company_number: string
  company_name: string
  type: string
  subtype?: string | undefined
  company_status?: string | undefined
  company_status_detail?: string | undefined
  jurisdiction?: string | undefined
  date_of_creation?: string | undefined
  date_of_cessation?: string | undefined
  etag: string
  sic_codes?: string[] | undefined
  registered_office_address?: SyntheticAddress | undefined
  service_address?: SyntheticAddress | undefined
  previous_company_names?: { ceased_on: string; effective_from: string; name: string }[] | undefined
  accounts?: SyntheticAccounts | undefined
  annual_return?: SyntheticStatement | undefined
  confirmation_statement?: SyntheticStatement | undefined
  branch_company_details?: Record<string, string> | undefined
  corporate_annotation?: { created_on: string; description: string; type: string }[] | undefined
  foreign_company_details?: Record<string, unknown> | undefined
  external_registration_number?: string | undefined
  partial_data_available?: string | undefined
  term?: string | undefined
  last_full_members_list_date?: string | undefined
  has_been_liquidated?: boolean | undefined
  has_charges?: boolean | undefined
  has_insolvency_history?: boolean | undefined
  has_super_secure_pscs?: boolean | undefined
  is_community_interest_company?: boolean | undefined
  registered_office_is_in_dispute?: boolean | undefined
  undeliverable_registered_office_address?: boolean | undefined
  links: Record<string, string>
  /** Never served: right after incorporation the officers are not linked yet, or their metrics are missing (facts 1.5). */
  officersVisible?: 'empty' | 'missing' | undefined
}

/** A company of which nothing but the number is known; it has every member, so that all companies share one shape. */
export function emptyCompany(number: string): SyntheticCompany {
  return {
    company_number: number,
    company_name: '',
    type: '',
    subtype: undefined,
    company_status: undefined,
    company_status_detail: undefined,
    jurisdiction: undefined,
    date_of_creation: undefined,
    date_of_cessation: undefined,
    etag: '',
    sic_codes: undefined,
    registered_office_address: undefined,
    service_address: undefined,
    previous_company_names: undefined,
    accounts: undefined,
    annual_return: undefined,
    confirmation_statement: undefined,
    branch_company_details: undefined,
    corporate_annotation: undefined,
    foreign_company_details: undefined,
    external_registration_number: undefined,
    partial_data_available: undefined,
    term: undefined,
    last_full_members_list_date: undefined,
    has_been_liquidated: undefined,
    has_charges: undefined,
    has_insolvency_history: undefined,
    has_super_secure_pscs: undefined,
    is_community_interest_company: undefined,
    registered_office_is_in_dispute: undefined,
    undeliverable_registered_office_address: undefined,
    links: {},
    officersVisible: undefined,
  }
}

/** An officer as `GET /company/{n}/officers` lists it. */
export interface SyntheticOfficerItem {
  address?: SyntheticAddress | undefined
  appointed_before?: string | undefined
  appointed_on?: string | undefined
  is_pre_1992_appointment?: boolean | undefined
  contact_details?: { contact_name: string } | undefined
  contribution_currency_type?: string | undefined
  contribution_currency_value?: string | undefined
  contribution_sub_types?: { sub_type?: string | undefined }[] | undefined
  country_of_residence?: string | undefined
  date_of_birth?: { month: number; year: number } | undefined
  etag: string
  former_names?: { forenames?: string | undefined; surname?: string | undefined }[] | undefined
  identification?: Record<string, string> | undefined
  identity_verification_details?: Record<string, string | string[]> | undefined
  links: { self: string; officer: { appointments: string } }
  name: string
  nationality?: string | undefined
  occupation?: string | undefined
  officer_role: string
  person_number: string
  principal_office_address?: SyntheticAddress | undefined
  resigned_on?: string | undefined
  responsibilities?: string | undefined
}

/** A record of who controls a company, as the register publishes it; its place is in `links.self`. */
export interface SyntheticPsc {
  kind: string
  etag: string
  links: { self: string; person_with_significant_control?: string }
  [member: string]: unknown
}

export interface NameElements {
  title?: string | undefined
  forename?: string | undefined
  other_forenames?: string | undefined
  surname?: string | undefined
  honours?: string | undefined
}

/** An appointment of the register: the list item and the truth behind its text. */
export interface SyntheticOfficer {
  /** Last part of `links.self`, 27 characters. */
  appointmentId: string
  /** The id in `/officers/{id}/appointments`; one human may hold several appointments under it. */
  officerId: string
  /** Absent for corporate officers. */
  nameElements?: NameElements | undefined
  /** Present for corporate officers only. */
  corporateName?: string | undefined
  item: SyntheticOfficerItem
}
