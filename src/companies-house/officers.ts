import * as z from 'zod'
import type { Lane } from '../db/quota/ledger.ts'
import { formatBytes } from '../text.ts'
import { UpstreamError } from './call.ts'
import type { CompaniesHouse, ReadReply } from './client.ts'
import { type ReadItem, readOfficerItem } from './officer-item.ts'
import { isObject } from './plain.ts'

/** A count in a reply: a whole number, also where it is written as a string. */
export const countMember = z.union([
  z.int().nonnegative(),
  z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number),
])

/** Asked for: 500 were honoured. A server with a cap of its own says so in the reply (facts 1.5). */
const ITEMS_PER_PAGE = 500

/** The largest lists known hold a few thousand; more is a hostile or broken server. */
const MAX_OFFICERS = 20_000

interface ListLimits {
  officers: number
  bytes: number
}

/** Longer lists are fetched one after the other, so that the lists in hand never fill the memory. */
const SIDE_BY_SIDE: ListLimits = { officers: 1000, bytes: 1024 * 1024 }

/** Some times the largest lists known. */
const LARGEST: ListLimits = { officers: MAX_OFFICERS, bytes: 32 * 1024 * 1024 }

/** The list passes its limits. */
class LongList extends UpstreamError {
  constructor({ officers, bytes }: ListLimits, path: string) {
    super(`More than ${officers} officers, or ${formatBytes(bytes)}: GET ${path}`, { retryable: false })
  }
}

const counted = countMember.nullish().catch(null)

/** Only a list is a list (facts 10.5): other JSON under a 200 is a fault of the service. */
const page = z.looseObject({
  kind: z.literal('officer-list').nullish(),
  links: z.looseObject({ self: z.string() }).nullish().catch(null),
  items: z.array(z.unknown()),
  items_per_page: counted,
  total_results: counted,
  active_count: counted,
  inactive_count: counted,
  resigned_count: counted,
})

export interface OfficerList {
  /** In the server's order, each appointment once. */
  officers: ReadItem[]
  /** Page one's total, which another service counts and which may disagree; null when it is missing. */
  reportedTotal: number | null
  /** Items received, repeated ones included. */
  received: number
  /** Items that are no objects, as they came. */
  unreadable: unknown[]
  /** When its first page was given, by the service's own clock, in milliseconds; null where it did not say. */
  repliedAt?: number | null
}

export interface FetchOptions {
  lane: Lane
  signal: AbortSignal
  /** Officers of the company are known, so a list without any is an `EmptiedList`. */
  known?: boolean
}

/** No officers were told of a company that has some. The service may be at fault, or they may be gone. */
export class EmptiedList extends UpstreamError {
  constructor(path: string) {
    super(`The officer list is empty although officers are known: GET ${path}`, { retryable: false, hidden: true })
  }
}

/**
 * Fetches the whole officer list of a company, page by page until one is empty or shorter than the server's own page
 * size; a short page that leaves the total unmet is followed once more. Null after a 404. Throws what the client
 * throws, `EmptiedList`, and a final `UpstreamError` for a page that repeats or a list without end.
 */
export async function fetchOfficers(
  companiesHouse: CompaniesHouse,
  companyNumber: string,
  options: FetchOptions,
): Promise<OfficerList | null> {
  try {
    return await fetchPages(companiesHouse, companyNumber, options, SIDE_BY_SIDE)
  } catch (error) {
    if (!(error instanceof LongList)) throw error
    return alone(() => fetchPages(companiesHouse, companyNumber, options, LARGEST))
  }
}

let before: Promise<unknown> = Promise.resolve()

/** Runs one after the other. */
function alone<T>(fetch: () => Promise<T>): Promise<T> {
  const mine = before.then(fetch)
  before = mine.catch(() => {})
  return mine
}

