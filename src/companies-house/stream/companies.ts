// What an event of the companies stream means (facts 3.5).
import { COMPANY_NUMBER } from '../../company-number.ts'
import type { CompanyDetails } from '../../db/companies/told.ts'
import { companyProfile, readProfile } from '../profile.ts'
import type { OddMember } from '../profile-members.ts'
import { type Envelope, type EventHead, type Fault, faultOf } from './event.ts'

interface CompanyHead extends EventHead {
  companyNumber: string
}

export interface ChangedCompany extends CompanyHead {
  kind: 'changed'
  company: CompanyDetails
  /** Members whose values cannot be right. */
  odd: OddMember[]
}

/** Often without data, so that nothing but the number is known. */
export interface DeletedCompany extends CompanyHead {
  kind: 'deleted'
}

export type CompanyEvent = ChangedCompany | DeletedCompany

/** Reads an event of the companies stream; what comes with a deleted one is not looked at. */
export function readCompanyEvent(envelope: Envelope): CompanyEvent | Fault {
  const { resourceKind, resourceId, resourceUri, type, timepoint, publishedAt, data } = envelope
  const companyNumber = resourceId ?? /^\/?company\/([^/]+)$/.exec(resourceUri ?? '')?.[1] ?? ''
  if (!resourceKind.startsWith('company-profile')) return { fault: 'not of a company profile' }
  if (!COMPANY_NUMBER.test(companyNumber)) return { fault: 'names no company number' }
  const head = { timepoint, publishedAt, companyNumber }
  if (type === 'deleted') return { ...head, kind: 'deleted' }
  const profile = companyProfile.safeParse(data)
  if (!profile.success) return faultOf(profile.error, 'data')
  if ((profile.data.company_number ?? companyNumber) !== companyNumber) {
    return { fault: 'its data belongs to another company number' }
  }
  const { details, odd } = readProfile(companyNumber, profile.data)
  return { ...head, kind: 'changed', company: details, odd }
}
