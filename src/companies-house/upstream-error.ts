import { ChpipeError } from '../errors.ts'

/** A call that Companies House did not answer well. It says itself whether the same call may succeed later. */
export class UpstreamError extends ChpipeError {
  readonly retryable: boolean

  constructor(message: string, { retryable, cause }: { retryable: boolean; cause?: unknown }) {
    super('upstream', message, { hint: 'try again later; nothing was lost', cause })
    this.retryable = retryable
  }
}
