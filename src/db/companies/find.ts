// Finds companies by their names: one pass over the table, since no index of names is stored.
import { type Db, prepared } from '../open.ts'

export interface NamedCompany {
  company_number: string
  company_name: string
  company_status: string | null
  type: string | null
  date_of_creation: string | null
  locality: string | null
  postal_code: string | null
  officers_state: string
  officers_count: number
}

/** As `nameWords` joins: apostrophes and dots are passed over. */
const JOINED = `replace(replace(replace(lower(company_name), '''', ''), '.', ''), char(96), '')`

/**
 * Companies whose name may hold every one of these words, in the order of their numbers. It is a sieve: names with letters
 * beyond ASCII always pass, and a word may stand in the middle of another.
 */
export function* companiesNamedLike(db: Db, words: string[]): Generator<NamedCompany> {
  const each = words.map(() => `instr(${JOINED}, ?) > 0`).join(' AND ')
  const sieve = `SELECT company_number, company_name, company_status, type, date_of_creation, locality, postal_code,
    officers_state, officers_count FROM companies
    WHERE (${each}) OR company_name GLOB '*[^ -~]*' ORDER BY company_number`
  yield* prepared(db, sieve).iterate(...words) as IterableIterator<NamedCompany>
}
