// SIC 2007: five-digit codes begin with a division of two digits, and divisions make sections (Office for National
// Statistics, UK SIC 2007). Companies House adds 99999, dormant company, to the last one.

/** The letter, the name, and the first and last division of each section. */
const SECTIONS: readonly [letter: string, name: string, first: number, last: number][] = [
  ['A', 'Agriculture, forestry and fishing', 1, 3],
  ['B', 'Mining and quarrying', 5, 9],
  ['C', 'Manufacturing', 10, 33],
  ['D', 'Electricity, gas and steam', 35, 35],
  ['E', 'Water, sewerage and waste', 36, 39],
  ['F', 'Construction', 41, 43],
  ['G', 'Wholesale and retail; motor repair', 45, 47],
  ['H', 'Transport and storage', 49, 53],
  ['I', 'Accommodation and food', 55, 56],
  ['J', 'Information and communication', 58, 63],
  ['K', 'Finance and insurance', 64, 66],
  ['L', 'Real estate', 68, 68],
  ['M', 'Professional, scientific and technical', 69, 75],
  ['N', 'Administration and support', 77, 82],
  ['O', 'Public administration and defence', 84, 84],
  ['P', 'Education', 85, 85],
  ['Q', 'Health and social work', 86, 88],
  ['R', 'Arts, entertainment and recreation', 90, 93],
  ['S', 'Other services', 94, 96],
  ['T', 'Households and residents’ property', 97, 98],
  ['U', 'International bodies; dormant companies', 99, 99],
]

/** Companies that have not filed a new code since 2007 keep one of four digits, whose divisions mean other things. */
const SIC_2003 = 'SIC 2003 (four-digit codes)'

/** `J Information and communication` for `62012`, `SIC 2003` for `7499`; null for what is no SIC code. */
export function sicSection(code: string): string | null {
  if (/^\d{4}$/.test(code)) return SIC_2003
  if (!/^\d{5}$/.test(code)) return null
  const division = Number(code.slice(0, 2))
  const section = SECTIONS.find(([, , first, last]) => division >= first && division <= last)
  return section ? `${section[0]} ${section[1]}` : null
}
