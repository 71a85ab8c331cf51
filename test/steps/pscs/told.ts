// Rows of persons with significant control and records of the synthetic register, brought to the same words.
import type { SyntheticPsc } from '../../../src/sandbox/world/shapes.ts'

/** What a row tells of the members that a synthetic record has. */
export function told(row: Record<string, unknown>): string {
  const { psc_id, kind, name, forename, surname, date_of_birth_year, natures_of_control, notified_on, ceased_on } = row
  const {
    statement,
    linked_psc,
    linked_psc_name,
    description,
    etag,
    registration_number,
    appointment_verification_statement_due_on: due,
  } = row
  const start = row.appointment_verification_start_on
  const person = [name, forename, surname, date_of_birth_year, registration_number, start, due]
  return JSON.stringify([
    psc_id,
    kind,
    etag,
    ...person,
    natures_of_control,
    notified_on,
    ceased_on,
    statement,
    linked_psc,
    linked_psc_name,
    description,
  ])
}

/** The same of a record of the synthetic register. */
export function toldOf(psc: SyntheticPsc): string {
  const { name, name_elements, date_of_birth, identification, identity_verification_details: verification } = psc
  const of = (value: unknown, member: string) => (Object(value) as Record<string, unknown>)[member] ?? null
  return told({
    psc_id: psc.links.self.split('/').at(-1),
    kind: psc.kind,
    etag: psc.etag,
    name: name ?? null,
    forename: of(name_elements, 'forename'),
    surname: of(name_elements, 'surname'),
    date_of_birth_year: of(date_of_birth, 'year'),
    registration_number: of(identification, 'registration_number'),
    appointment_verification_start_on: of(verification, 'appointment_verification_start_on'),
    appointment_verification_statement_due_on: of(verification, 'appointment_verification_statement_due_on'),
    natures_of_control: Array.isArray(psc.natures_of_control) ? psc.natures_of_control.join(',') : null,
    notified_on: psc.notified_on ?? null,
    ceased_on: psc.ceased_on ?? null,
    statement: psc.statement ?? null,
    linked_psc: psc.links.person_with_significant_control ?? null,
    linked_psc_name: psc.linked_psc_name ?? null,
    description: psc.description ?? null,
  })
}
