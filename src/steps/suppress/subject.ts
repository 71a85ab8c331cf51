// Collects everything that is stored about one person who asks for it (Article 15 of UK GDPR), and who was given deliveries
// that may hold it. Reads only, on one snapshot.
import { readOfficerName } from '../../companies-house/officer-name.ts'
import { listDeliveriesOf, type RecordedDelivery } from '../../db/dataset/deliveries.ts'
import { type Db, snapshot, type Tx } from '../../db/open.ts'
import { listUnmatched } from '../../db/purchases/answers.ts'
import { type AskedInput, findRequest } from '../../db/purchases/requests.ts'
import { findOfficersToErase, findRequestsByKeys, listAnswers, type StoredOfficer } from '../../db/suppress/erase.ts'
import { nameValue } from '../../db/suppress/names.ts'
import { findPscsToErase, type StoredPsc } from '../../db/suppress/pscs.ts'
import {
  findOfficersByAddress,
  type KeptText,
  listAddressRows,
  listAppointmentEmails,
  listKeptTexts,
  listWithheldRows,
  monthsOfBirth,
  type SubjectEmail,
} from '../../db/suppress/subject.ts'
import { databaseKey, listSuppressions, type Suppression, suppressionsOf } from '../../db/suppress/suppressions.ts'
import { nameHash, namesOfficer } from '../../db/suppress/withheld.ts'
import { emailHash, keyedEmail, normalEmail, personPrefix } from '../../db/values.ts'
import { ChpipeError } from '../../errors.ts'
import type { EmailsAnswer } from '../purchases/answers.ts'
import { matchName, personName } from '../purchases/inputs.ts'
import { inputKeys } from './erase.ts'
import { readRule } from './suppress.ts'

/** Who asks, as they are looked for. */
export type SubjectQuery =
  | { kind: 'email'; value: string }
  | { kind: 'officer'; value: string }
  | { kind: 'name'; value: string; born: string | null }

export interface SubjectPurchase {
  request: number
  provider: string
  /** ISO 8601. */
  requested_at: string
  /** The names that were sent to the provider, and at which domains. */
  asked: { name: string; domain: string | null }[]
}

/** The names and their order are what `--json` and `--out` write; rows are as they are stored, with their sources. */
export interface SubjectFile {
  officers: StoredOfficer[]
  persons_with_significant_control: StoredPsc[]
  emails: SubjectEmail[]
  purchases: SubjectPurchase[]
  /** What providers answered, among it rows that could not be matched. */
  answers: { request: number; answer: unknown }[]
  /** Notes and kept lines that name them, perhaps with others. */
  notes: KeptText[]
  suppressions: Pick<Suppression, 'id' | 'kind' | 'born' | 'reason' | 'added_at'>[]
  /** Appointments of which only hashes are kept, and the rule that says so. */
  withheld: { company_number: string; suppression_id: number }[]
  /** Those that may hold any of it. */
  deliveries: RecordedDelivery[]
}

/** Who is meant by a text: an address, an officer id or person number, or a name. Throws `usage` for one that is none. */
export function readSubject(text: string, born: string | null): SubjectQuery {
  const hint = 'chpipe subject --help'
  const who = text.trim()
  if (who.includes('@')) {
    const value = normalEmail(who)
    if (value === null)
      throw new ChpipeError('usage', 'Expected an e-mail address such as a.name@example.co.uk', { hint })
    if (born !== null) throw new ChpipeError('usage', '--born belongs to a name, not to an address', { hint })
    return { kind: 'email', value }
  }
  if (!/[\s,]/.test(who) || personPrefix(who) !== null) {
    if (born !== null) throw new ChpipeError('usage', '--born belongs to a name: "SURNAME, Forename"', { hint })
    const rule = readRule({ kind: 'officer', value: who, born: null, reason: null })
    if (typeof rule === 'string') throw new ChpipeError('usage', rule, { hint })
    return { kind: 'officer', value: rule.value }
  }
  const [surname = '', forenames] = who.split(',')
  const words = who.split(/\s+/)
  const value =
    forenames === undefined
      ? nameValue(words.at(-1) ?? '', words.slice(0, -1).join(' '))
      : nameValue(surname, forenames)
  if (value === null || /\p{C}/u.test(who)) {
    throw new ChpipeError('usage', 'Expected a name as "SURNAME, Forename"', { hint })
  }
  return { kind: 'name', value, born }
}

