// The endpoints themselves.
import { OpenAPIHono, type z } from '@hono/zod-openapi'
import { secureHeaders } from 'hono/secure-headers'
import { datedCheckpoint } from '../db/changes.ts'
import { readSince } from '../db/served/changes.ts'
import { DatabaseGone } from '../db/served/database.ts'
import { EXPOSITION_TYPE, exposition, type Metric } from '../metrics.ts'
import type { Signature } from '../signed.ts'
import { safeJson } from '../text.ts'
import { type Description, describe } from './description.ts'
import { type Admission, guard } from './guard.ts'
import { indexPage } from './index-page.ts'
import { accept, createListAnswers, type ListOptions, tellFailure } from './list-answers.ts'
import type { Turns } from './listing.ts'
import { readCompany, readPscs, walkChanges, walkCompanies, walkOfficers } from './lists.ts'
import { agentAnswers, MCP_PATH, type Paths } from './mcp.ts'
import type { Now } from './moment.ts'
import type { NameSearch } from './name-search.ts'
import { createTagMemory, JSON_TYPE, Problem, problemResponse, type RespondBindings, respond } from './respond.ts'
import {
  changesRoute,
  companiesRoute,
  companyRoute,
  healthRoute,
  indexRoute,
  metricsRoute,
  officersRoute,
  openApiRoute,
  pscsRoute,
} from './routes.ts'
import { createWordCheck } from './vocabulary.ts'

export interface AppOptions extends ListOptions {
  admission: Admission
  /** Requests a minute of each token, for the page. */
  limitPerMinute: number
  now: Now
  turns: Turns
  version: string
  names: NameSearch
  /** Who serves it, for the page. */
  signature?: Signature
  /** Reads all metrics; throws when the database cannot be read. */
  metrics(): Metric[]
}

type Env = { Bindings: RespondBindings }

/** Pages bring their own policy. Whether a host is reached by https alone is said by what stands before it. */
const protect = secureHeaders({
  contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
  strictTransportSecurity: false,
  overwrite: false,
})

/** The application: a function from requests to answers. */
export function createApp(options: AppOptions): OpenAPIHono<Env> {
  const app = newApp(options)
  app.use(protect)
  app.use(guard(options.admission))
  const data = dataEndpoints(options)
  app.route('/', data)
  const description = onFirstCall(() => describe(options.version, options.basePath))
  const agents = onFirstCall(() => agentAnswers(options.version, description().paths as Paths))
  app.post(MCP_PATH, (c) =>
    agents()(
      c.req.raw,
      async (path) => await data.request(path, { headers: { accept: JSON_TYPE } }, { ...c.env, isOwn: true }),
    ),
  )
  addOpenEndpoints(app, description, options)
  app.openapi(metricsRoute, async (c) => {
    accept(c, ['text/plain'])
    return respond(c, { type: EXPOSITION_TYPE, text: exposition(options.metrics()), headers: NOT_KEPT })
  })
  return app
}

/** An application that checks parameters and says what failed as the API does. */
function newApp({ log }: AppOptions): OpenAPIHono<Env> {
  const app = new OpenAPIHono<Env>({
    defaultHook: (result) => {
      if (!result.success) throw badParameters(result.error)
    },
  })
  app.notFound(() => problemResponse(new Problem(404)))
  app.onError((error, c) => {
    if (error instanceof Problem) return problemResponse(error)
    if (error instanceof DatabaseGone) return problemResponse(unreadable())
    tellFailure(log, c, error)
    return problemResponse(new Problem(500))
  })
  return app
}

