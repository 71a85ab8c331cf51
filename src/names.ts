// Names of companies and people as they are compared, whoever typed them.

/** Letters that no decomposition reduces to a plain one. */
const PLAIN: Record<string, string> = {
  ł: 'l',
  đ: 'd',
  ð: 'd',
  ø: 'o',
  æ: 'ae',
  œ: 'oe',
  ß: 'ss',
  þ: 'th',
  ı: 'i',
  ς: 'σ',
}

/** The words of a name as they are compared: lower case, no accents; apostrophes and dots join, all else separates. */
export function nameWords(name: string): string[] {
  return name
    .toLowerCase()
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(/[łđðøæœßþıς]/g, (letter) => PLAIN[letter] ?? letter)
    .replace(/['’‘ʼ`´.]+/g, '')
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean)
}

// Titles of people: the register writes one where a forename is expected when nobody filed a forename (facts 1.5).

const words = (text: string) => new Set(text.split(/\s+/).filter(Boolean))

const PEERS = words(`lord lady earl viscount viscountess baroness baron marquess marquis marchioness duke duchess count
  countess`)

/** A word of these alone makes a title. */
const TITLES = words(`mr mrs miss ms mx messrs dr doctor sir dame prof professor rev revd reverend hon honourable
  captain capt colonel col major maj general lieutenant lt brigadier brig admiral commander cdr commodore marshal
  sergeant sgt cllr councillor alderman canon archbishop archdeacon rabbi imam ambassador sheikh sheikha prince
  princess judge baronet bt hrh`)

/** Forenames as well: in front of another forename they may be one. */
const FORENAMES_TOO = words('earl baron duke count marquis prince princess major general canon judge lady hon col')

/** Found in titles, and none without another word: `The Rt Hon`, `Wing Commander`, `Col (Retd)`. */
const COMPANIONS = words(
  'the rt right very most of and in wing group squadron flight air rear vice chief retd ret retired',
)

const isTitleWord = (word: string) => TITLES.has(word) || PEERS.has(word)

/**
 * Whether what stands in the place of the forenames is a title and nothing else: `Earl`, `The Rt Hon.`, and a peer's
 * style, `Lord Smith Of Kelvin`, `Earl Howe` for the surname `HOWE`. A lone `Earl` could be a forename: it counts as a
 * title, since nobody can tell.
 */
export function isTitleAlone(forenames: string, surname = ''): boolean {
  const said = nameWords(forenames)
  const plain = said.filter((word) => !isTitleWord(word) && !COMPANIONS.has(word))
  const [first = ''] = said.filter((word) => !COMPANIONS.has(word))
  if (plain.length === 0) return said.some(isTitleWord)
  if (!PEERS.has(first)) return false
  const own = new Set(nameWords(surname))
  return said.includes('of') || plain.every((word) => own.has(word))
}

/**
 * The words of a name without the titles in front, in every way they may be read: `sir john` is `john`, `earl winston`
 * may be either. A name of nothing but titles keeps its last word.
 */
export function withoutTitles(name: string[]): string[][] {
  const readings: string[][] = []
  let rest = name
  for (let length = titleLength(rest); length > 0 && length < rest.length; length = titleLength(rest)) {
    if (length === 1 && FORENAMES_TOO.has(rest[0] ?? '')) readings.push(rest)
    rest = rest.slice(length)
  }
  return [...readings, rest]
}

/** How many words the title at the beginning has. */
function titleLength(name: string[]): number {
  const place = name.findIndex((word) => !COMPANIONS.has(word) || isTitleWord(word))
  return isTitleWord(name[place] ?? '') ? place + 1 : 0
}
