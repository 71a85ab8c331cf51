// Finds the input that a row of an answer belongs to, by name. Names come back escaped, transliterated or stripped, and
// in any order; so they are compared in ever looser forms, and a form counts only where it leaves no choice.
import { nameWords } from '../../names.ts'
import { matchName } from './inputs.ts'

export type NameKind = 'company' | 'person'

export interface Matched<Row> {
  /** The rows of each asked name, in the order of the names; none for a name that nothing fits. */
  rows: Row[][]
  /** The rows that fit none of them. */
  left: Row[]
}

/** Far more names than a request holds; beyond this an answer is compared in the strictest form alone. */
const MAX_COMPARED = 1000

/**
 * Matches rows to names. Where exactly one name and the rows of one answered name remain, they belong to each other; an
 * empty name (one that was erased) takes no rows, and with one of these nothing is concluded from what remains.
 */
export function matchRows<Row extends { name: string }>(names: string[], rows: Row[], kind: NameKind): Matched<Row> {
  const found: Row[][] = names.map(() => [])
  const asked = new Set(names.flatMap((name, at) => (name === '' ? [] : [at])))
  const answered = new Set(groupRows(rows))
  const take = (at: number, group: Row[]) => {
    found[at] = group
    asked.delete(at)
    answered.delete(group)
  }
  for (const form of FORMS[kind].slice(0, answered.size > MAX_COMPARED ? 1 : undefined)) {
    const groups = groupBy(answered, ([row]) => form(row?.name ?? ''))
    for (const [shape, wanted] of groupBy(asked, (at) => form(names[at] ?? ''))) {
      const [at, second] = wanted
      const [group, other] = groups.get(shape) ?? []
      if (at !== undefined && group && second === undefined && other === undefined) take(at, group)
    }
  }
  const [[at, second], [group, other]] = [[...asked], [...answered]]
  const isCertain = second === undefined && other === undefined && !names.includes('')
  if (at !== undefined && group && isCertain) take(at, group)
  return { rows: found, left: [...answered].flat() }
}

/** Leaves one of those whose names an answer could confuse with each other, in whatever form it names them. */
export function unmistakable<Input extends { name: string }>(inputs: Input[], kind: NameKind): Input[] {
  const seen = new Set<string>()
  return inputs.filter(({ name }) => {
    const shapes = FORMS[kind].flatMap((form, level) => (form(name) ? [`${level} ${form(name)}`] : []))
    if (shapes.some((shape) => seen.has(shape))) return false
    for (const shape of shapes) seen.add(shape)
    return true
  })
}

type Form = (name: string) => string

/** From the strictest to the loosest. An empty form says nothing. */
const FORMS: Record<NameKind, Form[]> = {
  company: [matchName, (name) => matchName(unescaped(name)), withoutAnd, ...looser(withoutEnding)],
  person: [matchName, ...looser((name) => matchName(unescaped(name)))],
}

/** A form, and that form of a name whose letters beyond ASCII came back otherwise. */
function looser(form: Form): Form[] {
  return [
    form,
    // `MÜLLER` and `MUELLER` alike, whichever of them was asked.
    (name) =>
      form(name)
        .replace(/([aou])e/g, '$1')
        .replaceAll('aa', 'a'),
    // Such letters were dropped, replaced by signs, or read in the wrong encoding.
    (name) =>
      form(
        unescaped(name)
          .normalize('NFC')
          .replace(/[^\x20-\x7e]+/g, ''),
      ),
  ]
}

/** `&`, `and`, and what is left of an escaped `&` or quote whose signs were stripped. */
const JOINING = new Set(['and', 'amp', 'quot', 'apos'])

function withoutAnd(name: string): string {
  return nameWords(unescaped(name))
    .filter((word) => !JOINING.has(word))
    .join('')
}

function withoutEnding(name: string): string {
  return withoutAnd(companySearchName(unescaped(name)).replace(/(?:\s+(?:&|and))?\s+(?:co|company)\.?$/i, ''))
}

