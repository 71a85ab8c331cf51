// What the SIC codes of served companies are called.
import { type Db, prepared } from '../open.ts'

/**
 * Adds `sic_descriptions` to each company of whose `sic_codes` a register file has named any: one for each, null where it
 * has not.
 */
export function withSicDescriptions<Served extends { company: Record<string, unknown> }>(
  db: Db,
  companies: Served[],
): Served[] {
  const codesOf = ({ company }: Served) => company.sic_codes as string[]
  const wanted = [...new Set(companies.flatMap(codesOf))]
  if (wanted.length === 0) return companies
  const found = prepared(
    db,
    'SELECT code, description FROM sic_descriptions WHERE code IN (SELECT value FROM json_each(?))',
  ).all(JSON.stringify(wanted)) as { code: string; description: string }[]
  const descriptions = new Map(found.map(({ code, description }) => [code, description]))
  for (const one of companies) {
    const named = codesOf(one).map((code) => descriptions.get(code) ?? null)
    if (named.some((description) => description !== null)) one.company.sic_descriptions = named
  }
  return companies
}
