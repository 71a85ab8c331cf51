// Asks Snov for the domains of companies by name, ten to a request. Each name is paid for once, whoever has it.

import type { Tx } from '../db/open.ts'
import { buyBatch } from './buy-batch.ts'
import { domainInput, readKnown } from './buy-input.ts'
import { unmistakable } from './match-names.ts'
import { type BuyOptions, MAX_ROWS, type Purchase, type PurchaseStep } from './purchase.ts'

/**
 * Starts one request for the first of `searchNames` that are neither answered nor on their way, at most ten; call it
 * again for the rest. The names are those of `companySearchName`. Ends as `buyBatch` does.
 */
export function buyDomains(step: PurchaseStep, searchNames: string[], options: BuyOptions): Promise<Purchase> {
  const inputs = searchNames.map(domainInput)
  const choose = (tx: Tx) => {
    const known = [...readKnown(tx, 'domain', inputs, options.retryMissesBefore)]
    const unasked = new Set(known.flatMap(([key, { state }]) => (state === 'unasked' ? [key] : [])))
    const chosen = unmistakable(
      inputs.filter(({ key }) => unasked.has(key)),
      'company',
    ).slice(0, MAX_ROWS)
    if (chosen.length > 0) return chosen
    return known.some(([, { state }]) => state === 'waiting') ? ('waiting' as const) : ('answered' as const)
  }
  return buyBatch(
    step,
    {
      operation: 'domain',
      choose,
      send: (start, chosen) => start.startDomains(chosen.map(({ name }) => name)),
    },
    options,
  )
}
