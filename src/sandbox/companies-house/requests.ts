import { type CallCounts, countAnswer, countUnder, noCalls } from '../kit/counts.ts'

/** What a sandbox was asked. The admin door is not counted. */
export interface RequestCounts extends CallCounts {
  byKind: Partial<Record<RouteKind, number>>
  /** Calls for a company's officers, by company number. */
  officerCalls: Record<string, number>
  /** When a call about each company first arrived, in ms since 1970, by company number. */
  firstCallMs: Record<string, number>
  /** The most calls that one window counted, those of others with the same key included. */
  windowPeak: number
  /** How often each fault struck. */
  faults: Record<string, number>
}

export interface RequestLog {
  arrived(kind: RouteKind, companyNumber: string | undefined): void
  counted(): void
  /** `undefined`: there was no answer. */
  answered(status: number | undefined): void
  read(): Omit<RequestCounts, 'windowPeak' | 'faults'>
}

/** Starts a log in which nothing has been asked yet. */
export function createRequestLog(now: () => number): RequestLog {
  const counts = {
    ...noCalls(),
    byKind: {} as Record<string, number>,
    officerCalls: {} as Record<string, number>,
    firstCallMs: {} as Record<string, number>,
  }
  return {
    arrived(kind, companyNumber) {
      counts.total += 1
      countUnder(counts.byKind, kind)
      if (companyNumber === undefined) return
      counts.firstCallMs[companyNumber] ??= now()
      if (kind === 'officers') countUnder(counts.officerCalls, companyNumber)
    },
    counted() {
      counts.counted += 1
    },
    answered: (status) => countAnswer(counts, status),
    read: () => structuredClone(counts),
  }
}

type RouteKind =
  | 'profile'
  | 'registered-office-address'
  | 'officers'
  | 'insolvency'
  | 'pscs'
  | 'appointments'
  | 'search'
  | 'advanced-search'
  | 'other'

export interface Route {
  kind: RouteKind
  path: string
  query: URLSearchParams
  companyNumber?: string
  officerId?: string
}

const COMPANY_PARTS: Record<string, RouteKind> = {
  '': 'profile',
  'registered-office-address': 'registered-office-address',
  officers: 'officers',
  insolvency: 'insolvency',
  'persons-with-significant-control': 'pscs',
}

/** Reads a request's target; what the sandbox does not serve is of kind `other`. */
export function routeOf(target: string): Route {
  const mark = target.indexOf('?')
  const path = mark === -1 ? target : target.slice(0, mark)
  const query = new URLSearchParams(mark === -1 ? '' : target.slice(mark + 1))
  const [, first, second, third = '', ...rest] = path.split('/')
  const name = decode(second ?? '')
  if (rest.length > 0) return { kind: 'other', path, query }
  if (first === 'company' && name !== '')
    return { kind: COMPANY_PARTS[third] ?? 'other', path, query, companyNumber: name }
  if (first === 'officers' && third === 'appointments') return { kind: 'appointments', path, query, officerId: name }
  if (path === '/search/companies') return { kind: 'search', path, query }
  if (path === '/advanced-search/companies') return { kind: 'advanced-search', path, query }
  return { kind: 'other', path, query }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
