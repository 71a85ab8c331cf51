import { readInteger } from './officer-replies.ts'
import { unfoldPremises } from './places.ts'
import { empty, json, type Reply } from './replies.ts'
import type { SyntheticCompany } from './shapes.ts'
import type { World } from './world.ts'

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
export function companiesOf(world: World, numbers: readonly string[]): SyntheticCompany[] {
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
