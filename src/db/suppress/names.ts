// Suppression by name and month of birth: the register has no better sign that two officer ids are one person.
import { isTitleAlone, nameWords, withoutTitles } from '../../names.ts'

/** What identifies a person. */
export interface PersonFacts {
  /** As filed: `SURNAME, Forename Middle, Title`. */
  name?: string | null | undefined
  surname?: string | null | undefined
  forenames?: string | null | undefined
  date_of_birth_year?: number | null | undefined
  date_of_birth_month?: number | null | undefined
}

export interface NameRule {
  /** As `nameValue` writes it. */
  value: string
  /** `YYYY-MM`. */
  born: string
}

/** A name as it is stored, `van der berg, anna maria`; null without a surname or a forename. A title is no part of it. */
export function nameValue(surname: string, forenames: string): string | null {
  const [last, first] = [plainest(nameWords(surname)), plainest(nameWords(forenames))]
  if (last.length === 0 || first.length === 0 || isTitleAlone(forenames, surname)) return null
  return `${last.join(' ')}, ${first.join(' ')}`
}

/** Without the titles that can be nothing else. */
function plainest(words: string[]): string[] {
  return withoutTitles(words)[0] ?? words
}

/**
 * A function that says whether any rule means a person: same month of birth, same surname or one part of a double one,
 * same first forename, and no further forename that contradicts: a middle name may be missing on either side. An initial
 * stands for every name that begins with it; titles in front, spaces and hyphens do not count. A person without a month of
 * birth or a name is never meant.
 */
export function nameRules(rules: NameRule[]): (person: PersonFacts) => boolean {
  const byMonth = new Map<string, RuleName[]>()
  for (const { value, born } of rules) {
    const [surname = '', forenames = ''] = value.split(', ')
    const names = byMonth.get(born) ?? []
    byMonth.set(born, names)
    names.push({
      surnames: withoutTitles(surname.split(' ')).map(surnameOf),
      forenames: withoutTitles(forenames.split(' ')),
    })
  }
  return (person) => {
    const month = byMonth.get(monthOfBirth(person))
    if (!month) return false
    return readings(person).some(([surname, forenames]) => {
      const own = {
        surnames: withoutTitles(surname).map(surnameOf),
        forenames: withoutTitles(forenames),
      }
      return month.some((rule) => isSamePerson(rule, own))
    })
  }
}

/**
 * A function that says whether the letters of a name, or of a surname, hold a surname of a rule, or a part of one: where they
 * do not, no rule means it. It takes a tenth of the time, and of few rules a hundredth.
 */
export function surnameTest(rules: NameRule[]): (name: string) => boolean {
  const surnames = rules.flatMap(({ value }) => withoutTitles((value.split(', ')[0] ?? '').split(' ')).map(surnameOf))
  const wanted = [...new Set(surnames.flatMap(({ whole, parts }) => [whole, ...parts]))]
  const plain = wanted.length <= FEW_SURNAMES ? plainPattern(wanted) : null
  return (name) => {
    if (plain && !OTHER_THAN_ASCII.test(name)) return plain.test(name)
    const letters = lettersOf(name)
    return wanted.some((one) => letters.includes(one))
  }
}

/** A pattern goes through a name for each of them. */
const FEW_SURNAMES = 20

/** Finds in a name of ASCII alone what its letters hold: between two of them may stand what is none. */
function plainPattern(wanted: string[]): RegExp {
  const plain = wanted.filter((one) => /^[a-z0-9]*$/.test(one))
  return plain.length > 0 ? new RegExp(plain.map((one) => [...one].join('[^a-z0-9]*')).join('|'), 'i') : /(?!)/
}

/** The words of a name as they are compared, written together. */
function lettersOf(name: string): string {
  return OTHER_THAN_ASCII.test(name) ? nameWords(name).join('') : name.toLowerCase().replace(/[^a-z0-9]+/g, '')
}

const OTHER_THAN_ASCII = /[^\u0000-\u007f]/

interface RuleName {
  surnames: Surname[]
  forenames: string[][]
}

/** A surname written together, and the parts of a double one, each with the particles before it. */
interface Surname {
  whole: string
  parts: string[]
}

/** They belong to the word behind them: `van der berg` is one part. */
const PARTICLES = new Set(
  'van von der den de del della di da das do dos du des la las le los ten ter zu zum zur af av bin ibn bint binti al el abu o mac mc st saint san'.split(
    ' ',
  ),
)

/** Between two surnames, and part of neither. */
const LINKS = new Set(['y', 'e', 'i', 'and', 'nee'])

function surnameOf(words: string[]): Surname {
  const parts: string[] = []
  let before = ''
  const endPart = () => {
    if (before !== '') parts.push(before)
    before = ''
  }
  for (const word of words) {
    if (LINKS.has(word) && parts.length > 0) {
      endPart()
      continue
    }
    before += word
    if (!PARTICLES.has(word)) endPart()
  }
  endPart()
  return { whole: words.join(''), parts }
}

function isSamePerson(rule: RuleName, person: RuleName): boolean {
  return (
    rule.surnames.some((one) => person.surnames.some((other) => isSameSurname(one, other))) &&
    rule.forenames.some((one) => person.forenames.some((other) => agree(one, other)))
  )
}

/** Written alike, the same parts in another order, or one the part of the other. */
function isSameSurname(one: Surname, other: Surname): boolean {
  if (one.whole === other.whole || one.parts.includes(other.whole) || other.parts.includes(one.whole)) return true
  return one.parts.length > 1 && [...one.parts].sort().join(' ') === [...other.parts].sort().join(' ')
}

function monthOfBirth({ date_of_birth_year: year, date_of_birth_month: month }: PersonFacts): string {
  return year && month ? `${year}-${String(month).padStart(2, '0')}` : ''
}

/** The ways to read a name as surname and forenames: one where a comma or the columns tell, else every cut. */
function readings({ name, surname, forenames }: PersonFacts): [surname: string[], forenames: string[]][] {
  if (surname && forenames) return [[nameWords(surname), nameWords(forenames)]]
  const [first = '', second] = (name ?? surname ?? forenames ?? '').split(',')
  if (second !== undefined) return [[nameWords(first), nameWords(second)]]
  const words = withoutTitles(nameWords(first)).at(-1) ?? []
  return words.slice(1).flatMap((_, index): [string[], string[]][] => {
    const [head, tail] = [words.slice(0, index + 1), words.slice(index + 1)]
    return [
      [tail, head],
      [head, tail],
    ]
  })
}

/** Whether the first forenames agree and the others of the shorter list are found in the longer one, in their order. */
function agree(a: string[], b: string[]): boolean {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a]
  const [first = '', ...others] = short
  if (first !== '' && sameOrInitial(first, long[0] ?? '') && isFoundIn(others, long.slice(1))) return true
  return joinedBeginnings(a).includes(b.join('')) || joinedBeginnings(b).includes(a.join(''))
}

function isFoundIn(names: string[], others: string[]): boolean {
  let from = 0
  return names.every((name) => {
    const place = others.findIndex((other, index) => index >= from && sameOrInitial(name, other))
    from = place + 1
    return place >= 0
  })
}

function sameOrInitial(a: string, b: string): boolean {
  return a === b || (a.length === 1 && b.startsWith(a)) || (b.length === 1 && a.startsWith(b))
}

function joinedBeginnings(words: string[]): string[] {
  return words.map((_, index) => words.slice(0, index + 1).join(''))
}
