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

const UNITED_KINGDOM =
  /\b(?:england|english|wales|welsh|scotland|scottish|northern ireland|united kingdom|u\.? ?k\b\.?|great britain|gb|britain|companies house|e ?& ?w)/

/** Places near to the words above that have registers of their own. */
const ELSEWHERE =
  /\b(?:jersey|guernsey|alderney|sark|channel islands?|isle of man|i\.?o\.?m|gibraltar|virgin islands?|b\.?v\.?i|tortola|cayman|bermuda|anguilla|turks|montserrat|falkland|st\.? helena|delaware|nevada|wyoming|new south wales|new england|nova scotia|british columbia|british indian|(?<!northern )ireland|eire|dublin|luxembourg|cyprus|malta|seychelles|hong kong|singapore|marshall islands|united states|u\.?s\.?a?)\b/

/**
 * The number of a body that the appointment says is registered in the United Kingdom, in the register's own form; null for
 * every other. Its kind says so (`uk-limited-company`), else the place, else, where no place is given, the law.
 */
export function ukBodyNumber(body: BodyFacts): string | null {
  return body.registration_number && isRegisteredInUk(body) ? companyNumber(body.registration_number) : null
}

function isRegisteredInUk(body: BodyFacts): boolean {
  const { identification_type: kind, place_registered: place, register_location: register, legal_authority: law } = body
  const places = [place, register].map((text) => (text ?? '').toLowerCase().trim())
  if (places.some((text) => ELSEWHERE.test(text))) return false
  if (kind === 'uk-limited-company') return true
  if (places.some((text) => text !== '')) return places.some((text) => UNITED_KINGDOM.test(text))
  const foreign = kind === 'eea' || kind === 'non-eea' || ELSEWHERE.test((law ?? '').toLowerCase())
  return !foreign && UNITED_KINGDOM.test((law ?? '').toLowerCase())
}
