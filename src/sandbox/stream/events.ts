import { canFile } from '../companies-house/profiles.ts'
import { drawName, kindOf } from '../world/companies.ts'
import { drawAddress, foldPremises } from '../world/places.ts'
import { hashText, mix, type Random, weights } from '../world/random.ts'
import type { SyntheticCompany, SyntheticOfficer } from '../world/shapes.ts'
import { alphabetical, publishedAt, type SandboxStreamName, type StreamEvent } from './event-log.ts'

/** What an event says beside the resource itself. */
export interface Occasion {
  timepoint: number
  /** When it was published, give or take: `published_at` wavers by some seconds, since nothing orders it. */
  atMs: number
  type: 'changed' | 'deleted'
  fieldsChanged?: readonly string[] | undefined
}

/** An event of one's own making; what is left out of `event` is filled in. */
export interface GivenEvent {
  /** `companies` unless given. */
  stream?: SandboxStreamName | undefined
  resource_kind: string
  resource_uri: string
  resource_id: string
  data?: Record<string, unknown> | undefined
  event?: Partial<Omit<StreamEvent['event'], 'timepoint'>> | undefined
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
    corporate_annotation: company.corporate_annotation,
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
    term: company.term,
    type: company.type,
  }
}

/** What happened to a company, as the register would tell it. */
export type CompanyChange =
  | { kind: 'changed'; members: Partial<SyntheticCompany>; fieldsChanged?: readonly string[] }
  | { kind: 'republished' }
  | { kind: 'deleted'; withData: boolean }

const HAPPENINGS = weights<(random: Random, company: SyntheticCompany, draw: ChangeDraw) => CompanyChange>([
  [republish, 30],
  [refile, 30],
  [move, 20],
  [restate, 12],
  [rename, 6],
  [erase, 2],
])

export interface ChangeDraw {
  seed: number
  /** The company's place in the world. */
  index: number
  /** `YYYY-MM-DD`. */
  today: string
}

/** Draws something that happens to a company; what cannot happen to this one becomes a republication. */
export function drawChange(random: Random, company: SyntheticCompany, draw: ChangeDraw): CompanyChange {
  return random.weighted(HAPPENINGS)(random, company, draw)
}

/** The same resource once more, often with no visible change (facts 3.6). */
function republish(): CompanyChange {
  return { kind: 'republished' }
}

/** A write that shows in nothing but the etag. */
function refile(random: Random): CompanyChange {
  return { kind: 'changed', members: { etag: random.hex(40) }, ...told(random, ['links.filing_history']) }
}

function move(random: Random, company: SyntheticCompany): CompanyChange {
  if (!company.registered_office_address) return republish()
  const registered_office_address = foldPremises(drawAddress(random, company.jurisdiction))
  const members = { etag: random.hex(40), registered_office_address }
  return { kind: 'changed', members, ...told(random, ['registered_office_address.address_line_1']) }
}

function restate(random: Random, company: SyntheticCompany, { today }: ChangeDraw): CompanyChange {
  if (company.company_status !== 'active') return republish()
  const etag = random.hex(40)
  const detail = company.company_status_detail
  const members: Partial<SyntheticCompany> =
    detail === undefined
      ? { etag, company_status_detail: 'active-proposal-to-strike-off' }
      : random.chance(0.5)
        ? { etag, company_status_detail: undefined }
        : { etag, company_status: 'dissolved', company_status_detail: undefined, date_of_cessation: today }
  return { kind: 'changed', members }
}

function rename(random: Random, company: SyntheticCompany, { seed, index, today }: ChangeDraw): CompanyChange {
  const { company_number, company_name, date_of_creation, previous_company_names: names = [] } = company
  const previous = {
    ceased_on: today,
    effective_from: names[0]?.ceased_on ?? date_of_creation ?? today,
    name: company_name,
  }
  const members = {
    company_name: drawName(random, kindOf(seed, index, company_number)),
    etag: random.hex(40),
    previous_company_names: [previous, ...names],
  }
  return { kind: 'changed', members, ...told(random, ['company_name']) }
}

function erase(random: Random): CompanyChange {
  return { kind: 'deleted', withData: random.chance(0.5) }
}

/** `fields_changed` is often absent even when something changed (facts 3.5). */
function told(random: Random, fieldsChanged: readonly string[]): { fieldsChanged?: readonly string[] } {
  return random.chance(0.3) ? { fieldsChanged } : {}
}
