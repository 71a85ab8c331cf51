import type { Random } from './random.ts'
import type { SyntheticAddress } from './shapes.ts'

type Place = readonly [locality: string, region: string | undefined, postcodeArea: string]

/** Invented streets in real post towns. */
const ENGLISH: readonly Place[] = [
  ['London', undefined, 'EC'],
  ['London', undefined, 'SE'],
  ['London', 'Greater London', 'N'],
  ['Leeds', 'West Yorkshire', 'LS'],
  ['Manchester', 'Greater Manchester', 'M'],
  ['Birmingham', undefined, 'B'],
  ['Bristol', undefined, 'BS'],
  ['Norwich', 'Norfolk', 'NR'],
  ['Truro', 'Cornwall', 'TR'],
  ['Newcastle Upon Tyne', 'Tyne And Wear', 'NE'],
  ['Tadley', 'Hampshire', 'RG'],
]
const WELSH: readonly Place[] = [
  ['Cardiff', 'South Glamorgan', 'CF'],
  ['Swansea', undefined, 'SA'],
  ['Llandudno', 'Conwy', 'LL'],
]
const SCOTTISH: readonly Place[] = [
  ['Edinburgh', 'Midlothian', 'EH'],
  ['Glasgow', undefined, 'G'],
  ['Inverness', 'Inverness-Shire', 'IV'],
]
const NORTHERN_IRISH: readonly Place[] = [
  ['Belfast', 'County Antrim', 'BT'],
  ['Newry', 'County Down', 'BT'],
]

const COUNTRIES: Record<string, readonly [string, readonly Place[]]> = {
  scotland: ['Scotland', SCOTTISH],
  'northern-ireland': ['Northern Ireland', NORTHERN_IRISH],
  wales: ['Wales', WELSH],
}

const ENGLAND: readonly [string, readonly Place[]] = ['England', ENGLISH]

const STREETS = ['High Street', 'Mill Lane', 'Station Road', 'Heath Road', 'Orchard Way', 'Quay Street', 'Park View']
const ESTATES = ['Banham Court', 'Foxglove Business Park', 'Harbour House', 'Kestrel Works', 'Littleton Mews']
const LETTERS = 'ABDEFGHJLNPQRSTUWXYZ'

/** An address with `premises` kept apart, as searches and officers have it; profiles fold it (see `foldPremises`). */
export function drawAddress(random: Random, jurisdiction: string | undefined): SyntheticAddress {
  const [country, places] = COUNTRIES[jurisdiction ?? ''] ?? ENGLAND
  const [locality, region, area] = random.pick(places)
  const roll = random.fraction()
  return {
    address_line_1: random.pick(STREETS),
    address_line_2: random.chance(0.2) ? random.pick(ESTATES) : undefined,
    care_of: random.chance(0.02) ? 'Foxglove Accountants' : undefined,
    country: roll < 0.3 ? undefined : roll < 0.5 ? 'United Kingdom' : country,
    locality,
    po_box: random.chance(0.01) ? String(random.between(10, 999)) : undefined,
    postal_code: random.chance(0.03) ? undefined : drawPostcode(random, area),
    premises: drawPremises(random),
    region: random.chance(0.7) ? region : undefined,
  }
}

function drawPremises(random: Random): string {
  if (random.chance(0.1)) return random.pick(ESTATES)
  return random.chance(0.1) ? `Unit ${random.between(1, 99)}` : String(random.between(1, 240))
}

/** Puts the premises in front of the first line, as the profile does (facts 1.4); a named building takes a line of its own. */
export function foldPremises(address: SyntheticAddress): SyntheticAddress {
  const { premises, address_line_1: street = '' } = address
  if (premises === undefined) return address
  const named = premises.charCodeAt(premises.length - 1) > NINE
  return withLines(
    address,
    undefined,
    named ? premises : `${premises} ${street}`,
    named ? street : address.address_line_2,
  )
}

/** The way back from a profile's address to one with premises apart. */
export function unfoldPremises(address: SyntheticAddress): SyntheticAddress {
  const { address_line_1: line = '', address_line_2: second } = address
  const numbered = /^((?:Unit )?\d+) (.+)$/.exec(line)
  return numbered
    ? withLines(address, numbered[1], numbered[2], second)
    : withLines(address, line === '' ? undefined : line, second, undefined)
}

function withLines(
  address: SyntheticAddress,
  premises: string | undefined,
  first: string | undefined,
  second: string | undefined,
): SyntheticAddress {
  return {
    address_line_1: first,
    address_line_2: second,
    care_of: address.care_of,
    country: address.country,
    locality: address.locality,
    po_box: address.po_box,
    postal_code: address.postal_code,
    premises,
    region: address.region,
  }
}

const NINE = '9'.charCodeAt(0)

function drawPostcode(random: Random, area: string): string {
  const unit = `${random.below(10)}${LETTERS.charAt(random.below(LETTERS.length))}${LETTERS.charAt(random.below(LETTERS.length))}`
  return `${area}${random.between(1, 20)} ${unit}`
}
