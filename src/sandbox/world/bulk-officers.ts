/**
 * The bulk officers products of a synthetic register, as Companies House delivers them (facts 5.2, 5.3): a snapshot 216 of
 * some days ago, in which part of the companies look as they did before a change, and the daily updates 198 that bring
 * them to what the register says today. It is written from the layout alone and shares nothing with the reader.
 */
import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { calendarDay, dayOf, dayOfIso } from './days.ts'
import type { SyntheticCompany, SyntheticOfficer } from './shapes.ts'
import type { World } from './world.ts'

/** The codes of a role: while it is held, and afterwards. */
const CODES: Record<string, readonly [current: string, ended: string]> = {
  secretary: ['00', '02'],
  director: ['01', '03'],
  'llp-member': ['04', '06'],
  'llp-designated-member': ['05', '07'],
  'judicial-factor': ['11', '14'],
  'receiver-and-manager': ['12', '15'],
  'cic-manager': ['13', '16'],
}

/** A person record before it becomes text. */
interface Appointment {
  company: string
  codes: readonly [current: string, ended: string]
  person: string
  body: boolean
  origin: string
  /** `CCYYMMDD`, or nothing. */
  appointed: string
  resigned: string
  postcode: string
  born: string
  fields: string[]
}

const UPDATES = 3

/** Writes `Prod216_*.dat` and `Prod198_*.txt` into a folder, which is made when it is missing; returns their names. */
export async function writeBulkOfficers(world: World, folder: string): Promise<string[]> {
  mkdirSync(folder, { recursive: true })
  const [first, ...later] = productionDays(world.today, UPDATES + 1)
  if (first === undefined) throw new RangeError('there is no day of production')
  const open = (name: string, kind: string, day: number) => openFile(join(folder, name), name, kind, day)
  const run = runOf(first)
  const parts = {
    ew: open(`Prod216_${run}_ew_1.dat`, 'SNAP', first),
    sc: open(`Prod216_${run}_sc.dat`, 'SNAP', first),
    ni: open(`Prod216_${run}_ni.dat`, 'SNAP', first),
  }
  const updates = later.map((day) => open(`Prod198_${runOf(day)}.txt`, 'UPDT', day))
  let index = 0
  for (const company of world.companies()) {
    const appointments = world.officers(company.company_number).flatMap((officer) => appointmentOf(company, officer))
    const area = company.company_number[0] === 'S' ? 'sc' : /^[NR]/.test(company.company_number) ? 'ni' : 'ew'
    const update = updates[index % updates.length]
    const change = update && drawChange(index, appointments, dateText(update.day))
    await parts[area].write([
      companyRecord(company, change ? change.before.length : appointments.length, 201),
      ...(change?.before ?? appointments).map(snapshotRecord),
    ])
    if (change && update) {
      const held = appointments.filter(({ resigned }) => resigned === '').length
      await update.write([companyRecord(company, held, 0), ...change.records])
    }
    index += 1
  }
  const files = [parts.ew, parts.sc, parts.ni, ...updates]
  for (const file of files) await file.end()
  return files.map(({ name }) => name)
}

interface BulkWriter {
  name: string
  day: number
  write(records: string[]): Promise<void>
  end(): Promise<void>
}

function openFile(path: string, name: string, kind: string, day: number): BulkWriter {
  const stream: WriteStream = createWriteStream(path)
  const over = finished(stream)
  over.catch(() => {})
  let records = 0
  const put = async (text: string) => {
    if (stream.write(text)) return
    await Promise.race([new Promise<void>((resolve) => stream.once('drain', () => resolve())), over])
  }
  const begun = put(`DDDD${kind}${runOf(day)}${dateText(day)}\n`)
  return {
    name,
    day,
    async write(lines) {
      await begun
      records += lines.length
      await put(lines.map((line) => `${line}\n`).join(''))
    },
    async end() {
      await put(`99999999${String(records).padStart(8, '0')}\n`)
      stream.end()
      await over
    },
  }
}

