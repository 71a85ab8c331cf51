// The endpoints as data: what they take and what they answer. The description and the checks are made from it.
import { createRoute, type RouteConfig, z } from '@hono/zod-openapi'
import type { TokenScope } from '../db/served/tokens.ts'
import { changeList, companyList, companyWithMembers, health, officerList, problemSchema, pscList } from './answers.ts'
import { changesQuery, companiesQuery, companyPath, companyQuery, noQuery, officersQuery } from './parameters.ts'
import { JSON_TYPE, NDJSON, PROBLEM_TYPE } from './respond.ts'

type Headers = Record<string, { description: string; schema: { type: 'string' | 'integer' } }>

const limits: Headers = {
  'RateLimit-Limit': { description: 'Requests a minute that the token may make', schema: { type: 'integer' } },
  'RateLimit-Remaining': { description: 'Those that are left', schema: { type: 'integer' } },
  'RateLimit-Reset': { description: 'Seconds until all are there again', schema: { type: 'integer' } },
  'RateLimit-Policy': { description: 'The limit and its window in seconds', schema: { type: 'string' } },
}
const tag: Headers = {
  ETag: { description: 'Send it as If-None-Match to be told when nothing has changed', schema: { type: 'string' } },
}
const link: Headers = { Link: { description: 'The next page, with rel="next"', schema: { type: 'string' } } }
const checkpoint: Headers = {
  'Changes-Checkpoint': { description: 'The checkpoint, for streams of lines', schema: { type: 'string' } },
}
const retry: Headers = { 'Retry-After': { description: 'Seconds to wait', schema: { type: 'integer' } } }
const challenge: Headers = { 'WWW-Authenticate': { description: 'The scheme, Bearer', schema: { type: 'string' } } }

const failure = (description: string, headers: Headers = {}) => ({
  description,
  headers,
  content: { [PROBLEM_TYPE]: { schema: problemSchema } },
})

const badRequest = { 400: failure('A parameter is wrong or unknown, or the request has a body') }
const broken = { 405: failure('Only GET and HEAD are there', allow()), 500: failure('The server failed') }
const open = {
  304: { description: 'Nothing has changed since the ETag of If-None-Match', headers: tag },
  ...badRequest,
  406: failure('No type that the client accepts'),
  ...broken,
}
const guarded = {
  ...open,
  401: failure('There is no token, or it is not valid', challenge),
  403: failure('The token is valid, but not for this'),
  429: failure('The token has made too many requests, or reads too many streams at once', { ...limits, ...retry }),
  503: failure('The database cannot be read now, or the index of names is being built', retry),
}
const security = [{ bearer: [] }]
/** Stated for open routes, so that a reader does not take it for an omission. */
const noSecurity: typeof security = []
const conditional = z.object({
  'if-none-match': z.string().optional().openapi({ description: 'ETags that the client has' }),
})

function allow(): Headers {
  return { Allow: { description: 'The methods that are there', schema: { type: 'string' } } }
}

/** An endpoint that answers a page as JSON, or everything as lines. */
function listing<Q extends z.ZodObject>(
  path: string,
  { query, list, ...about }: { query: Q; list: z.ZodType; summary: string; description: string; operationId: string },
  headers: Headers = {},
) {
  return createRoute({
    method: 'get',
    path,
    ...about,
    security,
    request: { query, headers: conditional },
    responses: {
      200: {
        description: 'A page; or, when lines are accepted, all items from here on, one a line',
        headers: { ...tag, ...link, ...limits, ...headers },
        content: {
          [JSON_TYPE]: { schema: list },
          [NDJSON]: { schema: z.string().openapi({ description: 'One item of the list as JSON on each line' }) },
        },
      },
      ...guarded,
    },
  })
}

export const companiesRoute = listing('/v1/companies', {
  query: companiesQuery,
  list: companyList,
  operationId: 'listCompanies',
  summary: 'Companies, filtered and searched by name',
  description: 'In the order of their numbers. Filters narrow each other.',
})

