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

/**
 * How the monthly register file words what the API gives as slugs (facts 5.1). The file's wordings are real; which slug
 * belongs to some rare ones is [B], because the two never stand side by side in a recording.
 */

export const CATEGORY_PROSE: Record<string, string> = {
  ltd: 'Private Limited Company',
  plc: 'Public Limited Company',
  'private-limited-guarant-nsc': 'PRI/LTD BY GUAR/NSC (Private, limited by guarantee, no share capital)',
  'private-limited-guarant-nsc-limited-exemption':
    "PRI/LBG/NSC (Private, Limited by guarantee, no share capital, use of 'Limited' exemption)",
  'private-limited-shares-section-30-exemption':
    'PRIV LTD SECT. 30 (Private limited company, section 30 of the Companies Act)',
  'private-unlimited': 'Private Unlimited Company',
  'private-unlimited-nsc': 'Private Unlimited',
  'old-public-company': 'Old Public Company',
  llp: 'Limited Liability Partnership',
  'limited-partnership': 'Limited Partnership',
  'scottish-partnership': 'Scottish Partnership',
  'registered-society-non-jurisdictional': 'Registered Society',
  'industrial-and-provident-society': 'Industrial and Provident Society',
  'charitable-incorporated-organisation': 'Charitable Incorporated Organisation',
  'scottish-charitable-incorporated-organisation': 'Scottish Charitable Incorporated Organisation',
  'registered-overseas-entity': 'Overseas Entity',
  'royal-charter': 'Royal Charter Company',
  'investment-company-with-variable-capital': 'Investment Company with Variable Capital',
  'oversea-company': 'Other company type', // [B] the file has no other wording that could hold them
}

/** The file has one wording for all community interest companies, whatever their legal type. */
export const COMMUNITY_INTEREST_PROSE = 'Community Interest Company'

/** Every wording of the file for a status, the usual one first. */
export const STATUS_PROSE: Record<string, readonly [string, ...string[]]> = {
  active: ['Active'],
  liquidation: ['Liquidation'],
  administration: ['In Administration', 'In Administration/Receiver Manager', 'ADMINISTRATION ORDER'],
  receivership: [
    'Live but Receiver Manager on at least one charge',
    'RECEIVERSHIP',
    'ADMINISTRATIVE RECEIVER',
    'RECEIVER MANAGER / ADMINISTRATIVE RECEIVER',
  ],
  'voluntary-arrangement': ['Voluntary Arrangement', 'VOLUNTARY ARRANGEMENT / RECEIVER MANAGER'],
  'insolvency-proceedings': [
    'In Administration/Administrative Receiver',
    'VOLUNTARY ARRANGEMENT / ADMINISTRATIVE RECEIVER',
  ],
}

export const STRIKE_OFF_PROSE = 'Active - Proposal to Strike off'

/** The file's `Accounts.AccountCategory` for the API's `last_accounts.type`. */
export const ACCOUNTS_PROSE: Record<string, string> = {
  'micro-entity': 'MICRO ENTITY',
  'total-exemption-full': 'TOTAL EXEMPTION FULL',
  'total-exemption-small': 'TOTAL EXEMPTION SMALL',
  'unaudited-abridged': 'UNAUDITED ABRIDGED',
  'audited-abridged': 'AUDITED ABRIDGED',
  dormant: 'DORMANT',
  small: 'SMALL',
  medium: 'MEDIUM',
  full: 'FULL',
  group: 'GROUP',
  null: 'ACCOUNTS TYPE NOT AVAILABLE',
}

export const NO_ACCOUNTS_PROSE = 'NO ACCOUNTS FILED'

/** SIC 2003 codes that old companies never restated (facts 10.2), with the wording of the register file. */
export const SIC_2003_PROSE: Record<string, string> = {
  '1823': 'Manufacture of underwear',
  '7499': 'Non-trading company',
}

/** SIC 2007 codes in use, with the wording of the register file. */
export const SIC_PROSE: Record<string, string> = {
  '01410': 'Raising of dairy cattle',
  '10710': 'Manufacture of bread; manufacture of fresh pastry goods and cakes',
  '25110': 'Manufacture of metal structures and parts of structures',
  '33140': 'Repair of electrical equipment',
  '41100': 'Development of building projects',
  '41202': 'Construction of domestic buildings',
  '43210': 'Electrical installation',
  '43220': 'Plumbing, heat and air-conditioning installation',
  '43390': 'Other building completion and finishing',
  '45200': 'Maintenance and repair of motor vehicles',
  '46900': 'Non-specialised wholesale trade',
  '47110': 'Retail sale in non-specialised stores with food, beverages or tobacco predominating',
  '47910': 'Retail sale via mail order houses or via Internet',
  '49410': 'Freight transport by road',
  '56101': 'Licensed restaurants',
  '56302': 'Public houses and bars',
  '62012': 'Business and domestic software development',
  '62020': 'Information technology consultancy activities',
  '62090': 'Other information technology service activities',
  '64209': 'Activities of other holding companies n.e.c.',
  '68100': 'Buying and selling of own real estate',
  '68209': 'Other letting and operating of own or leased real estate',
  '68320': 'Management of real estate on a fee or contract basis',
  '70229': 'Management consultancy activities other than financial management',
  '71122': 'Engineering related scientific and technical consulting activities',
  '74909': 'Other professional, scientific and technical activities n.e.c.',
  '78109': 'Other activities of employment placement agencies',
  '81210': 'General cleaning of buildings',
  '82990': 'Other business support service activities n.e.c.',
  '86230': 'Dental practice activities',
  '86900': 'Other human health activities',
  '88990': 'Other social work activities without accommodation n.e.c.',
  '96020': 'Hairdressing and other beauty treatment',
  '96090': 'Other service activities n.e.c.',
  '98000': 'Residents property management',
  '99999': 'Dormant Company',
}
