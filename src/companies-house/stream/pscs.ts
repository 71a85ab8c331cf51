// What an event of the stream of persons with significant control means (facts 7.2): one record, put in or taken away.
import { COMPANY_NUMBER } from '../../company-number.ts'
import type { PscFiled } from '../../db/pscs/pscs.ts'
import { readPsc } from '../pscs/item.ts'
import type { Envelope, EventHead, Fault } from './event.ts'

interface PscHead extends EventHead {
  companyNumber: string
  pscId: string
}

/** A new record, or anything new about one, its end included. */
export interface ChangedPsc extends PscHead {
  kind: 'changed'
  values: PscFiled
}

/** What comes with it, if anything, is not looked at. */
export interface DeletedPsc extends PscHead {
  kind: 'deleted'
}

export type PscEvent = ChangedPsc | DeletedPsc

/** `persons-with-significant-control-statements` is a stream of its own, whose events are read as well. */
const PLACE = /^\/?company\/([^/]+)\/persons-with-significant-control(?:-statements|\/[^/?#]+)\/([^/?#]{1,100})$/

/**
 * Reads an event of the stream. The kind of resource is not looked at beyond its place: the service leaves it empty for what
 * it cannot name. A changed one must be a whole record in members of the right kind: it takes the place of what is stored.
 */
export function readPscEvent({
  resourceId,
  resourceUri,
  type,
  timepoint,
  publishedAt,
  data,
}: Envelope): PscEvent | Fault {
  const [, companyNumber = '', pscId = ''] = PLACE.exec(resourceUri ?? '') ?? []
  if (!COMPANY_NUMBER.test(companyNumber)) return { fault: 'names no person with significant control of a company' }
  if (resourceId !== null && resourceId !== pscId) return { fault: 'names two records' }
  const head = { timepoint, publishedAt, companyNumber, pscId }
  if (type === 'deleted') return { ...head, kind: 'deleted' }
  const read = readPsc(data, companyNumber)
  if (typeof read === 'string') return { fault: `not an event: data: ${read}` }
  if (read.odd) return { fault: 'not an event: data: a member of another kind' }
  if (!read.pscId.startsWith('derived-') && read.pscId !== pscId) return { fault: 'its data belongs to another record' }
  return { ...head, kind: 'changed', values: read.values }
}

/** How events of the stream are read. */
export const pscReader = {
  read: readPscEvent,
  print(event: PscEvent): string {
    const facts = event.kind === 'changed' ? JSON.stringify(event.values) : ''
    return `${event.kind}|${event.companyNumber}|${event.pscId}|${event.publishedAt}|${facts}`
  },
}
