// A run is one start of a command that writes. Claims and facts name it, and its process says whether it still lives.
import { existsSync, readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { and, asc, desc, eq, inArray, isNotNull, isNull, max } from 'drizzle-orm'
import type { Clock } from '../clock.ts'
import { markChanges, markChangesAgain } from './changes.ts'
import { isWaitingForLock } from './lock-wait.ts'
import { type Db, type Tx, write } from './open.ts'
import { runs } from './schema.ts'

/** A run elsewhere that has not been heard for this long is considered dead. */
const RUN_LEASE_MS = 120_000
const HEARTBEAT_MS = 20_000

export interface Run {
  id: number
  command: string
  startedAt: number
  /** Stores the summary and ends the run. */
  finish(summary: object): void
  [Symbol.dispose](): void
}

/** Starts a run and keeps its heartbeat until it is finished or disposed. */
export function beginRun(db: Db, clock: Clock, command: string): Run {
  const startedAt = clock.now()
  const { id } = write(db, (tx) => {
    markChanges(db, startedAt)
    return tx
      .insert(runs)
      .values({
        command,
        host: hostname(),
        boot: clock.boot,
        pid: process.pid,
        pid_started: readProcess(process.pid).started,
        pid_namespace: pidNamespace(),
        started_at: startedAt,
        heartbeat_at: startedAt,
      })
      .returning({ id: runs.id })
      .get()
  })
  const beat = setInterval(() => heartbeat(db, id, clock.now()), HEARTBEAT_MS)
  beat.unref()
  const end = (summary: object | null) => {
    clearInterval(beat)
    if (!db.$client.open) return
    const now = clock.now()
    const values = { finished_at: now, ...(summary ? { summary: JSON.stringify(summary) } : {}) }
    write(db, (tx) => {
      markChangesAgain(db, now, true)
      tx.update(runs).set(values).where(eq(runs.id, id)).run()
    })
  }
  let ended = false
  return {
    id,
    command,
    startedAt,
    finish(summary) {
      end(summary)
      ended = true
    },
    [Symbol.dispose]() {
      if (ended) return
      try {
        end(null)
      } catch {
        // What ended the run is the news, such as a full disk; the dead process says the rest.
      }
    },
  }
}

/** A missed beat is no failure: the next one, or the lease, makes up for it. */
function heartbeat(db: Db, id: number, now: number): void {
  if (isWaitingForLock(db)) return
  try {
    db.update(runs).set({ heartbeat_at: now }).where(eq(runs.id, id)).run()
    markChangesAgain(db, now, false)
  } catch {}
}

/** Those of the given runs whose process is gone: at once where that can be seen, after the lease elsewhere. */
export function deadRuns(db: Tx, clock: Clock, ids: number[]): number[] {
  if (ids.length === 0) return []
  const known = db.select().from(runs).where(inArray(runs.id, ids)).all()
  const alive = new Set(known.filter((run) => isAlive(run, clock)).map(({ id }) => id))
  return ids.filter((id) => !alive.has(id))
}

/** The runs whose process lives now, the oldest first. */
export function findLiveRuns(db: Tx, clock: Clock): (typeof runs.$inferSelect)[] {
  const unfinished = db.select().from(runs).where(isNull(runs.finished_at)).orderBy(asc(runs.id)).all()
  return unfinished.filter((run) => isAlive(run, clock))
}

/** These runs, in the order in which they began. */
export function findRuns(db: Tx, ids: number[]): (typeof runs.$inferSelect)[] {
  return db.select().from(runs).where(inArray(runs.id, ids)).orderBy(asc(runs.id)).all()
}

/** Of each command whether the process of its newest run is gone without having ended the run. */
export function findAbandonedRuns(db: Tx, clock: Clock): { command: string; gone: boolean }[] {
  const newest = db
    .select({ id: max(runs.id) })
    .from(runs)
    .groupBy(runs.command)
  return db
    .select()
    .from(runs)
    .where(inArray(runs.id, newest))
    .orderBy(asc(runs.command))
    .all()
    .map((run) => ({ command: run.command, gone: run.finished_at === null && !isAlive(run, clock) }))
}

/** When the newest run of the command that came to its end did so (ms), with its summary as JSON; null when none did. */
export function findLastFinished(db: Tx, command: string): { finishedAt: number; summary: string } | null {
  const last = db
    .select()
    .from(runs)
    .where(and(eq(runs.command, command), isNotNull(runs.summary)))
    .orderBy(desc(runs.id))
    .limit(1)
    .get()
  return last?.summary && last.finished_at !== null ? { finishedAt: last.finished_at, summary: last.summary } : null
}

/** When the newest run of the command was heard last (ms), if it never came to its end: it failed, was killed or lives. */
export function lastUnfinished(db: Tx, command: string): number | null {
  const last = db.select().from(runs).where(eq(runs.command, command)).orderBy(desc(runs.id)).limit(1).get()
  return last?.summary === null ? Math.max(last.heartbeat_at, last.finished_at ?? 0) : null
}

/**
 * A process of this host that lives and began when the run's process did is the run's. Its absence proves its death
 * only where the pid would be seen: in the same pid namespace or, where none is known, under the same boot id. Where
 * nothing is proved, such as from another container with this host's name, the lease decides.
 */
function isAlive(run: typeof runs.$inferSelect, clock: Clock): boolean {
  if (run.finished_at !== null) return false
  const inLease = clock.now() - run.heartbeat_at < RUN_LEASE_MS
  if (run.host !== hostname()) return inLease
  const here = pidNamespace()
  const namespacesKnown = run.pid_namespace !== null && here !== null
  if (namespacesKnown && run.pid_namespace !== here) return inLease
  const found = readProcess(run.pid)
  if (found.state === 'hidden') return inLease
  if (found.state === 'alive') {
    if (run.pid_started !== null && run.pid_started === found.started) return true
    if (run.pid_started === null && run.boot === clock.boot) return true
  }
  return namespacesKnown || run.boot === clock.boot ? false : inLease
}

/** `hidden`: there is one, of which this process may not see more. `started` is null where it is not known. */
interface FoundProcess {
  state: 'alive' | 'gone' | 'hidden'
  started: string | null
}

/**
 * Field 22 of /proc/<pid>/stat, counted behind the command's closing bracket. A process that has ended but whose parent
 * has not yet taken note is gone.
 */
function readProcess(pid: number): FoundProcess {
  const lives = processLives(pid)
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || !lives ? GONE : { state: 'alive', started: fields[19] ?? null }
  } catch {
    if (!lives) return GONE
    return { state: processStartsAreTold() ? 'hidden' : 'alive', started: null }
  }
}

const GONE: FoundProcess = { state: 'gone', started: null }

function processLives(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Whether this system tells when processes began at all: Linux does. */
function processStartsAreTold(): boolean {
  return existsSync('/proc/self/stat')
}

function pidNamespace(): string | null {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return null
  }
}
