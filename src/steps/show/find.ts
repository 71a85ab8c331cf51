// Finds stored companies by words of their names, for people. Reads only.
import { companyNumber } from '../../company-number.ts'
import { companiesNamedLike, type NamedCompany } from '../../db/companies/find.ts'
import { type Db, snapshot } from '../../db/open.ts'
import { storageGuard } from '../../db/storage-error.ts'
import { loadSuppressions } from '../../db/suppress/suppressions.ts'
import { nameWords } from '../../names.ts'

export interface FoundByName {
  /** The best matches, at most as many as were asked for. */
  companies: NamedCompany[]
  /** How many match in all, without those that are suppressed. */
  total: number
  /** How many more match, and are suppressed. */
  suppressed: number
}

/** So many are kept until they are sorted again. */
const KEPT = 1000

/**
 * The companies whose name holds every word, as a word or the beginning of one, in any order: names that are equal first,
 * then those that begin so, active ones before others. Throws a `data` error when the database cannot be read.
 */
export function findCompanies(db: Db, text: string, limit: number): FoundByName {
  const words = nameWords(text)
  const found: FoundByName = { companies: [], total: 0, suppressed: 0 }
  if (words.length === 0) return found
  return storageGuard(db.$client.name)(() =>
    snapshot(db, (tx) => {
      const suppressions = loadSuppressions(tx)
      let kept: Ranked[] = []
      for (const company of companiesNamedLike(db, words)) {
        const rank = rankOf(company, words)
        if (rank === null) continue
        if (suppressions.company(company.company_number)) found.suppressed += 1
        else {
          found.total += 1
          kept.push({ company, rank })
        }
        if (kept.length >= KEPT + limit) kept = best(kept, limit)
      }
      return { ...found, companies: best(kept, limit).map(({ company }) => company) }
    }),
  )
}

/** The number that was typed in place of a name; null for anything else. */
export function numberInWords(text: string): string | null {
  return /\d/.test(text) ? companyNumber(text) : null
}

interface Ranked {
  company: NamedCompany
  rank: number
}

/** 0 is best; null for a name that lacks a word. */
function rankOf({ company_name, company_status }: NamedCompany, words: string[]): number | null {
  const name = nameWords(company_name)
  if (!words.every((word) => name.some((own) => own.startsWith(word)))) return null
  const [wanted, own] = [words.join(' '), name.join(' ')]
  const whole = words.every((word) => name.includes(word))
  const likeness = own === wanted ? 0 : own.startsWith(`${wanted} `) ? 1 : whole ? 2 : 3
  return likeness * 2 + (company_status === 'active' ? 0 : 1)
}

function best(ranked: Ranked[], limit: number): Ranked[] {
  const byRank = (a: Ranked, b: Ranked) => a.rank - b.rank || order(a.company, b.company)
  return ranked.toSorted(byRank).slice(0, limit)
}

function order(a: NamedCompany, b: NamedCompany): number {
  if (a.company_name !== b.company_name) return a.company_name < b.company_name ? -1 : 1
  return a.company_number < b.company_number ? -1 : 1
}
