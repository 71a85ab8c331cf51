// Keeps the list of notices and sends what is on it. It has a connection of its own that waits for nobody, so that it never
// holds up the work beside it: what cannot be done now is done the next time.
import type { Clock } from '../../clock.ts'
import { clearNotice, raiseNotice, settleNotice, takeNotice } from '../../db/notices.ts'
import { type Db, writeSoon } from '../../db/open.ts'
import { type ErrorKind, errorMessage } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { CauseOptions } from './causes.ts'
import { type Cause, readCauses } from './causes.ts'
import { type SendOptions, sendNotice } from './send.ts'

export interface NotifyStep extends CauseOptions, SendOptions {
  /** Waits for no lock. */
  db: Db
  clock: Clock
  log: Log
}

/** Notes what is so now, and what is over. Throws when the database is locked. */
export function noteCauses(db: Db, causes: Cause[], now: number): void {
  writeSoon(db, () => {
    for (const { cause, subject, message } of causes) {
      if (message === null) clearNotice(db, { cause, subject }, now)
      else raiseNotice(db, { cause, subject, message }, now)
    }
  })
}

/** Sends whatever waits, one after the other; returns whether all of it was taken. Stops at the first that is not. */
export async function sendWaiting(step: NotifyStep): Promise<boolean> {
  const { db, clock, log, signal } = step
  for (;;) {
    signal.throwIfAborted()
    const notice = writeSoon(db, () => takeNotice(db, clock.now()))
    if (!notice) return true
    const sent = await sendNotice(notice, step)
    const taken = sent.some(({ fault }) => fault === null)
    writeSoon(db, () => settleNotice(db, notice, taken ? clock.now() : null))
    for (const { target, fault } of sent) {
      if (fault !== null)
        log.warn('a notice could not be sent; trying again later', { target, cause: notice.cause, fault })
    }
    if (!taken) return false
  }
}

/** One look: notes what is so and sends what waits. Rejects with nothing: what goes wrong is logged, a lock is no news. */
export async function notifyOnce(step: NotifyStep, more: Cause[] = []): Promise<void> {
  try {
    noteCauses(step.db, [...readCauses(step.db, step), ...more], step.clock.now())
    await sendWaiting(step)
  } catch (error) {
    const code = String((error as NodeJS.ErrnoException | null)?.code ?? '')
    if (step.signal.aborted || code.startsWith('SQLITE_BUSY')) return
    step.log.warn('notices cannot be kept', { error: errorMessage(error) })
  }
}

/** How a run of this command ended, as a cause: over where it went well. An interruption, or a wrong option, is no failure. */
export function causeOfEnd(command: string, kind: ErrorKind | null): Cause | null {
  if (kind === 'interrupted' || kind === 'usage' || kind === 'no') return null
  const backup = command === 'backup'
  const failed = backup
    ? 'The backup failed. See its log, and run chpipe backup again'
    : `chpipe ${command} ended with an error (${kind}). See its log, and chpipe doctor`
  return { cause: backup ? 'backup-failed' : 'run-failed', subject: command, message: kind === null ? null : failed }
}
