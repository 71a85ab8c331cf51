// Regions of the United Kingdom by postcode area, the letters that a postcode begins with. Areas do not follow borders:
// each counts where most of it lies.

import { postcodeParts } from '../../../postcode.ts'

const AREAS: Record<string, string> = {
  'North East': 'DH DL NE SR TS',
  'North West': 'BB BL CA CH CW FY L LA M OL PR SK WA WN',
  'Yorkshire and the Humber': 'BD DN HD HG HU HX LS S WF YO',
  'East Midlands': 'DE LE LN NG NN',
  'West Midlands': 'B CV DY HR ST SY TF WR WS WV',
  'East of England': 'AL CB CM CO IP LU NR PE SG SS WD',
  London: 'BR CR E EC EN HA IG N NW RM SE SM SW TW UB W WC',
  'South East': 'BN CT DA GU HP KT ME MK OX PO RG RH SL SO TN',
  'South West': 'BA BH BS DT EX GL PL SN SP TA TQ TR',
  Wales: 'CF LD LL NP SA',
  Scotland: 'AB DD DG EH FK G HS IV KA KW KY ML PA PH TD ZE',
  'Northern Ireland': 'BT',
  'Channel Islands and Isle of Man': 'GY IM JE',
}

const regions = new Map(
  Object.entries(AREAS).flatMap(([region, areas]) => areas.split(' ').map((area): [string, string] => [area, region])),
)

const NATIONS = new Map([
  ['scotland', 'Scotland'],
  ['wales', 'Wales'],
  ['cymru', 'Wales'],
  ['northern ireland', 'Northern Ireland'],
  ['england', 'England, region not known'],
  ['united kingdom', 'United Kingdom, region not known'],
  ['great britain', 'United Kingdom, region not known'],
  ['uk', 'United Kingdom, region not known'],
  ['gb', 'United Kingdom, region not known'],
])

export const NO_REGION = 'Not known'
export const ABROAD = 'Outside the United Kingdom'

/** The region of a registered office: by its postcode, otherwise by the country that was filed. */
export function regionOf(postcode: string | null, country: string | null): string {
  const [outward, inward] = postcodeParts(postcode ?? '')
  const area = /^[A-Z]+(?=\d)/.exec(outward)?.[0] ?? ''
  const region = /^\d[A-Z]{2}$/.test(inward) ? regions.get(area) : undefined
  if (region) return region
  const filed = (country ?? '').trim().toLowerCase()
  if (filed === '') return NO_REGION
  return NATIONS.get(filed) ?? ABROAD
}

/** What the directory of postcodes says of a postcode: names, null where it has none. */
export interface DirectoryPlace {
  region: string | null
  local_authority: string | null
  country: string | null
}

/** Looks up postcodes, in capitals and without spaces; those that the directory does not have are left out. */
export type PlaceFinder = (postcodes: string[]) => ReadonlyMap<string, DirectoryPlace>

/** A postcode as the directory has it. */
export function directoryKey(postcode: string | null): string {
  return postcodeParts(postcode ?? '').join('')
}

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