/** The latest days, Tuesday to Saturday, up to `today`, in order. */
function productionDays(today: string, count: number): number[] {
  const days: number[] = []
  for (let day = dayOfIso(today); days.length < count; day -= 1) {
    if (weekdayOf(day) >= TUESDAY) days.unshift(day)
  }
  return days
}

const TUESDAY = 2

/** 0 is Sunday, 6 Saturday: 1970 began on a Thursday. */
function weekdayOf(day: number): number {
  return (((day + 4) % 7) + 7) % 7
}

const FIRST_SUNDAY = dayOf(2010, 3, 21)

/** Five numbers a week, of four digits; 9999 is followed by 0001. */
function runOf(day: number): string {
  const week = Math.floor((day - FIRST_SUNDAY) / 7)
  const number = week * 5 + weekdayOf(day) - TUESDAY
  return String((((number % 9999) + 9999) % 9999) + 1).padStart(4, '0')
}

function dateText(day: number): string {
  const { year, month, day: ofMonth } = calendarDay(day)
  return `${year}${String(month).padStart(2, '0')}${String(ofMonth).padStart(2, '0')}`
}

/** The appointment of an officer; none for roles that the products do not have. */
function appointmentOf(company: SyntheticCompany, officer: SyntheticOfficer): Appointment[] {
  const { item, corporateName, nameElements: name = {} } = officer
  const role = item.officer_role.replace(/^corporate-/, '').replace(/^nominee-/, '')
  const codes = CODES[role]
  if (codes === undefined) return []
  const { address = {}, date_of_birth: born } = item
  const person = corporateName
    ? ['', '', corporateName, '']
    : [name.title, [name.forename, name.other_forenames].filter(Boolean).join(' '), name.surname, name.honours]
  const lines = [
    address.care_of,
    address.po_box,
    [address.premises, address.address_line_1].filter(Boolean).join(' '),
    address.address_line_2,
    address.locality,
    address.region,
    address.country,
  ]
  const rest = [item.occupation, item.nationality, item.country_of_residence]
  return [
    {
      company: company.company_number,
      codes,
      person: item.person_number,
      body: item.officer_role.startsWith('corporate-'),
      origin: item.appointed_before ? '2' : '1',
      appointed: digits(item.appointed_on ?? item.appointed_before),
      resigned: digits(item.resigned_on),
      postcode: (address.postal_code ?? '').slice(0, 8),
      born: born ? `${born.year}${String(born.month).padStart(2, '0')}` : '',
      fields: [...person, ...lines, ...rest].map((text, at) => written(text, LONGEST[at] ?? 0)),
    },
  ]
}

const LONGEST = [50, 50, 160, 50, 100, 10, 251, 50, 50, 50, 50, 40, 40, 160]

function written(text: string | undefined, longest: number): string {
  return (text ?? '').toUpperCase().replaceAll('<', '').slice(0, longest).trim()
}

function digits(iso: string | undefined): string {
  return (iso ?? '').replaceAll('-', '')
}

/** What a company's appointments were, and the records that make of them what they are. */
interface Change {
  before: Appointment[]
  records: string[]
}

/** Of so many companies each has one of the changes. */
const COMPANIES_PER_CHANGE = 13

/** The appointment as it was, and as it is, with what the record says of the change. */
type Maker = (now: Appointment, day: string) => { was: Appointment | null; record: string } | null

