import { type Random, weights } from './random.ts'
import type { SyntheticCompany } from './shapes.ts'

/** What kind of company a number belongs to; the prefix tells most of it (facts 1.2 and 1.4). */
export interface CompanyKind {
  type: string
  subtype?: string | undefined
  jurisdiction?: string | undefined
  /** A stub has neither status nor date nor address nor accounts (facts 1.4). */
  stub: boolean
  roles: 'directors' | 'llp' | 'partners' | 'overseas' | 'none'
}

const BY_PREFIX: Record<string, CompanyKind> = {
  OC: { type: 'llp', jurisdiction: 'england-wales', stub: false, roles: 'llp' },
  SO: { type: 'llp', jurisdiction: 'scotland', stub: false, roles: 'llp' },
  NC: { type: 'llp', jurisdiction: 'northern-ireland', stub: false, roles: 'llp' },
  LP: { type: 'limited-partnership', jurisdiction: 'england-wales', stub: false, roles: 'partners' },
  SL: { type: 'limited-partnership', jurisdiction: 'scotland', stub: false, roles: 'partners' },
  FC: { type: 'oversea-company', jurisdiction: 'united-kingdom', stub: false, roles: 'directors' },
  BR: { type: 'uk-establishment', stub: false, roles: 'none' },
  OE: { type: 'registered-overseas-entity', jurisdiction: 'united-kingdom', stub: false, roles: 'overseas' },
  RC: { type: 'royal-charter', jurisdiction: 'england-wales', stub: true, roles: 'none' },
  IC: { type: 'investment-company-with-variable-capital', jurisdiction: 'england-wales', stub: true, roles: 'none' },
  CE: { type: 'charitable-incorporated-organisation', jurisdiction: 'england-wales', stub: true, roles: 'none' },
  CS: { type: 'scottish-charitable-incorporated-organisation', jurisdiction: 'scotland', stub: true, roles: 'none' },
  RS: { type: 'registered-society-non-jurisdictional', stub: true, roles: 'none' },
  IP: { type: 'industrial-and-provident-society', stub: true, roles: 'none' },
  SP: { type: 'industrial-and-provident-society', jurisdiction: 'scotland', stub: true, roles: 'none' },
}

const ORDINARY = weights<readonly [type: string, subtype?: string]>([
  [['ltd'], 92],
  [['private-limited-guarant-nsc'], 3],
  [['private-limited-guarant-nsc-limited-exemption'], 1.5],
  [['private-limited-guarant-nsc', 'community-interest-company'], 0.5],
  [['ltd', 'community-interest-company'], 0.2],
  [['plc'], 0.5],
  [['private-unlimited'], 0.15],
  [['private-unlimited-nsc'], 0.05],
  [['private-limited-shares-section-30-exemption'], 0.05],
  [['old-public-company'], 0.05],
])

/** The kind of the company with this number; numbers without a telling prefix are drawn among the ordinary types. */
export function drawKind(random: Random, number: string): CompanyKind {
  const prefix = number.slice(0, 2)
  const known = BY_PREFIX[prefix]
  if (known) return known
  const [type, subtype] = random.weighted(ORDINARY)
  const here = random.chance(0.04) ? 'wales' : 'england-wales'
  const jurisdiction = prefix === 'SC' ? 'scotland' : prefix === 'NI' ? 'northern-ireland' : here
  return { type, subtype, jurisdiction, stub: false, roles: 'directors' }
}

/** Sets a status that a company of this kind and age may have: mostly active, and only the grown-up ones in trouble. */
export function drawStatus(random: Random, kind: CompanyKind, ageDays: number, company: SyntheticCompany): void {
  company.company_status = statusOf(random, kind, ageDays)
  if (company.company_status === 'active' && ageDays >= GROWN_DAYS && random.chance(0.06)) {
    company.company_status_detail = 'active-proposal-to-strike-off'
  }
  if (company.company_status === 'dissolved' && random.chance(0.01)) {
    company.company_status_detail = 'petition-to-restore-dissolved'
  }
}

function statusOf(random: Random, kind: CompanyKind, ageDays: number): string {
  if (kind.type === 'uk-establishment') return random.chance(0.8) ? 'open' : 'closed'
  if (kind.type === 'registered-overseas-entity') return random.chance(0.95) ? 'registered' : 'removed'
  return ageDays < GROWN_DAYS ? 'active' : random.weighted(STATUSES)
}

const GROWN_DAYS = 400

const STATUSES = weights([
  ['active', 86],
  ['dissolved', 9],
  ['liquidation', 3],
  ['administration', 0.6],
  ['voluntary-arrangement', 0.4],
  ['receivership', 0.4],
  ['insolvency-proceedings', 0.3],
  ['converted-closed', 0.3],
])

const CLOSED = ['dissolved', 'converted-closed', 'closed', 'removed']

/** Statuses of companies that are no longer on the register of live ones. */
export function isClosed(status: string | undefined): boolean {
  return CLOSED.includes(status ?? '')
}
