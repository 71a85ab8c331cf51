// What an event of the companies stream means (facts 3.5).
import { COMPANY_NUMBER } from '../../company-number.ts'
import type { Filled } from '../../db/companies/filled.ts'
import { detailsOf, type FilledProfile, filledProfile } from '../../db/companies/filled-profile.ts'
import type { CompanyDetails } from '../../db/companies/told.ts'
import { isPlainProfile } from '../plain.ts'
import { companyProfile, readProfile } from '../profile.ts'
import type { OddMember } from '../profile-members.ts'
import { type Envelope, type EventHead, type Fault, faultOf } from './event.ts'

interface CompanyHead extends EventHead {
  companyNumber: string
}

export interface ChangedCompany extends CompanyHead {
  kind: 'changed'
  readonly company: CompanyDetails
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
  const profile = isPlainProfile(data) ? { success: true as const, data } : companyProfile.safeParse(data)
  if (!profile.success) return faultOf(profile.error, 'data')
  if ((profile.data.company_number ?? companyNumber) !== companyNumber) {
    return { fault: 'its data belongs to another company number' }
  }
  const { details, odd } = readProfile(companyNumber, profile.data)
  return { ...head, kind: 'changed', company: details, odd }
}

/** What an event tells of its company, by what is there. */
export function filledOfEvent(event: ChangedCompany): FilledProfile {
  return event instanceof UnpackedCompany ? event : filledProfile(event.company)
}

/** Names of columns are longer than their values, and half of these are null. */
type Packed = [timepoint: number, publishedAt: string | null, companyNumber: string, ...changed: unknown[]]

/** An event of which most is written as it is: hardly anybody asks for more. */
class UnpackedCompany implements ChangedCompany, FilledProfile {
  readonly kind = 'changed'
  readonly timepoint: number
  readonly publishedAt: string | null
  readonly companyNumber: string
  readonly odd: OddMember[]
  readonly filled: Filled

  constructor([timepoint, publishedAt, companyNumber, odd, key, values]: Packed) {
    this.timepoint = timepoint
    this.publishedAt = publishedAt
    this.companyNumber = companyNumber
    this.odd = odd as OddMember[]
    this.filled = { key, values } as Filled
  }

  get company(): CompanyDetails {
    return detailsOf(this)
  }
}

/** How events of the companies stream are read. */
export const companyReader = {
  read: readCompanyEvent,
  print(event: CompanyEvent): string {
    const facts = event.kind === 'changed' ? Object.values(event.company).join('|') : ''
    return `${event.kind}|${event.companyNumber}|${event.publishedAt}|${facts}`
  },
  packing: {
    pack(event: CompanyEvent): Packed {
      const { timepoint, publishedAt, companyNumber } = event
      if (event.kind === 'deleted') return [timepoint, publishedAt, companyNumber]
      const { key, values } = filledOfEvent(event).filled
      return [timepoint, publishedAt, companyNumber, event.odd, key, values]
    },
    unpack(packed: Packed): CompanyEvent {
      if (packed.length > 3) return new UnpackedCompany(packed)
      const [timepoint, publishedAt, companyNumber] = packed
      return { kind: 'deleted', timepoint, publishedAt, companyNumber }
    },
  },
}
