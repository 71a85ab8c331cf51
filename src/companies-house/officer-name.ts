export interface OfficerName {
  title: string | null
  forenames: string | null
  surname: string | null
}

/**
 * The parts of a natural person's name as filed, `SURNAME, Forename Middle, Title` (facts 1.5: the title only where it
 * is not Mr, Mrs, Miss, Ms or Master; the surname may be missing). A company's name has no parts.
 */
export function parseOfficerName(name: string | null | undefined, role: string | null | undefined): OfficerName {
  if (!name || role?.startsWith('corporate-')) return { title: null, forenames: null, surname: null }
  const [first = '', second, ...rest] = name.split(',').map((part) => part.trim())
  const title = rest.join(', ') || null
  if (second !== undefined) return { title, forenames: second || null, surname: first || null }
  return first === first.toUpperCase()
    ? { title, forenames: null, surname: first || null }
    : { title, forenames: first, surname: null }
}
