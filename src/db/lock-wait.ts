// Long runs outlast another program's lock on the database. SQLite's own waiting stops the whole process, so that nothing
// else would be heard meanwhile: a statement waits for a slice, and the rest is waited for between statements.
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { Db } from './open.ts'

/** How long a statement of a run that waits for locks blocks the process at most. */
export const LOCK_SLICE_MS = 500
/** The same while the run ends. */
const ENDING_SLICE_MS = 50
const PROBE_MS = 20
const LOOK_AGAIN_MS = 250

export interface LockWait {
  clock: Clock
  log: Log
  /** Ends the waiting. */
  signal: AbortSignal
}

interface Patience extends LockWait {
  waiting: Promise<void> | null
}

const patiences = new WeakMap<Db, Patience>()

/** Lets `whenFree` wait on this database for as long as another program holds it. Open it with `LOCK_SLICE_MS`. */
export function waitForLocks(db: Db, wait: LockWait): void {
  patiences.set(db, { ...wait, waiting: null })
  const hurry = () => {
    if (db.$client.open) db.$client.pragma(`busy_timeout = ${ENDING_SLICE_MS}`)
  }
  wait.signal.addEventListener('abort', hurry, { once: true })
}

/** Whether something failed because another program holds the database. */
export function isLockError(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = String((error as NodeJS.ErrnoException).code ?? '')
  return code.startsWith('SQLITE_BUSY') || isLockError(error.cause)
}

/** Whether a run waits for another program's lock right now. */
export function isWaitingForLock(db: Db): boolean {
  return Boolean(patiences.get(db)?.waiting)
}

/**
 * Runs `body`, which writes in one transaction; a long run waits for its turn until it is stopped. Rejects with the
 * signal's reason then, and with what `body` throws.
 */
export async function whenFree<T>(db: Db, body: () => T): Promise<T> {
  const patience = patiences.get(db)
  if (!patience) return body()
  for (;;) {
    if (patience.waiting) await patience.waiting
    try {
      return body()
    } catch (error) {
      if (!isLockError(error) || patience.signal.aborted) throw error
      await untilFree(db)
    }
  }
}

/** What a run tidies up at its end: left undone when it is stopped while another program holds the database. */
export async function tidyWhenFree(db: Db, body: () => unknown): Promise<void> {
  try {
    await whenFree(db, body)
  } catch (error) {
    if (!isLockError(error) && !patiences.get(db)?.signal.aborted) throw error
  }
}

/** Runs `body` now, or as soon as the database is free: for what nobody waits for. Throws as `body` does otherwise. */
export function nowOrWhenFree(db: Db, body: () => unknown): void {
  try {
    if (!isWaitingForLock(db)) {
      body()
      return
    }
  } catch (error) {
    if (!patiences.has(db) || !isLockError(error)) throw error
  }
  whenFree(db, body).catch(() => {})
}

/** Runs `body` now, or not at all while another program holds the database: for what is said again soon. */
export function unlessLocked(db: Db, body: () => unknown): void {
  if (isWaitingForLock(db)) return
  try {
    body()
  } catch (error) {
    if (!patiences.has(db) || !isLockError(error)) throw error
  }
}

/** Resolves when no other program holds the database any more; says so before and after. */
export function untilFree(db: Db): Promise<void> {
  const patience = patiences.get(db)
  if (!patience) return Promise.resolve()
  patience.waiting ??= wait(db, patience).finally(() => {
    patience.waiting = null
  })
  return patience.waiting
}

/** Meanwhile no statement blocks the process: what does not wait here fails at once, and is done again. */
async function wait(db: Db, { clock, log, signal }: LockWait): Promise<void> {
  const { $client: client } = db
  client.pragma(`busy_timeout = ${PROBE_MS}`)
  try {
    await outlast({ clock, log, signal }, client.name, () => client.exec('BEGIN IMMEDIATE; ROLLBACK'))
  } finally {
    if (client.open) client.pragma(`busy_timeout = ${signal.aborted ? ENDING_SLICE_MS : LOCK_SLICE_MS}`)
  }
}

/** Tries `attempt` again and again, after its first failure, until the lock is gone. */
export async function outlast<T>({ clock, log, signal }: LockWait, file: string, attempt: () => T): Promise<T> {
  const began = clock.steady()
  log.warn('another program holds the database; waiting for it', { file })
  for (;;) {
    await clock.sleep(LOOK_AGAIN_MS, signal)
    try {
      const result = attempt()
      log.info('the database is free again; continuing', { waited_ms: clock.steady() - began })
      return result
    } catch (error) {
      if (!isLockError(error)) throw error
    }
  }
}
