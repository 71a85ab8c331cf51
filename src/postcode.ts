// Postcodes as people type them: what counts is their letters and digits.

/** An area (`N`), a district (`N1`, `SW1A`), or more of a postcode (`SW1A 1`, `SW1A1AA`). */
const PREFIX = /^([A-Z]{1,2}(?:\d[A-Z\d]?)?)(?:\s*(\d[A-Z]{0,2}))?$/

/** A whole postcode, whatever follows it. */
const WHOLE = /^([A-Z]{1,2}\d[A-Z\d]?)(\d[A-Z]{2})/

/**
 * A test for postcodes that begin with `prefix`, or null when it is no beginning of a postcode. The part before the blank
 * counts whole, so that `N1` finds N1 and N1C but not N10 or NE1, and `N` finds neither of NE and NW.
 */
export function postcodeTest(prefix: string): ((postcode: string | null) => boolean) | null {
  const sought = postcodeSought(prefix)
  if (sought === null) return null
  const { outward, inward } = sought
  const sameKind = /\d$/.test(outward) ? /\d/ : /[A-Z]/
  return (postcode) => {
    const [itsOutward, itsInward] = postcodeParts(postcode ?? '')
    if (inward !== '') return itsOutward === outward && itsInward.startsWith(inward)
    return itsOutward.startsWith(outward) && !sameKind.test(itsOutward.charAt(outward.length))
  }
}

/** The two parts of a beginning of a postcode, the second one empty where it ends before; null when it is none. */
export function postcodeSought(prefix: string): { outward: string; inward: string } | null {
  const match = PREFIX.exec(prefix.toUpperCase().replace(/^[^A-Z\d]+|[^A-Z\d]+$/g, ''))
  const [, outward, inward = ''] = match ?? []
  return outward === undefined || (inward !== '' && !/\d/.test(outward)) ? null : { outward, inward }
}

/** What `postcodeTest` finds a part before the blank by: `N`, `N1` and `N1C` find `N1C`, and `N1` does not find `N10`. */
export function outwardBeginnings(outward: string): string[] {
  const isDigit = (place: number) => /\d/.test(outward.charAt(place))
  return Array.from(outward, (_, index) => index + 1).flatMap((length) =>
    length === outward.length || isDigit(length - 1) !== isDigit(length) ? [outward.slice(0, length)] : [],
  )
}

/**
 * The part of a postcode before its blank and the part behind it, in capitals: `BR7 5HF.`, `br75hf` and `BR7-5HF` are all
 * `BR7` and `5HF`. Of one that is cut short, its own blank tells.
 */
export function postcodeParts(postcode: string): [outward: string, inward: string] {
  const [first = '', ...rest] = postcode
    .toUpperCase()
    .split(/[^A-Z\d]+/)
    .filter(Boolean)
  const behind = rest.join('')
  const [, outward, inward] = WHOLE.exec(first + behind) ?? []
  return outward !== undefined && inward !== undefined ? [outward, inward] : [first, behind]
}
