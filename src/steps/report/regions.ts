// Regions of the United Kingdom by postcode area, the letters that a postcode begins with. Areas do not follow borders:
// each counts where most of it lies.

import { postcodeParts } from '../../companies-house/postcode.ts'

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
