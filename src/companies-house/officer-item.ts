// What one item of an officer list holds (facts 1.5). Absent members may be missing or null; unknown ones are let through.
import * as z from 'zod'
import type { AddressColumn } from '../db/address.ts'
import { filed } from '../text.ts'
import { derivedId } from './derived-id.ts'

/** Wraps the schema of one member: strictly, or so that a value of the wrong kind counts as absent. */
type Member = <T extends z.ZodType>(schema: T) => z.ZodType<z.infer<T> | null | undefined>

const text = z.string().transform(filed)
const day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/)
/** A code that is kept in a list joined by commas. */
const code = text.refine((value) => !value?.includes(','))
/** Money is a string at the register; a number says the same. */
const amount = z.union([text, z.number().transform(String)])

/** A list without the elements that are absent. */
function listOf<T extends z.ZodType>(element: T) {
  return z.array(element).transform((list) => list.filter((one) => one !== null && one !== undefined))
}

/** How members are read: strictly, or so that a value of the wrong kind counts as absent. */
interface Reading {
  member: Member
  /** The day on which something ends that stands without it. */
  end: z.ZodType<string | null | undefined>
}

/** The members of a verification, which officers and people with control share (facts 10.1). */
export function verificationShape({ member, end }: Reading) {
  return {
    appointment_verification_start_on: member(z.iso.date()),
    appointment_verification_end_on: end,
    appointment_verification_statement_due_on: member(z.iso.date()),
    identity_verified_on: member(z.iso.date()),
    authorised_corporate_service_provider_name: member(text),
    anti_money_laundering_supervisory_bodies: member(listOf(member(text))),
    preferred_name: member(text),
  }
}

const itemOf = ({ member, end }: Reading) =>
  z.looseObject({
    name: member(text),
    officer_role: member(text),
    appointed_on: member(day),
    appointed_before: member(day),
    resigned_on: member(day),
    person_number: member(text),
    nationality: member(text),
    country_of_residence: member(text),
    occupation: member(text),
    date_of_birth: member(z.looseObject({ month: member(z.int()), year: member(z.int()) })),
    address: member(z.looseObject(addressShape(member(text)))),
    identification: member(
      z.looseObject({
        identification_type: member(text),
        legal_authority: member(text),
        legal_form: member(text),
        place_registered: member(text),
        register_location: member(text),
        registration_number: member(text),
      }),
    ),
    etag: member(text),
    is_pre_1992_appointment: member(z.boolean()),
    former_names: member(listOf(member(z.object({ forenames: member(text), surname: member(text) })))),
    principal_office_address: member(z.looseObject(addressShape(member(text)))),
    responsibilities: member(text),
    contact_details: member(z.looseObject({ contact_name: member(text) })),
    contribution_currency_type: member(text),
    contribution_currency_value: member(amount),
    contribution_sub_types: member(listOf(member(z.looseObject({ sub_type: member(code) })))),
    identity_verification_details: member(z.looseObject(verificationShape({ member, end }))),
    links: member(
      z.looseObject({ self: member(text), officer: member(z.looseObject({ appointments: member(text) })) }),
    ),
  })

export const strictly: Reading = { member: (schema) => schema.nullish(), end: z.iso.date().nullish() }

/** An end that is no day stays, as text: dropped, it would say that what it ends still stands (facts 10.1). */
export const tolerantly: Reading = {
  member: (schema) => schema.nullish().catch(null),
  end: z
    .unknown()
    .transform((value) => (value === null ? null : textOfEnd(value)))
    .optional(),
}

const strictItem = itemOf(strictly)
const tolerantItem = itemOf(tolerantly)

export type OfficerItem = z.infer<typeof strictItem>

export interface ReadItem {
  item: OfficerItem
  /** Stable under re-fetching: the last part of `links.self`, or derived from what does not change. */
  appointmentId: string
  /** The id is the API's own. */
  linked: boolean
  /** Something in it was not of the kind that the facts promise. */
  odd: boolean
  /** Members that the facts do not name, by their path, with their values. */
  unknown: Record<string, unknown>
  /** As it came. */
  raw: unknown
}

/** Every member that an item is known to have (facts 1.5, 10.3), stored or not; `true` where what is inside does not matter. */
interface Known {
  [member: string]: Known | true
}

const ADDRESS: Known = Object.fromEntries(Object.keys(addressShape(z.string())).map((member) => [member, true]))