/** What is behind a token for the data: lists and single companies. */
function dataEndpoints(options: AppOptions): OpenAPIHono<Env> {
  const { database, names, clock, now, turns } = options
  const unlessKnown = createTagMemory()
  const answer = createListAnswers(options, turns)
  const checkWords = createWordCheck({ database, clock, turns, budgetMs: options.timings.servePageMs })
  const app = newApp(options)
  app.openapi(companiesRoute, async (c) => {
    const {
      q: words,
      limit,
      created_from,
      created_to,
      has_domain,
      has_email,
      include = [],
      all = false,
      count = false,
      ...query
    } = c.req.valid('query')
    if (words) await names.ready()
    const filter = { createdFrom: created_from, createdTo: created_to, hasDomain: has_domain, hasEmail: has_email }
    const areKnown = await checkWords(database.current(), query)
    const { db, today, state: current } = now()
    // The index of names may be behind what is stored.
    const state = areKnown && !words ? current : undefined
    const wanted = { ...query, ...filter, all, words, include, today }
    const index = { find: names.find, isCurrent: names.catchUp(db) }
    return answer(c, { db, walk: walkCompanies(db, wanted, index), limit, count, cursorLength: 1, state })
  })
  app.openapi(officersRoute, async (c) => {
    const {
      officer_id: officerId,
      limit,
      active = false,
      all = false,
      count = false,
      company,
      surname,
      verification,
    } = c.req.valid('query')
    const isSearched = officerId !== undefined || surname !== undefined
    if (isSearched) await names.ready()
    const { db, today, state: current } = now()
    if (isSearched) names.catchUp(db)
    const state = isSearched ? undefined : current
    const walk = walkOfficers(db, { all, company, officerId, surname, active, verification, today }, names.find)
    return answer(c, { db, walk, limit, count, cursorLength: 2, state })
  })
  app.openapi(changesRoute, async (c) => {
    const { since: told, limit, all = false } = c.req.valid('query')
    const { db, today } = now()
    const checkpoint = datedCheckpoint(db, today)
    const since = readSince(db, told)
    if (!since) throw otherHistory()
    return answer(c, {
      db,
      walk: walkChanges(db, { all, since, today }),
      limit,
      cursorLength: 1,
      checkpoint,
    })
  })
  app.openapi(companyRoute, async (c) => {
    accept(c, [JSON_TYPE])
    const { company_number } = c.req.valid('param')
    const { all = false } = c.req.valid('query')
    const { state, db, today } = now()
    return unlessKnown(c, state, async () => {
      const company = readCompany(db, company_number, { all, today })
      if (!company) throw noSuchCompany(readCompany(db, company_number, { all: true, today }) !== null)
      return respond(c, { type: JSON_TYPE, text: safeJson(company), state })
    })
  })
  app.openapi(pscsRoute, async (c) => {
    accept(c, [JSON_TYPE])
    const { all = false } = c.req.valid('query')
    const { company_number } = c.req.valid('param')
    const { db, today, state } = now()
    const read = (scope: boolean) => readPscs(db, company_number, { all: scope, today })
    const pscs = read(all)
    if (!pscs) throw noSuchCompany(read(true) !== null)
    return respond(c, { type: JSON_TYPE, text: safeJson(pscs), state })
  })
  return app
}

const NOT_KEPT = { 'Cache-Control': 'no-store' }

function unreadable(): Problem {
  return new Problem(503, { detail: 'The database cannot be read', headers: { 'Retry-After': '10' } })
}

/** What takes a while to make, and few ask for, is made when somebody does. */
function onFirstCall<T extends object>(make: () => T): () => T {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}

function addOpenEndpoints(app: OpenAPIHono<Env>, description: () => Description, options: AppOptions): void {
  const { database, version } = options
  const page = onFirstCall(() => indexPage(description(), options))
  app.openapi(healthRoute, (c) => {
    accept(c, [JSON_TYPE])
    try {
      database.check()
    } catch {
      throw unreadable()
    }
    return respond(c, { type: JSON_TYPE, text: safeJson({ status: 'ok', version }), headers: NOT_KEPT })
  })
  app.openapi(openApiRoute, (c) => {
    accept(c, [JSON_TYPE])
    return respond(c, { type: JSON_TYPE, text: safeJson(description()) })
  })
  app.openapi(indexRoute, (c) => {
    accept(c, ['text/html'])
    const { html, policy } = page()
    return respond(c, { type: 'text/html; charset=utf-8', text: html, headers: { 'Content-Security-Policy': policy } })
  })
}

/** `isPending`: it is only that its officers are not there yet. */
function noSuchCompany(isPending: boolean): Problem {
  const detail = isPending
    ? 'Its officers are not complete yet; what is there of it is at the same path with ?all=true'
    : 'There is no such company here'
  return new Problem(404, { detail })
}

function otherHistory(): Problem {
  return new Problem(400, {
    detail: 'The checkpoint is not of this database, or of a state that a restored backup has undone',
    errors: [{ parameter: 'since', detail: 'take everything anew: /v1/changes?since=1970-01-01T00:00:00Z' }],
  })
}

function badParameters({ issues }: z.ZodError): Problem {
  const errors = issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((parameter) => ({ parameter, detail: 'is not known here' }))
      : [{ parameter: String(issue.path[0] ?? ''), detail: issue.message }],
  )
  return new Problem(400, { detail: 'A parameter is wrong or unknown', errors })
}
