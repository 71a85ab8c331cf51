// A company as a profile tells it, by what it has: half of its columns are absent. Pure.
import { type Filled, filledOf, isFilled, type Value } from './filled.ts'
import { type CompanyDetails, PROFILE_COLUMNS, TOLD_BY_PROFILE } from './told.ts'

export interface FilledProfile {
  companyNumber: string
  /** Of the columns `TOLD_BY_PROFILE`. */
  filled: Filled
}

/** What a company has. */
export function filledProfile(details: CompanyDetails): FilledProfile {
  return { companyNumber: details.company_number, filled: filledOf(TOLD_BY_PROFILE, details) }
}

const NOTHING: Record<string, Value> = JSON.parse(
  JSON.stringify(Object.fromEntries(PROFILE_COLUMNS.map((column) => [column, null]))),
)

/** All its columns again. */
export function detailsOf({ companyNumber, filled }: FilledProfile): CompanyDetails {
  const details: Record<string, Value> = { ...NOTHING }
  details.company_number = companyNumber
  let next = 0
  for (let at = 0; at < TOLD_BY_PROFILE.length; at += 1) {
    if (!isFilled(filled.key, at)) continue
    details[TOLD_BY_PROFILE[at] as string] = filled.values[next] ?? null
    next += 1
  }
  return details as unknown as CompanyDetails
}
