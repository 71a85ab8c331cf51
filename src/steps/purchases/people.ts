// Whom to ask for: active natural persons in the wanted roles, each once.

import { type FiledOfficer, readOfficerName } from '../../companies-house/officer-name.ts'
import { holdsOffice } from '../../db/standing.ts'
import { matchName, type PersonName, personName } from './inputs.ts'

/** Roles that contain one of these are asked for unless `--roles` says otherwise: directors and LLP members. */
export const DEFAULT_ROLES = ['director', 'llp']

/** What is read of an officer's row. */
export interface OfficerToAsk extends FiledOfficer {
  appointment_id: string
  officer_role: string | null
  resigned_on: string | null
}

/** A person with every appointment in the company under which the same name is filed. */
export interface WantedPerson extends PersonName {
  appointmentIds: string[]
}

/** Whether an officer is an active natural person whose role contains one of `roles`. */
export function isPersonWanted(
  { officer_role: role, resigned_on: resigned }: Pick<OfficerToAsk, 'officer_role' | 'resigned_on'>,
  roles: readonly string[] = DEFAULT_ROLES,
): boolean {
  if (role === null || resigned !== null || role.includes('corporate')) return false
  return roles.some((wanted) => role.includes(wanted.toLowerCase()))
}

/**
 * The people to ask for among the officers of a company of that status, in their order; those without a full name are
 * left out. In a company that is over nobody holds an office. Names are read from what was filed: what an older row holds
 * in its parts may be a title, or a body's name.
 */
export function wantedPeople(
  officers: OfficerToAsk[],
  roles: readonly string[] = DEFAULT_ROLES,
  companyStatus: string | null = null,
): WantedPerson[] {
  const people = new Map<string, WantedPerson>()
  for (const officer of officers) {
    const active = holdsOffice(officer.resigned_on, companyStatus)
    const name = active && isPersonWanted(officer, roles) ? personName(readOfficerName(officer)) : null
    if (!name) continue
    const key = matchName(`${name.firstName} ${name.lastName}`)
    const person = people.get(key) ?? { ...name, appointmentIds: [] }
    person.appointmentIds.push(officer.appointment_id)
    people.set(key, person)
  }
  return [...people.values()]
}
