// The order in which officer lists are fetched, where it is not that of the numbers. No index keeps it: it is drawn up once
// at the start of a run, in a temporary table. Whether a company is pending is still asked with every claim.
import { and, count, inArray, isNull, type SQL, sql } from 'drizzle-orm'
import { type Db, prepared, type Tx } from '../open.ts'
import { companies } from '../schema.ts'
import { readTallies } from '../tallies.ts'
import type { Pending } from './claims.ts'
import { filterConditions, isFiltering, type OfficersFilter } from './filter.ts'

/** By day of incorporation, or drawn by lot: the same seed draws the same companies first, however many there are. */
export type FetchOrder = 'newest' | 'oldest' | { seed: number }

/** Companies that a run may fetch: those pending, and those that failed before. */
export function countCandidates(tx: Tx, filter: OfficersFilter): number {
  if (!isFiltering(filter)) {
    const { pending, failed } = readTallies(tx)
    return pending + failed
  }
  const open = and(inArray(companies.officers_state, ['pending', 'failed']), isNull(companies.deleted_at))
  return (
    tx
      .select({ n: count() })
      .from(companies)
      .where(and(open, ...filterConditions(filter)))
      .get()?.n ?? 0
  )
}

const NEXT = `
  SELECT place, company_number AS company, date_of_creation AS created, officers_count AS officers, officers_state AS state
  FROM temp.officers_order CROSS JOIN companies USING (company_number) LEFT JOIN officer_fetches USING (company_number)
  WHERE place > ? AND officers_state = 'pending' AND companies.deleted_at IS NULL
    AND claimed_by IS NULL AND coalesce(retry_at, 0) <= ?
  ORDER BY place LIMIT 1`

/**
 * Draws up the order of all companies that are pending now and pass the filter; returns what gives the next that is free
 * at `now` (ms), and undefined once the list is through. Companies that come later are not on it.
 */
export function drawUpOrder(db: Db, order: FetchOrder, filter: OfficersFilter): (now: number) => Pending | undefined {
  const { $client: client } = db
  client.exec('DROP TABLE IF EXISTS temp.officers_order')
  client.exec('CREATE TEMP TABLE officers_order (place INTEGER PRIMARY KEY, company_number TEXT NOT NULL)')
  if (typeof order === 'object') {
    client.function('place_in_draw', { deterministic: true }, (number: unknown) => draw(order.seed, String(number)))
  }
  const wanted = and(sql`officers_state = 'pending' AND deleted_at IS NULL`, ...filterConditions(filter))
  db.run(sql`INSERT INTO temp.officers_order (company_number)
    SELECT company_number FROM ${companies} WHERE ${wanted} ORDER BY ${sortedBy(order)}, company_number`)
  let place = 0
  return (now) => {
    const next = prepared(db, NEXT).get(place, now) as (Pending & { place: number }) | undefined
    place = next?.place ?? place
    return next
  }
}

/** A company whose day of incorporation is not known comes last. */
function sortedBy(order: FetchOrder): SQL {
  if (typeof order === 'object') return sql`place_in_draw(company_number)`
  return order === 'newest' ? sql`date_of_creation DESC NULLS LAST` : sql`date_of_creation ASC NULLS LAST`
}

/** 52 bits that depend on every character and on the seed, and on nothing else. */
function draw(seed: number, number: string): number {
  let [high, low] = [0xdeadbeef ^ seed, 0x41c6ce57 ^ Math.imul(seed, 2246822507)]
  for (let index = 0; index < number.length; index += 1) {
    const code = number.charCodeAt(index)
    high = Math.imul(high ^ code, 2654435761)
    low = Math.imul(low ^ code, 1597334677)
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909)
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909)
  return (high >>> 0) * 0x100000 + (low >>> 12)
}
