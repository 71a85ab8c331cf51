// Which corporate officers are companies of the register itself: elsewhere the same number is another company's.
import { companyNumber } from '../company-number.ts'

/** What an appointment says about the body that holds it, as typed there. */
export interface BodyFacts {
  identification_type?: string | null | undefined
  legal_authority?: string | null | undefined
  place_registered?: string | null | undefined
  register_location?: string | null | undefined
  registration_number?: string | null | undefined
}

const NORTHERN = '(?<![a-z])n(?:orthern|orth|th)?\\.?.?'

/** Whole words of lower case; a dot stands for a blank, since blanks part the list. */
function places(list: string): RegExp {
  return new RegExp(`(?<![a-z])(?:${list.trim().split(/\s+/).join('|')})(?![a-z])`)
}

const UNITED_KINGDOM = places(`england english wales welsh scotland scottish ${NORTHERN}ireland united.kingdom u\\.?.?k
  great.britain britain gbr? e.?&.?w companies.house london cardiff edinburgh belfast`)

/** Places near to the words above that have registers of their own. */
const ELSEWHERE =
  places(`jersey guernsey alderney sark channel.islands? isle.of.man i\\.?o\\.?m gibraltar virgin.islands?
  b\\.?v\\.?i tortola cayman bermuda anguilla turks montserrat falklands? st\\.?.helena delaware nevada wyoming
  united.states u\\.?.?s\\.?(?:.?a)? new.south.wales new.england nova.scotia british.columbia ontario canada australia
  british.indian (?<!${NORTHERN})ireland eire dublin luxembourg cyprus malta seychelles mauritius hong.kong singapore
  marshall.islands`)

/**
 * The number of a body that the appointment says is registered in the United Kingdom, in the register's own form; null for
 * every other. Its kind says so (`uk-limited-company`), else the place, else, where no place is given, the law.
 */
export function ukBodyNumber(body: BodyFacts): string | null {
  return body.registration_number && isRegisteredInUk(body) ? companyNumber(body.registration_number) : null
}

function isRegisteredInUk(body: BodyFacts): boolean {
  const kind = body.identification_type
  const [law = '', ...places] = [body.legal_authority, body.place_registered, body.register_location].map(plain)
  if (places.some((text) => ELSEWHERE.test(text))) return false
  if (kind === 'uk-limited-company') return true
  if (places.some((text) => text !== '')) return places.some((text) => UNITED_KINGDOM.test(text))
  return kind !== 'eea' && kind !== 'non-eea' && !ELSEWHERE.test(law) && UNITED_KINGDOM.test(law)
}

function plain(text: string | null | undefined): string {
  return (text ?? '').toLowerCase().replace(/\s+/g, ' ').trim()
}
