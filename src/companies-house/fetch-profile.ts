// A company's profile from REST (facts 1.4).
import { z } from 'zod'
import type { CompanyDetails } from '../db/companies/told.ts'
import type { Lane } from '../db/quota/ledger.ts'
import { filed } from '../text.ts'
import { type RestReply, UpstreamError } from './call.ts'
import type { CompaniesHouse } from './client.ts'
import { companyProfile, readProfile } from './profile.ts'
import type { OddMember } from './profile-members.ts'

export interface FetchedProfile {
  details: CompanyDetails
  /** Members whose values cannot be right. */
  odd: OddMember[]
  /** The profile links an officer list, which it does as soon as there is one (facts 1.4); null when it has no links. */
  hasOfficers: boolean | null
}

const linked = z.looseObject({ self: z.string(), officers: z.string().nullish() })

/** Fetches a company's profile; null after a 404, when the register does not know it. Throws what the client throws. */
export function fetchProfile(
  companiesHouse: CompaniesHouse,
  companyNumber: string,
  options: { lane: Lane; signal: AbortSignal },
): Promise<FetchedProfile | null> {
  const path = `/company/${encodeURIComponent(companyNumber)}`
  const read = ({ status, body }: RestReply): FetchedProfile | null => {
    if (status === 404) return null
    const { data: profile } = companyProfile.safeParse(body)
    if (!profile) throw new UpstreamError(`The answer is not a company profile: GET ${path}`, { retryable: true })
    if (profile.company_number && filed(profile.company_number) !== companyNumber)
      throw new UpstreamError(`The answer is the profile of another company: GET ${path}`, { retryable: true })
    const { data: links } = linked.safeParse((body as { links?: unknown }).links)
    return { ...readProfile(companyNumber, profile), hasOfficers: links ? Boolean(links.officers) : null }
  }
  return companiesHouse.get(path, { ...options, read })
}
