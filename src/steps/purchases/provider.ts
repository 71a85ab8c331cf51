// What the purchases need to know of a provider of domains and addresses. Ledger, doubt, budget and reports are the same
// for all of them, for those that answer at once as well as for those that are started and polled.

import type { Operation } from '../../db/purchases/requests.ts'
import type { Lane } from '../../db/quota/ledger.ts'
import { ChpipeError } from '../../errors.ts'

export interface CallOptions {
  lane: Lane
  signal: AbortSignal
}

/** A row of an answer. Rows are matched by name: neither their order nor their number is that of the request. */
export interface DomainRow {
  name: string
  domain: string | null
}

export interface EmailsRow {
  /** The person's full name, as asked. */
  name: string
  emails: FoundEmail[]
}

export interface FoundEmail {
  email: string
  /** `valid`, `unknown` or `not_valid`, which costs nothing. */
  status: string | null
  /** Why it is unknown: `catchall` and `hidden_by_owner` are acted on, others are kept as the provider says them. */
  reason: string | null
  webmail: boolean | null
  disposable: boolean | null
  gibberish: boolean | null
}

/** A person to look for at a domain. */
export interface PersonRow {
  firstName: string
  lastName: string
  domain: string
}

export interface Rows<Row> {
  /** With `not-enough-credits` the rows that were still paid for. */
  state: 'completed' | 'not-enough-credits'
  rows: Row[]
  /** Rows that could not be read, and the first of them as they came, cut where they are long. */
  odd: number
  oddTexts: string[]
}

/** What a start brings: a task to poll, or the rows at once. */
export type Started<Row> = { task: string } | Rows<Row>

/**
 * All that one start needs is in hand, so that nothing lies between writing a purchase down and sending it. A start is
 * sent once, whatever happens; a `ProviderError` whose `mayHaveActed` is false surely bought nothing. Only operations
 * that the provider offers are ever started.
 */
export interface ReadyStart {
  domains(names: string[]): Promise<Started<DomainRow>>
  emails(people: PersonRow[]): Promise<Started<EmailsRow>>
  /** Nothing will be sent. */
  cancel(): void
}

export interface Terms {
  /** Credits for one row that is found. */
  price: number
  /** Rows that one start takes. */
  maxRows: number
}

export interface Provider {
  /** As its rows in the database name it. */
  readonly name: string
  /** As messages name it. */
  readonly title: string
  readonly operations: Partial<Record<Operation, Terms>>
  /** Makes a start possible. Throws a `config` error for refused credentials, else a `ProviderError`. */
  ready(options: CallOptions): Promise<ReadyStart>
  /** Asks once for the result of a task. A task that the provider does not know is a `not-found` error. */
  poll?: {
    domains(task: string, options: CallOptions): Promise<{ state: 'pending' } | Rows<DomainRow>>
    emails(task: string, options: CallOptions): Promise<{ state: 'pending' } | Rows<EmailsRow>>
  }
  /** The account's credits, as a decimal string. Without it no purchase is measured, and no doubt settles by itself. */
  balance?(options: CallOptions): Promise<string>
  /** Calls sent and refusals for too many calls, by this process. */
  readonly counts: { requests: number; rateLimited: number }
}

/** The provider of an operation, the first that offers it, and its terms. Throws `config` where none does. */
export function providerOf(providers: readonly Provider[], operation: Operation): { provider: Provider; terms: Terms } {
  for (const provider of providers) {
    const terms = provider.operations[operation]
    if (terms) return { provider, terms }
  }
  throw new ChpipeError('config', `No provider is set up that finds ${operation === 'domain' ? 'domains' : 'e-mails'}`)
}

/** The provider that a stored request names; undefined where it is no longer set up. */
export function providerNamed(providers: readonly Provider[], name: string): Provider | undefined {
  return providers.find((provider) => provider.name === name)
}
