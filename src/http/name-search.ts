// Keeps the index of names up to date while the server runs, beside the requests.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock, Timings } from '../clock.ts'
import type { Db } from '../db/open.ts'
import { dataVersion, type ServedDatabase } from '../db/served/database.ts'
import { type NameIndex, type NameQuery, openNameIndex } from '../db/served/names.ts'
import { sqliteError } from '../db/storage-error.ts'
import { ChpipeError, errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import { Problem } from './respond.ts'

export interface NameSearch {
  /** Waits a while for the index to be built. Throws a 503 problem when it takes longer. */
  ready(): Promise<void>
  find(query: NameQuery, after: string, limit: number): string[]
  /** Ends the upkeep. */
  close(): Promise<void>
}

export interface NameSearchOptions {
  database: ServedDatabase
  clock: Clock
  timings: Timings
  log: Log
}

/** Comparing the index with the tables takes at most this share of the time. */
const SHARE = 20

/** Builds the index in the background and compares it with the tables from time to time, when anything was written. */
export function startNameSearch({ database, clock, timings, log }: NameSearchOptions): NameSearch {
  const stop = new AbortController()
  const index = openNameIndex()
  let builtOf: Db | null = null
  let built = deferred()
  const upkeep = async () => {
    let [seen, tookMs] = [-1, 0]
    while (!stop.signal.aborted) {
      const db = database.current()
      const version = dataVersion(db)
      if (version !== seen || db !== builtOf) {
        const begun = clock.steady()
        await bringUpToDate(index, db, stop.signal)
        tookMs = clock.steady() - begun
        seen = version
        if (db !== builtOf) log.info('index of names built', { companies: index.count(), ms: tookMs })
        builtOf = db
        built.resolve()
        built = deferred()
      }
      await clock.sleep(Math.max(timings.serveIndexMs, SHARE * tookMs), stop.signal)
    }
  }
  const running = keepGoing(upkeep, { stop: stop.signal, clock, timings, log })
  return {
    async ready() {
      if (builtOf === database.current()) return
      const patience = new AbortController()
      const late = clock.sleep(timings.serveIndexPatienceMs, patience.signal).catch(() => {})
      await Promise.race([built.promise, late])
      patience.abort()
      if (builtOf === database.current()) return
      throw new Problem(503, { detail: 'The index of names is being built', headers: { 'Retry-After': '10' } })
    },
    find: index.find,
    async close() {
      stop.abort()
      await running
      index.close()
    },
  }
}

async function bringUpToDate(index: NameIndex, db: Db, signal: AbortSignal): Promise<void> {
  for (const _ of index.refresh(db)) {
    await nextTurn()
    signal.throwIfAborted()
  }
}

/** A full disk or a damaged database must not end the server: searches fail, and the upkeep is tried again. */
async function keepGoing(
  upkeep: () => Promise<void>,
  { stop, clock, timings, log }: Omit<NameSearchOptions, 'database'> & { stop: AbortSignal },
): Promise<void> {
  while (!stop.aborted) {
    try {
      await upkeep()
    } catch (error) {
      if (stop.aborted) return
      const told = sqliteError(error, '')
      const hint = told instanceof ChpipeError ? told.hint : undefined
      log.error('names cannot be searched: their index could not be brought up to date', {
        error: errorMessage(told),
        try: hint,
      })
      await clock.sleep(timings.serveIndexMs, stop).catch(() => {})
    }
  }
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}
