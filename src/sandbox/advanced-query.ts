import { dayOfIso } from './days.ts'
import { readInteger } from './officer-replies.ts'
import { empty, type Reply, sentence } from './replies.ts'
import { searchWords } from './search-replies.ts'
import type { SyntheticCompany } from './shapes.ts'

/** Elasticsearch's window: no search shows more than its first 10,000 hits. */
const WINDOW = 10_000
const DEFAULT_SIZE = 20
const MOST_SIZE = 5000

const DATE_TEXT =
  "Date provided is either invalid, empty or in the incorrect format, please use the format of 'yyyy-mm-dd' e.g '2000-12-20'"
const MAPPING_TEXT =
  'Error attempting to map request parameter values, please check the values of fields ' +
  "'company_status' or 'company_type' or 'company_subtype' contain accurate values"
const SIZE_TEXT = `Invalid size parameter, size must be greater than zero and not greater than ${MOST_SIZE}`

/** `registered` is not among them. */
// biome-ignore format: a list
const STATUSES = [
  'active', 'dissolved', 'open', 'closed', 'converted-closed', 'receivership', 'administration', 'liquidation',
  'insolvency-proceedings', 'voluntary-arrangement', 'removed',
]
// biome-ignore format: a list
const TYPES = [
  'private-unlimited', 'ltd', 'plc', 'old-public-company', 'private-limited-guarant-nsc-limited-exemption',
  'limited-partnership', 'private-limited-guarant-nsc', 'converted-or-closed', 'private-unlimited-nsc',
  'private-limited-shares-section-30-exemption', 'protected-cell-company', 'assurance-company', 'oversea-company',
  'eeig-establishment', 'icvc-securities', 'icvc-warrant', 'icvc-umbrella', 'registered-society-non-jurisdictional',
  'industrial-and-provident-society', 'northern-ireland', 'northern-ireland-other', 'llp', 'royal-charter',
  'investment-company-with-variable-capital', 'unregistered-company', 'other',
  'european-public-limited-liability-company-se', 'united-kingdom-societas', 'uk-establishment', 'scottish-partnership',
  'charitable-incorporated-organisation', 'scottish-charitable-incorporated-organisation',
  'further-education-or-sixth-form-college-corporation', 'eeig', 'ukeig', 'registered-overseas-entity',
]
const SUBTYPES = ['community-interest-company', 'private-fund-limited-partnership']

/** A search as understood: what to look for, and which part of it to show. */
export interface AdvancedQuery {
  /** The same for searches that differ only in the part they show. */
  key: string
  from: string | undefined
  to: string | undefined
  matches: (company: SyntheticCompany) => boolean
  startIndex: number
  size: number
}

/** Reads the parameters of an advanced search, or says how the service refuses them (facts 1.7). */
export function readAdvancedQuery(query: URLSearchParams): AdvancedQuery | Reply {
  const start = readInteger(query, 'start_index', 0)
  const size = readInteger(query, 'size', DEFAULT_SIZE)
  if (start === undefined || size === undefined) return empty(400)
  for (const name of ['incorporated_from', 'incorporated_to', 'dissolved_from', 'dissolved_to']) {
    if (query.has(name) && Number.isNaN(dayOfIso(query.get(name) ?? ''))) return sentence(400, DATE_TEXT)
  }
  const lists = { company_status: STATUSES, company_type: TYPES, company_subtype: SUBTYPES }
  for (const [name, accepted] of Object.entries(lists)) {
    if (listOf(query, name)?.some((value) => !accepted.includes(value))) return sentence(400, MAPPING_TEXT)
  }
  // The documentation says 400; the service answers 422.
  if (size <= 0 || size > MOST_SIZE) return sentence(422, SIZE_TEXT)
  const startIndex = Math.max(0, start)
  // [B] Elasticsearch fails beyond its window, and the service hands that on as an empty 500.
  if (startIndex + size > WINDOW) return empty(500)
  const key = [...query]
    .filter(([name]) => name !== 'start_index' && name !== 'size')
    .map(String)
    .sort()
    .join('&')
  return {
    key,
    from: query.get('incorporated_from') ?? undefined,
    to: query.get('incorporated_to') ?? undefined,
    matches: matcher(query),
    startIndex,
    size,
  }
}

function matcher(query: URLSearchParams): (company: SyntheticCompany) => boolean {
  const tests = [
    between(query, 'incorporated', (company) => company.date_of_creation),
    between(query, 'dissolved', (company) => company.date_of_cessation),
    among(query, 'company_status', (company) => [company.company_status]),
    among(query, 'company_type', (company) => [company.type]),
    among(query, 'company_subtype', (company) => [company.subtype]),
    among(query, 'sic_codes', (company) => company.sic_codes ?? []),
    sharesWord(query, 'company_name_includes', (company) => company.company_name),
    sharesWord(query, 'location', (company) => Object.values(company.registered_office_address ?? {}).join(' ')),
  ].filter((test) => test !== undefined)
  const excluded = sharesWord(query, 'company_name_excludes', (company) => company.company_name)
  return (company) => tests.every((test) => test(company)) && !excluded?.(company)
}

type Test = (company: SyntheticCompany) => boolean

function between(query: URLSearchParams, name: string, dateOf: (company: SyntheticCompany) => string | undefined) {
  const from = query.get(`${name}_from`) ?? ''
  const to = query.get(`${name}_to`) ?? '9999-12-31'
  if (!query.has(`${name}_from`) && !query.has(`${name}_to`)) return undefined
  return (company: SyntheticCompany) => {
    const date = dateOf(company)
    return date !== undefined && date >= from && date <= to
  }
}

function among(
  query: URLSearchParams,
  name: string,
  valuesOf: (company: SyntheticCompany) => readonly (string | undefined)[],
): Test | undefined {
  const wanted = listOf(query, name)
  return wanted && ((company) => valuesOf(company).some((value) => value !== undefined && wanted.includes(value)))
}

/** A match query: one word in common is enough. */
function sharesWord(
  query: URLSearchParams,
  name: string,
  textOf: (company: SyntheticCompany) => string,
): Test | undefined {
  const words = searchWords(query.get(name) ?? '')
  if (words.length === 0) return undefined
  return (company) => {
    const own = searchWords(textOf(company))
    return words.some((word) => own.includes(word))
  }
}

/** A comma list, which may also be given as several parameters. */
function listOf(query: URLSearchParams, name: string): string[] | undefined {
  const values = query.getAll(name).flatMap((text) => text.split(','))
  return values.length === 0 ? undefined : values.map((value) => value.trim().toLowerCase())
}
