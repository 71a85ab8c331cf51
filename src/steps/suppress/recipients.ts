// Who was given a delivery that may hold somebody's data: those to tell when it is erased (Article 19 of UK GDPR).
import { listDeliveriesOf } from '../../db/dataset/deliveries.ts'
import type { Tx } from '../../db/open.ts'

/** The names and their order are what `--json` prints. */
export interface Recipient {
  /** Null for deliveries for which nobody was named. */
  recipient: string | null
  deliveries: number
  /** The days of the first and the last one, `YYYY-MM-DD`. */
  first: string
  last: string
  /** Where these were written, each once. */
  destinations: string[]
}

/**
 * The recipients of deliveries that may hold rows of these tables, by name; those of nobody named come last. That a row was
 * stored by then is not asked: a refresh changes when a row says that it was fetched.
 */
export function readRecipients(tx: Tx, tables: readonly string[]): Recipient[] {
  const found = new Map<string | null, Recipient>()
  for (const { recipient, destination, day } of listDeliveriesOf(tx, tables)) {
    const own = found.get(recipient) ?? { recipient, deliveries: 0, first: day, last: day, destinations: [] }
    own.deliveries += 1
    if (day < own.first) own.first = day
    if (day > own.last) own.last = day
    if (!own.destinations.includes(destination)) own.destinations.push(destination)
    found.set(recipient, own)
  }
  const named = [...found.values()].filter(({ recipient }) => recipient !== null)
  const nobody = found.get(null)
  named.sort((one, other) => (String(one.recipient) < String(other.recipient) ? -1 : 1))
  return nobody ? [...named, nobody] : named
}
