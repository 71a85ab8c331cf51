import { type FaultPlan, parseFaults } from '../../../src/sandbox/companies-house/faults.ts'
import type { SyntheticOfficerItem } from '../../../src/sandbox/world/shapes.ts'
import { type Answer, type Opened, opened } from './opened.ts'

export interface Tried {
  open: Opened
  number: string
  /** The list of a company's 40 officers. */
  officers(query?: string): Promise<Answer>
}

/** A sandbox with these faults and a company of 40 officers. */
export async function tried(plan: FaultPlan | string): Promise<Tried & AsyncDisposable> {
  const open = await opened({ faults: typeof plan === 'string' ? parseFaults(plan) : plan })
  const number = open.world.companyNumber(3)
  open.world.override(number, { officers: 40 })
  return {
    open,
    number,
    officers: (query = '') => open.get(`/company/${number}/officers${query}`),
    [Symbol.asyncDispose]: () => open.sandbox.close(),
  }
}

export function items(answer: Answer): SyntheticOfficerItem[] {
  return answer.body.items as SyntheticOfficerItem[]
}
