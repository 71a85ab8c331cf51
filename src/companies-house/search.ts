import * as z from 'zod'
import { COMPANY_NUMBER } from '../company-number.ts'
import type { Lane } from '../db/quota/ledger.ts'
import { filed } from '../text.ts'
import { type RestReply, UpstreamError } from './call.ts'
import type { CompaniesHouse } from './client.ts'
import { addressColumns, addressShape } from './officer-item.ts'
import { countMember } from './officers.ts'
import { joinedCodes } from './profile.ts'
import { STATUS_SLUGS } from './register/prose.ts'

/** The most items that one page may hold; one more is refused with a 422 (facts 1.7). */
const PAGE_SIZE = 5000
/** A search shows no more than this many hits, however it is paged (facts 1.7). */
export const SEARCH_WINDOW = 10_000

/** The statuses that a search can ask for (facts 10.2): all but `registered`, which the service refuses. */
export const SEARCHABLE_STATUSES = STATUS_SLUGS.filter((status) => status !== 'registered')

export interface SearchFilters {
  incorporatedFrom: string
  incorporatedTo: string
  status?: string[] | undefined
  type?: string[] | undefined
  sic?: string[] | undefined
  location?: string | undefined
}

const text = z.string().nullish().catch(null)
const day = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}$/)
  .nullish()
  .catch(null)

const item = z.looseObject({
  company_number: z.string().regex(COMPANY_NUMBER),
  company_name: z.string().regex(/\S/),
  company_status: text,
  company_type: text,
  company_subtype: text,
  date_of_creation: day,
  date_of_cessation: day,
  sic_codes: z.array(z.string()).nullish().catch(null),
  registered_office_address: z.looseObject(addressShape(text)).nullish().catch(null),
})

const page = z.looseObject({ hits: countMember, items: z.array(z.unknown()) })

export type FoundCompany = z.infer<typeof item>

export interface SearchPage {
  /** All that match, of which a page shows a part. */
  hits: number
  companies: FoundCompany[]
  /** Items that name no company. */
  odd: number
}

/** One page of advanced search; its order is not fixed (facts 1.7). Nothing found, or a page past the end, is a 404. */
export async function searchCompanies(
  companiesHouse: CompaniesHouse,
  filters: SearchFilters,
  startIndex: number,
  options: { lane: Lane; signal: AbortSignal },
): Promise<SearchPage> {
  const path = `/advanced-search/companies?${searchQuery(filters, startIndex)}`
  const read = (reply: RestReply): SearchPage => {
    if (reply.status === 404) return { hits: 0, companies: [], odd: 0 }
    const { data } = page.safeParse(reply.body)
    // Nothing found is a 404, so that a page of nothing says nothing.
    if (!data || data.items.length === 0)
      throw new UpstreamError(`The answer is not a search result: GET ${path}`, { retryable: true })
    const companies = data.items.flatMap((raw) => item.safeParse(raw).data ?? [])
    return { hits: data.hits, companies, odd: data.items.length - companies.length }
  }
  return companiesHouse.get(path, { ...options, read })
}

function searchQuery(filters: SearchFilters, startIndex: number): string {
  const { incorporatedFrom, incorporatedTo, status, type, sic, location } = filters
  const query = new URLSearchParams({ incorporated_from: incorporatedFrom, incorporated_to: incorporatedTo })
  if (status) query.set('company_status', status.join(','))
  if (type) query.set('company_type', type.join(','))
  if (sic) query.set('sic_codes', sic.join(','))
  if (location) query.set('location', location)
  query.set('size', String(PAGE_SIZE))
  query.set('start_index', String(startIndex))
  return query.toString()
}

/** A search result in the names of our columns. It has no status detail and no jurisdiction (facts 1.7). */
export function foundFacts(found: FoundCompany) {
  return {
    company_number: found.company_number,
    company_name: filed(found.company_name) ?? '',
    company_status: filed(found.company_status),
    company_status_detail: null,
    type: filed(found.company_type),
    subtype: filed(found.company_subtype),
    date_of_creation: found.date_of_creation ?? null,
    date_of_cessation: found.date_of_cessation ?? null,
    sic_codes: joinedCodes(found.sic_codes),
    ...addressColumns(found.registered_office_address),
  }
}
