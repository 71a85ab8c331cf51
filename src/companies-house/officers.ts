import * as z from 'zod'
import type { Lane } from '../db/quota-room.ts'
import type { CompaniesHouse } from './client.ts'
import { type ReadItem, readOfficerItem } from './officer-item.ts'
import { UpstreamError } from './upstream-error.ts'

/** Asked for; the server answers with its own cap, often 50 or 100, and says so in the reply (facts 1.5). */
const ITEMS_PER_PAGE = 100

/** The largest lists known hold a few thousand; more is a hostile or broken server. */
const MAX_OFFICERS = 20_000

const page = z.looseObject({
  items: z.array(z.unknown()).nullish(),
  items_per_page: z.number().nullish().catch(null),
  total_results: z.number().nullish().catch(null),
})

export interface OfficerList {
  /** In the server's order, each appointment once. */
  officers: ReadItem[]
  /** Page one's total, which another service counts and which may disagree; null when it was not told. */
  reportedTotal: number | null
  /** Items received, repeated ones included. */
  received: number
  /** Items that are no objects, as they came. */
  unreadable: unknown[]
}

/**
 * Fetches the whole officer list of a company, page by page until one is empty or shorter than the server's own page
 * size; a short page that leaves the total unmet is followed once more. Null after a 404. Throws what the client
 * throws, and a final `UpstreamError` for a page that repeats or a list without end.
 */
export async function fetchOfficers(
  companiesHouse: CompaniesHouse,
  companyNumber: string,
  options: { lane: Lane; signal: AbortSignal },
): Promise<OfficerList | null> {
  const path = `/company/${encodeURIComponent(companyNumber)}/officers`
  const list: OfficerList = { officers: [], reportedTotal: null, received: 0, unreadable: [] }
  const seen = new Set<string>()
  for (;;) {
    const query = `items_per_page=${ITEMS_PER_PAGE}&start_index=${list.received}`
    const reply = await companiesHouse.get(`${path}?${query}`, options)
    if (reply.status === 404) {
      if (list.received > 0) throw new UpstreamError(`The list ended with a 404: GET ${path}`, { retryable: true })
      return null
    }
    const { items, pageSize, total } = readPage(reply.body, path)
    if (list.received === 0) list.reportedTotal = total
    if (items.length === 0) return list
    if (!addItems(list, items, seen))
      throw new UpstreamError(`A page repeats itself: GET ${path}`, { retryable: false })
    if (list.received > MAX_OFFICERS) {
      throw new UpstreamError(`More than ${MAX_OFFICERS} officers: GET ${path}`, { retryable: false })
    }
    if (items.length < pageSize && list.received >= (list.reportedTotal ?? 0)) return list
  }
}

function readPage(body: unknown, path: string) {
  const read = page.safeParse(body)
  if (!read.success) throw new UpstreamError(`The answer is not an officer list: GET ${path}`, { retryable: true })
  const { items, items_per_page, total_results } = read.data
  return { items: items ?? [], pageSize: items_per_page ?? 0, total: total_results ?? null }
}

/** Adds a page; false when nothing in it is new. */
function addItems(list: OfficerList, items: unknown[], seen: Set<string>): boolean {
  list.received += items.length
  const before = list.officers.length + list.unreadable.length
  const derived = new Map<string, number>()
  for (const raw of items) {
    const read = readOfficerItem(raw)
    if (!read) {
      list.unreadable.push(raw)
      continue
    }
    if (!read.linked) read.appointmentId = numbered(read.appointmentId, derived)
    if (seen.has(read.appointmentId)) continue
    seen.add(read.appointmentId)
    list.officers.push(read)
  }
  return list.officers.length + list.unreadable.length > before
}

/** Appointments that are alike in everything but the missing link are still several when one page lists them all. */
function numbered(id: string, counts: Map<string, number>): string {
  const count = (counts.get(id) ?? 0) + 1
  counts.set(id, count)
  return count === 1 ? id : `${id}-${count}`
}
