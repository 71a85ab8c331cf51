// Asks the provider for the domains of companies by name, as many to a request as it takes. Each name is paid for once, whoever has it.

import { type Tx, write } from '../../db/open.ts'
import { findAnswers, saveAnswers } from '../../db/purchases/answers.ts'
import { readOpenInputs } from '../../db/purchases/requests.ts'
import { buyBatch } from './buy.ts'
import { catchAllKey, domainInput, type PersonInput, type PersonName, personInput, readKnown } from './inputs.ts'
import { unmistakable } from './match.ts'
import { providerOf } from './provider.ts'
import type { BuyOptions, Purchase, PurchaseStep } from './purchase.ts'

/**
 * Starts one request for the first of `searchNames` that are neither answered nor on their way; call it again for the
 * rest. The names are those of `companySearchName`. Ends as `buyBatch` does.
 */
export function buyDomains(step: PurchaseStep, searchNames: string[], options: BuyOptions): Promise<Purchase> {
  const inputs = searchNames.map(domainInput)
  const { maxRows } = providerOf(step.providers, 'domain').terms
  const choose = (tx: Tx) => {
    const known = [...readKnown(tx, 'domain', inputs, options.retryMissesBefore)]
    const unasked = new Set(known.flatMap(([key, { state }]) => (state === 'unasked' ? [key] : [])))
    const chosen = unmistakable(
      inputs.filter(({ key }) => unasked.has(key)),
      'company',
    ).slice(0, maxRows)
    if (chosen.length > 0) return chosen
    return known.some(([, { state }]) => state === 'waiting') ? ('waiting' as const) : ('answered' as const)
  }
  return buyBatch(
    step,
    {
      operation: 'domain',
      choose,
      send: (start, chosen) => start.domains(chosen.map(({ name }) => name)),
    },
    options,
  )
}

// Asks the provider for the addresses of people at one domain. The first request of a domain holds one person, until it is known
// whether the domain takes mail for everybody; if so nobody else is paid for.

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
  const { maxRows } = providerOf(step.providers, 'emails').terms
  if (readCatchAll(step.db, domain)?.catchAll) {
    write(step.db, (tx) => answerCatchAll(tx, domain, unasked(tx, inputs, options), step.clock.now()))
  }
  const choose = (tx: Tx) => {
    const chosen = unmistakable(unasked(tx, inputs, options), 'person')
    const open = readOpenInputs(tx, 'emails').some((input) => input.domain === domain.toLowerCase())
    const firstIsKnown = readCatchAll(tx, domain) !== null
    if (chosen.length > 0 && (firstIsKnown || !open)) return chosen.slice(0, firstIsKnown ? maxRows : 1)
    const known = [...readKnown(tx, 'emails', inputs, options.retryMissesBefore).values()]
    return known.some(({ state }) => state !== 'answered') ? ('waiting' as const) : ('answered' as const)
  }
  return buyBatch(step, { operation: 'emails', choose, send: (start, chosen) => start.emails(chosen) }, options)
}

function unasked(tx: Tx, inputs: PersonInput[], { retryMissesBefore }: BuyOptions): PersonInput[] {
  const known = readKnown(tx, 'emails', inputs, retryMissesBefore)
  return inputs.filter(({ key }) => known.get(key)?.state === 'unasked')
}

/** Whether the domain takes mail for everybody; null until an answer has told. */
export function readCatchAll(
  tx: Tx,
  domain: string,
): { catchAll: boolean; provider: string; requestId: number } | null {
  const key = catchAllKey(domain)
  const found = findAnswers(tx, 'emails', [key]).get(key)
  if (!found) return null
  const { catchAll } = found.answer as { catchAll: boolean }
  return { catchAll, provider: found.provider, requestId: found.requestId }
}

function answerCatchAll(tx: Tx, domain: string, inputs: PersonInput[], answeredAt: number): void {
  const known = readCatchAll(tx, domain)
  if (!known?.catchAll) return
  const answers = inputs.map(({ key }) => ({ key, outcome: 'miss' as const, answer: { emails: [], catchAll: true } }))
  saveAnswers(tx, answers, { operation: 'emails', provider: known.provider, requestId: known.requestId, answeredAt })
}
