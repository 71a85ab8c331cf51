import { readAdvancedQuery } from './advanced-query.ts'
import { advancedReply } from './advanced-replies.ts'
import { appointmentsReply } from './appointment-replies.ts'
import type { Struck } from './fault-switch.ts'
import { createFinder, type Finder } from './finder.ts'
import { officersReply } from './officer-replies.ts'
import { officeReply, servedProfile } from './profile-replies.ts'
import type { Random } from './random.ts'
import {
  empty,
  internalError,
  json,
  type Reply,
  springNotFound,
  unknownCompany,
  unknownCompanyLegacy,
} from './replies.ts'
import type { Route } from './route.ts'
import { matchesSearch, searchReply, searchWords } from './search-replies.ts'
import type { World } from './world.ts'

const NUMBER_LENGTH = 8

export interface ApiOptions {
  world: World
  /** The most officers on one page. */
  pageCap: number
  now: () => number
  random: Random
}

/** Answers one authorised, counted call. */
export type Api = (route: Route, struck: Struck) => Promise<Reply>

/** The endpoints of the public data API that the sandbox serves (facts 1.4 to 1.7). */
export function createApi(options: ApiOptions): Api {
  const { world, now, random } = options
  const finder = createFinder(world)
  return async (route, struck) => {
    const { kind, path, query, companyNumber = '', officerId = '' } = route
    if (companyNumber.length > NUMBER_LENGTH) return internalError(random)
    switch (kind) {
      case 'profile':
        return profile(options, companyNumber, struck)
      case 'registered-office-address':
        return officeReply(world.company(companyNumber))
      case 'officers':
        return officers(options, companyNumber, query, struck)
      case 'appointments':
        return appointmentsReply(world, officerId, query)
      case 'search':
        return search(options, finder, query, struck)
      case 'advanced-search':
        return advanced(options, finder, query, struck)
      // Insolvency: right for solvent and unknown companies; the cases of the others are not in the sandbox. That an
      // unknown path looks the same is [B].
      case 'insolvency':
      case 'other':
        return springNotFound(path, now())
    }
  }
}

function profile({ world, now, random }: ApiOptions, number: string, struck: Struck): Reply {
  const known = world.company(number)
  if (known) return json(servedProfile(known, now()))
  return struck.hits('legacy404') ? unknownCompanyLegacy() : unknownCompany(number, now(), random)
}

function officers({ world, pageCap }: ApiOptions, number: string, query: URLSearchParams, struck: Struck): Reply {
  const count = world.officers(number).length
  const start = Number(query.get('start_index') ?? 0)
  // A race right after incorporation: there are appointments, but no metrics yet.
  if (count > 0 && struck.hits('404')) return empty(404)
  if (count === 0 && struck.hits('legacy404')) return empty(404)
  if (count > 0 && start > 0 && struck.hits('shift')) world.appoint(number)
  if (count === 0 || !(start > 0) || !struck.hits('repeat')) return officersReply(world, number, query, pageCap)
  const first = officersReply(world, number, withStart(query, 0), pageCap)
  return { ...first, json: { ...Object(first.json), start_index: start } }
}

async function search(options: ApiOptions, finder: Finder, query: URLSearchParams, struck: Struck): Promise<Reply> {
  const { world } = options
  const words = searchWords(query.get('q') ?? '')
  const found = await finder.find(
    `search ${words.join(' ')}`,
    () => world.numbers(),
    (company) => matchesSearch(company, words),
  )
  return searchReply(world, inOrder(options, found, struck), query)
}

async function advanced(options: ApiOptions, finder: Finder, query: URLSearchParams, struck: Struck): Promise<Reply> {
  const { world, random } = options
  const wanted = readAdvancedQuery(query)
  if ('status' in wanted) return wanted
  const among = () => world.numbersFormed(wanted.from, wanted.to)
  const found = await finder.find(`advanced ${wanted.key}`, among, wanted.matches)
  return advancedReply(world, inOrder(options, found, struck), wanted, random)
}

/** No order is promised (facts 1.7); the sandbox keeps one unless told otherwise. */
function inOrder({ random }: ApiOptions, numbers: readonly string[], struck: Struck): readonly string[] {
  return struck.hits('unsorted') ? shuffled(numbers, random) : numbers
}

function withStart(query: URLSearchParams, start: number): URLSearchParams {
  const changed = new URLSearchParams(query)
  changed.set('start_index', String(start))
  return changed
}

function shuffled(numbers: readonly string[], random: Random): string[] {
  const pairs = numbers.map((number): [number, string] => [random.next(), number])
  return pairs.sort(([left], [right]) => left - right).map(([, number]) => number)
}
