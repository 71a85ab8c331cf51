// One record of the bulk officers products 195, 216 and 198 (facts 5.2): fixed columns, counted in characters from 1 in
// the specification and from 0 here, then a part of fields that end with `<`. Pure.
import { filed } from '../../text.ts'

export interface BulkHeader {
  /** 195 and 216 are snapshots, 198 is an update. */
  kind: 'snapshot' | 'update'
  /** 1 to 9999. */
  run: number
  /** ISO. */
  producedOn: string
}

/** What a company record says that matters here. */
export interface BulkCompany {
  companyNumber: string
  /** How many officers it has; null where that is no number. */
  officers: number | null
}

/** An appointment as a file has it: texts as filed, what is blank is null, days are ISO. */
export interface BulkAppointment {
  /** Null in the correction of a nominee, which means no company. */
  companyNumber: string | null
  /** Two digits. */
  type: string
  /** Twelve digits. */
  personNumber: string
  corporate: boolean
  /** From which form the date of appointment comes; `2` is an annual return, whose date is an upper bound. */
  dateOrigin: string
  appointedOn: string | null
  resignedOn: string | null
  born: { year: number; month: number } | null
  title: string | null
  forenames: string | null
  surname: string | null
  honours: string | null
  careOf: string | null
  poBox: string | null
  addressLine1: string | null
  addressLine2: string | null
  town: string | null
  county: string | null
  country: string | null
  postcode: string | null
  occupation: string | null
  nationality: string | null
  residence: string | null
}

/** A record of an update: the whole new state, and what it was known by before. */
export interface BulkChange extends BulkAppointment {
  oldType: string
  oldPersonNumber: string
  correction: boolean
  resignationOrigin: string
  oldPostcode: string | null
  changedOn: string | null
  updatedOn: string | null
}

const HEADER = /^DDDD(SNAP|UPDT)(\d{4})(\d{8})\s*$/
const TRAILER = /^9{8}(\d{8})\s*$/

/** Null for a line that is no header. */
export function readBulkHeader(line: string): BulkHeader | null {
  const [, kind, run, produced = ''] = HEADER.exec(line) ?? []
  const producedOn = isoDay(produced)
  if (kind === undefined || typeof producedOn !== 'string') return null
  return { kind: kind === 'SNAP' ? 'snapshot' : 'update', run: Number(run), producedOn }
}

/** How many records the file has had by its own count; null for a line that is no trailer. */
export function readTrailer(line: string): number | null {
  const count = TRAILER.exec(line)?.[1]
  return count === undefined ? null : Number(count)
}

/** What kind of record a line is that is neither header nor trailer; null when it is none. */
export function recordKind(line: string): 'company' | 'person' | null {
  const kind = line[8]
  return kind === '1' ? 'company' : kind === '2' ? 'person' : null
}

/** The company number that a record begins with; null where it has none. */
export function companyOf(line: string): string | null {
  const number = line.slice(0, 8)
  return /^[A-Z0-9]{8}$/.test(number) ? number : null
}

export function readBulkCompany(line: string): BulkCompany | string {
  const companyNumber = companyOf(line)
  if (companyNumber === null) return 'it has no company number'
  const officers = line.slice(32, 36)
  return { companyNumber, officers: /^\d{4}$/.test(officers) ? Number(officers) : null }
}

/** Where the fixed columns of a person record lie, and how many fields follow them. */
interface Layout {
  length: number
  fields: number
}

const SNAPSHOT: Layout = { length: 72, fields: 14 }
const UPDATE: Layout = { length: 107, fields: 27 }

/** A person record of a snapshot, or why it cannot be trusted. */
export function readAppointment(line: string): BulkAppointment | string {
  const companyNumber = companyOf(line)
  if (companyNumber === null) return 'it has no company number'
  const fields = variableFields(line, SNAPSHOT)
  if (typeof fields === 'string') return fields
  return appointmentOf({
    companyNumber,
    dateOrigin: line.slice(9, 10).trim(),
    type: line.slice(10, 12),
    personNumber: line.slice(12, 24),
    corporate: line[24] === 'Y',
    appointedOn: isoDay(line.slice(32, 40)),
    resignedOn: isoDay(line.slice(40, 48)),
    postcode: filed(line.slice(48, 56)),
    born: birthOf(line.slice(56, 64), line.slice(64, 72)),
    fields,
  })
}

