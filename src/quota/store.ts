// Where the log of permits is kept. The rule does not know; there are two places: the database's own file, and PostgreSQL.
import type { Lane } from '../db/quota/ledger.ts'
import type { RateHeaders } from './rate-headers.ts'

export interface Permit {
  /** The call was answered, with the server's word if it gave one, or failed (null). From now the permit ages. */
  settle(word: RateHeaders | null): void
  /** The call was never sent: the permit is given back at once. */
  cancel(): void
}

/** What the callers of this process want at the moment when a store decides. */
export interface Ask {
  lane: Lane
  wanted: number
}

export interface Granted {
  permits: Permit[]
  /** How long nothing more can be had; 0 when something was granted. */
  waitMs: number
}

export interface PermitStore {
  /** A permit that may leave without asking anybody; null when there is none. */
  atHand(lane: Lane): Permit | null
  /** What may leave now of what `ask` says then. Rejects when the callers cannot be served any more. */
  grant(ask: () => Ask): Promise<Granted>
  /** A caller in the stream's lane has left without a permit. */
  endWait(): void
  /** A stream consumer is alive for `ms` more. */
  announceConsumer(ms: number): void
}
