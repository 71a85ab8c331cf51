// The search index may lag behind the stream, and may leave companies out. So the register is asked itself about each
// company that it does not list.
import type { CompaniesHouse } from '../companies-house/client.ts'
import { fetchProfile } from '../companies-house/company-profile.ts'
import { UpstreamError } from '../companies-house/upstream-error.ts'
import type { DatedCompany } from '../db/audit.ts'
import type { CompanyDetails } from '../db/stream-companies.ts'

/** Each is a call; a day whose search is broken must not use up the allowance. */
const MOST_ASKED = 200

/**
 * What the profile tells: `confirmed` as formed on that day, formed on an `other-day` (with `details`), `unknown` to the
 * register, or `unasked` where it did not answer, or too many were left.
 */
export type RegisterWord = 'confirmed' | 'other-day' | 'unknown' | 'unasked'

export interface AskedExtra {
  company: DatedCompany
  register: RegisterWord
  details?: CompanyDetails
}

/**
 * Asks for the profiles in the background lane. A company is `unknown` only while the register knows `listed`, a company
 * that its search shows. Throws when the service is away or the key refused, and the signal's reason.
 */
export async function askAboutExtras(
  companiesHouse: CompaniesHouse,
  extras: DatedCompany[],
  { listed, signal }: { listed: string | undefined; signal: AbortSignal },
): Promise<AskedExtra[]> {
  const asked: AskedExtra[] = []
  for (const [place, company] of extras.entries()) {
    asked.push(place < MOST_ASKED ? await askAbout(companiesHouse, company, signal) : { company, register: 'unasked' })
  }
  if (!asked.some(({ register }) => register === 'unknown')) return asked
  if (listed && (await knows(companiesHouse, listed, signal))) return asked
  return asked.map((extra) => (extra.register === 'unknown' ? { ...extra, register: 'unasked' } : extra))
}

async function knows(companiesHouse: CompaniesHouse, companyNumber: string, signal: AbortSignal): Promise<boolean> {
  try {
    return (await fetchProfile(companiesHouse, companyNumber, { lane: 'background', signal })) !== null
  } catch (error) {
    if (!(error instanceof UpstreamError) || signal.aborted) throw error
    return false
  }
}

async function askAbout(
  companiesHouse: CompaniesHouse,
  company: DatedCompany,
  signal: AbortSignal,
): Promise<AskedExtra> {
  const number = company.company_number
  try {
    const fetched = await fetchProfile(companiesHouse, number, { lane: 'background', signal })
    if (!fetched) return { company, register: 'unknown' }
    const { details } = fetched
    const isSame = details.date_of_creation === company.date_of_creation
    return isSame ? { company, register: 'confirmed' } : { company, register: 'other-day', details }
  } catch (error) {
    if (!(error instanceof UpstreamError) || signal.aborted) throw error
    return { company, register: 'unasked' }
  }
}
