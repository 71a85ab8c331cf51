// How a fresh officer list differs from the stored one, appointment by appointment. Pure.
import type { OfficerRow } from '../db/officers.ts'

export interface ChangedOfficer {
  appointment_id: string
  name: string | null
  /** By column; an absent value is null. */
  fields: Record<string, { stored: string | number | null; register: string | number | null }>
}

export interface NamedOfficer {
  appointment_id: string
  name: string | null
}

export interface OfficerDrift {
  added: NamedOfficer[]
  removed: NamedOfficer[]
  changed: ChangedOfficer[]
}

/** What the register files. Names are compared as filed, so that a better reading of them is no drift; nor is an origin. */
const COMPARED = [
  'officer_id',
  'person_number',
  'name',
  'officer_role',
  'appointed_on',
  'appointed_before',
  'resigned_on',
  'date_of_birth_month',
  'date_of_birth_year',
  'nationality',
  'country_of_residence',
  'occupation',
  'care_of',
  'po_box',
  'premises',
  'address_line_1',
  'address_line_2',
  'locality',
  'region',
  'country',
  'postal_code',
  'identification_type',
  'legal_authority',
  'legal_form',
  'place_registered',
  'register_location',
  'registration_number',
] as const satisfies readonly (keyof OfficerRow)[]

/** Compares two lists of one company; their order does not matter. */
export function officerDrift(stored: readonly OfficerRow[], fresh: readonly OfficerRow[]): OfficerDrift {
  const before = new Map(stored.map((row) => [row.appointment_id, row]))
  const now = new Set(fresh.map(({ appointment_id }) => appointment_id))
  return {
    added: fresh.filter(({ appointment_id }) => !before.has(appointment_id)).map(named),
    removed: stored.filter(({ appointment_id }) => !now.has(appointment_id)).map(named),
    changed: fresh.flatMap((row) => {
      const old = before.get(row.appointment_id)
      const fields = old ? changedFields(old, row) : {}
      return Object.keys(fields).length > 0 ? [{ ...named(row), fields }] : []
    }),
  }
}

/** Whether the lists are the same. */
export function isSteady({ added, removed, changed }: OfficerDrift): boolean {
  return added.length + removed.length + changed.length === 0
}

function named({ appointment_id, name }: OfficerRow): NamedOfficer {
  return { appointment_id, name: name ?? null }
}

function changedFields(old: OfficerRow, row: OfficerRow): ChangedOfficer['fields'] {
  const differing = COMPARED.filter((column) => (old[column] ?? null) !== (row[column] ?? null))
  return Object.fromEntries(
    differing.map((column) => [column, { stored: old[column] ?? null, register: row[column] ?? null }]),
  )
}