/** Throws a `LongList` as soon as the list passes `limits`. */
async function fetchPages(
  companiesHouse: CompaniesHouse,
  companyNumber: string,
  { lane, signal, known = false }: FetchOptions,
  limits: ListLimits,
): Promise<OfficerList | null> {
  const path = `/company/${encodeURIComponent(companyNumber)}/officers`
  const list: OfficerList = { officers: [], reportedTotal: null, received: 0, unreadable: [], repliedAt: null }
  const seen = new Set<string>()
  let listBytes = 0
  for (;;) {
    const query = `items_per_page=${ITEMS_PER_PAGE}&start_index=${list.received}`
    const read = list.received > 0 ? laterPage(path) : firstPage(path, known)
    const answer = await companiesHouse.get(`${path}?${query}`, { lane, signal, read, isWeak })
    if (answer === null) return null
    const { items, pageSize, total, repliedAt } = answer
    listBytes += JSON.stringify(items).length
    if (list.received === 0) Object.assign(list, { reportedTotal: total, repliedAt })
    if (list.received + items.length > limits.officers || listBytes > limits.bytes) throw new LongList(limits, path)
    if (items.length === 0) return list
    if (!addItems(list, items, seen))
      throw new UpstreamError(`A page repeats itself: GET ${path}`, { retryable: false })
    if (items.length < pageSize && list.received >= (list.reportedTotal ?? 0)) return list
  }
}

/** Nobody is told of by these: counts that are not there, or that say nobody. */
const nobodyCounted = z.looseObject({
  total_results: countMember.nullish(),
  active_count: countMember.nullish(),
  inactive_count: countMember.nullish(),
  resigned_count: countMember.nullish(),
})

interface Page {
  items: unknown[]
  pageSize: number
  total: number | null
  repliedAt: number | null
}

/** Nothing at all is what an unknown company gets, and what a service without its data would tell. */
const isWeak = (page: Page | null) => page === null || page.items.length === 0

/** Reads the first page, or null after a 404. Whoever asks the same again, as a probe does, knows of what it once had. */
function firstPage(path: string, known: boolean): ReadReply<Page | null> {
  let hadSome = known
  return ({ status, body }, repliedAt) => {
    const read = status === 404 ? null : readPage(body, path, repliedAt)
    const officers = read?.items.length ?? 0
    if (officers === 0 && hadSome) throw new EmptiedList(path)
    if (read && officers === 0 && read.counted > 0)
      throw new UpstreamError(`The list is empty but counts ${read.counted}: GET ${path}`, { retryable: true })
    hadSome ||= officers > 0
    return read
  }
}

function laterPage(path: string): ReadReply<Page> {
  return ({ status, body }, repliedAt) => {
    if (status === 404) throw new UpstreamError(`The list ended with a 404: GET ${path}`, { retryable: true })
    return readPage(body, path, repliedAt)
  }
}

function readPage(body: unknown, path: string, repliedAt: number | null): Page & { counted: number } {
  const fault = (what: string) => new UpstreamError(`${what}: GET ${path}`, { retryable: true })
  const read = page.safeParse(body)
  if (!read.success) throw fault('The answer is not an officer list')
  const { items, links, items_per_page, total_results, active_count, inactive_count, resigned_count } = read.data
  const self = /^\/company\/[^/?]+\/officers/.exec(links?.self ?? path)?.[0]
  if (self && self !== path) throw fault('The answer is the officer list of another company')
  if (items.length === 0 && !nobodyCounted.safeParse(body).success) throw fault('The list is empty without a count')
  if (items.length > 0 && !items.some(isObject)) throw fault('The list holds no officers')
  const counted = Math.max(total_results ?? 0, (active_count ?? 0) + (inactive_count ?? 0) + (resigned_count ?? 0))
  return { items, pageSize: items_per_page ?? 0, total: total_results ?? null, repliedAt, counted }
}

/** Adds a page; false when no officer in it is new. */
function addItems(list: OfficerList, items: unknown[], seen: Set<string>): boolean {
  list.received += items.length
  const before = list.officers.length
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
  return list.officers.length > before
}

/** Appointments that are alike in everything but the missing link are still several when one page lists them all. */
function numbered(id: string, counts: Map<string, number>): string {
  const count = (counts.get(id) ?? 0) + 1
  counts.set(id, count)
  return count === 1 ? id : `${id}-${count}`
}
