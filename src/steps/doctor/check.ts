import type { Clock, Timings } from '../../clock.ts'
import { ChpipeError, errorMessage } from '../../errors.ts'
import type { OpenAllowance } from '../../quota/open.ts'
import type { Settings } from '../../settings.ts'

export type CheckState = 'ok' | 'warn' | 'fail'

/** One row of the doctor's table; the names and their order are what `doctor --json` prints. */
export interface Check {
  check: string
  state: CheckState
  /** What was found, in one sentence without a full stop. Never holds a secret. */
  message: string
  /** What the operator can do; null when nothing needs doing. */
  hint: string | null
}

export function ok(check: string, message: string): Check {
  return { check, state: 'ok', message, hint: null }
}

export function warn(check: string, message: string, hint: string): Check {
  return { check, state: 'warn', message, hint }
}

export function fail(check: string, message: string, hint: string): Check {
  return { check, state: 'fail', message, hint }
}

const TIMED_OUT = Symbol('timed out')

/**
 * Runs one check on its own: when it throws, or takes longer than `limitMs`, that is its result and the others continue.
 * `body` gets a signal that aborts then; null from it says that there is nothing to report. Rejects only with the reason of
 * `signal`, when the operator interrupts.
 */
export async function guarded<Found extends Check | null>(
  check: string,
  { limitMs, signal }: { limitMs: number; signal: AbortSignal },
  body: (signal: AbortSignal) => Promise<Found> | Found,
): Promise<Found | Check> {
  signal.throwIfAborted()
  const over = new AbortController()
  const stop = () => over.abort(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  const late = setTimeout(() => over.abort(TIMED_OUT), limitMs)
  try {
    return await Promise.race([body(over.signal), rejection(over.signal)])
  } catch (error) {
    signal.throwIfAborted()
    if (error === TIMED_OUT) {
      return fail(check, `no result within ${Math.ceil(limitMs / 1000)} s`, 'try again; see what keeps it waiting')
    }
    return failure(check, error)
  } finally {
    clearTimeout(late)
    signal.removeEventListener('abort', stop)
    over.abort(TIMED_OUT)
  }
}

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

function failure(check: string, error: unknown): Check {
  if (error instanceof ChpipeError && error.kind !== 'bug') {
    return fail(check, error.message, error.hint ?? 'see the message')
  }
  return fail(check, `the check itself failed: ${errorMessage(error)}`, 'please report this')
}

export interface DoctorOptions {
  settings: Settings
  /** As the process was given it. */
  env: Record<string, string | undefined>
  /** The variables that are wrong; they count as not set. */
  faults: readonly ChpipeError[]
  timings: Timings
  clock: Clock
  signal: AbortSignal
  /** The working directory, where `.env` is; null when it was deleted. */
  cwd: string | null
  /** The versions of Node that the program is made for, such as `>=22.13`. */
  nodeNeeded: string
  /** Leaves out all calls. */
  offline: boolean
  /** Somebody should follow the stream. */
  live: boolean
}

/** `allowance` counts the calls: where the settings say, or in memory where that cannot be used. */
export type DoctorStep = DoctorOptions & { allowance: OpenAllowance }
