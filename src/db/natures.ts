// How a company is controlled, in words. The codes follow a grammar (facts 5.5): a right, with a share where it has one,
// then through whom it is held, then what kind of entity it is held in. The words are those of the register's short
// descriptions where it has them.

const SHARES: Record<string, string> = {
  '25-to-50-percent': 'More than 25% but not more than 50%',
  '50-to-75-percent': 'More than 50% but less than 75%',
  '75-to-100-percent': '75% or more',
  'more-than-25-percent': 'More than 25%',
}

const SHARED_RIGHTS: Record<string, string> = {
  'ownership-of-shares': 'Ownership of shares – ',
  'voting-rights': 'Ownership of voting rights - ',
  'right-to-share-surplus-assets': 'Right to surplus assets - ',
  'part-right-to-share-surplus-assets': 'Right to surplus assets - ',
}

const WHOLE_RIGHTS: Record<string, string> = {
  'right-to-appoint-and-remove-directors': 'Right to appoint or remove directors',
  'right-to-appoint-and-remove-members': 'Right to appoint or remove members',
  'right-to-appoint-and-remove-person': 'Right to appoint or remove persons',
  'significant-influence-or-control': 'Has significant influence or control',
}

const CAPACITIES: Record<string, string> = {
  '': '',
  'as-trust': ' with control over the trustees of a trust',
  'as-firm': ' as a member of a firm',
  'as-control-over-trust': ' through a trust under significant influence',
  'as-control-over-firm': ' through a firm under significant influence',
}

const OVERSEAS = 'registered-overseas-entity'
const CODE = new RegExp(
  `^(?:(${Object.keys(SHARED_RIGHTS).join('|')})-(${Object.keys(SHARES).join('|')})|(${Object.keys(WHOLE_RIGHTS).join('|')}))` +
    `(?:-(as-trust|as-firm|as-control-over-trust|as-control-over-firm))?(?:-(limited-liability-partnership|${OVERSEAS}))?$`,
)

const NOMINEE =
  /^registered-owner-as-nominee-(person|another-entity)-(england-wales|scotland|northern-ireland)-registered-overseas-entity$/
const COUNTRIES: Record<string, string> = {
  'england-wales': 'England and Wales',
  scotland: 'Scotland',
  'northern-ireland': 'Northern Ireland',
}

/** A code in words; the code itself where nobody knows it yet. */
export function natureInWords(code: string): string {
  const [, right, share = '', whole = '', capacity = '', entity] = CODE.exec(code) ?? []
  if (right !== undefined || whole !== '') {
    const words = right === undefined ? WHOLE_RIGHTS[whole] : `${SHARED_RIGHTS[right]}${SHARES[share]}`
    return words + capacityInWords(capacity, whole, entity)
  }
  const [, owner, country = ''] = NOMINEE.exec(code) ?? []
  if (owner === undefined) return code
  const forWhom = owner === 'person' ? 'this person' : 'another entity of which this person is the beneficial owner'
  return `Overseas entity holds land or property in ${COUNTRIES[country]} as a nominee for ${forWhom}`
}

/** In an overseas entity the owner is a trustee; elsewhere the owner has control over the trustees. */
function capacityInWords(capacity: string, right: string, entity: string | undefined): string {
  if (capacity === 'as-trust' && entity === OVERSEAS) return ' as a trustee of a trust'
  if (capacity === 'as-trust' && right === 'significant-influence-or-control') return ' over the trustees of a trust'
  return CAPACITIES[capacity] ?? ''
}

/** Codes joined by commas, in words joined by semicolons; null where there is none. */
export function naturesInWords(codes: unknown): string | null {
  if (typeof codes !== 'string' || codes === '') return null
  return codes.split(',').map(natureInWords).join('; ')
}
