import { dayOfIso, isoOfDay } from './days.ts'
import { drawFilings } from './filings.ts'
import { type CompanyKind, drawKind, drawStatus, isClosed, SIC_PROSE } from './kinds.ts'
import { FIRST_WORDS, SECOND_WORDS, THIRD_WORDS } from './people.ts'
import { drawAddress, foldPremises } from './places.ts'
import { isSuperSecure } from './pscs.ts'
import { hashText, Random, weights } from './random.ts'
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
  if (isSuperSecure(draw.seed, draw.number)) company.has_super_secure_pscs = true
  else if (!kind.stub) company.has_super_secure_pscs = false
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
  drawForeign(random, kind, company)
  company.links = drawLinks(random, draw, company)
  drawRarities(random, kind, company)
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

/** What few companies have; drawn last, so that all else of a company is as it was without. */
function drawRarities(random: Random, kind: CompanyKind, company: SyntheticCompany): void {
  if (kind.roles === 'partners') {
    company.term = random.pick(['UNTIL DISSOLVED BY THE PARTNERS', '10 YEARS FROM REGISTRATION', 'UNTIL NOTICE'])
  }
  if (company.registered_office_is_in_dispute && company.date_of_creation) {
    const description = 'The registered office is disputed; see the filing history.'
    company.corporate_annotation = [{ created_on: company.date_of_creation, description, type: 'other' }]
  }
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

const SUFFIXES: Record<string, readonly string[]> = {
  ltd: ['LIMITED', 'LTD', 'LTD', 'LIMITED', 'LTD.'],
  plc: ['PLC', 'PUBLIC LIMITED COMPANY'],
  llp: ['LLP'],
  'limited-partnership': ['LP', 'LIMITED PARTNERSHIP'],
  'private-limited-guarant-nsc': ['LIMITED', 'LTD'],
  'private-limited-guarant-nsc-limited-exemption': ['ASSOCIATION', 'TRUST', 'RESIDENTS ASSOCIATION LIMITED'],
  'private-unlimited': ['UNLIMITED', ''],
  'registered-overseas-entity': ['S.A.R.L.', 'INC.', 'GMBH', 'HOLDINGS LTD'],
  'oversea-company': ['S.A.', 'GMBH', 'B.V.', 'INC.'],
  'registered-society-non-jurisdictional': ['LIMITED', 'SOCIETY LIMITED'],
}
const COMMUNITY_SUFFIXES = ['C.I.C.', 'CIC', 'COMMUNITY INTEREST COMPANY']
const NO_SUFFIX = ['']

/** An invented name in capitals, with the ending that the kind of company calls for. */
export function drawName(random: Random, kind: CompanyKind): string {
  const suffix = random.pick(kind.subtype ? COMMUNITY_SUFFIXES : (SUFFIXES[kind.type] ?? NO_SUFFIX))
  const middle = random.chance(0.35) ? ` ${random.pick(THIRD_WORDS)}` : ''
  const name = `${random.pick(FIRST_WORDS)} ${random.pick(SECOND_WORDS)}${middle}`
  return suffix === '' ? name : `${name} ${suffix}`
}

const REGISTRIES = [
  ['FRANCE', 'Rcs Paris (Registre Du Commerce Et Des Societes)', 'Societe Par Actions Simplifiee (Private Limited Company)'],
  ['GERMANY', 'Handelsregister B Amtsgericht Musterstadt', 'Gmbh'],
  ['JERSEY', 'Jersey Financial Services Commission', 'Private Company Limited By Shares'],
  ['LUXEMBOURG', 'Registre De Commerce Et Des Societes', 'Societe A Responsabilite Limitee'],
] as const // biome-ignore format: a table

/** Sets what only foreign companies, their UK establishments and overseas entities have; days and months are unpadded text. */
function drawForeign(random: Random, kind: CompanyKind, company: SyntheticCompany): void {
  if (kind.type === 'uk-establishment') {
    company.branch_company_details = {
      business_activity: random.pick(['Real Estate Consulting', 'Software', 'Reinsurance', 'Freight']),
      parent_company_name: 'FOXGLOVE INTERNATIONAL S.A.',
      parent_company_number: `FC${company.company_number.slice(2)}`,
    }
  }
  if (kind.type === 'registered-overseas-entity') {
    const { country, ...origin } = drawOrigin(random)
    company.foreign_company_details = { governed_by: `${country} Company Law`, ...origin }
    company.service_address = foldPremises(drawAddress(random, 'england-wales'))
  }
  if (kind.type === 'oversea-company') {
    const { country: _, ...origin } = drawOrigin(random)
    company.external_registration_number = origin.registration_number
    company.foreign_company_details = {
      ...HOME_RULES,
      is_a_credit_financial_institution: random.chance(0.1),
      ...origin,
    }
  }
}

const HOME_RULES = {
  accounting_requirement: {
    foreign_account_type: 'accounting-requirements-of-originating-country-apply',
    terms_of_account_publication: 'accounts-publication-date-supplied-by-company',
  },
  accounts: {
    account_period_from: { day: '1', month: '1' },
    account_period_to: { day: '31', month: '12' },
    must_file_within: { months: '5' },
  },
}

function drawOrigin(random: Random) {
  const [country, name, legalForm] = random.pick(REGISTRIES)
  return {
    country,
    originating_registry: { country, name },
    registration_number: String(random.between(100_000, 999_999_999)),
    legal_form: legalForm,
  }
}
