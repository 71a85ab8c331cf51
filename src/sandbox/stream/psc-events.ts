// Events about who controls a company, as `/persons-with-significant-control` sends them (facts 7.2).
import type { SyntheticPsc } from '../world/shapes.ts'
import type { GivenEvent } from './events.ts'

export const PSC_STREAM_NAME = 'persons-with-significant-control'

/** By the segment of the record's place; the kinds of beneficial owners are called as their segments are. */
const RESOURCE_KINDS: Record<string, string> = {
  individual: 'company-psc-individual',
  'corporate-entity': 'company-psc-corporate',
  'legal-person': 'company-psc-legal',
  'super-secure': 'company-psc-supersecure',
}

const PLACE = /\/persons-with-significant-control\/([^/]+)\/([^/]+)$/

/** Whether the stream tells of such a record: statements have a stream of their own, and exemptions too. */
export function isPscTold({ links }: SyntheticPsc): boolean {
  return PLACE.test(links.self)
}

/** The last part of its place. */
export function pscIdOf({ links }: SyntheticPsc): string {
  return links.self.split('/').at(-1) ?? ''
}

/** What the stream says of a record; a deleted one may come without data. */
export function pscEvent(
  psc: SyntheticPsc,
  type: 'changed' | 'deleted',
  atMs: number,
  { withData = true } = {},
): GivenEvent {
  const [, segment = ''] = PLACE.exec(psc.links.self) ?? []
  return {
    stream: PSC_STREAM_NAME,
    resource_kind: RESOURCE_KINDS[segment] ?? segment,
    resource_uri: psc.links.self,
    resource_id: pscIdOf(psc),
    data: withData ? { ...psc } : undefined,
    // To the second and without a zone, unlike that of companies.
    event: { type, published_at: new Date(atMs).toISOString().slice(0, 19) },
  }
}
