import { ChpipeError } from '../errors.ts'

/**
 * The closed set of ways in which a Snov call fails; a refused client is a `config` error instead.
 * `token`: the access token has ended, and the next call takes a new one. `passing`: try again later.
 */
export type SnovFault = 'not-enough-credits' | 'rate-limited' | 'refused' | 'not-found' | 'token' | 'passing'

/** A Snov call that did not go well. */
export class SnovError extends ChpipeError {
  readonly fault: SnovFault
  /** Whether the API may have acted on the call: then a start that failed so may have been bought. */
  readonly mayHaveActed: boolean

  constructor(fault: SnovFault, message: string, { mayHaveActed, cause }: { mayHaveActed: boolean; cause?: unknown }) {
    super('upstream', message, { hint: HINTS[fault] ?? 'try again later; nothing was lost', cause })
    this.fault = fault
    this.mayHaveActed = mayHaveActed
  }
}

const HINTS: Partial<Record<SnovFault, string>> = {
  'not-enough-credits': 'buy credits or wait for the next billing month, then run the command again',
  refused: 'see what Snov says about the input; asking again unchanged will not help',
}
