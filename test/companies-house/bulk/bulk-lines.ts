// Files of the bulk officers products written by hand, column by column after the specification, for tests: nothing here is
// shared with the reader or the sandbox.

export interface PersonLine {
  company?: string
  origin?: string
  type?: string
  person?: string
  body?: boolean
  appointed?: string
  resigned?: string
  postcode?: string
  born?: string
  /** The 14 fields; the first ones suffice. */
  fields?: string[]
  /** Put in the place of the true length. */
  length?: string
}

const left = (text: string, width: number) => text.padEnd(width, ' ')

/** The record of a company as a snapshot pads it. */
export function companyLine(
  company: string,
  officers: number | string,
  name = 'EXAMPLE WIDGETS LIMITED',
  status = ' ',
) {
  const count = String(officers).padStart(4, '0')
  const length = String(name.length + 1).padStart(4, '0')
  return left(`${company}1${status}${' '.repeat(22)}${count}${length}${name}<`, 201)
}

/** The record of a person in a 195 or 216. */
export function personLine({
  company = '99000001',
  origin = '1',
  type = '01',
  person = '300000010002',
  body = false,
  appointed = '20160512',
  resigned = '',
  postcode = 'ZZ9 9ZZ',
  born = '197003',
  fields = ['', 'AVA MAY', 'EXAMPLE', '', '', '', '2 SAMPLE STREET', '', 'TESTON', 'TESTSHIRE', 'ENGLAND', 'ENGINEER'],
  length,
}: PersonLine = {}) {
  const rest = Array.from({ length: 14 }, (_, at) => `${fields[at] ?? ''}<`).join('')
  const told = length ?? String(rest.length).padStart(4, '0')
  return (
    `${company}2${origin}${type}${person}${body ? 'Y' : ' '}${' '.repeat(7)}${left(appointed, 8)}${left(resigned, 8)}` +
    `${left(postcode, 8)}${left(born, 8)}${' '.repeat(8)}${told}${rest}`
  )
}

export interface ChangeLine extends PersonLine {
  resignationOrigin?: string
  correction?: boolean
  oldType?: string
  oldPerson?: string
  changed?: string
  updated?: string
}

/** The record of a person in a 198. */
export function changeLine({
  company = '99000001',
  origin = ' ',
  resignationOrigin = ' ',
  correction = false,
  body = false,
  type = '01',
  oldType = type,
  person = '300000010002',
  oldPerson = person,
  born = '197003',
  postcode = 'ZZ9 9ZZ',
  appointed = '20160512',
  resigned = '',
  changed = '',
  updated = '20260808',
  fields = ['', 'AVA MAY', 'EXAMPLE', '', '', '', '2 SAMPLE STREET', '', 'TESTON', 'TESTSHIRE', 'ENGLAND', 'ENGINEER'],
  length,
}: ChangeLine = {}) {
  const rest = Array.from({ length: 27 }, (_, at) => `${fields[at] ?? ''}<`).join('')
  const told = length ?? String(rest.length).padStart(4, '0')
  return (
    `${company}2${origin}${resignationOrigin}${correction ? 'Y' : ' '}${body ? 'Y' : ' '}  ${oldType}${type}` +
    `${oldPerson}${person}${left(born, 8)}${' '.repeat(8)}${' '.repeat(8)}${left(postcode, 8)}${left(appointed, 8)}` +
    `${left(resigned, 8)}${left(changed, 8)}${left(updated, 8)}${told}${rest}`
  )
}

/** A whole file; the trailer counts the records unless it is told what to count. */
export function bulkText(
  lines: string[],
  {
    kind = 'SNAP',
    run = '9001',
    day = '20260807',
    trailer = `99999999${String(lines.length).padStart(8, '0')}`,
  }: { kind?: 'SNAP' | 'UPDT'; run?: string; day?: string; trailer?: string } = {},
) {
  return `${[`DDDD${kind}${run}${day}`, ...lines, trailer].join('\n')}\n`
}
