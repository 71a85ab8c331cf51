/** An area (`N`), a district (`N1`, `SW1A`), or more of a postcode (`SW1A 1`, `SW1A1AA`). */
const PREFIX = /^([A-Z]{1,2}(?:\d[A-Z\d]?)?)(?:\s*(\d[A-Z]{0,2}))?$/

/**
 * A test for postcodes that begin with `prefix`, or null when it is no beginning of a postcode. The part before the blank
 * counts whole, so that `N1` finds N1 and N1C but not N10 or NE1, and `N` finds neither of NE and NW.
 */
export function postcodeTest(prefix: string): ((postcode: string | null) => boolean) | null {
  const match = PREFIX.exec(prefix.trim().toUpperCase())
  const [, outward, inward = ''] = match ?? []
  if (outward === undefined || (inward !== '' && !/\d/.test(outward))) return null
  const sameKind = /\d$/.test(outward) ? /\d/ : /[A-Z]/
  return (postcode) => {
    const compact = postcode?.toUpperCase().replace(/\s/g, '') ?? ''
    const [itsOutward, itsInward] = compact.length > 4 ? [compact.slice(0, -3), compact.slice(-3)] : [compact, '']
    if (inward !== '') return itsOutward === outward && itsInward.startsWith(inward)
    return itsOutward.startsWith(outward) && !sameKind.test(itsOutward.charAt(outward.length))
  }
}
