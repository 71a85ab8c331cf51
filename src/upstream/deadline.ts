/** After an interrupt a call that is already out may still finish for this long, so that its answer is not lost. */
const GRACE_MS = 1500

const TIMED_OUT = Symbol('timed out')

export interface Deadline extends Disposable {
  /** For the call and the reading of its answer. */
  readonly signal: AbortSignal
  /** What ended the call early, if anything did. */
  readonly passed: 'timed-out' | 'interrupted' | null
}

/** Ends a call that takes longer than `timeoutMs`, or that outlives the interrupt of `signal` by more than the grace. */
export function startDeadline(timeoutMs: number, signal: AbortSignal): Deadline {
  const controller = new AbortController()
  const late = setTimeout(() => controller.abort(TIMED_OUT), timeoutMs)
  let grace: NodeJS.Timeout | undefined
  const interrupted = () => {
    grace = setTimeout(() => controller.abort(signal.reason), GRACE_MS)
  }
  signal.addEventListener('abort', interrupted, { once: true })
  return {
    signal: controller.signal,
    get passed() {
      if (!controller.signal.aborted) return null
      return controller.signal.reason === TIMED_OUT ? 'timed-out' : 'interrupted'
    },
    [Symbol.dispose]() {
      clearTimeout(late)
      clearTimeout(grace)
      signal.removeEventListener('abort', interrupted)
    },
  }
}