/** A person record of an update, or why it cannot be trusted. */
export function readChange(line: string): BulkChange | string {
  const blank = line.slice(0, 8).trim() === ''
  const companyNumber = companyOf(line)
  if (companyNumber === null && !blank) return 'it has no company number'
  const fields = variableFields(line, UPDATE)
  if (typeof fields === 'string') return fields
  const appointment = appointmentOf({
    companyNumber,
    dateOrigin: line.slice(9, 10).trim(),
    type: blank ? '  ' : line.slice(17, 19),
    personNumber: line.slice(31, 43),
    corporate: line[12] === 'Y',
    appointedOn: isoDay(line.slice(75, 83)),
    resignedOn: isoDay(line.slice(83, 91)),
    postcode: filed(line.slice(67, 75)),
    born: birthOf(line.slice(43, 51), line.slice(51, 59)),
    fields,
  })
  if (typeof appointment === 'string') return appointment
  const [oldType, oldPersonNumber] = [line.slice(15, 17), line.slice(19, 31)]
  if (!blank && !/^\d\d$/.test(oldType)) return `its old appointment type is no code: ${oldType}`
  if (!/^\d{12}$/.test(oldPersonNumber)) return `its old person number is not twelve digits: ${oldPersonNumber}`
  const [changedOn, updatedOn] = [isoDay(line.slice(91, 99)), isoDay(line.slice(99, 107))]
  return {
    ...appointment,
    oldType,
    oldPersonNumber,
    correction: line[11] === 'Y',
    resignationOrigin: line.slice(10, 11).trim(),
    oldPostcode: filed(line.slice(59, 67)),
    changedOn: typeof changedOn === 'string' ? changedOn : null,
    updatedOn: typeof updatedOn === 'string' ? updatedOn : null,
  }
}

type Day = string | null | { impossible: string }

interface Fixed {
  companyNumber: string | null
  dateOrigin: string
  type: string
  personNumber: string
  corporate: boolean
  appointedOn: Day
  resignedOn: Day
  postcode: string | null
  born: BulkAppointment['born']
  fields: string[]
}

function appointmentOf({ fields, appointedOn, resignedOn, ...fixed }: Fixed): BulkAppointment | string {
  if (fixed.companyNumber !== null && !/^\d\d$/.test(fixed.type)) {
    return `its appointment type is no code: ${fixed.type}`
  }
  if (!/^\d{12}$/.test(fixed.personNumber)) return `its person number is not twelve digits: ${fixed.personNumber}`
  for (const day of [appointedOn, resignedOn]) {
    if (typeof day === 'object' && day !== null) return `it has an impossible date: ${day.impossible}`
  }
  const [title, forenames, surname, honours, careOf, poBox, addressLine1, addressLine2, town, county, country] =
    fields.map(filed)
  const [occupation, nationality, residence] = fields.slice(11).map(filed)
  return {
    ...fixed,
    appointedOn: appointedOn as string | null,
    resignedOn: resignedOn as string | null,
    title: title ?? null,
    forenames: forenames ?? null,
    surname: surname ?? null,
    honours: honours ?? null,
    careOf: careOf ?? null,
    poBox: poBox ?? null,
    addressLine1: addressLine1 ?? null,
    addressLine2: addressLine2 ?? null,
    town: town ?? null,
    county: county ?? null,
    country: country ?? null,
    occupation: occupation ?? null,
    nationality: nationality ?? null,
    residence: residence ?? null,
  }
}

/**
 * The fields behind the fixed columns, or what contradicts itself: the record has a length for them, and each ends with
 * `<`. A length that counts bytes of UTF-8 instead of characters is taken as well [X].
 */
function variableFields(line: string, { length, fields: expected }: Layout): string[] | string {
  const told = line.slice(length, length + 4)
  if (!/^\d{4}$/.test(told)) return `its length is no number: ${told}`
  const text = line.slice(length + 4).trimEnd()
  const size = Number(told)
  if (size !== characters(text) && size !== Buffer.byteLength(text)) {
    return `its variable part should have ${size} characters and has ${characters(text)}`
  }
  const fields = text.split('<')
  if (fields.pop() !== '' || fields.length !== expected) return `it should have ${expected} fields that end with <`
  return fields
}

function characters(text: string): number {
  return /[\ud800-\udfff]/.test(text) ? [...text].length : text.length
}

/** ISO of `CCYYMMDD`; null for blanks. */
function isoDay(text: string): Day {
  if (text.trim() === '') return null
  const day = text.replace(/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3')
  const date = new Date(`${day}T00:00:00Z`)
  const exists = day !== text && !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day)
  return exists ? day : { impossible: text }
}

/** From the partial date, `CCYYMM` and two spaces, or the full one; null where there is neither. */
function birthOf(partial: string, full: string): BulkAppointment['born'] {
  const [, year, month] = /^(\d{4})(\d\d)/.exec(partial) ?? /^(\d{4})(\d\d)/.exec(full) ?? []
  if (year === undefined || Number(month) < 1 || Number(month) > 12) return null
  return { year: Number(year), month: Number(month) }
}
