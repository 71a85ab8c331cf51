// Asks Snov for the addresses of people at one domain. The first request of a domain holds one person, until it is known
// whether the domain takes mail for everybody; if so nobody else is paid for.

import { type Tx, write } from '../db/open.ts'
import { findAnswers, saveAnswers } from '../db/provider-answers.ts'
import { readOpenInputs } from '../db/provider-requests.ts'
import { buyBatch } from './buy-batch.ts'
import { catchAllKey, type PersonInput, personInput, readKnown } from './buy-input.ts'
import { unmistakable } from './match-names.ts'
import type { PersonName } from './person-name.ts'
import { type BuyOptions, MAX_ROWS, type Purchase, type PurchaseStep } from './purchase.ts'

/**
 * Starts one request for the first of `people` at `domain` who are neither answered nor on their way; call it again for
 * the rest. At a catch-all domain the rest are answered without buying. Ends as `buyBatch` does; `waiting` also while
 * the domain's first answer is awaited.
 */
export function buyEmails(
  step: PurchaseStep,
  { domain, people }: { domain: string; people: PersonName[] },
  options: BuyOptions,
): Promise<Purchase> {
  const inputs = people.map((person) => personInput(person, domain))
  if (readCatchAll(step.db, domain)?.catchAll) {
    write(step.db, (tx) => answerCatchAll(tx, domain, unasked(tx, inputs, options), step.clock.now()))
  }
  const choose = (tx: Tx) => {
    const chosen = unmistakable(unasked(tx, inputs, options), 'person')
    const open = readOpenInputs(tx, 'emails').some((input) => input.domain === domain.toLowerCase())
    const firstIsKnown = readCatchAll(tx, domain) !== null
    if (chosen.length > 0 && (firstIsKnown || !open)) return chosen.slice(0, firstIsKnown ? MAX_ROWS : 1)
    const known = [...readKnown(tx, 'emails', inputs, options.retryMissesBefore).values()]
    return known.some(({ state }) => state !== 'answered') ? ('waiting' as const) : ('answered' as const)
  }
  return buyBatch(step, { operation: 'emails', choose, send: (start, chosen) => start.startEmails(chosen) }, options)
}

function unasked(tx: Tx, inputs: PersonInput[], { retryMissesBefore }: BuyOptions): PersonInput[] {
  const known = readKnown(tx, 'emails', inputs, retryMissesBefore)
  return inputs.filter(({ key }) => known.get(key)?.state === 'unasked')
}

/** Whether the domain takes mail for everybody; null until an answer has told. */
export function readCatchAll(tx: Tx, domain: string): { catchAll: boolean; requestId: number } | null {
  const key = catchAllKey(domain)
  const found = findAnswers(tx, 'emails', [key]).get(key)
  if (!found) return null
  return { catchAll: (found.answer as { catchAll: boolean }).catchAll, requestId: found.requestId }
}

function answerCatchAll(tx: Tx, domain: string, inputs: PersonInput[], answeredAt: number): void {
  const known = readCatchAll(tx, domain)
  if (!known?.catchAll) return
  const answers = inputs.map(({ key }) => ({ key, outcome: 'miss' as const, answer: { emails: [], catchAll: true } }))
  saveAnswers(tx, answers, { operation: 'emails', requestId: known.requestId, answeredAt })
}
