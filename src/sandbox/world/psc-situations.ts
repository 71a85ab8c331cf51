// What may be the case with who controls a company of the synthetic register.
import { hashText, Random, weights } from './random.ts'

const PSC_TAG = hashText('persons with significant control')

/** What a company has: itself in control of somebody, of nobody, or of the law. */
export const SITUATIONS = weights<Situation>([
  ['officer', 70],
  ['ceased', 10],
  ['corporate', 8],
  ['legal', 1],
  ['super-secure', 1],
  ['statement', 7],
  ['exempt', 1],
  ['nothing', 2],
])

type Situation = 'officer' | 'ceased' | 'corporate' | 'legal' | 'super-secure' | 'statement' | 'exempt' | 'nothing'

/** Whether a company has somebody in control of whom the register says no more than that. */
export function hasSuperSecurePscs(seed: number, number: string): boolean {
  return pscDraw(seed, number).weighted(SITUATIONS) === 'super-secure'
}

/** What is drawn of who controls a company; the situation comes first. */
export function pscDraw(seed: number, number: string): Random {
  return new Random(seed, PSC_TAG, hashText(number))
}
