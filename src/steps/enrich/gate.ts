// Whether anything may be bought now. What closes it is no failure of a company: the limit of the run or the budget, an
// empty account, or a provider that does not answer. Free work continues meanwhile.
import { countPromising } from '../../db/purchases/polls.ts'
import type { Purchase } from '../purchases/purchase.ts'
import type { Enrichment } from './jobs.ts'

export type Closing = 'limit-reached' | 'not-enough-credits' | 'away'

export interface PaidGate {
  isOpen(): boolean
  /** Notes how a purchase ended. */
  ended(purchase: Purchase): void
  /** Purchases were settled: what they had reserved and did not cost is free again. */
  settled(notEnoughCredits: boolean): void
  /** It is closed, and no answer that is on its way can open it again. */
  isHopeless(): boolean
  /** What keeps it closed, in a sentence; null while it is open. */
  closedBy(): { by: Closing; why: string } | null
}

/** Purchases that did not reach the provider, after several attempts each, before it counts as away. */
const UNREACHED = 2

/** Makes the gate of a run. Until idle, it stays closed; a run without an end looks again after a pause. */
export function createPaidGate(run: Enrichment): PaidGate {
  const { db, clock, timings, log, options, setAside } = run
  let closed: { by: Closing; why: string; until: number; promising: number } | null = null
  let unreached = 0

  const promising = () => countPromising(db, clock.now() - timings.snovDeferAfterMs)
  const open = () => {
    closed = null
    setAside.clear()
  }
  const reopen = () => {
    if (closed?.by === 'limit-reached') open()
  }
  const close = (by: Closing, why: string) => {
    const until = options.until === 'idle' ? Number.POSITIVE_INFINITY : clock.now() + timings.paidPauseMs
    if (closed?.by !== by) log.warn('stopped buying', { reason: why })
    closed = { by, why, until, promising: promising() }
  }
  return {
    closedBy: () => closed,
    isOpen() {
      if (closed && closed.until <= clock.now()) open()
      return closed === null
    },
    ended(purchase) {
      if (purchase.ended === 'limit-reached') close('limit-reached', 'credit limit reached')
      if (purchase.ended === 'not-enough-credits') close('not-enough-credits', 'not enough credits')
      if (purchase.ended === 'started' || purchase.ended === 'bought') unreached = 0
      if (purchase.ended === 'bought') reopen()
      if (purchase.ended !== 'unreached') return
      unreached += 1
      if (unreached >= UNREACHED) close('away', purchase.error)
    },
    settled(notEnoughCredits) {
      if (notEnoughCredits) close('not-enough-credits', 'not enough credits')
      else reopen()
    },
    isHopeless() {
      if (!closed) return false
      if (closed.by !== 'limit-reached') return true
      if (promising() > 0) return false
      if (closed.promising === 0) return true
      open()
      return false
    },
  }
}
