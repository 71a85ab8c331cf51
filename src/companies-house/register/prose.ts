// How the register file words what the API gives as slugs (facts 1.4 and 5.1). Wordings compare without regard to case,
// for the file itself mixes them; a slug stands for itself.
import { filed } from '../../text.ts'

/** `company_status` and, where the wording tells one, `company_status_detail`. */
export interface StatusMeaning {
  company_status: string | null
  company_status_detail: string | null
}

/** `type` and, where the wording tells one, `subtype`. */
export interface Category {
  type: string | null
  subtype: string | null
}

/** Every `company_status` of the API. */
export const STATUS_SLUGS = [
  'active',
  'dissolved',
  'liquidation',
  'receivership',
  'converted-closed',
  'voluntary-arrangement',
  'insolvency-proceedings',
  'administration',
  'open',
  'closed',
  'registered',
  'removed',
]

const STATUS_WORDINGS: Record<string, string> = {
  active: 'active',
  liquidation: 'liquidation',
  'in administration': 'administration',
  administration: 'administration',
  'administration order': 'administration',
  'in administration/receiver manager': 'administration',
  'in administration/administrative receiver': 'insolvency-proceedings',
  'administrative receiver': 'receivership',
  receivership: 'receivership',
  'receiver manager': 'receivership',
  'receiver manager / administrative receiver': 'receivership',
  'live but receiver manager on at least one charge': 'receivership',
  'voluntary arrangement': 'voluntary-arrangement',
  'voluntary arrangement / receiver manager': 'voluntary-arrangement',
  'voluntary arrangement / administrative receiver': 'insolvency-proceedings',
  'insolvency proceedings': 'insolvency-proceedings',
  dissolved: 'dissolved',
  'converted/closed': 'converted-closed',
  'converted / closed': 'converted-closed',
  open: 'open',
  closed: 'closed',
  registered: 'registered',
  removed: 'removed',
}

const PROPOSAL_TO_STRIKE_OFF = 'active - proposal to strike off'

/** Every company `type` of the API. */
export const TYPE_SLUGS = [
  'private-unlimited',
  'ltd',
  'plc',
  'old-public-company',
  'private-limited-guarant-nsc-limited-exemption',
  'limited-partnership',
  'private-limited-guarant-nsc',
  'converted-or-closed',
  'private-unlimited-nsc',
  'private-limited-shares-section-30-exemption',
  'protected-cell-company',
  'assurance-company',
  'oversea-company',
  'eeig-establishment',
  'icvc-securities',
  'icvc-warrant',
  'icvc-umbrella',
  'registered-society-non-jurisdictional',
  'industrial-and-provident-society',
  'northern-ireland',
  'northern-ireland-other',
  'llp',
  'royal-charter',
  'investment-company-with-variable-capital',
  'unregistered-company',
  'other',
  'european-public-limited-liability-company-se',
  'united-kingdom-societas',
  'uk-establishment',
  'scottish-partnership',
  'charitable-incorporated-organisation',
  'scottish-charitable-incorporated-organisation',
  'further-education-or-sixth-form-college-corporation',
  'eeig',
  'ukeig',
  'registered-overseas-entity',
]

const TYPE_WORDINGS: Record<string, string> = {
  'private limited company': 'ltd',
  'public limited company': 'plc',
  'limited liability partnership': 'llp',
  'limited partnership': 'limited-partnership',
  'pri/ltd by guar/nsc (private, limited by guarantee, no share capital)': 'private-limited-guarant-nsc',
  "pri/lbg/nsc (private, limited by guarantee, no share capital, use of 'limited' exemption)":
    'private-limited-guarant-nsc-limited-exemption',
  'priv ltd sect. 30 (private limited company, section 30 of the companies act)':
    'private-limited-shares-section-30-exemption',
  'private unlimited company': 'private-unlimited',
  'private unlimited': 'private-unlimited-nsc',
  'old public company': 'old-public-company',
  'registered society': 'registered-society-non-jurisdictional',
  'industrial and provident society': 'industrial-and-provident-society',
  'charitable incorporated organisation': 'charitable-incorporated-organisation',
  'scottish charitable incorporated organisation': 'scottish-charitable-incorporated-organisation',
  'scottish partnership': 'scottish-partnership',
  'royal charter company': 'royal-charter',
  'investment company with variable capital': 'investment-company-with-variable-capital',
  'investment company with variable capital (securities)': 'icvc-securities',
  'investment company with variable capital (umbrella)': 'icvc-umbrella',
  'investment company with variable capital (warrant)': 'icvc-warrant',
  'protected cell company': 'protected-cell-company',
  'assurance company': 'assurance-company',
  'overseas entity': 'registered-overseas-entity',
  'overseas company': 'oversea-company',
  'uk establishment': 'uk-establishment',
  'uk establishment company': 'uk-establishment',
  'european public limited-liability company (se)': 'european-public-limited-liability-company-se',
  'united kingdom societas': 'united-kingdom-societas',
  'united kingdom economic interest grouping': 'ukeig',
  'european economic interest grouping': 'eeig',
  'european economic interest grouping (eeig)': 'eeig',
  'european economic interest grouping establishment': 'eeig-establishment',
  'european economic interest grouping establishment (eeig)': 'eeig-establishment',
  'further education and sixth form college corps': 'further-education-or-sixth-form-college-corporation',
  'further education or sixth form college corporation': 'further-education-or-sixth-form-college-corporation',
  'northern ireland company': 'northern-ireland',
  'credit union (northern ireland)': 'northern-ireland-other',
  'unregistered company': 'unregistered-company',
  'converted/closed': 'converted-or-closed',
  'converted / closed': 'converted-or-closed',
  'other company type': 'other',
}

