// What may be bought, as the keys under which it is bought once and for all.
import { createHash } from 'node:crypto'
import type { Tx } from '../db/open.ts'
import { type Answer, findAnswers } from '../db/provider-answers.ts'
import type { AskedInput, OpenInput, Operation } from '../db/provider-requests.ts'
import { readOpenInputs } from '../db/provider-requests.ts'
import { normalName } from './normal-name.ts'
import type { PersonName } from './person-name.ts'

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
  | { state: 'answered'; answer: Answer }
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
