import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  empty,
  internalError,
  json,
  type Reply,
  springNotFound,
  unknownCompany,
  unknownCompanyLegacy,
} from '../kit/replies.ts'
import type { Random } from '../world/random.ts'
import type { SyntheticCompany } from '../world/shapes.ts'
import type { World } from '../world/world.ts'
import type { RestStruck } from './faults.ts'
import { appointmentsReply, officersReply } from './officers.ts'
import { officeReply, servedProfile } from './profiles.ts'
import { pscsReply } from './pscs.ts'
import type { Route } from './requests.ts'
import { advancedReply, matchesSearch, readAdvancedQuery, searchReply, searchWords } from './search.ts'

const NUMBER_LENGTH = 8

export interface SandboxApiOptions {
  world: World
  /** The most officers on one page. */
  pageCap: number
  now: () => number
  random: Random
}

/** Answers one authorised, counted call. */
export type SandboxApi = (route: Route, struck: RestStruck) => Promise<Reply>

/** The endpoints of the public data API that the sandbox serves (facts 1.4 to 1.7). */
export function createApi(options: SandboxApiOptions): SandboxApi {
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
      case 'pscs':
        return pscsReply(world, companyNumber, query)
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

function profile({ world, now, random }: SandboxApiOptions, number: string, struck: RestStruck): Reply {
  const known = world.company(number)
  if (known) return json(servedProfile(known, now()))
  return struck.hits('legacy404') ? unknownCompanyLegacy() : unknownCompany(number, now(), random)
}

function officers(
  { world, pageCap }: SandboxApiOptions,
  number: string,
  query: URLSearchParams,
  struck: RestStruck,
): Reply {
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

async function search(
  options: SandboxApiOptions,
  finder: Finder,
  query: URLSearchParams,
  struck: RestStruck,
): Promise<Reply> {
  const { world } = options
  const words = searchWords(query.get('q') ?? '')
  const found = await finder.find(
    `search ${words.join(' ')}`,
    () => world.numbers(),
    (company) => matchesSearch(company, words),
  )
  return searchReply(world, inOrder(options, found, struck), query)
}

async function advanced(
  options: SandboxApiOptions,
  finder: Finder,
  query: URLSearchParams,
  struck: RestStruck,
): Promise<Reply> {
  const { world, random } = options
  const wanted = readAdvancedQuery(query)
  if ('status' in wanted) return wanted
  const among = () => world.numbersFormed(wanted.from, wanted.to)
  const found = await finder.find(`advanced ${wanted.key}`, among, wanted.matches)
  return advancedReply(world, inOrder(options, found, struck), wanted, random)
}

/** No order is promised (facts 1.7); the sandbox keeps one unless told otherwise. */
function inOrder({ random }: SandboxApiOptions, numbers: readonly string[], struck: RestStruck): readonly string[] {
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

const COMPANIES_PER_TURN = 2000
const MOST_KEPT = 8

/** Walks a world for the numbers of companies that match, giving way to other requests, and keeps the last few results. */
interface Finder {
  /** `key` names the search; `among` narrows the walk to candidates that are then checked by `matches`. */
  find(
    key: string,
    among: () => Iterable<string>,
    matches: (company: SyntheticCompany) => boolean,
  ): Promise<readonly string[]>
}

/** Makes a finder whose results are good until the world changes. */
function createFinder(world: World): Finder {
  const results = new Map<string, Promise<string[]>>()

  async function walk(among: Iterable<string>, matches: (company: SyntheticCompany) => boolean): Promise<string[]> {
    const found: string[] = []
    let seenCount = 0
    for (const number of among) {
      seenCount += 1
      if (seenCount % COMPANIES_PER_TURN === 0) await nextTurn()
      const company = world.company(number)
      if (company && matches(company)) found.push(number)
    }
    return found
  }

  return {
    async find(key, among, matches) {
      const name = `${world.revision} ${key}`
      const result = results.get(name) ?? walk(among(), matches)
      results.delete(name)
      results.set(name, result)
      for (const oldest of [...results.keys()].slice(0, -MOST_KEPT)) results.delete(oldest)
      return result
    },
  }
}
