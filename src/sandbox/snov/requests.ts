import { type CallCounts, countAnswer, countUnder, noCalls, statusName } from '../kit/counts.ts'

/** The operations, in Snov's own words. */
export const OPERATIONS = [
  'token',
  'balance',
  'emails-count',
  'company-domain-by-name',
  'emails-by-domain-by-name',
  'email-verification',
  'li-profiles-by-urls',
  'domain-search',
  'prospects',
  'search-emails',
  'domain-emails',
  'generic-contacts',
  'other',
] as const

export type SnovOperation = (typeof OPERATIONS)[number]
export type ListOperation =
  | 'company-domain-by-name'
  | 'emails-by-domain-by-name'
  | 'email-verification'
  | 'li-profiles-by-urls'
export type DomainOperation = 'domain-search' | 'prospects' | 'search-emails' | 'domain-emails' | 'generic-contacts'

/** The two halves of a task. */
export type Phase = 'start' | 'result'

export type SnovRoute = {
  /** The path with hashes left out, to be counted by. */
  path: string
  /** The only method that the path answers to. */
  method: 'GET' | 'POST' | undefined
  query: URLSearchParams
} & (
  | { operation: 'token' | 'balance' | 'emails-count' | 'other'; phase?: undefined }
  | { operation: ListOperation; phase: Phase }
  | { operation: DomainOperation; phase: Phase; hash: string }
)

const PLAIN: Record<string, readonly ['GET' | 'POST', 'token' | 'balance' | 'emails-count']> = {
  '/v1/oauth/access_token': ['POST', 'token'],
  '/v1/get-balance': ['GET', 'balance'],
  '/v1/get-domain-emails-count': ['POST', 'emails-count'],
}

/** Family A of facts 2.1: the result is asked for with `?task_hash=`. */
const BY_LIST: Record<string, ListOperation> = {
  '/v2/company-domain-by-name': 'company-domain-by-name',
  '/v2/emails-by-domain-by-name': 'emails-by-domain-by-name',
  '/v2/email-verification': 'email-verification',
  '/v2/li-profiles-by-urls': 'li-profiles-by-urls',
}

/** Family B: the result has the hash in its path, and so has the start of `search-emails`. */
export const BY_DOMAIN: Record<DomainOperation, string> = {
  'domain-search': '/v2/domain-search',
  prospects: '/v2/domain-search/prospects',
  'search-emails': '/v2/domain-search/prospects/search-emails',
  'domain-emails': '/v2/domain-search/domain-emails',
  'generic-contacts': '/v2/domain-search/generic-contacts',
}

/** Reads a request's target; what the sandbox does not serve is the operation `other`. */
export function snovRouteOf(target: string): SnovRoute {
  const mark = target.indexOf('?')
  const path = mark === -1 ? target : target.slice(0, mark)
  const query = new URLSearchParams(mark === -1 ? '' : target.slice(mark + 1))
  const plain = Object.hasOwn(PLAIN, path) ? PLAIN[path] : undefined
  if (plain) return { operation: plain[1], method: plain[0], path, query }
  return taskRoute(path, query) ?? { operation: 'other', method: undefined, path: 'other', query }
}

function taskRoute(path: string, query: URLSearchParams): SnovRoute | undefined {
  const [, base = '', half, hash] = /^(.+)\/(start|result)(?:\/([^/]*))?$/.exec(path) ?? []
  const phase: Phase = half === 'start' ? 'start' : 'result'
  const method = phase === 'start' ? 'POST' : 'GET'
  const list = Object.hasOwn(BY_LIST, base) ? BY_LIST[base] : undefined
  if (list) return hash === undefined ? { operation: list, phase, method, path, query } : undefined
  const operation = domainOperation(base)
  const hashed = phase === 'result' || operation === 'search-emails'
  if (!operation || hashed !== (hash !== undefined)) return undefined
  return { operation, phase, hash: hash ?? '', method, path: hashed ? `${base}/${phase}/{hash}` : path, query }
}

function domainOperation(base: string): DomainOperation | undefined {
  const names = Object.keys(BY_DOMAIN) as DomainOperation[]
  return names.find((name) => BY_DOMAIN[name] === base)
}

/** What a Snov sandbox was asked. The admin door is not counted. */
export interface SnovRequestCounts extends CallCounts {
  /** By method and path (hashes left out), then by status; `none` for requests that were reset or never answered. */
  byPath: Record<string, Record<string, number>>
  /** How often each input was in a start that was accepted, by `snovInput`. */
  starts: Record<string, number>
  /** Credits charged for each input, by `snovInput`. */
  charges: Record<string, number>
  /** How often each task was asked for its result, by hash. */
  polls: Record<string, number>
  /** All credits charged. */
  creditsSpent: number
  /** The most calls that the allowance counted within its window. */
  windowPeak: number
  /** How often each fault struck. */
  faults: Record<string, number>
}

export interface SnovRequestLog {
  arrived(): void
  counted(): void
  /** `undefined`: there was no answer. */
  answered(path: string, status: number | undefined): void
  read(): CallCounts & Pick<SnovRequestCounts, 'byPath'>
}

/** Starts a log in which nothing has been asked yet. */
export function createSnovRequestLog(): SnovRequestLog {
  const counts = { ...noCalls(), byPath: {} as SnovRequestCounts['byPath'] }
  return {
    arrived() {
      counts.total += 1
    },
    counted() {
      counts.counted += 1
    },
    answered(path, status) {
      counts.byPath[path] ??= {}
      countUnder(counts.byPath[path], statusName(status))
      countAnswer(counts, status)
    },
    read: () => structuredClone(counts),
  }
}
