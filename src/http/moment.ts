// What answers follow from besides the request: what is stored, and the day.
import { type Clock, DAY_MS } from '../clock.ts'
import type { Db } from '../db/open.ts'
import { dataVersion, type ServedDatabase, versionOf } from '../db/served/database.ts'
import { dayAt } from '../db/standing.ts'

export interface Moment {
  /** The database that is served. */
  db: Db
  /** Its `dataVersion`. */
  version: number
  /** `YYYY-MM-DD`. */
  today: string
  /** Another text whenever anything is written, another file is served, or a day begins. */
  state: string
}

/** Tells how things stand now: the same object for as long as nothing changes. Throws `DatabaseGone`. */
export interface Now {
  (): Moment
  /** A request has come: what was known before it does not count for it. */
  forget(): void
}

/**
 * Asks the database itself, so that what another process has written counts at once: for each request, and again where it
 * has waited for something.
 */
export function createNow(database: ServedDatabase, clock: Clock): Now {
  let last: Moment | null = null
  let day = Number.NaN
  let isAsked = false
  const forget = () => {
    isAsked = false
  }
  const now = () => {
    if (isAsked && last?.db.$client.open) return last
    const db = database.current()
    const version = dataVersion(db)
    isAsked = true
    setImmediate(forget)
    const ms = clock.now()
    const currentDay = Math.floor(ms / DAY_MS)
    if (last?.db === db && last.version === version && currentDay === day) return last
    const today = dayAt(ms)
    last = { db, version, today, state: `${versionOf(db)} ${today}` }
    day = currentDay
    return last
  }
  return Object.assign(now, { forget })
}
