// Opaque cursors: where a list goes on, and for which list that is.
import { createHash } from 'node:crypto'
import { Problem } from './problem.ts'

/** Strings that name the last entry of a page in the order of the list. */
export type Position = string[]

type Parameters = Record<string, string>

/** A cursor for the same query; it holds no secret. */
export function writeCursor(position: Position, query: Parameters): string {
  return Buffer.from(JSON.stringify([mark(query), ...position])).toString('base64url')
}

/** Reads a cursor of `length` parts. Throws a 400 problem for one that is none, or belongs to another query. */
export function readCursor(text: string, query: Parameters, length: number): Position {
  const parts = parse(text)
  if (parts?.length === length + 1 && parts[0] === mark(query)) return parts.slice(1)
  throw notOfThisQuery()
}

/** The problem with a cursor that is none, or belongs to another query. */
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

function mark({ cursor: _cursor, limit: _limit, ...query }: Parameters): string {
  const sorted = Object.entries(query).sort(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha256').update(JSON.stringify(sorted)).digest('base64url').slice(0, 8)
}
