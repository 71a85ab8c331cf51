// Keeps the index of names up to date while the server runs, beside the requests.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock, Timings } from '../clock.ts'
import { isLockError } from '../db/lock-wait.ts'
import type { Db } from '../db/open.ts'
import { dataVersion, type ServedDatabase } from '../db/served/database.ts'
import { type NameIndex, openNameIndex } from '../db/served/names.ts'
import { isNamesFileDamaged, namesFile, openKeptIndex, removeNamesFile } from '../db/served/names-file.ts'
import type { NameQuery } from '../db/served/terms.ts'
import { storageError } from '../db/storage-error.ts'
import { ChpipeError, errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import { Problem } from './respond.ts'

export interface NameSearch {
  /** Waits a while for the index to be built. Throws a 503 problem when it takes longer. */
  ready(): Promise<void>
  find(query: NameQuery, after: string, limit: number): string[]
  /** Follows a few changes at once; says whether the index knows all that is stored now, so that it may stand for the rows. */
  catchUp(db: Db): boolean
  /** Ends the upkeep. */
  close(): Promise<void>
}

export interface NameSearchOptions {
  database: ServedDatabase
  /** Where the file of the database is. */
  path: string
  clock: Clock
  timings: Timings
  log: Log
}

/** Comparing the index with the tables takes at most this share of the time. */
const SHARE = 20

/** Builds the index in the background, unless it was kept, and follows what is written. */
export function startNameSearch({ database, path, clock, timings, log }: NameSearchOptions): NameSearch {
  const stop = new AbortController()
  const holder = holdIndex(namesFile(path), log)
  let builtOf: Db | null = null
  let built = deferred()
  let checked: NameIndex | null = null
  /** Whether another index has taken the place of one that failed; what fails in the database itself is not its fault. */
  const replace = (error: unknown) => {
    if (!isSqliteError(error) || !isReadable(database) || !holder.replace(error)) return false
    builtOf = null
    return true
  }
  const bringUpToDate = async (index: NameIndex, db: Db) => {
    const begun = clock.steady()
    const isNew = !index.isOf(db)
    if (isNew) log.info('building the index of names', { file: holder.file() })
    if (index !== checked) await inSlices(index.check(), stop.signal)
    checked = index
    await inSlices(index.refresh(db), stop.signal)
    index.settle()
    const tookMs = clock.steady() - begun
    if (db !== builtOf) log.info(isNew ? BUILT : CAUGHT_UP, { companies: index.count(), ms: tookMs })
    builtOf = db
    built.resolve()
    built = deferred()
    return tookMs
  }
  const upkeep = async () => {
    let [seen, tookMs] = [-1, 0]
    while (!stop.signal.aborted) {
      const [db, index] = [database.current(), holder.current()]
      const version = dataVersion(db)
      try {
        if (version !== seen || db !== builtOf) tookMs = await bringUpToDate(index, db)
        seen = version
      } catch (error) {
        // A search has met damage meanwhile, and another index is in its place.
        if (holder.current() === index) throw error
        continue
      }
      await clock.sleep(Math.max(timings.serveIndexMs, SHARE * tookMs), stop.signal)
    }
  }
  const running = keepGoing(upkeep, replace, { stop: stop.signal, clock, timings, log })
  /** A search that meets damage is not answered from it; the upkeep makes another index. */
  const guarded = <T>(read: () => T, otherwise: () => T): T => {
    try {
      return read()
    } catch (error) {
      if (!replace(error)) throw error
      return otherwise()
    }
  }
  return {
    async ready() {
      if (builtOf === database.current()) return
      const patience = new AbortController()
      const late = clock.sleep(timings.serveIndexPatienceMs, patience.signal).catch(() => {})
      await Promise.race([built.promise, late])
      patience.abort()
      if (builtOf !== database.current()) throw beingBuilt()
    },
    find: (query, after, limit) =>
      guarded(
        () => holder.current().find(query, after, limit),
        () => {
          throw beingBuilt()
        },
      ),
    catchUp: (db) =>
      builtOf === db &&
      guarded(
        () => holder.current().catchUp(db),
        () => false,
      ),
    async close() {
      stop.abort()
      await running
      holder.current().close()
    },
  }
}

const BUILT = 'index of names built'
const CAUGHT_UP = 'index of names caught up'

function beingBuilt(): Problem {
  return new Problem(503, { detail: 'The index of names is being built', headers: { 'Retry-After': '10' } })
}

interface Holder {
  current(): NameIndex
  /** The file in which the index is kept; undefined where it is not. */
  file(): string | undefined
  /** Goes on with another index after a failure; false where the index is not kept, so that there is none better. */
  replace(error: unknown): boolean
}

/** Holds the kept index, or a temporary one where the file cannot be used. */
function holdIndex(path: string, log: Log): Holder {
  let file: string | undefined = path
  let wasDamaged = false
  const withoutFile = (error: unknown) => {
    file = undefined
    const why = isLockError(error) ? 'another process has it' : errorMessage(storageError(error, path))
    log.warn('the index of names is not kept', { file: path, why })
    return openNameIndex()
  }
  const tellDamage = () => log.warn('the index of names is damaged and is built anew', { file: path })
  const open = () => {
    try {
      return openKeptIndex(path, tellDamage)
    } catch (error) {
      return withoutFile(error)
    }
  }
  let index = open()
  return {
    current: () => index,
    file: () => file,
    replace(error) {
      if (file === undefined) return false
      index.close()
      const isDamaged = isNamesFileDamaged(error)
      try {
        removeNamesFile(path)
        if (!isDamaged || wasDamaged) throw error
        tellDamage()
        index = open()
      } catch (failure) {
        index = withoutFile(failure)
      }
      wasDamaged = true
      return true
    },
  }
}

function isSqliteError(error: unknown): boolean {
  return /^SQLITE_/.test(String((error as NodeJS.ErrnoException | null)?.code ?? ''))
}

function isReadable(database: ServedDatabase): boolean {
  try {
    database.check()
    return true
  } catch {
    return false
  }
}

async function inSlices(steps: Generator<void, void>, signal: AbortSignal): Promise<void> {
  for (const _ of steps) {
    await nextTurn()
    signal.throwIfAborted()
  }
}

/** A full disk or a damaged database must not end the server: searches fail, and the upkeep is tried again. */
async function keepGoing(
  upkeep: () => Promise<void>,
  replace: (error: unknown) => boolean,
  { stop, clock, timings, log }: Omit<NameSearchOptions, 'database' | 'path'> & { stop: AbortSignal },
): Promise<void> {
  while (!stop.aborted) {
    try {
      await upkeep()
    } catch (error) {
      if (stop.aborted) return
      if (replace(error)) continue
      const told = storageError(error, '')
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
