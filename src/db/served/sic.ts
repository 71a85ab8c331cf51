// What the SIC codes of served companies are called.
import { type Db, prepared } from '../open.ts'
import { keptWhileUnchanged } from './database.ts'

/** All of them: the condensed list of the register has some 730. */
const descriptionsOf = keptWhileUnchanged((db) => {
  const rows = prepared(db, 'SELECT code, description FROM sic_descriptions').raw().all()
  return new Map(rows as [code: string, description: string][])
})

/**
 * Adds `sic_descriptions` to each company of whose `sic_codes` a register file has named any: one for each, null where it
 * has not.
 */
export function withSicDescriptions<Served extends { company: Record<string, unknown> }>(
  db: Db,
  companies: Served[],
): Served[] {
  const descriptions = descriptionsOf(db)
  for (const one of companies) {
    const named = (one.company.sic_codes as string[]).map((code) => descriptions.get(code) ?? null)
    if (named.some((description) => description !== null)) one.company.sic_descriptions = named
  }
  return companies
}
