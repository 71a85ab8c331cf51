import { empty, json, type Reply, sentence } from '../kit/replies.ts'
import { dayOfIso } from '../world/days.ts'
import { unfoldPremises } from '../world/places.ts'
import type { Random } from '../world/random.ts'
import type { SyntheticCompany } from '../world/shapes.ts'
import type { World } from '../world/world.ts'
import { readInteger } from './officers.ts'

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
interface AdvancedQuery {
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

/** `GET /advanced-search/companies` over the numbers of companies already found: nothing to show is an empty 404 (facts 1.7). */
export function advancedReply(world: World, found: readonly string[], query: AdvancedQuery, random: Random): Reply {
  const page = companiesOf(world, found.slice(query.startIndex, query.startIndex + query.size))
  const [first] = companiesOf(world, found.slice(0, 1))
  if (page.length === 0 || first === undefined) return empty(404)
  return json({
    etag: random.hex(40),
    top_hit: advancedItem(first),
    items: page.map(advancedItem),
    kind: 'search#advanced-search',
    hits: found.length,
  })
}

function advancedItem(company: SyntheticCompany): Record<string, unknown> {
  const { address_line_1, address_line_2, locality, region, country, postal_code } =
    company.registered_office_address ?? {}
  return {
    company_name: company.company_name,
    company_number: company.company_number,
    company_status: company.company_status,
    company_type: company.type,
    company_subtype: company.subtype,
    kind: 'search-results#company',
    links: { company_profile: `/company/${company.company_number}` },
    date_of_cessation: company.date_of_cessation,
    date_of_creation: company.date_of_creation,
    registered_office_address: { address_line_1, address_line_2, locality, region, country, postal_code },
    sic_codes: company.sic_codes,
  }
}

const DEFAULT_ITEMS = 20
const MOST_ITEMS = 100
/** Where `/search/companies` stops (F-12373). */
const SEARCH_END = 1000

/** The words of a search, in capitals. */
export function searchWords(text: string): string[] {
  return text
    .toUpperCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '')
}

/** Whether a name holds all words, or is that very number. [B] the real search ranks looser matches too. */
export function matchesSearch(company: SyntheticCompany, words: readonly string[]): boolean {
  const own = searchWords(company.company_name)
  return words.length > 0 && (words.every((word) => own.includes(word)) || words[0] === company.company_number)
}

/** `GET /search/companies` over the numbers of companies already found (facts 1.7): never a 404, and 416 beyond the first thousand. */
export function searchReply(world: World, found: readonly string[], query: URLSearchParams): Reply {
  const startIndex = readInteger(query, 'start_index', 0)
  const asked = readInteger(query, 'items_per_page', DEFAULT_ITEMS)
  // [B] the answer to a parameter that is no number.
  if (startIndex === undefined || asked === undefined || startIndex < 0) return empty(400)
  const itemsPerPage = Math.min(asked <= 0 ? DEFAULT_ITEMS : asked, MOST_ITEMS)
  if (startIndex + itemsPerPage > SEARCH_END) return empty(416)
  return json({
    items: companiesOf(world, found.slice(startIndex, startIndex + itemsPerPage)).map(searchItem),
    kind: 'search#companies',
    page_number: Math.floor(startIndex / itemsPerPage) + 1,
    items_per_page: itemsPerPage,
    total_results: found.length,
    start_index: startIndex,
  })
}

/** The companies with these numbers. */
function companiesOf(world: World, numbers: readonly string[]): SyntheticCompany[] {
  return numbers.flatMap((number) => world.company(number) ?? [])
}

/** Charities and societies have no status and no date here either (facts 1.7). */
function searchItem(company: SyntheticCompany): Record<string, unknown> {
  const address = company.registered_office_address && unfoldPremises(company.registered_office_address)
  const ended = company.date_of_cessation !== undefined && company.company_status === 'dissolved'
  const date = ended ? company.date_of_cessation : company.date_of_creation
  return {
    kind: 'searchresults#company',
    ...(date === undefined ? {} : { description_identifier: [ended ? 'dissolved-on' : 'incorporated-on'] }),
    company_status: company.company_status,
    date_of_creation: company.date_of_creation,
    date_of_cessation: company.date_of_cessation,
    company_type: company.type,
    company_number: company.company_number,
    ...(address ? { address: { address_line_1: '', ...address } } : {}),
    title: company.company_name,
    address_snippet: address ? snippet(address) : '',
    description: describe(company.company_number, date, ended),
    links: { self: `/company/${company.company_number}` },
    snippet: company.previous_company_names?.[0]?.name ?? '',
    matches: { snippet: [] },
  }
}

function snippet(address: NonNullable<SyntheticCompany['registered_office_address']>): string {
  const { premises = '', address_line_1: street, address_line_2, locality, region, country, postal_code } = address
  const first = /^\d/.test(premises) ? [`${premises} ${street ?? ''}`] : [premises, street]
  return [...first, address_line_2, locality, region, country, postal_code]
    .filter((part) => part !== undefined && part !== '')
    .join(', ')
}

const MONTHS = 'January February March April May June July August September October November December'.split(' ')

function describe(number: string, date: string | undefined, ended: boolean): string {
  if (date === undefined) return number
  const month = MONTHS[Number(date.slice(5, 7)) - 1] ?? ''
  return `${number} - ${ended ? 'Dissolved' : 'Incorporated'} on ${Number(date.slice(8))} ${month} ${date.slice(0, 4)}`
}
