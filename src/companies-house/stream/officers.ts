// What an event of the officers stream means (facts 7.1): one appointment, put in or taken away.

import { COMPANY_NUMBER } from '../../company-number.ts'
import { ADDRESS_COLUMNS } from '../../db/address.ts'
import { parseJson } from '../../text.ts'
import { type ReadItem, readOfficerItem } from '../officer-item.ts'
import type { Envelope, EventHead, Fault } from './event.ts'

interface AppointmentHead extends EventHead {
  companyNumber: string
  appointmentId: string
}

/** A new appointment, or anything new about one. */
export interface ChangedAppointment extends AppointmentHead {
  kind: 'changed'
  read: ReadItem
  /** Of the shape before November 2025: what it lacks is not said, rather than absent. */
  partial: boolean
}

/** What comes with it, if anything, is not looked at. */
export interface DeletedAppointment extends AppointmentHead {
  kind: 'deleted'
}

export type OfficerEvent = ChangedAppointment | DeletedAppointment

const PLACE = /^\/?company\/([^/]+)\/appointments\/([^/?#]{1,100})$/

/**
 * Reads an event of the officers stream. A changed one must say who was appointed as what, in members of the right kind:
 * it takes the place of what is stored.
 */
export function readOfficerEvent(envelope: Envelope): OfficerEvent | Fault {
  const { resourceKind, resourceId, resourceUri, type, timepoint, publishedAt, data } = envelope
  if (!resourceKind.startsWith('company-officers')) return { fault: 'not of an officer' }
  const [, companyNumber = '', appointmentId = ''] = PLACE.exec(resourceUri ?? '') ?? []
  if (!COMPANY_NUMBER.test(companyNumber)) return { fault: 'names no appointment of a company' }
  if (resourceId !== null && resourceId !== appointmentId) return { fault: 'names two appointments' }
  const head = { timepoint, publishedAt, companyNumber, appointmentId }
  if (type === 'deleted') return { ...head, kind: 'deleted' }
  const read = readOfficerItem(data)
  if (read === null || Array.isArray(data)) return { fault: 'not an event: data: no officer' }
  if (read.odd) return { fault: 'not an event: data: no name, no role, or a member of another kind' }
  const self = read.item.links?.self
  const place = PLACE.exec(self ?? '')
  if (self && (place?.[1] !== companyNumber || place[2] !== appointmentId)) {
    return { fault: 'its data belongs to another appointment' }
  }
  return { ...head, kind: 'changed', read: { ...read, appointmentId, linked: true }, partial: isPartial(data) }
}

/** Captures of 2022 lack these three together, and more with them. */
function isPartial(data: unknown): boolean {
  const { etag, person_number, links } = Object(data) as Record<string, unknown>
  return (etag ?? null) === null && (person_number ?? null) === null && !Object.hasOwn(Object(links), 'officer')
}

/** The members that events of before November 2025 have, by the columns that they fill, apart from the name's parts. */
export const EARLY_COLUMNS: readonly string[] = [
  'name',
  'officer_role',
  'appointed_on',
  'resigned_on',
  'date_of_birth_month',
  'date_of_birth_year',
  'nationality',
  'country_of_residence',
  'occupation',
  ...ADDRESS_COLUMNS,
]

/** The appointments that such a line names. */
export function appointmentsNamed(line: string): { companyNumber: string; appointmentId: string }[] {
  const named = line.matchAll(/company\/([A-Z0-9]{8})\/appointments\/([\w-]{1,100})/g)
  return [...named].map(([, companyNumber = '', appointmentId = '']) => ({ companyNumber, appointmentId }))
}

/** The officer of whom such a line tells; null where nothing can be read of one. */
export function itemIn(line: string): ReadItem | null {
  try {
    return readOfficerItem(Object(parseJson(line)).data)
  } catch {
    return null
  }
}

/**
 * The companies that a line names which is no event, such as one that is cut: something of them may be in it. A number of
 * another shape than the register's is somebody's, too, if nobody's who is stored.
 */
export function companiesNamed(line: string): string[] {
  const named = [...line.matchAll(/company\/([^/"\\\s]{1,20})[/"]/g)].map(([, number = '']) => number)
  return [...new Set(named)]
}

/** How events of the officers stream are read. */
export const officerReader = {
  read: readOfficerEvent,
  print(event: OfficerEvent): string {
    const facts = event.kind === 'changed' ? JSON.stringify(event.read.raw) : ''
    return `${event.kind}|${event.companyNumber}|${event.appointmentId}|${event.publishedAt}|${facts}`
  },
}
