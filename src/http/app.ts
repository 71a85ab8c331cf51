// The endpoints themselves.
import type { HttpBindings } from '@hono/node-server'
import { OpenAPIHono, type z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { secureHeaders } from 'hono/secure-headers'
import type { Clock, Timings } from '../clock.ts'
import { datedCheckpoint, isCheckpoint } from '../db/changes.ts'
import type { Db } from '../db/open.ts'
import { readSince } from '../db/served/changes.ts'
import { DatabaseGone, versionOf } from '../db/served/database.ts'
import { dayAt } from '../db/standing.ts'
import { errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import { EXPOSITION_TYPE, exposition, type Metric } from '../metrics.ts'
import type { Signature } from '../signed.ts'
import { safeJson } from '../text.ts'
import { type Description, describe } from './description.ts'
import { factsOf, type GuardOptions, guard } from './guard.ts'
import { indexPage } from './index-page.ts'
import {
  countAll,
  createPlaces,
  createTurns,
  notOfThisQuery,
  parseCursor,
  readAll,
  readPage,
  type Turns,
  type Walk,
  writeCursor,
} from './listing.ts'
import { readCompany, readPscs, walkChanges, walkCompanies, walkOfficers } from './lists.ts'
import { agentAnswers, MCP_PATH, type Paths } from './mcp.ts'
import type { NameSearch } from './name-search.ts'
import { defaultLimit } from './parameters.ts'
import {
  acceptedType,
  createTagMemory,
  JSON_TYPE,
  NDJSON,
  Problem,
  problemResponse,
  respond,
  respondLines,
} from './respond.ts'
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

export interface AppOptions extends Omit<GuardOptions, 'steady'> {
  clock: Clock
  timings: Timings
  log: Log
  version: string
  names: NameSearch
  /** What stands before every path where a proxy gives the API a place below another site: `/prefix`, or nothing. */
  basePath: string
  /** Streams of lines that a token may read at once. */
  streamsPerToken: number
  /** Who serves it, for the page. */
  signature?: Signature
  /** Reads all metrics; throws when the database cannot be read. */
  metrics(): Metric[]
}

type Env = { Bindings: HttpBindings }

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
  app.use(guard({ ...options, steady: options.clock.steady }))
  const data = dataEndpoints(options)
  app.route('/', data)
  const description = describe(options.version, options.basePath)
  const answerAgent = agentAnswers(options.version, description.paths as Paths)
  app.post(MCP_PATH, (c) =>
    answerAgent(c.req.raw, async (path) => await data.request(path, { headers: { accept: JSON_TYPE } }, c.env)),
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
  const { database, names, clock } = options
  const turns = createTurns()
  const unlessKnown = createTagMemory()
  const answer = listAnswers(options, turns)
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
    const wanted = { ...query, ...filter, all, words, include, today: dayAt(clock.now()) }
    const db = database.current()
    await checkWords(db, query)
    const index = { find: names.find, isCurrent: names.catchUp(db) }
    return answer(c, { db, walk: walkCompanies(db, wanted, index), limit, count, cursorLength: 1 })
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
    if (officerId !== undefined || surname) await names.ready()
    const db = database.current()
    if (officerId !== undefined || surname) names.catchUp(db)
    const today = dayAt(clock.now())
    const walk = walkOfficers(db, { all, company, officerId, surname, active, verification, today }, names.find)
    return answer(c, { db, walk, limit, count, cursorLength: 2 })
  })
  app.openapi(changesRoute, async (c) => {
    const { since: told, limit, all = false } = c.req.valid('query')
    const db = database.current()
    const today = dayAt(clock.now())
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
    const [db, today] = [database.current(), dayAt(clock.now())]
    return unlessKnown(c, `${versionOf(db)} ${today}`, async () => {
      const company = readCompany(db, company_number, { all, today })
      if (!company) throw noSuchCompany(readCompany(db, company_number, { all: true, today }) !== null)
      return respond(c, { type: JSON_TYPE, text: safeJson(company) })
    })
  })
  app.openapi(pscsRoute, async (c) => {
    accept(c, [JSON_TYPE])
    const { all = false } = c.req.valid('query')
    const { company_number } = c.req.valid('param')
    const read = (scope: boolean) =>
      readPscs(database.current(), company_number, { all: scope, today: dayAt(clock.now()) })
    const pscs = read(all)
    if (!pscs) throw noSuchCompany(read(true) !== null)
    return respond(c, { type: JSON_TYPE, text: safeJson(pscs) })
  })
  return app
}

const NOT_KEPT = { 'Cache-Control': 'no-store' }

function unreadable(): Problem {
  return new Problem(503, { detail: 'The database cannot be read', headers: { 'Retry-After': '10' } })
}

function addOpenEndpoints(app: OpenAPIHono<Env>, description: Description, options: AppOptions): void {
  const { database, version } = options
  const page = indexPage(description, options)
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
    return respond(c, { type: JSON_TYPE, text: safeJson(description) })
  })
  app.openapi(indexRoute, (c) => {
    accept(c, ['text/html'])
    return respond(c, {
      type: 'text/html; charset=utf-8',
      text: page.html,
      headers: { 'Content-Security-Policy': page.policy },
    })
  })
}

