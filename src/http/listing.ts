// Walks a list in steps of bounded work: as a page of so many entries, or as a stream to its end. Between two steps
// everybody else has a turn.
import type { Clock } from '../clock.ts'
import type { Position } from './cursor.ts'
import type { Turns } from './turns.ts'

export interface Entry<T> {
  value: T
  position: Position
}

export interface Step<T> {
  entries: Entry<T>[]
  /** Behind what the step looked at, with or without entries; null at the end of the list. */
  reached: Position | null
}

/** Reads what comes behind a position, at most `limit` companies at once. */
export type Walk<T> = (after: Position | null, limit: number) => Step<T>

export interface Listing<T> {
  items: T[]
  /** Behind the last item, or behind what was looked at when the time was up; null when that was all. */
  next: Position | null
}

/** The most companies that a step of a stream reads: some milliseconds of work, the writing of JSON included. */
const STREAM_STEP = 50

/** A page: `limit` entries, or fewer at the end of the list and when `budgetMs` are over. */
export async function readPage<T>(
  walk: Walk<T>,
  { after, limit, budgetMs, clock, turns }: PageOptions,
): Promise<Listing<T>> {
  const deadline = clock.steady() + budgetMs
  const found: Entry<T>[] = []
  let reached = after
  for (;;) {
    const step = walk(reached, limit + 1 - found.length)
    found.push(...step.entries)
    reached = step.reached
    if (found.length > limit) break
    if (reached === null) return { items: found.map(({ value }) => value), next: null }
    if (clock.steady() >= deadline) return { items: found.map(({ value }) => value), next: reached }
    await turns.next('page')
  }
  const page = found.slice(0, limit)
  return { items: page.map(({ value }) => value), next: page.at(-1)?.position ?? null }
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
    const step = walk(reached, Math.min(STREAM_STEP, left))
    const values = step.entries.slice(0, left).map(({ value }) => value)
    left -= values.length
    reached = step.reached
    if (values.length > 0) yield values
  } while (reached !== null && left > 0)
}
