// What every step that buys from Snov shares: its dependencies, its limits, and how a purchase can end.
import type { Clock } from '../clock.ts'
import type { CreditLimits } from '../db/credits.ts'
import type { Db } from '../db/open.ts'
import type { AskedInput } from '../db/provider-requests.ts'
import type { Log } from '../log.ts'
import type { CallOptions, Snov } from '../snov/client.ts'
import type { Timings } from '../timings.ts'

/** Rows that one start takes (Snov facts 0.2). */
export const MAX_ROWS = 10

/** A task is not called slow before it was asked about so often, however long this process was held up. */
export const POLLS_BEFORE_PARKING = 8

export interface PurchaseStep {
  db: Db
  snov: Snov
  clock: Clock
  log: Log
  timings: Timings
  runId: number
}

export interface BuyOptions extends CallOptions {
  limits: CreditLimits
  /** Plain misses from before this moment (ms) are asked again; null believes them for good. */
  retryMissesBefore: number | null
}

/** How a purchase ended. Nothing but `started` and `unconfirmed` can cost anything. */
export type Purchase =
  | { ended: 'started'; requestId: number; inputs: AskedInput[] }
  /** Every input has its answer already. */
  | { ended: 'answered' }
  /** What is not answered is in open requests, or must wait for one. */
  | { ended: 'waiting' }
  /** `--max-credits` or the budget leaves no row: what was asked for, no error. */
  | { ended: 'limit-reached' }
  | { ended: 'not-enough-credits' }
  /** Snov refuses these inputs as they are: one, where one of several was to blame. */
  | { ended: 'refused'; inputs: AskedInput[]; error: string }
  /** Nobody knows whether it arrived. */
  | { ended: 'unconfirmed'; requestId: number; error: string }
  /** It surely did not arrive, after several attempts: try again later. */
  | { ended: 'unreached'; error: string }
