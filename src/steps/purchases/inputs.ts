// What may be bought, as the keys under which it is bought once and for all.
import { createHash } from 'node:crypto'
import type { OfficerName } from '../../companies-house/officer-name.ts'
import type { Tx } from '../../db/open.ts'
import { findAnswers, type ProviderAnswer } from '../../db/purchases/answers.ts'
import { type AskedInput, type OpenInput, type Operation, readOpenInputs } from '../../db/purchases/requests.ts'
import { isTitleAlone, nameWords } from '../../names.ts'

export interface PersonInput extends AskedInput, PersonName {
  domain: string
}

/** A company's search name as an input; the same for every company of that name. */
export function domainInput(searchName: string): AskedInput {
  return { key: inputKey(['domain', normalName(searchName)]), name: searchName }
}

/** A person at a domain as an input: results are keyed by the full name, so equal names are one input. */
export function personInput({ firstName, lastName }: PersonName, domain: string): PersonInput {
  const name = `${firstName} ${lastName}`
  const host = domain.toLowerCase()
  return { key: inputKey(['person', host, normalName(name)]), name, firstName, lastName, domain: host }
}

/** Where it is kept whether a domain takes mail for everybody. */
export function catchAllKey(domain: string): string {
  return inputKey(['catch-all', domain.toLowerCase()])
}

/** The key of a whole request: of its inputs, in whatever order. */
export function requestKey(inputs: AskedInput[]): string {
  return inputKey(inputs.map(({ key }) => key).sort())
}

function inputKey(parts: string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

/** What is known about one input. `waiting`: it is in an open request, which no second one may join. */
export type Known =
  | { state: 'answered'; answer: ProviderAnswer }
  | { state: 'waiting'; requestId: number; status: OpenInput['status'] }
  | { state: 'unasked' }

/** What is known about each input, by its key. `retryMissesBefore` (ms): older plain misses count as unasked. */
export function readKnown(
  tx: Tx,
  operation: Operation,
  inputs: AskedInput[],
  retryMissesBefore: number | null = null,
): Map<string, Known> {
  const keys = inputs.map(({ key }) => key)
  const answers = findAnswers(tx, operation, keys, retryMissesBefore)
  const open = new Map(readOpenInputs(tx, operation).map((input) => [input.key, input]))
  return new Map(
    keys.map((key): [string, Known] => {
      const answer = answers.get(key)
      const waiting = open.get(key)
      if (waiting && answer?.outcome !== 'suppressed')
        return [key, { state: 'waiting', requestId: waiting.requestId, status: waiting.status }]
      return [key, answer ? { state: 'answered', answer } : { state: 'unasked' }]
    }),
  )
}

/**
 * A name as it is compared: lower case, without accents or punctuation, single spaces. Apostrophes and dots join
 * (`O'Brien` -> `obrien`), everything else separates. A name of nothing but signs is compared as it stands.
 */
export function normalName(name: string): string {
  return nameWords(name).join(' ') || name.toLowerCase().trim()
}

/** A name as results are matched by it: spaces do not count either. */
export function matchName(name: string): string {
  return normalName(name).replaceAll(' ', '')
}

// The name under which a person is asked for, from the name as filed at Companies House.

export interface PersonName {
  firstName: string
  lastName: string
}

/** Written behind or before a name, and no part of it. Those that are also surnames (`MA`, `BA`, `MAJOR`) are left out. */
const HONOURS = new Set(
  `mr mrs miss ms mx dr sir dame prof professor rev revd reverend hon honourable rt lord lady baroness baron viscount
  obe cbe mbe kbe dbe gbe bem kcmg dcmg cmg gcmg kcb dcb gcb cvo kcvo mvo lvo qc kc jp dl mp msp mep frs frsa frcs frcp
  frics mrics riba fca aca acca fcca fcma acma phd dphil mphil bsc msc mba llb llm mbbs mrcp esq esquire jnr jr snr sr`
    .split(/\s+/)
    .filter(Boolean),
)

/**
 * The first forename that is more than an initial, and the whole surname, both in the case that people write. Titles,
 * honours, nicknames in brackets or quotes are dropped. Null where a first or last name is missing; a title alone is
 * no first name.
 */
export function personName({ forenames, surname }: Pick<OfficerName, 'forenames' | 'surname'>): PersonName | null {
  const first = isTitleAlone(forenames ?? '', surname ?? '') ? [] : wordsToWrite(forenames)
  const last = wordsToWrite(surname)
  const called = first.find((word) => letterCount(word) > 1) ?? first[0]
  if (!called || last.length === 0) return null
  return { firstName: titleCase(called), lastName: titleCase(last.join(' ')) }
}

/** The words of a name without what stands around it; a name of nothing but honours keeps its last word. */
function wordsToWrite(text: string | null): string[] {
  const words = (text ?? '')
    .normalize('NFC')
    .replace(/\([^)]*\)|\[[^\]]*\]|"[^"]*"|“[^”]*”/g, ' ')
    .split(/[\s,;()[\]"“”]+/)
    .map((word) => word.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{M}\p{N}.]+$/gu, ''))
    .filter((word) => letterCount(word) > 0)
  const named = words.filter((word) => !HONOURS.has(word.toLowerCase().replaceAll('.', '')))
  return named.length > 0 ? named : words.slice(-1)
}

