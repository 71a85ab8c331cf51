import { type Random, weights } from './random.ts'
import type { NameElements, SyntheticOfficerItem } from './shapes.ts'

/** A human or a company that can be appointed: what stays the same over all its appointments. */
export interface Person {
  nameElements?: NameElements
  corporateName?: string
  /** As the officer list writes it (facts 1.5). */
  listName: string
  /** First 8 digits of `person_number`. */
  personKey: string
  traits: Partial<SyntheticOfficerItem>
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

function drawFormerNames(random: Random): NonNullable<SyntheticOfficerItem['former_names']> {
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

/** Invented names: every company, person and address of the sandbox is put together from these. */

// biome-ignore format: a table
export const FIRST_WORDS = [
  'ABBEY', 'ALDER', 'AMBER', 'ANCHOR', 'ASHDOWN', 'BEACON', 'BIRCHWOOD', 'BLUEBELL', 'BRAMBLE', 'CEDAR', 'COPPER',
  'CROSSWAY', 'DALESIDE', 'EASTGATE', 'ELM TREE', 'FAIRVIEW', 'FERNHILL', 'FOXGLOVE', 'GRANITE', 'GREENACRE', 'HARBOUR',
  'HAWTHORN', 'HEATHER', 'IRONBRIDGE', 'JUNIPER', 'KESTREL', 'KINGFISHER', 'LARKSPUR', 'LIMESTONE', 'MEADOW',
  'MILLSTONE', 'NORTHSTAR', 'OAKFIELD', 'ORCHARD', 'PENNINE', 'QUARRY', 'REDWOOD', 'RIVERSIDE', 'ROWAN', 'SALTMARSH',
  'SILVERDALE', 'SKYLARK', 'STONEGATE', 'THISTLE', 'TIDEWATER', 'UPLAND', 'VALLEY', 'WESTBROOK', 'WILLOW', 'YEW TREE',
  'CAFÉ SOLEIL', 'ÉLAN', '1ST CHOICE', '20-20', '!NOVA', 'A & B', "MCALLISTER'S", 'ÅSGARD', 'D.J.W.', 'X-PRESS',
] as const

// biome-ignore format: a table
export const SECOND_WORDS = [
  'BAKERY', 'BUILDERS', 'CARE', 'CATERING', 'CLEANING', 'CONSULTING', 'DENTAL', 'DESIGN', 'DEVELOPMENTS', 'DIGITAL',
  'ELECTRICAL', 'ENGINEERING', 'ESTATES', 'FABRICATION', 'FINANCE', 'FOODS', 'FURNITURE', 'GARAGE', 'HAULAGE',
  'HOLDINGS', 'INTERIORS', 'INVESTMENTS', 'JOINERY', 'LANDSCAPES', 'LETTINGS', 'LOGISTICS', 'MANAGEMENT', 'MARINE',
  'MEDIA', 'MOTORS', 'NURSERIES', 'PACKAGING', 'PLUMBING', 'PRINT', 'PROPERTY', 'RECRUITMENT', 'RENEWABLES', 'ROOFING',
  'SECURITY', 'SERVICES', 'SOFTWARE', 'SOLUTIONS', 'STUDIOS', 'SUPPLIES', 'SYSTEMS', 'TEXTILES', 'TRADING', 'TRAVEL',
  'VENTURES', 'WELLBEING', 'WINES', 'WOODWORK', 'YACHTS', '"EXPRESS" CARS', 'SONS, BROTHERS', '(HOLDINGS)',
] as const

export const THIRD_WORDS = ['GROUP', 'UK', 'INTERNATIONAL', '(NORTH)', 'PARTNERS', 'EUROPE', '2000', 'GLOBAL'] as const

// biome-ignore format: a table
export const FORENAMES = [
  'Aaliyah', 'Adam', 'Aisha', 'Alan', 'Alastair', 'Amélie', 'Andrew', 'Angela', 'Anna-Maria', 'Arjun', 'Beatrice',
  'Benjamin', 'Bronwen', 'Callum', 'Carys', 'Catherine', 'Charles', 'Chloë', 'Christopher', 'Claire', 'Daniel', 'David',
  'Deepika', 'Dmitri', 'Eilidh', 'Eleanor', 'Emeka', 'Emily', 'Fatima', 'Fergus', 'Fiona', 'François', 'Gareth', 'George',
  'Grace', 'Hannah', 'Harpreet', 'Helen', 'Hiroshi', 'Ian', 'Imran', 'Isla', 'Jack', 'Jacqueline', 'James', 'Jean-Luc',
  'Joanna', 'John', 'José', 'Karen', 'Katarzyna', 'Kenneth', 'Lakshmi', 'Laura', 'Liam', 'Łukasz', 'Margaret', 'Matthew',
  'Mohammed', 'Niamh', 'Nicholas', 'Olivia', 'Oluwaseun', 'Patrick', 'Peter', 'Rachel', 'Rhys', 'Robert', 'Ruth', 'Samir',
  'Sarah', 'Siân', 'Søren', 'Stephen', 'Susan', 'Thomas', 'Victoria', 'Wei', 'William', 'Yusuf', 'Zoë',
] as const

// biome-ignore format: a table
export const SURNAMES = [
  'ABARA', 'ADDERLEY', 'ANDERSBY', 'ASHWORTHY', 'BARNABY-COLE', 'BEAUMONTE', 'BLACKWOODE', 'BRIGHTMOOR', 'CALLOWHILL',
  'CARRICKSON', 'CHAUDHARI', 'CHEN', 'COPPERFIELDE', "D'ARCY-HUGHES", 'DAVENHALL', 'DE LA MARE', 'DRUMMONDE', 'EDGECOMB',
  'ELLERBEE', 'FAIRWEATHERS', 'FENWICKE', 'FITZALLAN', 'GALBRAITHE', 'GOLDSWORTH', 'GREENHALGHE', 'HARGREAVER', 'HEPPLE',
  'HOLLOWAYE', 'IBRAHIMOV', 'INGLEBY', 'JASKÓLSKI', 'JONES-PARRY', 'KHATRI', 'KOWALCZYK', 'LANGTREE', 'LE FEUVRE', 'LI',
  'LOCKHARTE', 'MACGILLIVRAY', 'MCDONALD', 'McDONALD', "O'BRIEN", "O'SULLIVAN", 'MÜLLER', 'NAKAMURA', 'NETHERCOTT',
  'NGUYEN', 'NØRGAARD', 'OKONKWO-BELL', 'ÖZTÜRK', 'PATELIA', 'PEMBERTONE', 'PENHALIGON', 'QUAYLE', 'RAMSBOTTOME',
  'ROTHWELLE', 'SAINT-CLAIR', 'ŞAHİN', 'SANDOVAL', 'SINGHANIA', 'STEPHANOPOULOS', 'TATTERSAL', 'THORNTONE', 'TREVELLICK',
  'UNSWORTHY', 'VAN DER BERG', 'VON HALLER', 'WAINSCOTT', 'WĘGRZYN', 'WHITTAKERS', 'WOODHOUSEN', 'YARDLEIGH', 'ŽIVKOVIĆ',
  'ΠΑΠΑΔΟΠΟΥΛΟΣ', 'ЯКОВЛЕВ', 'ÅKESSON',
] as const

// biome-ignore format: a table
const OCCUPATIONS = [
  'Accountant', 'Architect', 'Builder', 'Chief Executive', 'Company Director', 'Consultant', 'Dentist', 'Director',
  'Electrician', 'Engineer', 'Entrepreneur', 'Farmer', 'Finance Director', 'Hairdresser', 'It Consultant', 'Lawyer',
  'Managing Director', 'None', 'Nurse', 'Plumber', 'Property Developer', 'Retired', 'Solicitor', 'Teacher',
] as const

// biome-ignore format: a table
const NATIONALITIES = weights([
  ['British', 60], ['English', 4], ['Scottish', 3], ['Welsh', 2], ['Irish', 4], ['Polish', 3], ['Indian', 4], ['French', 2],
  ['German', 2], ['Romanian', 2], ['Chinese', 2], ['American', 2], ['Nigerian', 2], ['British,Irish', 1],
])

// biome-ignore format: a table
const RESIDENCES = weights([
  ['England', 50], ['United Kingdom', 25], ['Scotland', 6], ['Wales', 4], ['Northern Ireland', 3], ['Ireland', 2],
  ['France', 1], ['United States', 1], ['Hong Kong', 1],
])