/**
 * Everything about the person; null when nothing is stored. Throws `usage` where several people bear the name, as what
 * belongs to one must not be handed to another.
 */
export function collectSubject(db: Db, query: SubjectQuery): SubjectFile | null {
  return snapshot(db, (tx) => {
    const rules = rulesOf(db, tx, query)
    const person = suppressionsOf(rules, '')
    const officers = distinctRows(rules.flatMap((rule) => findOfficersToErase(tx, rule))).filter((row) =>
      person.officer(row),
    )
    const pscs = findPscsToErase(tx, rules, [...new Set(officers.map((row) => row.company_number))])
    const emails = distinctRows([
      ...officers.flatMap((row) => listAppointmentEmails(tx, row)),
      ...(query.kind === 'email' ? listAddressRows(tx, query.value) : []),
    ])
    const addresses = new Set([...emails.map(({ email }) => email), ...(query.kind === 'email' ? [query.value] : [])])
    const found = {
      officers,
      persons_with_significant_control: pscs,
      emails,
      ...boughtAbout(tx, officers, new Set([...addresses].map(emailHash))),
      notes: notesAbout(tx, officers, pscs),
      ...rulesAbout(tx, query, { officers, addresses }),
    }
    if (Object.values(found).every((rows) => rows.length === 0)) return null
    return { ...found, deliveries: listDeliveriesOf(tx, tablesOf(found)) }
  })
}

/** The person as rules: by every officer id and person number that the register has for them, and by the name that was given. */
function rulesOf(db: Db, tx: Tx, query: SubjectQuery): Suppression[] {
  const named = query.kind === 'name' ? [ruleAbout('name', query.value, query.born ?? onlyMonth(db, query.value))] : []
  const first = query.kind === 'officer' ? [ruleAbout('officer', query.value)] : named
  const means = suppressionsOf(first, '')
  const seeds =
    query.kind === 'email'
      ? findOfficersByAddress(tx, query.value)
      : first.flatMap((rule) => findOfficersToErase(tx, rule)).filter((row) => means.officer(row))
  const ids = new Set([
    ...(query.kind === 'officer' ? [query.value] : []),
    ...seeds.flatMap(({ officer_id, person_number }) => [officer_id ?? [], personPrefix(person_number) ?? []].flat()),
  ])
  const rules = [...named, ...[...ids].map((id) => ruleAbout('officer', id))]
  // An appointment without either is known again by the name and month of birth that it has.
  for (const { surname, forenames, date_of_birth_year: year, date_of_birth_month: month, ...seed } of seeds) {
    const value = nameValue(surname ?? '', forenames ?? '')
    if (seed.officer_id || seed.person_number || value === null || !year || !month) continue
    rules.push(ruleAbout('name', value, `${year}-${String(month).padStart(2, '0')}`))
  }
  return rules
}

function ruleAbout(kind: 'officer' | 'name', value: string, born: string | null = null): Suppression {
  return { id: 0, kind, value, born, reason: null, added_at: '', follows: null, change_number: 0 }
}

/** The month of birth of the only person of a name; one that nobody has where there is none. */
function onlyMonth(db: Db, value: string): string {
  const { months, undated } = monthsOfBirth(db, value)
  const [month, other] = months
  if (other !== undefined) {
    throw new ChpipeError('usage', `Several people bear this name, born ${months.slice(0, 5).join(', ')}`, {
      hint: `add the month: --born ${month}`,
    })
  }
  if (month === undefined && undated > 0) {
    throw new ChpipeError(
      'usage',
      'People of this name are stored without a month of birth: it cannot be told who they are',
      {
        hint: 'name the officer id: it is in chpipe show <number> --json',
      },
    )
  }
  return month ?? '0000-00'
}

