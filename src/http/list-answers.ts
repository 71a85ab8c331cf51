// Answers with a list, as a page or as lines to its end.
import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'
import type { Clock, Timings } from '../clock.ts'
import { isCheckpoint } from '../db/changes.ts'
import type { Db } from '../db/open.ts'
import { DatabaseGone, type ServedDatabase } from '../db/served/database.ts'
import { errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import { safeJson } from '../text.ts'
import { factsOf } from './guard.ts'
import {
  countAll,
  createPlaces,
  notOfThisQuery,
  parseCursor,
  readAll,
  readPage,
  type Turns,
  type Walk,
  writeCursor,
} from './listing.ts'
import { defaultLimit } from './parameters.ts'
import { acceptedType, JSON_TYPE, NDJSON, Problem, respond, respondLines } from './respond.ts'

type Env = { Bindings: HttpBindings }

/** The type that the client likes best. Throws a 406 problem when it takes none. */
export function accept<T extends string>(c: Context, offered: readonly T[]): T {
  const type = acceptedType(c.req.header('accept'), offered)
  if (type !== null) return type
  throw new Problem(406, { detail: `This is there as ${offered.join(' or ')}` })
}

export interface AskedList {
  /** The database that is walked. */
  db: Db
  walk: Walk<object>
  limit: number | undefined
  /** Whether the whole list is to be counted. */
  count?: boolean
  cursorLength: number
  /** Told with a list of changes. */
  checkpoint?: string
  /** Given where a page may be given again, as in `Body`. */
  state?: string | undefined
}

export interface ListOptions {
  database: ServedDatabase
  clock: Clock
  timings: Timings
  log: Log
  /** What stands before every path where a proxy gives the API a place below another site: `/prefix`, or nothing. */
  basePath: string
  /** Streams of lines that a token may read at once. */
  streamsPerToken: number
}

/** Answers a list as a page, or as lines to its end. A later page repeats the checkpoint of the first. */
export function createListAnswers(
  options: ListOptions,
  turns: Turns,
): (c: Context<Env>, asked: AskedList) => Promise<Response> {
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
    const text = safeJson({ items: page.items, total, next, checkpoint })
    // A page that time has cut, or a total that time may cut, is not the only one.
    const state = page.isCut || asked.count ? undefined : asked.state
    return respond(c, { type: JSON_TYPE, text, headers, state })
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

function onlyInPages(): Problem {
  return new Problem(400, {
    detail: 'Only a page tells the total',
    errors: [{ parameter: 'count', detail: `is for ${JSON_TYPE}; of ${NDJSON}, count the lines` }],
  })
}

/** Tells the operator why a request failed. */
export function tellFailure(log: Log, c: Context<Env>, error: unknown): void {
  log.error('request failed', { route: factsOf(c.env.incoming).route, error: errorMessage(error) })
}