export const officersRoute = listing('/v1/officers', {
  query: officersQuery,
  list: officerList,
  operationId: 'listOfficers',
  summary: 'Officers of a company, of one person, or of a surname',
  description: 'In the order of their companies, then of their appointment ids, with their e-mail addresses inside.',
})

export const changesRoute = listing(
  '/v1/changes',
  {
    query: changesQuery,
    list: changeList,
    operationId: 'listChanges',
    summary: 'What has changed since',
    description:
      'Every company that changed since then, once, in the order of the numbers: replace what you have of it, or remove it. The same change may come again with a later checkpoint; none is left out.',
  },
  checkpoint,
)

export const companyRoute = createRoute({
  method: 'get',
  path: '/v1/companies/{company_number}',
  operationId: 'getCompany',
  summary: 'One company with its officers, persons with significant control, domains and e-mail addresses',
  description: 'Each officer has their own addresses inside.',
  security,
  request: { params: companyPath, query: companyQuery, headers: conditional },
  responses: {
    200: {
      description: 'The company',
      headers: { ...tag, ...limits },
      content: { [JSON_TYPE]: { schema: companyWithMembers } },
    },
    ...guarded,
    404: failure('There is no such company, or its officers are not complete'),
  },
})

export const pscsRoute = createRoute({
  method: 'get',
  path: '/v1/companies/{company_number}/persons-with-significant-control',
  operationId: 'listPersonsWithSignificantControl',
  summary: 'Who controls a company',
  description:
    'Persons and bodies, ceased ones included, statements in place of them, and exemptions. `pscs_state` tells whether they were read: where it is `none`, the register has no record.',
  security,
  request: { params: companyPath, query: companyQuery, headers: conditional },
  responses: {
    200: {
      description: 'All of them',
      headers: { ...tag, ...limits },
      content: { [JSON_TYPE]: { schema: pscList } },
    },
    ...guarded,
    404: failure('There is no such company, or its officers are not complete'),
  },
})

export const metricsRoute = createRoute({
  method: 'get',
  path: '/metrics',
  operationId: 'getMetrics',
  summary: 'Prometheus metrics',
  description:
    'In the text format 0.0.4: the pipeline, and the requests of this server. Needs a token of its own kind.',
  security,
  request: { query: noQuery },
  responses: {
    200: { description: 'The metrics', headers: limits, content: { 'text/plain': { schema: z.string() } } },
    ...guarded,
  },
})

const answer = (description: string, type: string, schema: z.ZodType) => ({
  200: { description, headers: tag, content: { [type]: { schema } } },
})

export const healthRoute = createRoute({
  method: 'get',
  path: '/healthz',
  operationId: 'getHealth',
  summary: 'Whether the database can be read',
  description: 'For load balancers; needs no token.',
  security: noSecurity,
  request: { query: noQuery },
  responses: {
    ...answer('It can', JSON_TYPE, health),
    ...open,
    503: failure('It cannot', retry),
  },
})

export const openApiRoute = createRoute({
  method: 'get',
  path: '/openapi.json',
  operationId: 'getDescription',
  summary: 'This description',
  description: 'OpenAPI 3.1; needs no token.',
  security: noSecurity,
  request: { query: noQuery },
  responses: { ...answer('The description', JSON_TYPE, z.looseObject({})), ...open },
})

export const indexRoute = createRoute({
  method: 'get',
  path: '/',
  operationId: 'getIndex',
  summary: 'The description as a page for people',
  description: 'Needs no token.',
  security: noSecurity,
  request: { query: noQuery },
  responses: { ...answer('The page', 'text/html', z.string()), ...open },
})

/** What a token must be for, to ask for a path. */
export function routeScope(path: string): TokenScope {
  return path === metricsRoute.path ? 'metrics' : 'data'
}

/** In the order of the description. */
export const routes: RouteConfig[] = [
  companiesRoute,
  companyRoute,
  pscsRoute,
  officersRoute,
  changesRoute,
  healthRoute,
  metricsRoute,
  openApiRoute,
  indexRoute,
]