/** The type that the client likes best. Throws a 406 problem when it takes none. */
function accept<T extends string>(c: Context, offered: readonly T[]): T {
  const type = acceptedType(c.req.header('accept'), offered)
  if (type !== null) return type
  throw new Problem(406, { detail: `This is there as ${offered.join(' or ')}` })
}

interface AskedList {
  /** The database that is walked. */
  db: Db
  walk: Walk<object>
  limit: number | undefined
  /** Whether the whole list is to be counted. */
  count?: boolean
  cursorLength: number
  /** Told with a list of changes. */
  checkpoint?: string
}

/** Answers a list as a page, or as lines to its end. A later page repeats the checkpoint of the first. */
function listAnswers(options: AppOptions, turns: Turns): (c: Context<Env>, asked: AskedList) => Promise<Response> {
  const { clock, timings, database, basePath, streamsPerToken, log } = options
  const takePlace = createPlaces(streamsPerToken)
  return async (c, asked) => {
    const { limit, cursorLength } = asked
    const type = accept(c, [JSON_TYPE, NDJSON])
    const { count: _count, ...query } = c.req.query()
    const length = cursorLength + (asked.checkpoint === undefined ? 0 : 1)
    const cursor = query.cursor === undefined ? null : parseCursor(query.cursor, query, length)
    const checkpoint = asked.checkpoint === undefined ? undefined : checkpointIn(cursor?.at(-1) ?? asked.checkpoint)
    const after = cursor?.slice(0, cursorLength) ?? null
    const told: Record<string, string> = checkpoint === undefined ? {} : { 'Changes-Checkpoint': checkpoint }
    const walk: AskedList['walk'] = (from, most) => {
      if (database.current() !== asked.db) throw new DatabaseGone()
      return asked.walk(from, most)
    }
    if (type === NDJSON) {
      if (asked.count) throw onlyInPages()
      if (c.req.method !== 'HEAD') holdPlace(c, takePlace, streamsPerToken)
      // Half a list must not look like the whole.
      const cut = (error: unknown) => {
        tellFailure(log, c, error)
        c.env.outgoing.destroy()
      }
      return respondLines(c, readAll(walk, { after, limit, turns }), cut, told)
    }

    if (asked.count) holdPlace(c, takePlace, streamsPerToken)
    const budgetMs = timings.servePageMs
    const page = await readPage(walk, { after, limit: limit ?? defaultLimit, budgetMs, clock, turns })
    const position = page.next && (checkpoint === undefined ? page.next : [...page.next, checkpoint])
    const path = `${basePath}${c.req.path}`
    const next = position && `${path}?${new URLSearchParams({ ...query, cursor: writeCursor(position, query) })}`
    const counting = { budgetMs: timings.serveIdleMs / 2, clock, turns, isGone: () => c.env.outgoing.destroyed }
    const total = asked.count ? await countAll(walk, counting) : undefined
    const headers = next === null ? told : { ...told, Link: `<${next}>; rel="next"` }
    return respond(c, { type: JSON_TYPE, text: safeJson({ items: page.items, total, next, checkpoint }), headers })
  }
}

/** Takes one of the token's places until the answer has gone out. Throws a 429 problem when it has none left. */
function holdPlace(c: Context<Env>, takePlace: ReturnType<typeof createPlaces>, most: number): void {
  const giveBack = takePlace(factsOf(c.env.incoming).token ?? '')
  if (giveBack === null) {
    const detail = `This token reads ${most} streams of lines already, and may read no more at once`
    throw new Problem(429, { detail, headers: { 'Retry-After': '10' } })
  }
  c.env.outgoing.once('close', giveBack)
}

/** A checkpoint goes into a header, so a cursor of somebody's own making must hold one there. */
function checkpointIn(text: string): string {
  if (isCheckpoint(text)) return text
  throw notOfThisQuery()
}

/** `isPending`: it is only that its officers are not there yet. */
function noSuchCompany(isPending: boolean): Problem {
  const detail = isPending
    ? 'Its officers are not complete yet; what is there of it is at the same path with ?all=true'
    : 'There is no such company here'
  return new Problem(404, { detail })
}

function onlyInPages(): Problem {
  return new Problem(400, {
    detail: 'Only a page tells the total',
    errors: [{ parameter: 'count', detail: `is for ${JSON_TYPE}; of ${NDJSON}, count the lines` }],
  })
}

function otherHistory(): Problem {
  return new Problem(400, {
    detail: 'The checkpoint is not of this database, or of a state that a restored backup has undone',
    errors: [{ parameter: 'since', detail: 'take everything anew: /v1/changes?since=1970-01-01T00:00:00Z' }],
  })
}

function tellFailure(log: Log, c: Context<Env>, error: unknown): void {
  log.error('request failed', { route: factsOf(c.env.incoming).route, error: errorMessage(error) })
}

function badParameters({ issues }: z.ZodError): Problem {
  const errors = issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((parameter) => ({ parameter, detail: 'is not known here' }))
      : [{ parameter: String(issue.path[0] ?? ''), detail: issue.message }],
  )
  return new Problem(400, { detail: 'A parameter is wrong or unknown', errors })
}
