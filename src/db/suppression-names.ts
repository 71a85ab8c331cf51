// Suppression by name and month of birth: the register has no better sign that two officer ids are one person.
import { nameWords } from '../names.ts'

/** What tells who a person is. */
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

/** A name as it is stored, `van der berg, anna maria`; null without a surname or a forename. */
export function nameValue(surname: string, forenames: string): string | null {
  const [last, first] = [nameWords(surname), nameWords(forenames)]
  return last.length > 0 && first.length > 0 ? `${last.join(' ')}, ${first.join(' ')}` : null
}

/**
 * A function that tells whether any rule means a person: same month of birth, same surname, same first forename, and no
 * further forename that contradicts. An initial stands for every name that begins with it; spaces and hyphens do not
 * count. A person without a month of birth or a name is never meant.
 */
export function nameRules(rules: NameRule[]): (person: PersonFacts) => boolean {
  const byMonth = new Map<string, Map<string, string[][]>>()
  for (const { value, born } of rules) {
    const [surname = '', forenames = ''] = value.split(', ')
    const month = byMonth.get(born) ?? new Map<string, string[][]>()
    byMonth.set(born, month)
    const key = surname.replaceAll(' ', '')
    month.set(key, [...(month.get(key) ?? []), forenames.split(' ')])
  }
  return (person) => {
    const month = byMonth.get(monthOfBirth(person))
    if (!month) return false
    return readings(person).some(([surname, forenames]) =>
      (month.get(surname.join('')) ?? []).some((rule) => agree(rule, forenames)),
    )
  }
}

function monthOfBirth({ date_of_birth_year: year, date_of_birth_month: month }: PersonFacts): string {
  return year && month ? `${year}-${String(month).padStart(2, '0')}` : ''
}

/** The ways to read a name as surname and forenames: one where a comma or the columns tell, else every cut. */
function readings({ name, surname, forenames }: PersonFacts): [surname: string[], forenames: string[]][] {
  if (surname && forenames) return [[nameWords(surname), nameWords(forenames)]]
  const [first = '', second] = (name ?? surname ?? forenames ?? '').split(',')
  if (second !== undefined) return [[nameWords(first), nameWords(second)]]
  const words = nameWords(first)
  return words.slice(1).flatMap((_, index): [string[], string[]][] => {
    const [head, tail] = [words.slice(0, index + 1), words.slice(index + 1)]
    return [
      [tail, head],
      [head, tail],
    ]
  })
}

/** Whether one list of forenames is the beginning of the other, word by word or written together. */
function agree(a: string[], b: string[]): boolean {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a]
  if (short.length > 0 && short.every((word, index) => sameOrInitial(word, long[index] ?? ''))) return true
  return joinedBeginnings(a).includes(b.join('')) || joinedBeginnings(b).includes(a.join(''))
}

function sameOrInitial(a: string, b: string): boolean {
  return a === b || (a.length === 1 && b.startsWith(a)) || (b.length === 1 && a.startsWith(b))
}

function joinedBeginnings(words: string[]): string[] {
  return words.map((_, index) => words.slice(0, index + 1).join(''))
}