function boughtAbout(tx: Tx, officers: StoredOfficer[], addresses: Set<string>) {
  const keys = inputKeys(tx, ruleAbout('officer', ''), { officers, withheld: [] })
  const names = new Set(
    officers.flatMap((row) =>
      [personName(row), personName(readOfficerName(row))].flatMap((name) =>
        name ? matchName(`${name.firstName} ${name.lastName}`) : [],
      ),
    ),
  )
  const holds = (answer: unknown) =>
    ((answer as Partial<EmailsAnswer> | null)?.emails ?? []).some(({ email }) => addresses.has(emailHash(email)))
  const answers = listAnswers(tx, 'emails').filter(({ key, answer }) => keys.has(key) || holds(answer))
  for (const { key } of answers) keys.add(key)
  const strays = listUnmatched(tx).filter(({ name, answer }) => names.has(matchName(name)) || holds(answer))
  const isMeant = ({ key, name }: AskedInput) => keys.has(key) && name !== ''
  const purchases = findRequestsByKeys(tx, [...keys]).flatMap(({ id, inputs }): SubjectPurchase[] => {
    const request = findRequest(tx, id)
    const asked = inputs.filter(isMeant).map(({ name, domain = null }) => ({ name, domain }))
    if (request === null || asked.length === 0) return []
    const { provider, requestedAt } = request
    return [{ request: id, provider, requested_at: new Date(requestedAt).toISOString(), asked }]
  })
  const said = [
    ...answers.map(({ requestId, answer }) => ({ request: requestId, answer })),
    ...strays.map(({ request, name, answer }) => ({ request: request.id, answer: { name, ...(answer as object) } })),
  ]
  return { purchases, answers: said }
}

function notesAbout(tx: Tx, officers: StoredOfficer[], pscs: StoredPsc[]): KeptText[] {
  const people = [...officers, ...pscs.map(({ psc_id, ...psc }) => ({ ...psc, appointment_id: psc_id }))]
  const companies = [...new Set(people.map((row) => row.company_number))]
  return companies.flatMap((company) => {
    const own = people.filter((row) => row.company_number === company)
    return listKeptTexts(tx, company).filter(({ text }) => namesOfficer(text, own))
  })
}

/** The rules that are about the person, and what was withheld under these. */
function rulesAbout(
  tx: Tx,
  query: SubjectQuery,
  { officers, addresses }: { officers: StoredOfficer[]; addresses: Set<string> },
) {
  const key = databaseKey(tx)
  const hashes = new Set([...addresses].map((address) => keyedEmail(key, emailHash(address))))
  const isSame = ({ kind, value, born }: Suppression) =>
    kind === query.kind &&
    value === query.value &&
    (query.kind !== 'name' || query.born === null || born === query.born)
  const all = listSuppressions(tx)
  const about = all.filter((rule) => {
    if (rule.kind === 'email') return hashes.has(rule.value)
    if (rule.kind !== 'officer' && rule.kind !== 'name') return false
    const means = suppressionsOf([rule], '')
    return isSame(rule) || officers.some((row) => means.officer(row))
  })
  const ids = new Set(about.map(({ id }) => id))
  const following = all.filter(({ id, follows }) => follows !== null && ids.has(follows) && !ids.has(id))
  const rules = [...about, ...following]
  return {
    suppressions: rules.map(({ id, kind, born, reason, added_at }) => ({ id, kind, born, reason, added_at })),
    withheld: withheldUnder(tx, query, rules, key),
  }
}

/** By name alone only those whom no rule about a name withholds: that rule tells itself whom it means. */
function withheldUnder(tx: Tx, query: SubjectQuery, rules: Suppression[], key: string) {
  const [surname = '', forenames = ''] = query.kind === 'name' ? query.value.split(', ') : []
  const hash = query.kind === 'name' ? nameHash(key, `${forenames.split(' ')[0]} ${surname}`) : null
  const kinds = new Map(listSuppressions(tx).map(({ id, kind }) => [id, kind]))
  const ids = new Set(rules.map(({ id }) => id))
  return listWithheldRows(tx, rules, hash === null ? [] : [hash]).filter(
    ({ suppression_id: id }) => ids.has(id) || kinds.get(id) !== 'name',
  )
}

/** The delivered tables in which the person is, or was before a rule withheld them. */
function tablesOf(found: Omit<SubjectFile, 'deliveries'>): string[] {
  const gone = found.withheld.length > 0 || found.suppressions.length > 0
  const tables = ['officers', 'persons_with_significant_control', 'emails'] as const
  return tables.filter((table) => gone || found[table].length > 0)
}

function distinctRows<Row extends { company_number: string; appointment_id: string; email?: string }>(
  rows: Row[],
): Row[] {
  const keyed = rows.map((row) => [JSON.stringify([row.company_number, row.appointment_id, row.email]), row] as const)
  return [...new Map(keyed).values()]
}
