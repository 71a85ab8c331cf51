// Removes what is stored about whom a rule means: rows, bought answers, the inputs of purchases, notes. What was paid for
// stays known by its hash, so that it is never bought again. Safe to repeat.
import { readOfficerName } from '../../companies-house/officer-name.ts'
import { noteErased } from '../../db/changes.ts'
import type { Tx } from '../../db/open.ts'
import type { AskedInput } from '../../db/purchases/requests.ts'
import {
  deleteCompany,
  deleteDomains,
  deleteEmails,
  deleteNotes,
  deleteOfficers,
  emptyRejects,
  findCompanyName,
  findDomains,
  findEmails,
  findOfficersToErase,
  findRequestsByDomain,
  findRequestsByKeys,
  listAnswers,
  listDomains,
  listEmails,
  replaceAnswer,
  replaceInputs,
  type StoredEmail,
  type StoredOfficer,
  suppressAnswers,
} from '../../db/suppress/erase.ts'
import { deletePscs, findPscsToErase, type StoredPsc } from '../../db/suppress/pscs.ts'
import {
  databaseKey,
  listFollowers,
  type Suppression,
  type Suppressions,
  suppressionsOf,
} from '../../db/suppress/suppressions.ts'
import {
  type Appointment,
  namesOfficer,
  rememberOfficers,
  type Withheld,
  withheldBy,
} from '../../db/suppress/withheld.ts'
import { emailHash } from '../../db/values.ts'
import type { DomainAnswer, EmailsAnswer, UnmatchedRow } from '../purchases/answers.ts'
import { domainInput, personInput, personName } from '../purchases/inputs.ts'
import { companySearchName } from '../purchases/match.ts'
import { eraseUnmatchedRows } from '../purchases/unmatched.ts'
import { eraseRejects } from './rejects.ts'

/** How many rows were removed, and how many answers, requests and notes were emptied or removed. */
export interface Erased {
  companies: number
  officers: number
  /** Persons with significant control. */
  pscs: number
  domains: number
  emails: number
  answers: number
  requests: number
  notes: number
}

/** Erases all that one rule means, in the transaction that adds it; the rule itself stays. `now` in milliseconds. */
export function eraseSuppressed(tx: Tx, suppression: Suppression, now: number): Erased {
  const rules = [suppression, ...listFollowers(tx, suppression.id)]
  const rule = suppressionsOf(rules, databaseKey(tx))
  const officers = rules
    .flatMap((one) => findOfficersToErase(tx, one))
    .filter((row) => rule.company(row.company_number) || rule.officer(row))
  const withheld = withheldBy(
    tx,
    rules.map(({ id }) => id),
  )
  const companiesOf = [
    ...officers.map(({ company_number }) => company_number),
    ...withheld.map((one) => one.companyNumber),
  ]
  const pscs = findPscsToErase(tx, rules, companiesOf)
  const emails = findOwnEmails(tx, rule, { officers, withheld })
  const addresses = new Set(emails.map(({ email }) => emailHash(email)))
  const isErased = (address: string) => rule.email(address) || addresses.has(emailHash(address))
  const domains = suppression.kind === 'domain' ? listDomains(tx).filter(({ domain }) => rule.domain(domain)) : []

  const keys = inputKeys(tx, suppression, { officers, withheld })
  const strays = eraseUnmatchedRows(tx, { keys, isMeant: meansRow(rule, isErased), now })
  const requests = eraseInputs(tx, suppression, rule, keys, now)
  let answers = strays + suppressAnswers(tx, [...keys])
  if (suppression.kind === 'domain') answers += eraseFoundDomains(tx, rule)
  if (addresses.size > 0 || suppression.kind === 'domain' || suppression.kind === 'email') {
    answers += eraseAddresses(tx, isErased)
  }

  const shared = addresses.size > 0 ? listEmails(tx).filter(({ email }) => isErased(email)) : []
  const notes = eraseNotes(tx, suppression, [...officers, ...pscs.map(asAppointment)]) + eraseRejects(tx, rule)
  deleteEmails(tx, shared)
  deleteDomains(tx, domains)
  const company = suppression.kind === 'company' ? suppression.value : null
  const ownDomains = company === null ? 0 : findDomains(tx, company).length
  deleteOfficers(tx, officers)
  deletePscs(tx, pscs)
  rememberOfficers(
    tx,
    officers.map((row) => ({ row, rule: suppression.id })),
  )
  const erasedAt = new Date(now).toISOString()
  const owners = (rows: { company_number: string }[]) => rows.map(({ company_number }) => company_number)
  noteErased(tx, 'email', owners(shared), erasedAt)
  noteErased(tx, 'domain', owners(domains), erasedAt)
  noteErased(tx, 'officer', owners(officers), erasedAt)
  noteErased(tx, 'psc', owners(pscs), erasedAt)
  const companies = company !== null && deleteCompany(tx, company) ? 1 : 0
  return {
    companies,
    officers: officers.length,
    pscs: pscs.length,
    domains: domains.length + ownDomains,
    emails: shared.length,
    answers,
    requests,
    notes,
  }
}

/** Whom a rule means: officers who are stored, and those of whom only hashes are. */
interface People {
  officers: StoredOfficer[]
  withheld: Withheld[]
}