/** What people call the commoner types and subtypes. */
const TYPE_NAMES: Record<string, string> = {
  limited: 'ltd',
  'limited company': 'ltd',
  private: 'ltd',
  public: 'plc',
  partnership: 'limited-partnership',
  lp: 'limited-partnership',
  'limited by guarantee': 'private-limited-guarant-nsc',
  guarantee: 'private-limited-guarant-nsc',
  unlimited: 'private-unlimited',
  charity: 'charitable-incorporated-organisation',
  cio: 'charitable-incorporated-organisation',
  scio: 'scottish-charitable-incorporated-organisation',
  cic: 'community-interest-company',
  society: 'registered-society-non-jurisdictional',
  overseas: 'oversea-company',
  oe: 'registered-overseas-entity',
}

/** Every `subtype` of the API. */
export const SUBTYPE_SLUGS = ['community-interest-company', 'private-fund-limited-partnership', 'slp', 'pflp', 'spflp']

const COMMUNITY_INTEREST = ['community interest company', 'community interest company (cic)']

const statuses = new Map([
  ...STATUS_SLUGS.map((slug): [string, string] => [slug, slug]),
  ...Object.entries(STATUS_WORDINGS),
])
const types = new Map([...TYPE_SLUGS.map((slug): [string, string] => [slug, slug]), ...Object.entries(TYPE_WORDINGS)])
const knownStatuses = new Set(STATUS_SLUGS)
const knownTypes = new Set(TYPE_SLUGS)

/** Whether a status or type is one of the API's slugs rather than a wording that was kept as it stood. */
export const isSlug = {
  company_status: (status: string) => knownStatuses.has(status),
  type: (type: string) => knownTypes.has(type),
}

/** The API's status for the file's wording; an unknown wording is kept as it stands. */
export function statusOf(prose: string): StatusMeaning {
  const wording = filed(prose)?.replace(/\s+/g, ' ') ?? ''
  if (wording === '') return { company_status: null, company_status_detail: null }
  const key = wording.toLowerCase()
  if (key === PROPOSAL_TO_STRIKE_OFF) {
    return { company_status: 'active', company_status_detail: 'active-proposal-to-strike-off' }
  }
  return { company_status: statuses.get(key) ?? wording, company_status_detail: null }
}

/**
 * The API's type for the file's wording; an unknown wording is kept as it stands. The file calls every community interest
 * company just that, whether its type is `ltd`, `plc` or limited by guarantee: the subtype is known then, the type is not.
 */
export function categoryOf(prose: string): Category {
  const wording = filed(prose)?.replace(/\s+/g, ' ') ?? ''
  if (wording === '') return { type: null, subtype: null }
  const key = wording.toLowerCase().replace(/(\w)\(/, '$1 (')
  if (COMMUNITY_INTEREST.includes(key)) return { type: null, subtype: 'community-interest-company' }
  return { type: types.get(key) ?? wording, subtype: null }
}

/** The type or subtype that is meant by other words, such as `limited` or the file's own; null when nobody can tell. */
export function typeMeant(words: string): string | null {
  const { type, subtype } = categoryOf(words.replace(/[-_]+/g, ' '))
  if (subtype !== null || (type !== null && isSlug.type(type))) return subtype ?? type
  return TYPE_NAMES[type?.toLowerCase() ?? ''] ?? null
}
