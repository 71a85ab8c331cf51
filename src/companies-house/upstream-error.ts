import { ChpipeError } from '../errors.ts'

/** A call that Companies House did not answer well. It says itself whether the same call may succeed later. */
export class UpstreamError extends ChpipeError {
  readonly retryable: boolean
  /** A service that answers everybody so would still answer the question that is asked as a probe as it should. */
  readonly hidden: boolean

  constructor(
    message: string,
    { retryable, hidden = false, cause }: { retryable: boolean; hidden?: boolean; cause?: unknown },
  ) {
    super('upstream', message, { hint: 'try again later; nothing was lost', cause })
    this.retryable = retryable
    this.hidden = hidden
  }
}