function letterCount(word: string): number {
  return word.match(/\p{L}/gu)?.length ?? 0
}

/** Lower case inside a surname, though not as its last word. `le` and `la` alone are capital: Le Feuvre. */
const PARTICLES = new Set(
  'van von der den de del della di da das do dos du des ten ter zu zum zur af av bin ibn binti e y'.split(' '),
)

/** Two or three words that belong together in lower case: de la Mare. */
const ARTICLES_AFTER_DE = new Set(['la', 'las', 'los', 'le', 'l'])

/** Behind a name; single letters and `VI`-like given names are left alone unless they end it. */
const NUMERAL = /^(?:II|III|IV|VI{1,3}|IX)$/

/** `Mac` names with a capital behind it. Machin, Mackie, Maciej, Macey, Macron and the like are none. */
const MAC = /^mac(?=[bdfglmnpqrstw]\p{L}{3}|rae$|nab$)(?!maher|ron$|lin$)/u

/**
 * A name in the case that people write it: `VAN DER BERG` -> `van der Berg`, `MCDONALD` -> `McDonald`. Words in mixed
 * case are taken as their owner wrote them.
 */
function titleCase(name: string): string {
  const words = name.split(/\s+/).filter(Boolean)
  return words
    .map((word, index) => {
      const last = index === words.length - 1
      if (last && index > 0 && NUMERAL.test(word)) return word
      const small = lowerCase(word)
      const before = lowerCase(words[index - 1] ?? '')
      if (!last && isShouted(word)) {
        if (PARTICLES.has(small)) return small
        if (before === 'de' && ARTICLES_AFTER_DE.has(small)) return small
      }
      return word.split(/(-)/).map(capitalPart).join('')
    })
    .join(' ')
}

/** One part of a double-barrelled word. */
function capitalPart(part: string): string {
  if (!isShouted(part) && part !== lowerCase(part)) {
    const [, prefix = '', rest = ''] = /^(Ma?c|[A-Z]['’])(\p{Lu}{2,})$/u.exec(part) ?? []
    return prefix ? prefix + capitalWord(rest) : part
  }
  const small = lowerCase(part)
  const [, elided, apostrophe = '', rest = ''] = /^(\p{L}{1,4})(['’‘ʼ`´])(\p{L}{2,}.*)$/u.exec(small) ?? []
  if (elided) return capitalWord(elided) + apostrophe + capitalWord(rest)
  return capitalWord(small)
}

function capitalWord(word: string): string {
  const small = lowerCase(word)
  const scottish = /^mc(?=\p{L})/u.exec(small)?.[0] ?? MAC.exec(small)?.[0]
  if (scottish) return capital(scottish) + capital(small.slice(scottish.length))
  return capital(small)
}

function capital(word: string): string {
  const [first = ''] = word
  return first.toUpperCase() + word.slice(first.length)
}

/** Turkish İ leaves a dot behind that no reader of `Şahin` writes. */
function lowerCase(text: string): string {
  return text.toLowerCase().replaceAll('i\u0307', 'i')
}

function isShouted(word: string): boolean {
  return word === word.toUpperCase()
}
