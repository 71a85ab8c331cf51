import { empty, json, type Reply } from '../kit/replies.ts'
import { dayOfMs, isoOfDay } from '../world/days.ts'
import { unfoldPremises } from '../world/places.ts'
import type { SyntheticCompany } from '../world/shapes.ts'

/**
 * A profile as the API serves it on the day of `nowMs`: in the order of the recordings, with `can_file` and every
 * `overdue` worked out now (facts 1.4), so that these change without a new etag.
 */
export function servedProfile(company: SyntheticCompany, nowMs: number): Record<string, unknown> {
  const today = isoOfDay(dayOfMs(nowMs))
  return {
    accounts: servedAccounts(company, today),
    annual_return: servedStatement(company.annual_return, today),
    branch_company_details: company.branch_company_details,
    can_file: canFile(company),
    company_name: company.company_name,
    company_number: company.company_number,
    company_status: company.company_status,
    company_status_detail: company.company_status_detail,
    confirmation_statement: servedStatement(company.confirmation_statement, today),
    corporate_annotation: company.corporate_annotation,
    date_of_cessation: company.date_of_cessation,
    date_of_creation: company.date_of_creation,
    etag: company.etag,
    external_registration_number: company.external_registration_number,
    foreign_company_details: company.foreign_company_details,
    has_been_liquidated: company.has_been_liquidated,
    has_charges: company.has_charges,
    has_insolvency_history: company.has_insolvency_history,
    is_community_interest_company: company.is_community_interest_company,
    jurisdiction: company.jurisdiction,
    last_full_members_list_date: company.last_full_members_list_date,
    links: company.links,
    previous_company_names: company.previous_company_names,
    registered_office_address: company.registered_office_address,
    registered_office_is_in_dispute: company.registered_office_is_in_dispute,
    service_address: company.service_address,
    sic_codes: company.sic_codes,
    subtype: company.subtype,
    term: company.term,
    type: company.type,
    undeliverable_registered_office_address: company.undeliverable_registered_office_address,
    has_super_secure_pscs: company.has_super_secure_pscs,
    partial_data_available: company.partial_data_available,
  }
}

/** `GET /company/{n}/registered-office-address`: the flat address with its own etag, 404 when there is none. */
export function officeReply(company: SyntheticCompany | undefined): Reply {
  // [B] the 404 is empty.
  if (!company?.registered_office_address) return empty(404)
  return json({
    ...unfoldPremises(company.registered_office_address),
    etag: company.etag,
    kind: 'registered-office-address',
    links: { self: `/company/${company.company_number}/registered-office-address` },
  })
}

/**
 * The service's own rule (facts 1.4): some types, and not when dissolved or converted. It is said to hold for
 * `oversea-company` too, but the recorded FC032315, active, cannot file: the recording decides.
 */
export function canFile({ type, company_status }: SyntheticCompany): boolean {
  const files = ['ltd', 'llp', 'plc'].includes(type) || type.includes('private')
  return files && company_status !== 'dissolved' && company_status !== 'converted-closed'
}

function servedAccounts({ accounts }: SyntheticCompany, today: string): Record<string, unknown> | undefined {
  if (!accounts) return undefined
  const overdue = isPast(accounts.next_due, today)
  const next = accounts.next_accounts
  return {
    accounting_reference_date: accounts.accounting_reference_date,
    last_accounts: accounts.last_accounts,
    next_accounts: next && {
      due_on: next.due_on,
      overdue,
      period_end_on: next.period_end_on,
      period_start_on: next.period_start_on,
    },
    next_due: accounts.next_due,
    next_made_up_to: accounts.next_made_up_to,
    overdue,
  }
}

function servedStatement(
  statement: SyntheticCompany['confirmation_statement'],
  today: string,
): Record<string, unknown> | undefined {
  return statement && { ...statement, overdue: isPast(statement.next_due, today) }
}

function isPast(due: string | undefined, today: string): boolean {
  return due !== undefined && due < today
}
