// Which companies a domain was looked for, for the hit rate of a delivery: on the same snapshot as its pages.
import type { Db } from './open.ts'

/** Companies behind the stage that asks for their domain: they have one, or were skipped because there is none. */
const LOOKED_UP = `
  SELECT company_number FROM jobs
  WHERE company_number BETWEEN ? AND ? AND (stage IN ('officers', 'emails', 'done') OR (stage = 'domain' AND state = 'skipped'))`

/**
 * A function that names the companies from `first` to `last` whose domain was asked for and answered. It reads what the
 * connection's open transaction sees.
 */
export function lookedUpReader(db: Db): (first: string, last: string) => Set<string> {
  const select = db.$client.prepare(LOOKED_UP).pluck()
  return (first, last) => new Set(select.all(first, last) as string[])
}
