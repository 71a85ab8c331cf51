import { kindOf } from '../draw-company.ts'
import { drawName } from '../draw-name.ts'
import { drawAddress, foldPremises } from '../places.ts'
import { type Random, weights } from '../random.ts'
import type { SyntheticCompany } from '../shapes.ts'

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