/** The e-mails of the officers, of the company, at the domain, or the one that is meant itself. */
function findOwnEmails(tx: Tx, rule: Suppressions, { officers, withheld }: People): StoredEmail[] {
  if (!rule.people) return listEmails(tx).filter((row) => rule.email(row.email) || rule.company(row.company_number))
  const ofStored = officers.flatMap(({ company_number, appointment_id }) =>
    findEmails(tx, company_number).filter((row) => row.appointment_id === appointment_id),
  )
  const ofWithheld = withheld.flatMap(({ companyNumber, appointment }) =>
    findEmails(tx, companyNumber).filter((row) => appointment(row.appointment_id)),
  )
  return [...ofStored, ...ofWithheld]
}

/** The keys under which these people were asked for, and the company's name. */
export function inputKeys(tx: Tx, { kind, value }: Suppression, { officers, withheld }: People): Set<string> {
  const keys = new Set<string>()
  for (const officer of officers) {
    for (const name of [personName(officer), personName(readOfficerName(officer))]) {
      if (!name) continue
      for (const domain of domainsOf(tx, officer.company_number)) keys.add(personInput(name, domain).key)
    }
  }
  for (const { companyNumber, name } of withheld) {
    for (const domain of domainsOf(tx, companyNumber)) {
      const asked = findRequestsByDomain(tx, domain).flatMap(({ inputs }) => inputs)
      for (const input of asked) if (input.domain === domain && name(input.name)) keys.add(input.key)
    }
  }
  const companyName = kind === 'company' ? findCompanyName(tx, value) : null
  if (companyName !== null) keys.add(domainInput(companySearchName(companyName)).key)
  return keys
}

function domainsOf(tx: Tx, companyNumber: string): Set<string> {
  const hosts = findEmails(tx, companyNumber).map(({ email }) => email.slice(email.lastIndexOf('@') + 1))
  return new Set([...findDomains(tx, companyNumber), ...hosts])
}

/** Takes names, and the domain unless a person is meant, out of the inputs of requests; adds the keys that it meets. */
function eraseInputs(tx: Tx, { kind, value }: Suppression, rule: Suppressions, keys: Set<string>, now: number): number {
  const isMeant = ({ key, domain }: AskedInput) => keys.has(key) || (domain !== undefined && rule.domain(domain))
  const found = kind === 'domain' ? findRequestsByDomain(tx, value) : findRequestsByKeys(tx, [...keys])
  const touched = found.filter(({ inputs }) => inputs.some(isMeant))
  for (const request of touched) {
    const erased = request.inputs.filter(isMeant).map(({ key }) => key)
    for (const key of erased) keys.add(key)
    const inputs = request.inputs.map((input) => (isMeant(input) ? nameless(input, rule.people) : input))
    replaceInputs(tx, { ...request, inputs }, { erased, answeredAt: now })
  }
  return touched.length
}

/** The domain stays when only a person is to be forgotten: what its first answer tells is about everybody there. */
function nameless({ key, domain }: AskedInput, keepsDomain: boolean): AskedInput {
  return keepsDomain && domain !== undefined ? { key, name: '', domain } : { key, name: '' }
}

function meansRow(rule: Suppressions, isErased: (address: string) => boolean) {
  return (answer: UnmatchedRow['answer']) => {
    if ('domain' in answer) return rule.domain(answer.domain)
    return 'emails' in answer && answer.emails.some(({ email }) => isErased(email))
  }
}

function eraseFoundDomains(tx: Tx, rule: Suppressions): number {
  const found = listAnswers(tx, 'domain').filter(({ answer }) => {
    const { domain } = answer as Partial<DomainAnswer>
    return domain !== undefined && rule.domain(domain)
  })
  for (const answer of found) replaceAnswer(tx, answer, null)
  return found.length
}

/** Takes addresses out of the answers about people; an answer without any left is suppressed. */
function eraseAddresses(tx: Tx, isErased: (address: string) => boolean): number {
  const holding = listAnswers(tx, 'emails').filter(({ answer }) => {
    const { emails = [] } = answer as Partial<EmailsAnswer>
    return emails.some(({ email }) => isErased(email))
  })
  for (const stored of holding) {
    const answer = stored.answer as EmailsAnswer
    const emails = answer.emails.filter(({ email }) => !isErased(email))
    replaceAnswer(tx, stored, emails.length > 0 ? { ...answer, emails } : null)
  }
  return holding.length
}

/** A record as what is named by its id, its name or its surname. */
function asAppointment({ company_number, psc_id, name, surname }: StoredPsc): Appointment {
  return { company_number, appointment_id: psc_id, name, surname }
}

/** Odd items are kept as they came, names and all. */
function eraseNotes(tx: Tx, { kind, value }: Suppression, people: Appointment[]): number {
  let erased = kind === 'company' ? deleteNotes(tx, value, () => true) + emptyRejects(tx, value) : 0
  for (const person of people) {
    const isNamed = (text: string) => namesOfficer(text, [person])
    erased += deleteNotes(tx, person.company_number, isNamed) + emptyRejects(tx, person.company_number, isNamed)
  }
  return erased
}
