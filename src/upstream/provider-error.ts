import { ChpipeError } from '../errors.ts'

/**
 * The closed set of ways in which a call to a paid provider fails; a refused client is a `config` error instead.
 * `token`: the access token has ended, and the next call takes a new one. `passing`: try again later.
 */
export type ProviderFault = 'not-enough-credits' | 'rate-limited' | 'refused' | 'not-found' | 'token' | 'passing'

/** A call to a paid provider that did not go well. */
export class ProviderError extends ChpipeError {
  readonly fault: ProviderFault
  /** Whether the provider may have acted on the call: then a start that failed so may have been bought. */
  readonly mayHaveActed: boolean

  constructor(
    fault: ProviderFault,
    message: string,
    { mayHaveActed, hint, cause }: { mayHaveActed: boolean; hint: string; cause?: unknown },
  ) {
    super('upstream', message, { hint, cause })
    this.fault = fault
    this.mayHaveActed = mayHaveActed
  }
}
