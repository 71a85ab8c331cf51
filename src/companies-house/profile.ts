// What a company profile holds, in a stream event or from REST (facts 1.4): everything but name and number may be absent.
import { z } from 'zod'
import { ADDRESS_COLUMNS } from '../db/address.ts'
import type { CompanyDetails } from '../db/companies/told.ts'
import { filed } from '../text.ts'
import { addressShape } from './officer-item.ts'
import { MEMBER_COLUMNS, type OddMember, readMembers } from './profile-members.ts'

const text = z.string().nullish()
const day = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}$/)
  .nullish()

/** The members without which a profile is none; values of the wrong kind are refused. The others are in `profile-members.ts`. */
export const companyProfile = z.looseObject({
  company_number: text,
  company_name: z.string().regex(/\S/),
  company_status: text,
  company_status_detail: text,
  type: text,
  subtype: text,
  jurisdiction: text,
  date_of_creation: day,
  date_of_cessation: day,
  sic_codes: z.array(z.string()).nullish(),
  registered_office_address: z.object(addressShape(text)).nullish(),
})

export type CompanyProfile = z.infer<typeof companyProfile>

/** The profile as a company's columns; what the profile does not have, the company does not have. */
export function companyDetails(companyNumber: string, profile: CompanyProfile): CompanyDetails {
  return readProfile(companyNumber, profile).details
}

/**
 * A company of which nothing is told. Copies of what `JSON.parse` makes have all their members in one place; an object that
 * gets as many one by one becomes a table, which costs several times as much.
 */
const EMPTY: CompanyDetails = JSON.parse(
  JSON.stringify({
    company_number: '',
    company_name: '',
    company_status: null,
    company_status_detail: null,
    type: null,
    subtype: null,
    jurisdiction: null,
    date_of_creation: null,
    date_of_cessation: null,
    sic_codes: null,
    ...Object.fromEntries([...ADDRESS_COLUMNS, ...MEMBER_COLUMNS].map((column) => [column, null])),
  }),
)

/** The same, with the members that were left out since their values cannot be right. */
export function readProfile(
  companyNumber: string,
  profile: CompanyProfile,
): { details: CompanyDetails; odd: OddMember[] } {
  const details: CompanyDetails = { ...EMPTY }
  details.company_number = companyNumber
  details.company_name = filed(profile.company_name) ?? ''
  details.company_status = filed(profile.company_status)
  details.company_status_detail = filed(profile.company_status_detail)
  details.type = filed(profile.type)
  details.subtype = filed(profile.subtype)
  details.jurisdiction = filed(profile.jurisdiction)
  details.date_of_creation = profile.date_of_creation ?? null
  details.date_of_cessation = profile.date_of_cessation ?? null
  details.sic_codes = joinedCodes(profile.sic_codes)
  const address = profile.registered_office_address
  if (address) for (const column of ADDRESS_COLUMNS) details[column] = filed(address[column])
  const odd = readMembers(profile, details)
  return { details, odd }
}

/** SIC codes as they are stored: joined by commas, null when there is none. */
export function joinedCodes(codes: string[] | null | undefined): string | null {
  return codes?.flatMap((code) => filed(code) ?? []).join(',') || null
}