const KNOWN: Known = {
  name: true,
  officer_role: true,
  appointed_on: true,
  appointed_before: true,
  is_pre_1992_appointment: true,
  resigned_on: true,
  person_number: true,
  nationality: true,
  country_of_residence: true,
  occupation: true,
  etag: true,
  responsibilities: true,
  contribution_currency_type: true,
  contribution_currency_value: true,
  contribution_sub_types: { sub_type: true },
  former_names: { forenames: true, surname: true },
  contact_details: { contact_name: true },
  date_of_birth: { day: true, month: true, year: true },
  address: ADDRESS,
  principal_office_address: ADDRESS,
  identification: {
    identification_type: true,
    legal_authority: true,
    legal_form: true,
    place_registered: true,
    register_location: true,
    registration_number: true,
  },
  identity_verification_details: {
    anti_money_laundering_supervisory_bodies: true,
    appointment_verification_start_on: true,
    appointment_verification_end_on: true,
    appointment_verification_statement_due_on: true,
    appointment_verification_statement_date: true,
    authorised_corporate_service_provider_name: true,
    identity_verified_on: true,
    preferred_name: true,
  },
  links: { self: true, officer: { appointments: true } },
}

function unknownMembers(raw: unknown, known: Known, path = ''): [path: string, value: unknown][] {
  if (Array.isArray(raw)) return raw.flatMap((one, at) => unknownMembers(one, known, `${path}${at}.`))
  if (typeof raw !== 'object' || raw === null) return []
  return Object.entries(raw).flatMap(([member, value]) => {
    const inside = Object.hasOwn(known, member) ? known[member] : undefined
    if (inside === undefined) return [[path + member, value]]
    return inside === true ? [] : unknownMembers(value, inside, `${path}${member}.`)
  })
}

/** Reads one raw item. Members of the wrong kind are left out and the item counts as odd; null when it is no object. */
export function readOfficerItem(raw: unknown): ReadItem | null {
  const strict = strictItem.safeParse(raw)
  const read = strict.success ? strict : tolerantItem.safeParse(raw)
  if (!read.success) return null
  const item = read.data
  const named = lastPart(item.links?.self)
  return {
    item,
    appointmentId: named ?? derivedAppointmentId(item),
    linked: named !== null,
    odd: !strict.success || !item.name || !item.officer_role,
    unknown: Object.fromEntries(unknownMembers(raw, KNOWN)),
    raw,
  }
}

const MAX_END = 100

function textOfEnd(value: unknown): string {
  return (typeof value === 'object' ? null : filed(String(value)))?.slice(0, MAX_END) ?? 'unreadable'
}

/** The id in `/officers/{id}/appointments`. */
export function officerId(item: OfficerItem): string | null {
  return /^\/officers\/([^/]+)\/appointments$/.exec(item.links?.officer?.appointments ?? '')?.[1] ?? null
}

function lastPart(link: string | null | undefined): string | null {
  return /\/appointments\/([^/]+)$/.exec(link ?? '')?.[1] ?? null
}

/** One person may be director and secretary under one officer id, so the role and the date belong to the id. */
function derivedAppointmentId(item: OfficerItem): string {
  const { name, officer_role, appointed_on, appointed_before, date_of_birth: born } = item
  const parts = [officerId(item), officer_role, name, appointed_on ?? appointed_before, born?.year, born?.month]
  return derivedId(parts)
}

// An address, which has the same members wherever Companies House tells one (facts 1.4, 1.5, 1.7).

type Of<Value> = Record<AddressColumn, Value>

/** The members of an address for an object's schema, each read as `text` says. */
export function addressShape<Text extends z.ZodType>(text: Text): Of<Text> {
  return {
    care_of: text,
    po_box: text,
    premises: text,
    address_line_1: text,
    address_line_2: text,
    locality: text,
    region: text,
    country: text,
    postal_code: text,
  }
}

/** An address as columns: what it does not have, or where there is none, is null. */
export function addressColumns(address: Partial<Of<string | null | undefined>> | null | undefined): Of<string | null> {
  return {
    care_of: filed(address?.care_of),
    po_box: filed(address?.po_box),
    premises: filed(address?.premises),
    address_line_1: filed(address?.address_line_1),
    address_line_2: filed(address?.address_line_2),
    locality: filed(address?.locality),
    region: filed(address?.region),
    country: filed(address?.country),
    postal_code: filed(address?.postal_code),
  }
}
