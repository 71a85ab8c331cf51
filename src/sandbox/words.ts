import { weights } from './random.ts'

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
export const OCCUPATIONS = [
  'Accountant', 'Architect', 'Builder', 'Chief Executive', 'Company Director', 'Consultant', 'Dentist', 'Director',
  'Electrician', 'Engineer', 'Entrepreneur', 'Farmer', 'Finance Director', 'Hairdresser', 'It Consultant', 'Lawyer',
  'Managing Director', 'None', 'Nurse', 'Plumber', 'Property Developer', 'Retired', 'Solicitor', 'Teacher',
] as const

// biome-ignore format: a table
export const NATIONALITIES = weights([
  ['British', 60], ['English', 4], ['Scottish', 3], ['Welsh', 2], ['Irish', 4], ['Polish', 3], ['Indian', 4], ['French', 2],
  ['German', 2], ['Romanian', 2], ['Chinese', 2], ['American', 2], ['Nigerian', 2], ['British,Irish', 1],
])

// biome-ignore format: a table
export const RESIDENCES = weights([
  ['England', 50], ['United Kingdom', 25], ['Scotland', 6], ['Wales', 4], ['Northern Ireland', 3], ['Ireland', 2],
  ['France', 1], ['United States', 1], ['Hong Kong', 1],
])
