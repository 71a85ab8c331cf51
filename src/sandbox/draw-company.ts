import { type CompanyKind, drawKind, drawStatus, isClosed } from './company-kind.ts'
import { dayOfIso, isoOfDay } from './days.ts'
import { drawFilings } from './draw-filings.ts'
import { drawForeign } from './draw-foreign.ts'
import { drawName } from './draw-name.ts'
import { drawAddress, foldPremises } from './places.ts'
import { hashText, Random, weights } from './random.ts'
import { SIC_PROSE } from './register-prose.ts'
import { emptyCompany, type SyntheticCompany } from './shapes.ts'

const COMPANY_TAG = 1
const KIND_TAG = 2
const SIC_CODES = Object.keys(SIC_PROSE).sort()
const SIC_STEP = 3

export interface CompanyDraw {
  seed: number
  index: number
  number: string
  kind: CompanyKind
  createdDay: number
  /** The day the register speaks of, as a day number. */
  today: number
  /** Its links say whether officers are linked: no officers, no `links.officers` (facts 1.4). */
  officerCount: number
}

/** The kind of the company with this number, which is the one at `index`. */
export function kindOf(seed: number, index: number, number: string): CompanyKind {
  return drawKind(new Random(seed, KIND_TAG, index), number)
}

/** Draws one company from its key alone; the same key gives the same company, whatever else was drawn before. */
export function drawCompany(draw: CompanyDraw): SyntheticCompany {
  const random = new Random(draw.seed, COMPANY_TAG, draw.index)
  const { kind } = draw
  // Filled member by member: a million of these are drawn for a register file, and spreading parts takes five times as long.
  const company = emptyCompany(draw.number)
  company.company_name = drawName(random, kind)
  company.type = kind.type
  company.subtype = kind.subtype
  company.jurisdiction = kind.jurisdiction
  company.etag = random.hex(40)
  if (kind.stub) drawStub(random, kind, company)
  else drawLife(random, kind, draw, company)
  return company
}

function drawStub(random: Random, kind: CompanyKind, company: SyntheticCompany): void {
  company.has_charges = false
  company.has_insolvency_history = false
  company.registered_office_is_in_dispute = false
  company.undeliverable_registered_office_address = false
  company.links = { self: `/company/${company.company_number}` }
  if (kind.type === 'registered-society-non-jurisdictional' || kind.type === 'industrial-and-provident-society') {
    company.partial_data_available = 'full-data-available-from-financial-conduct-authority-mutuals-public-register'
  } else company.external_registration_number = String(random.between(1_100_000, 1_200_000))
}

function drawLife(random: Random, kind: CompanyKind, draw: CompanyDraw, company: SyntheticCompany): void {
  const age = draw.today - draw.createdDay
  drawStatus(random, kind, age, company)
  const closed = isClosed(company.company_status)
  const ceasedDay = draw.createdDay + Math.floor(age * (0.5 + random.fraction() / 2))
  company.date_of_creation = isoOfDay(draw.createdDay)
  // A known oddity: some active companies have a date of cessation (facts section 8, F-666).
  if (closed || (company.company_status === 'active' && random.chance(0.0005))) {
    company.date_of_cessation = isoOfDay(ceasedDay)
  }
  company.registered_office_address = foldPremises(drawAddress(random, kind.jurisdiction))
  if (kind.roles === 'directors' && kind.type !== 'oversea-company') company.sic_codes = drawSicCodes(random)
  if (company.sic_codes && keepsOldCode(company.company_number, draw)) company.sic_codes = ['7499']
  drawFilings(random, kind, draw.createdDay, closed ? ceasedDay : draw.today, company)
  if (age > 1000 && random.chance(0.12)) company.previous_company_names = drawPreviousNames(random, kind, draw)
  if (kind.type !== 'uk-establishment') drawFlags(random, company)
  if (kind.subtype === 'community-interest-company') company.is_community_interest_company = true
  company.has_super_secure_pscs = false
  drawForeign(random, kind, company)
  company.links = drawLinks(random, draw, company)
}

const INSOLVENT = ['liquidation', 'administration', 'voluntary-arrangement', 'receivership', 'insolvency-proceedings']

function drawFlags(random: Random, company: SyntheticCompany): void {
  const insolvent = INSOLVENT.includes(company.company_status ?? '')
  company.has_been_liquidated = company.company_status === 'liquidation'
  company.has_charges = random.chance(0.1)
  company.has_insolvency_history = insolvent
  company.registered_office_is_in_dispute = random.chance(0.01)
  company.undeliverable_registered_office_address = random.chance(0.01)
}

/** Links in the order of the recordings; `charges` may be linked although the company has none (facts 1.4). */
function drawLinks(random: Random, { officerCount }: CompanyDraw, company: SyntheticCompany): Record<string, string> {
  const self = `/company/${company.company_number}`
  const { branch_company_details: branch } = company
  if (branch) return { self, overseas: `/company/${branch.parent_company_number ?? ''}` }
  const links: Record<string, string> = {}
  if (random.chance(0.8)) links.persons_with_significant_control = `${self}/persons-with-significant-control`
  if (random.chance(0.1)) {
    links.persons_with_significant_control_statements = `${self}/persons-with-significant-control-statements`
  }
  links.self = self
  if (company.has_charges || random.chance(0.02)) links.charges = `${self}/charges`
  links.filing_history = `${self}/filing-history`
  if (officerCount > 0) links.officers = `${self}/officers`
  if (company.has_insolvency_history) links.insolvency = `${self}/insolvency`
  if (random.chance(0.05)) links.registers = `${self}/registers`
  if (company.type === 'oversea-company') links.uk_establishments = `${self}/uk-establishments`
  return links
}

function drawPreviousNames(
  random: Random,
  kind: CompanyKind,
  draw: CompanyDraw,
): NonNullable<SyntheticCompany['previous_company_names']> {
  const count = random.weighted(PREVIOUS_NAME_COUNTS)
  const span = (draw.today - draw.createdDay) * 0.8
  const dayOfChange = (at: number) => isoOfDay(draw.createdDay + Math.floor((span * at) / count))
  const names = Array.from({ length: count }, (_, at) => ({
    ceased_on: dayOfChange(at + 1),
    effective_from: dayOfChange(at),
    name: drawName(random, kind),
  }))
  return names.reverse()
}

const PREVIOUS_NAME_COUNTS = weights([
  [1, 80],
  [2, 15],
  [3, 4],
  [11, 1],
])

const SIC_COUNTS = weights([
  [1, 80],
  [2, 12],
  [3, 5],
  [4, 3],
])

/** The last day of SIC 2003. */
const SIC_2003_ENDS = dayOfIso('2007-12-31')

/** Codes of SIC 2007 came with 2008; some 18,000 companies keep one from before (facts 10.2). */
function keepsOldCode(companyNumber: string, { createdDay }: CompanyDraw): boolean {
  return createdDay <= SIC_2003_ENDS && hashText(companyNumber) % 20 === 0
}

/** In ascending order, as the register has them. */
function drawSicCodes(random: Random): string[] {
  const count = random.weighted(SIC_COUNTS)
  const first = random.below(SIC_CODES.length - count * SIC_STEP)
  const codes: string[] = []
  for (let at = 0; at < count; at += 1) codes.push(SIC_CODES[first + at * SIC_STEP] ?? '')
  return codes
}
