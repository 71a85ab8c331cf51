import { type Random, weights } from './random.ts'
import type { NameElements, OfficerItem } from './shapes.ts'
import { FIRST_WORDS, FORENAMES, NATIONALITIES, OCCUPATIONS, RESIDENCES, SECOND_WORDS, SURNAMES } from './words.ts'

/** A human or a company that can be appointed: what stays the same over all its appointments. */
export interface Person {
  nameElements?: NameElements
  corporateName?: string
  /** As the officer list writes it (facts 1.5). */
  listName: string
  /** First 8 digits of `person_number`. */
  personKey: string
  traits: Partial<OfficerItem>
}

const TITLES = weights([
  ['Mr', 38],
  ['Mrs', 22],
  ['Ms', 12],
  ['Miss', 10],
  ['Master', 1],
  ['Dr', 4],
  ['Professor', 1],
  ['Sir', 1],
  ['Lord', 1],
  ['Reverend', 1],
  ['Dame', 0.5],
  ['MR', 1],
])

const OTHER_FORENAMES = weights([
  [0, 45],
  [1, 45],
  [2, 10],
])

/** Titles that the officer list leaves out, in any case. */
const COMMON_TITLE = /^(?:mrs?|miss|ms|master)$/i

/** Draws a human being; `today` is the day number from which ages are reckoned. */
export function drawHuman(random: Random, today: number): Person {
  const title = random.chance(0.9) ? random.weighted(TITLES) : undefined
  const others = random.weighted(OTHER_FORENAMES)
  const surname = random.chance(0.005) ? undefined : random.pick(SURNAMES)
  const forenames = {
    forename: random.pick(FORENAMES),
    ...(others > 0 ? { other_forenames: drawForenames(random, others) } : {}),
  }
  const nameElements: NameElements = {
    ...(title === undefined ? {} : { title }),
    // A peer files no forename: the list then has the title in its place (facts 1.5).
    ...(title === 'Lord' && surname !== undefined ? {} : forenames),
    ...(surname === undefined ? {} : { surname }),
    ...(random.chance(0.02) ? { honours: random.pick(['Obe', 'Mbe', 'Kc', 'Cbe']) } : {}),
  }
  return {
    nameElements,
    listName: listName(nameElements),
    personKey: drawPersonKey(random),
    traits: {
      date_of_birth: { month: random.between(1, 12), year: 1970 + Math.floor(today / 365.25) - random.between(19, 85) },
      nationality: random.weighted(NATIONALITIES),
      country_of_residence: random.weighted(RESIDENCES),
      occupation: random.pick(OCCUPATIONS),
      ...(random.chance(0.05) ? { former_names: drawFormerNames(random) } : {}),
    },
  }
}

/** Draws a company that serves as an officer, mostly with an identification (facts 1.5). */
export function drawFirm(random: Random): Person {
  const corporateName = `${random.pick(FIRST_WORDS)} ${random.pick(['SECRETARIES', 'NOMINEES', 'DIRECTORS', ...SECOND_WORDS])} LIMITED`
  const foreign = random.chance(0.15)
  return {
    corporateName,
    listName: corporateName,
    personKey: drawPersonKey(random),
    traits: random.chance(0.1)
      ? {}
      : { identification: foreign ? drawForeignIdentity(random) : drawHomeIdentity(random) },
  }
}

/** `SURNAME, Forename Other, Title`: the title only when it is an uncommon one. */
export function listName({ surname, forename, other_forenames, title }: NameElements): string {
  const forenames = [forename, other_forenames].filter((part) => part !== undefined).join(' ')
  // [B] without a surname the name starts with the forename.
  const parts = [surname, forenames === '' ? undefined : forenames, isShown(title) ? title : undefined]
  return parts.filter((part) => part !== undefined).join(', ')
}

/** `Title Forename Other SURNAME`: the other way round, as the list of an officer's appointments has it. */
export function naturalName({ surname, forename, other_forenames, title }: NameElements): string {
  return [isShown(title) ? title : undefined, forename, other_forenames, surname]
    .filter((part) => part !== undefined)
    .join(' ')
}

function isShown(title: string | undefined): boolean {
  return title !== undefined && !COMMON_TITLE.test(title)
}

function drawForenames(random: Random, count: number): string {
  return Array.from({ length: count }, () => random.pick(FORENAMES)).join(' ')
}

function drawFormerNames(random: Random): NonNullable<OfficerItem['former_names']> {
  const former = { forenames: random.pick(FORENAMES), surname: random.pick(SURNAMES) }
  return random.chance(0.3) ? [former, { surname: random.pick(SURNAMES) }] : [former]
}

function drawPersonKey(random: Random): string {
  return String(random.between(1, 99_999_999)).padStart(8, '0')
}

/** The registration number is as somebody typed it: often without its leading zeros (facts 1.5). */
function drawHomeIdentity(random: Random): Record<string, string> {
  return {
    identification_type: 'uk-limited-company',
    ...(random.chance(0.5) ? { legal_authority: 'Companies Act 2006', legal_form: 'Private Limited Company' } : {}),
    ...(random.chance(0.6) ? { place_registered: random.pick(['England And Wales', 'Companies House', 'UK']) } : {}),
    registration_number: asTyped(random, String(random.between(100_000, 16_000_000))),
  }
}

function asTyped(random: Random, number: string): string {
  const grouped = number.replace(/\B(?=(?:\d{3})+$)/g, ' ')
  return random.chance(0.8) ? number : random.pick([number.padStart(8, '0'), grouped, `No. ${number}`, `${number}.`])
}

function drawForeignIdentity(random: Random): Record<string, string> {
  return {
    identification_type: random.pick(['eea', 'non-eea', 'other-corporate-body-or-firm']),
    legal_authority: random.pick(['Luxembourg', 'Jersey Law', 'Bvi Business Companies Act 2004']),
    legal_form: random.pick(['Société À Responsabilité Limitée', 'Limited Company', 'Corporation']),
    ...(random.chance(0.7) ? { place_registered: random.pick(['Tortola', 'Jersey', 'Rcs Luxembourg']) } : {}),
    ...(random.chance(0.7) ? { registration_number: `B ${random.between(10_000, 99_999)}` } : {}),
  }
}
