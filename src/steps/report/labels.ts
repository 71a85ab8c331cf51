// Slugs of the API in words for a reader.

const TYPES: Record<string, string> = {
  ltd: 'Private limited company',
  plc: 'Public limited company',
  llp: 'Limited liability partnership',
  'limited-partnership': 'Limited partnership',
  'private-limited-guarant-nsc': 'Private company limited by guarantee',
  'private-limited-guarant-nsc-limited-exemption': 'Private company limited by guarantee, exempt from “limited”',
  'private-limited-shares-section-30-exemption': 'Private limited company, exempt from “limited”',
  'private-unlimited': 'Private unlimited company',
  'private-unlimited-nsc': 'Private unlimited company without share capital',
  'charitable-incorporated-organisation': 'Charitable incorporated organisation',
  'scottish-charitable-incorporated-organisation': 'Scottish charitable incorporated organisation',
  'registered-society-non-jurisdictional': 'Registered society',
  'industrial-and-provident-society': 'Industrial and provident society',
  'oversea-company': 'Overseas company',
  'uk-establishment': 'UK establishment of an overseas company',
  'registered-overseas-entity': 'Overseas entity',
  'scottish-partnership': 'Scottish qualifying partnership',
  'royal-charter': 'Royal charter company',
  eeig: 'European economic interest grouping',
  ukeig: 'UK economic interest grouping',
  'united-kingdom-societas': 'United Kingdom societas',
}

/** `Public limited company` for `plc`; `Assurance company` for a slug without an entry. */
export function typeLabel(slug: string): string {
  return (Object.hasOwn(TYPES, slug) ? TYPES[slug] : undefined) ?? slugLabel(slug)
}

/** `Llp designated member` would look wrong, so abbreviations stay in capitals. */
const ABBREVIATIONS = new Map([
  ['llp', 'LLP'],
  ['cic', 'CIC'],
  ['eeig', 'EEIG'],
  ['uk', 'UK'],
])

/** `Corporate LLP member` for `corporate-llp-member`. */
export function slugLabel(slug: string): string {
  const text = slug
    .split('-')
    .map((word) => ABBREVIATIONS.get(word) ?? word)
    .join(' ')
  return text.charAt(0).toUpperCase() + text.slice(1)
}
