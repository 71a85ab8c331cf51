import { nameWords } from '../names.ts'
import { isTitleAlone } from '../titles.ts'
import { endsWithLegalForm } from './legal-form.ts'

export interface OfficerName {
  title: string | null
  forenames: string | null
  surname: string | null
}

/** What else the appointment says about who was appointed. */
export interface OfficerSigns {
  /** It tells where a body is registered, and as what. */
  identified?: boolean
  /** It has a date of birth. */
  born?: boolean
}

/** The columns of a stored officer from which its name is read. */
export interface FiledOfficer {
  name?: string | null | undefined
  officer_role?: string | null | undefined
  date_of_birth_year?: number | null | undefined
  identification_type?: string | null | undefined
  legal_authority?: string | null | undefined
  legal_form?: string | null | undefined
  place_registered?: string | null | undefined
  register_location?: string | null | undefined
  registration_number?: string | null | undefined
}

const IDENTIFICATION = [
  'identification_type',
  'legal_authority',
  'legal_form',
  'place_registered',
  'register_location',
  'registration_number',
] as const

const NOBODY = { title: null, forenames: null, surname: null }

/**
 * The parts of a natural person's name as filed, `SURNAME, Forename Middle, Title` (facts 1.5: the title only where it
 * is not Mr, Mrs, Miss, Ms or Master; the surname may be missing, and the title may stand where forenames are expected). A
 * body has no such parts, under whatever role it was filed.
 */
export function parseOfficerName(
  name: string | null | undefined,
  role: string | null | undefined,
  signs: OfficerSigns = {},
): OfficerName {
  if (!name || isBody(name, role, signs)) return NOBODY
  const [first = '', second, ...rest] = name.split(',').map((part) => part.trim())
  const surname = first === 'null' ? null : first || null
  if (second !== undefined) {
    if (isTitleAlone(second, first)) return { title: [second, ...rest].join(', '), forenames: null, surname }
    return { title: rest.join(', ') || null, forenames: second || null, surname }
  }
  return first === first.toUpperCase()
    ? { title: null, forenames: null, surname }
    : { title: null, forenames: first, surname: null }
}

/** The parts of the name of a stored officer, as they are read today. */
export function readOfficerName(officer: FiledOfficer): OfficerName {
  return parseOfficerName(officer.name, officer.officer_role, {
    identified: IDENTIFICATION.some((column) => Boolean(officer[column]?.trim())),
    born: Boolean(officer.date_of_birth_year),
  })
}

/** Whether a company or another body was appointed: its role, its identification or its name says so (facts 1.5). */
function isBody(name: string, role: string | null | undefined, { identified, born }: OfficerSigns): boolean {
  if (identified || role?.startsWith('corporate-')) return true
  return endsWithLegalForm(name, { isPerson: born ?? false, isSecretary: nameWords(role ?? '').includes('secretary') })
}