/** One of each case of the specification, as far as a list can show it. */
const MAKERS: readonly Maker[] = [
  // A new appointment.
  (now, day) => (now.resigned ? null : { was: null, record: updateRecord(now, now, { day }) }),
  // A resignation.
  (now, day) => {
    const was = { ...now, resigned: '' }
    return now.resigned ? { was, record: updateRecord(was, now, { day, resignation: '1' }) } : null
  },
  // A reinstatement.
  (now, day) => {
    const was = { ...now, resigned: day }
    return now.resigned ? null : { was, record: updateRecord(was, now, { day }) }
  },
  // Another address.
  (now, day) => {
    const was = {
      ...now,
      postcode: 'ZZ9 9ZZ',
      fields: now.fields.map((text, at) => (at === 6 ? '1 FORMER STREET' : text)),
    }
    return { was, record: updateRecord(was, now, { day, changed: true }) }
  },
  // Another number of the same person.
  (now, day) => {
    const was = { ...now, person: `${now.person.slice(0, 8)}0099` }
    return { was, record: updateRecord(was, now, { day, changed: true }) }
  },
  // A merge.
  (now, day) => {
    const was = { ...now, person: `88${now.person.slice(2)}` }
    return { was, record: updateRecord(was, now, { day, changed: true }) }
  },
  // A correction of the name.
  (now, day) => {
    const was = { ...now, fields: now.fields.map((text, at) => (at === 2 ? `${text}E` : text)) }
    return { was, record: updateRecord(was, now, { day, correction: true, changed: true }) }
  },
]

/** The change of a company, if it has one; the last one of a list is changed, or is somebody who never was. */
function drawChange(index: number, now: Appointment[], day: string): Change | null {
  if (index % COMPANIES_PER_CHANGE !== 0 || now.length < 2) return null
  const turn = index / COMPANIES_PER_CHANGE
  const last = now.at(-1) as Appointment
  const kept = now.slice(0, -1)
  const maker = MAKERS[turn % (MAKERS.length + 1)]
  if (maker === undefined) {
    const ghost = {
      ...last,
      person: '770000770001',
      resigned: '',
      fields: ['', 'NOBODY', 'AT-ALL', ...last.fields.slice(3)],
    }
    return { before: [...now, ghost], records: [updateRecord(ghost, ghost, { day, errored: true })] }
  }
  const made = maker(last, day)
  return made && { before: made.was === null ? kept : [...kept, made.was], records: [made.record] }
}

function companyRecord(
  { company_number, company_name, company_status }: SyntheticCompany,
  officers: number,
  width: number,
) {
  const name = `${written(company_name, 160)}<`
  const status = STATUSES[company_status ?? ''] ?? ' '
  const counts = `${String(officers).padStart(4, '0')}${String(name.length).padStart(4, '0')}`
  return `${company_number}1${status}${' '.repeat(22)}${counts}${name}`.padEnd(width)
}

const STATUSES: Record<string, string> = {
  'converted-closed': 'C',
  dissolved: 'D',
  liquidation: 'L',
  receivership: 'R',
}

function typeOf({ codes, resigned }: Appointment): string {
  return codes[resigned ? 1 : 0]
}

function snapshotRecord(one: Appointment): string {
  const text = `${one.fields.join('<')}<`
  return (
    `${one.company}2${one.origin}${typeOf(one)}${one.person}${one.body ? 'Y' : ' '}       ` +
    `${one.appointed.padEnd(8)}${one.resigned.padEnd(8)}${one.postcode.padEnd(8)}${one.born.padEnd(8)}        ` +
    `${lengthOf(text)}${text}`
  )
}

interface Told {
  /** Of the update. */
  day: string
  resignation?: string
  correction?: boolean
  changed?: boolean
  errored?: boolean
}

function updateRecord(was: Appointment, now: Appointment, { day, ...told }: Told): string {
  const text = `${now.fields.join('<')}<${'<'.repeat(13)}`
  return (
    `${now.company}2${now.origin}${told.resignation ?? ' '}${told.correction ? 'Y' : ' '}${now.body ? 'Y' : ' '}  ` +
    `${typeOf(was)}${told.errored ? '99' : typeOf(now)}${was.person}${now.person}${now.born.padEnd(8)}        ` +
    `${was.postcode.padEnd(8)}${now.postcode.padEnd(8)}${now.appointed.padEnd(8)}${now.resigned.padEnd(8)}` +
    `${(told.changed ? day : '').padEnd(8)}${day}${lengthOf(text)}${text}`
  )
}

function lengthOf(text: string): string {
  return String([...text].length).padStart(4, '0')
}
