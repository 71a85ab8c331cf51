import type { World } from '../world.ts'
import { type CompanyDomain, domainOfName } from './company-domains.ts'
import { type DomainContacts, domainContacts } from './domain-contacts.ts'
import { type FinderEmail, finderEmails, type MailKind, mailOf, type Verdict, verdictOf } from './mailboxes.ts'

/** What the sandbox's Snov knows, faults aside: the same seed gives the same answers, whatever was asked before. */
export interface SnovTruth {
  /** By company number, or by name with or without its legal form; undefined for a miss. */
  domainOf(numberOrName: string): CompanyDomain | undefined
  /** Empty for a miss; each e-mail costs a credit. */
  emailsOf(firstName: string, lastName: string, domain: string): FinderEmail[]
  verdictOf(email: string): Verdict
  mailOf(domain: string): MailKind
  contactsOf(domain: string): DomainContacts
}

/** The truth behind a world's companies, and behind any other name that somebody asks for. */
export function createSnovTruth(world: World): SnovTruth {
  const { seed } = world
  return {
    domainOf: (numberOrName) => domainOfName(seed, world.company(numberOrName)?.company_name ?? numberOrName),
    emailsOf: (firstName, lastName, domain) => finderEmails(seed, firstName, lastName, domain),
    verdictOf: (email) => verdictOf(seed, email),
    mailOf: (domain) => mailOf(seed, domain.trim().toLowerCase()),
    contactsOf: (domain) => domainContacts(seed, domain),
  }
}
