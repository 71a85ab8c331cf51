// Which statuses and types may be asked for: those of the register's API, and what else the database holds. A wrong word
// would find nothing, and look like a register without such companies.
import type { Clock } from '../clock.ts'
import { STATUS_SLUGS, TYPE_SLUGS } from '../companies-house/register/prose.ts'
import type { Db } from '../db/open.ts'
import { DatabaseGone, type ServedDatabase } from '../db/served/database.ts'
import { readVocabulary } from '../db/served/vocabulary.ts'
import type { Turns } from './listing.ts'
import { Problem } from './respond.ts'

const NAMES = ['status', 'type'] as const
type Name = (typeof NAMES)[number]

const KNOWN: Record<Name, readonly string[]> = { status: STATUS_SLUGS, type: TYPE_SLUGS }

/** What was found is believed for so long: a new word is rare. */
const FRESH_MS = 60_000

/** What is known of a database, and how far it was looked through. */
interface Found {
  words: Record<Name, Set<string>>
  reached: string
  /** When everything was looked through; null before. */
  endedMs: number | null
}

export interface VocabularyOptions {
  database: ServedDatabase
  clock: Clock
  turns: Turns
  /** How long a request looks for a word; the next one goes on from there. */
  budgetMs: number
}

/**
 * Throws a 400 problem that names the words that are there, when one that is asked for is certainly not; returns whether all
 * certainly are.
 */
export type CheckWords = (db: Db, asked: Partial<Record<Name, string[] | undefined>>) => Promise<boolean>

/** A check of words that remembers what each database holds. */
export function createWordCheck({ database, clock, turns, budgetMs }: VocabularyOptions): CheckWords {
  const foundIn = new WeakMap<Db, Found>()
  const current = (db: Db): Found => {
    const found = foundIn.get(db)
    if (found && (found.endedMs === null || clock.steady() - found.endedMs < FRESH_MS)) return found
    const begun = { words: { status: new Set<string>(), type: new Set<string>() }, reached: '', endedMs: null }
    foundIn.set(db, begun)
    return begun
  }
  return async (db, asked) => {
    const deadline = clock.steady() + budgetMs
    for (;;) {
      const found = current(db)
      const missing = NAMES.filter((name) => asked[name]?.some((word) => !isThere(found, name, word)))
      if (missing.length === 0) return true
      if (found.endedMs !== null) throw unknownWords(missing, found)
      if (clock.steady() >= deadline) return false
      await turns.next('page')
      if (database.current() !== db) throw new DatabaseGone()
      look(db, found, clock)
    }
  }
}

function isThere({ words }: Found, name: Name, word: string): boolean {
  return KNOWN[name].includes(word) || words[name].has(word)
}

/** Looks at the next window. */
function look(db: Db, found: Found, clock: Clock): void {
  if (found.endedMs !== null) return
  const step = readVocabulary(db, found.reached)
  for (const name of NAMES) for (const word of step[name]) found.words[name].add(word)
  if (step.reached === null) found.endedMs = clock.steady()
  else found.reached = step.reached
}

/** Wordings that were kept as they stood cannot be asked for, so they are not named. */
const WORD = /^[a-z0-9-]+$/

function unknownWords(names: Name[], { words }: Found): Problem {
  const errors = names.map((parameter) => {
    const others = [...words[parameter]].filter((word) => WORD.test(word) && !KNOWN[parameter].includes(word)).sort()
    return { parameter, detail: `expected some of ${[...KNOWN[parameter], ...others].join(', ')}` }
  })
  return new Problem(400, { detail: 'A parameter is wrong or unknown', errors })
}
