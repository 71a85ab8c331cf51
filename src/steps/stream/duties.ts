// What runs alongside a stream while it is followed: the announcement to the allowance, the end of a bounded run, and the
// search for what expired spans have lost.
import type { Clock, Timings } from '../../clock.ts'
import type { Db } from '../../db/open.ts'
import { readUnrepaired } from '../../db/stream/gaps.ts'
import { ChpipeError, errorMessage } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { StreamKind } from './kind.ts'

/** The allowance is real time, so these are not scaled. */
const ANNOUNCE_EVERY_MS = 5000
const ANNOUNCED_FOR_MS = 15_000

/** Runs `body` at once and then every `ms` until the signal aborts. */
export async function every(ms: number, clock: Clock, signal: AbortSignal, body: () => void): Promise<void> {
  while (!signal.aborted) {
    body()
    await clock.sleep(ms, signal).catch(() => {})
  }
}

/** Keeps the allowance's background lane paced while the stream is followed, and frees it at the end. */
export async function keepAnnouncing(
  { clock, announce }: { clock: Clock; announce(ms: number): void },
  signal: AbortSignal,
): Promise<void> {
  await every(ANNOUNCE_EVERY_MS, clock, signal, () => announce(ANNOUNCED_FOR_MS))
  announce(0)
}

/** Stops after `ms`, if there is a limit. */
export async function stopAfter(
  { clock }: { clock: Clock },
  ms: number | undefined,
  stop: AbortController,
): Promise<void> {
  if (ms === undefined) return
  await clock.sleep(ms, stop.signal).then(
    () => stop.abort(),
    () => {},
  )
}

export interface RepairDuty {
  db: Db
  kind: Pick<StreamKind<never>, 'name' | 'repair'>
  clock: Clock
  log: Log
  timings: Pick<Timings, 'gapRepairRetryMs'>
}

export interface GapRepairs {
  /** Begins to search, unless it is at it or nothing is to be searched. */
  start(): void
  /** Resolves when the search that is under way has ended; a failed one is not tried again then. */
  finish(): Promise<void>
}

/** Searches expired spans beside the stream, again and again until none is left unrepaired. */
export function keepRepairing(duty: RepairDuty, signal: AbortSignal, fail: (error: unknown) => void): GapRepairs {
  let running: Promise<void> | undefined
  const patience = new AbortController()
  return {
    start() {
      running ??= repairAll(duty, signal, patience.signal)
        .catch(fail)
        .finally(() => {
          running = undefined
        })
    },
    async finish() {
      patience.abort()
      await running
    },
  }
}

async function repairAll(duty: RepairDuty, signal: AbortSignal, patience: AbortSignal): Promise<void> {
  const { db, kind, clock, log, timings } = duty
  const isDone = () => readUnrepaired(db, kind.name).length === 0
  const waiting = AbortSignal.any([signal, patience])
  while (kind.repair && !isDone()) {
    try {
      await kind.repair(signal)
      if (isDone()) return
    } catch (error) {
      if (signal.aborted) return
      if (error instanceof ChpipeError && error.kind === 'data') throw error
      log.warn('the missing days could not be searched; trying again later', { error: errorMessage(error) })
    }
    await clock.sleep(timings.gapRepairRetryMs, waiting).catch(() => {})
    if (waiting.aborted) return
  }
}
