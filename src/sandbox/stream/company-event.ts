import { canFile } from '../profile-replies.ts'
import { hashText, mix } from '../random.ts'
import type { SyntheticCompany, SyntheticOfficer } from '../shapes.ts'
import { alphabetical, publishedAt, type StreamEvent } from './event.ts'

/** What an event says beside the resource itself. */
export interface Occasion {
  timepoint: number
  /** When it was published, give or take: `published_at` wavers by some seconds, since nothing orders it. */
  atMs: number
  type: 'changed' | 'deleted'
  fieldsChanged?: readonly string[] | undefined
}

const PUBLISHED_TAG = hashText('published_at')
const WAVER_MS = 3000

/** A company's event on `/companies`; without a company it has no data, as some `deleted` ones. */
export function companyEvent(number: string, company: SyntheticCompany | undefined, occasion: Occasion): StreamEvent {
  return {
    resource_kind: 'company-profile',
    resource_uri: `/company/${number}`,
    resource_id: number,
    data: company && storedProfile(company),
    event: eventMembers(occasion),
  }
}

/** An appointment's event on `/officers`. */
export function officerEvent({ appointmentId, item }: SyntheticOfficer, occasion: Occasion): StreamEvent {
  return {
    resource_kind: 'company-officers',
    resource_uri: item.links.self,
    resource_id: appointmentId,
    data: alphabetical({ ...item }),
    event: eventMembers(occasion),
  }
}

/** The inner object of any event. */
export function eventMembers({ timepoint, atMs, type, fieldsChanged }: Occasion): StreamEvent['event'] {
  const draw = mix(timepoint, PUBLISHED_TAG)
  return {
    fields_changed: fieldsChanged,
    timepoint,
    published_at: publishedAt(atMs - (draw % WAVER_MS), draw),
    type,
  }
}

/** A profile as an event carries it: `can_file`, but no `overdue` and none of the flags that the recording lacks (facts 3.5). */
function storedProfile(company: SyntheticCompany): Record<string, unknown> {
  return {
    accounts: company.accounts,
    annual_return: company.annual_return,
    branch_company_details: alphabetical(company.branch_company_details),
    can_file: canFile(company),
    company_name: company.company_name,
    company_number: company.company_number,
    company_status: company.company_status,
    company_status_detail: company.company_status_detail,
    confirmation_statement: company.confirmation_statement,
    date_of_cessation: company.date_of_cessation,
    date_of_creation: company.date_of_creation,
    etag: company.etag,
    external_registration_number: company.external_registration_number,
    foreign_company_details: alphabetical(company.foreign_company_details),
    is_community_interest_company: company.is_community_interest_company,
    jurisdiction: company.jurisdiction,
    last_full_members_list_date: company.last_full_members_list_date,
    links: alphabetical(company.links),
    partial_data_available: company.partial_data_available,
    previous_company_names: company.previous_company_names,
    registered_office_address: company.registered_office_address,
    service_address: company.service_address,
    sic_codes: company.sic_codes,
    subtype: company.subtype,
    type: company.type,
  }
}
