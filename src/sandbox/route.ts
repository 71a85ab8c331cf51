export type RouteKind =
  | 'profile'
  | 'registered-office-address'
  | 'officers'
  | 'insolvency'
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