const ENTITIES: Record<string, string> = {
  ...{ amp: '&', quot: '"', apos: "'", lt: '<', gt: '>', nbsp: ' ', rsquo: '’', lsquo: '‘', ndash: '–', mdash: '—' },
  ...{ szlig: 'ß', aelig: 'æ', oelig: 'œ', eth: 'ð', thorn: 'þ' },
}
const ACCENTED = /^([a-z])(?:acute|grave|circ|uml|tilde|cedil|ring|slash|caron)$/

/** A name without the escapes of HTML (twice, too), JSON and addresses. */
function unescaped(name: string): string {
  let text = name
  for (let round = 0; round < 3 && /[&\\%]/.test(text); round += 1) {
    text = text
      .replace(/&#(?:x([\da-f]{1,6})|(\d{1,7}));?/gi, (whole, hex?: string, decimal?: string) => {
        return character(hex ? Number.parseInt(hex, 16) : Number(decimal)) ?? whole
      })
      .replace(/&([a-z]{2,8});/gi, (whole, word: string) => {
        const known = word.toLowerCase()
        return ENTITIES[known] ?? ACCENTED.exec(known)?.[1] ?? whole
      })
      .replace(/\\u([\da-f]{4})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
  }
  return unescapedAddress(text)
}

function character(code: number): string | null {
  return Number.isInteger(code) && code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : null
}

function unescapedAddress(text: string): string {
  if (!/%[\da-f]{2}/i.test(text)) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Rows under one name, as far as the strictest form goes, stay together. */
function groupRows<Row extends { name: string }>(rows: Row[]): Row[][] {
  const groups = new Map<string, Row[]>()
  for (const row of rows) {
    const name = matchName(row.name)
    const group = groups.get(name)
    if (group) group.push(row)
    else groups.set(name, [row])
  }
  return [...groups.values()]
}

function groupBy<T>(items: Iterable<T>, shapeOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const shape = shapeOf(item)
    const group = groups.get(shape)
    if (group) group.push(item)
    else if (shape !== '') groups.set(shape, [item])
  }
  return groups
}

/** Legal forms as they end a company's name, English and Welsh, and foreign ones of overseas companies. */
const LEGAL_FORMS = [
  'public limited company',
  'private limited company',
  'limited liability partnership',
  'limited liability company',
  'limited partnership',
  'community interest company',
  'community interest public limited company',
  'charitable incorporated organisation',
  'private unlimited company',
  'unlimited company',
  'cwmni cyfyngedig cyhoeddus',
  'cwmni buddiant cymunedol',
  'partneriaeth atebolrwydd cyfyngedig',
  'cyfyngedig',
  'cyf',
  'limited',
  'ltd',
  'unlimited',
  'unltd',
  'plc',
  'ccc',
  'llp',
  'lp',
  'cic',
  'cbc',
  'cio',
  'llc',
  'inc',
  'incorporated',
  'corporation',
  'corp',
  'gmbh',
  'sarl',
  'srl',
  'bv',
  'nv',
  'sa',
  'ag',
]

/** Short forms may have a dot after each letter: `L.L.P.`, `P. L. C.` */
const spelled = (form: string) =>
  form.length > 4 ? form.replaceAll(' ', '\\s') : [...form].join(String.raw`(?:\.\s?)?`)

const ENDING = new RegExp(String.raw`[\s,(]+(?:${LEGAL_FORMS.map(spelled).join('|')})[.)\s]*$`, 'i')

/**
 * The name under which a company is looked for: as filed, without its legal form. What belongs to the name stays: `UK`,
 * `Holdings`, brackets. A name that is nothing but a legal form stays whole.
 */
export function companySearchName(companyName: string): string {
  const whole = companyName.normalize('NFC').replace(/\s+/g, ' ').trim()
  const shorter = whole.replace(ENDING, '').replace(/[\s,;]+$/, '')
  if (shorter === whole || !/[\p{L}\p{N}]/u.test(shorter)) return whole
  return companySearchName(shorter)
}
