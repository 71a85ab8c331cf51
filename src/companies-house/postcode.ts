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
  const match = PREFIX.exec(prefix.toUpperCase().replace(/^[^A-Z\d]+|[^A-Z\d]+$/g, ''))
  const [, outward, inward = ''] = match ?? []
  if (outward === undefined || (inward !== '' && !/\d/.test(outward))) return null
  const sameKind = /\d$/.test(outward) ? /\d/ : /[A-Z]/
  return (postcode) => {
    const [itsOutward, itsInward] = postcodeParts(postcode ?? '')
    if (inward !== '') return itsOutward === outward && itsInward.startsWith(inward)
    return itsOutward.startsWith(outward) && !sameKind.test(itsOutward.charAt(outward.length))
  }
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
