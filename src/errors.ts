/** The closed set of ways in which a command can end other than well; `main` maps each to an exit code. */
export type ErrorKind = 'no' | 'usage' | 'config' | 'upstream' | 'data' | 'bug' | 'interrupted'

export interface ErrorDetails {
  /** What the operator can do about it; printed on the `try:` line. */
  hint?: string
  cause?: unknown
}

/** Every failure chpipe foresees. The message is one sentence that says what happened, and never holds a secret. */
export class ChpipeError extends Error {
  override readonly name = 'ChpipeError'
  readonly kind: ErrorKind
  readonly hint: string | undefined

  constructor(kind: ErrorKind, message: string, { hint, cause }: ErrorDetails = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.kind = kind
    this.hint = hint
  }
}

/** Throws the reason of a signal that was aborted by a failure, not by the operator. */
export function throwFailure({ reason }: AbortSignal): void {
  if (reason instanceof ChpipeError && reason.kind !== 'interrupted') throw reason
}

/** The message of anything that was thrown, as one line. */
export function errorMessage(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.replace(/\s+/g, ' ').trim()
}
