import { isTitleAlone, nameWords } from '../names.ts'

export interface OfficerName {
  title: string | null
  forenames: string | null
  surname: string | null
}

/** What else the appointment says about who was appointed. */
export interface OfficerSigns {
  /** It says where a body is registered, and as what. */
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

// Legal forms at the end of a name: they tell a company that was appointed under the role of a person.

const words = (text: string) => new Set(text.split(/\s+/).filter(Boolean))

/** No forename and no surname: wherever a name ends with one of these, a body is meant. */
const SURE = words(`ltd limited plc llp lllp llc inc incorporated corp corporation unlimited cic cio clg dac teoranta
  cyf cyfyngedig gmbh ggmbh mbh kgaa ohg aktiengesellschaft sarl sarlu sasu eurl sprl bvba srl scrl ltda ltee limitee pty
  pte bhd kft zrt nyrt doo sro eood ood oyj aps fze fzco fzc wll jsc pjsc ojsc eeig trustees nominees partnership
  partners company foundation stiftung anstalt cooperative society holdings`)

/** Short forms that are also initials, forenames or surnames: other signs must agree. */
const DOUBTFUL = words(`lp slp sa sas sca scs snc ag nv bv cv se as a/s ab oy spa sl slu lda kg og ug ad sc co kb kk
  trust fund`)

interface Signs {
  /** A date of birth says that a person is meant. */
  isPerson: boolean
  /** Of a secretary no date of birth is ever filed. */
  isSecretary: boolean
}

/**
 * Whether a name ends with a legal form, whatever its case and dots: `BELL ARCH LTD.`, `Bell Arch S.à r.l.`, `ARCH LTD,
 * Bell`, `ACME LIMITED (IN LIQUIDATION)`. A short form behind a comma may be initials: it counts only when it is written
 * as a form (`S.A.`, `AG`) and a person would have a date of birth.
 */
function endsWithLegalForm(name: string, { isPerson, isSecretary }: Signs): boolean {
  const bare = name.replace(/[([{][^)\]}]*[)\]}]?/g, ' ').replace(/\s(?:T\/A|TRADING AS)\s.*$/i, ' ')
  const surname = /^([^,]*),/.exec(bare)?.[1]
  if (endsWithOneOf(bare, SURE) || (surname !== undefined && endsWithOneOf(surname, SURE))) return true
  if (isPerson || !endsWithOneOf(bare, DOUBTFUL)) return false
  return surname === undefined || (!isSecretary && /[\s,](?:\p{Lu}\.?\s?|\/){2,}[\s.,]*$/u.test(bare.slice(-40)))
}

/** Whether the last word, or short ones written apart (`S.à r.l.`), are a form and something stands before them. */
function endsWithOneOf(name: string, forms: Set<string>): boolean {
  const said = nameWords(name)
  for (let count = 1; count < said.length && count <= 4; count += 1) {
    const tail = said.slice(-count)
    if (count > 1 && tail.some((word) => word.length > 2)) return false
    if (forms.has(tail.join(''))) return true
  }
  return false
}
