// Walks a list in steps of bounded work: as a page of so many entries, or as a stream to its end. Between two steps
// everybody else has a turn.

import { createHash } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { Problem } from './respond.ts'

export interface ListedEntry<T> {
  value: T
  position: Position
}

export interface Step<T> {
  entries: ListedEntry<T>[]
  /** Behind what the step looked at, with or without entries; null at the end of the list. */
  reached: Position | null
}

/** Reads what comes behind a position, at most `limit` companies at once. */
export type Walk<T> = (after: Position | null, limit: number) => Step<T>

export interface Listing<T> {
  items: T[]
  /** Behind the last item, or behind what was looked at when the time was up; null when that was all. */
  next: Position | null
  /** The time was up. */
  isCut: boolean
}

/** The most companies that a step of a stream reads: a few milliseconds of work, the writing of JSON included. */
const STREAM_STEP = 10
/** The same while other requests come, each of which waits for a step. */
const STREAM_STEP_BESIDE_OTHERS = 2

/** A page: `limit` entries, or fewer at the end of the list and when `budgetMs` are over. */
export async function readPage<T>(
  walk: Walk<T>,
  { after, limit, budgetMs, clock, turns }: PageOptions,
): Promise<Listing<T>> {
  const deadline = clock.steady() + budgetMs
  const found: ListedEntry<T>[] = []
  let reached = after
  for (;;) {
    const step = walk(reached, limit + 1 - found.length)
    found.push(...step.entries)
    reached = step.reached
    if (found.length > limit) break
    if (reached === null) return { items: found.map(({ value }) => value), next: null, isCut: false }
    if (clock.steady() >= deadline) return { items: found.map(({ value }) => value), next: reached, isCut: true }
    await turns.next('page')
  }
  const page = found.slice(0, limit)
  return { items: page.map(({ value }) => value), next: page.at(-1)?.position ?? null, isCut: false }
}

/** The most companies that a step of counting reads. */
const COUNT_STEP = 200

/** How many entries the whole list has; null when `budgetMs` are over, or nobody waits any more. */
export async function countAll<T>(
  walk: Walk<T>,
  { budgetMs, clock, turns, isGone }: Omit<PageOptions, 'after' | 'limit'> & { isGone: () => boolean },
): Promise<number | null> {
  const deadline = clock.steady() + budgetMs
  let [reached, total]: [Position | null, number] = [null, 0]
  do {
    await turns.next('stream')
    if (isGone() || clock.steady() >= deadline) return null
    const step = walk(reached, COUNT_STEP)
    total += step.entries.length
    reached = step.reached
  } while (reached !== null)
  return total
}

interface PageOptions {
  after: Position | null
  limit: number
  budgetMs: number
  clock: Clock
  turns: Turns
}

/** The whole list from a position on, or its first `limit` entries, some at a time. */
export async function* readAll<T>(
  walk: Walk<T>,
  { after, limit = Infinity, turns }: { after: Position | null; limit?: number | undefined; turns: Turns },
): AsyncGenerator<T[]> {
  let [reached, left] = [after, limit]
  do {
    await turns.next('stream')
    const most = turns.isBusy() ? STREAM_STEP_BESIDE_OTHERS : STREAM_STEP
    const step = walk(reached, Math.min(most, left))
    const values = step.entries.slice(0, left).map(({ value }) => value)
    left -= values.length
    reached = step.reached
    if (values.length > 0) yield values
  } while (reached !== null && left > 0)
}

// Opaque cursors: where a list goes on, and for which list that is.

/** Strings that name the last entry of a page in the order of the list. */
export type Position = string[]

type Parameters = Record<string, string>

/** A cursor for the same query; it holds no secret. */
export function writeCursor(position: Position, query: Parameters): string {
  return Buffer.from(JSON.stringify([mark(query), ...position])).toString('base64url')
}

/** Reads a cursor of `length` parts. Throws a 400 problem for an invalid one, or one of another query. */
export function parseCursor(text: string, query: Parameters, length: number): Position {
  const parts = parse(text)
  if (parts?.length === length + 1 && parts[0] === mark(query)) return parts.slice(1)
  throw notOfThisQuery()
}

/** The problem with a cursor that is invalid, or belongs to another query. */
export function notOfThisQuery(): Problem {
  return new Problem(400, {
    detail: 'The cursor does not belong to this query',
    errors: [{ parameter: 'cursor', detail: 'take it from the path in `next`, and change no parameter but `limit`' }],
  })
}

function parse(text: string): string[] | null {
  try {
    const parts: unknown = JSON.parse(Buffer.from(text, 'base64url').toString())
    return Array.isArray(parts) && parts.every((part) => typeof part === 'string') ? parts : null
  } catch {
    return null
  }
}

function mark({ cursor: _cursor, limit: _limit, count: _count, ...query }: Parameters): string {
  const sorted = Object.entries(query).sort(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha256').update(JSON.stringify(sorted)).digest('base64url').slice(0, 8)
}

// Who shares the event loop: long answers work in slices, one slice at a time, and requests that have just come are heard
// between any two.

export interface Turns {
  /** Resolves when it is the caller's turn to work for some milliseconds; pages go before streams. */
  next(kind: 'page' | 'stream'): Promise<void>
  /** Notes that a request has come. */
  heard(): void
  /** Whether one has come within the last turns. */
  isBusy(): boolean
}

/** With short steps, some hundredths of a second. */
const BUSY_ROUNDS = 200

/** Gives turns in the order in which they were asked for, one in each round of the event loop; each is told. */
export function createTurns(onTurn: () => void = () => {}): Turns {
  const waiting = { page: [] as (() => void)[], stream: [] as (() => void)[] }
  let isGiving = false
  let [round, lastHeard] = [0, Number.NEGATIVE_INFINITY]
  const give = () => {
    round += 1
    const first = waiting.page.shift() ?? waiting.stream.shift()
    isGiving = first !== undefined
    if (!first) return
    onTurn()
    first()
    setImmediate(give)
  }
  return {
    next: (kind) =>
      new Promise((begin) => {
        waiting[kind].push(begin)
        if (isGiving) return
        isGiving = true
        setImmediate(give)
      }),
    heard() {
      lastHeard = round
    },
    isBusy: () => round - lastHeard < BUSY_ROUNDS,
  }
}

/** Counts what each name has open: a function that takes a place and gives it back, or null when all are taken. */
export function createPlaces(most: number): (name: string) => (() => void) | null {
  const taken = new Map<string, number>()
  return (name) => {
    const count = taken.get(name) ?? 0
    if (count >= most) return null
    taken.set(name, count + 1)
    let isFree = false
    return () => {
      if (isFree) return
      isFree = true
      const left = (taken.get(name) ?? 1) - 1
      if (left > 0) taken.set(name, left)
      else taken.delete(name)
    }
  }
}
