// What happens to those who control the companies of the world, told on `/persons-with-significant-control` (facts 7.2):
// the snapshot and the event say the same.
import type { SyntheticPsc } from '../world/pscs.ts'
import { drawNewPsc } from '../world/pscs.ts'
import { type Random, weights } from '../world/random.ts'
import type { World } from '../world/world.ts'
import type { Publisher } from './publisher.ts'

/** Each changes the world first, and returns the timepoint of its event. */
export interface PscHappenings {
  /** One more record, of somebody new; returns it. */
  notifyPsc(number: string): SyntheticPsc
  /** Changes members of a record; with none it is only republished. */
  changePsc(number: string, pscId: string, members?: Partial<SyntheticPsc>): number
  /** Somebody ceases to control the company: the record stays, with its end. */
  ceasePsc(number: string, pscId: string): number
  /** With the record as it last was, or without any data. */
  deletePsc(number: string, pscId: string, withData?: boolean): number
}

/** The last part of a record's place. */
export function pscIdOf({ links }: SyntheticPsc): string {
  return links.self.split('/').at(-1) ?? ''
}

/** The records of a company that the stream tells of: statements and exemptions have streams of their own. */
export function streamedPscs(world: World, number: string): SyntheticPsc[] {
  return world.pscs(number).filter(({ links }) => SEGMENT.test(links.self))
}

const SEGMENT = /\/persons-with-significant-control\/([a-z-]+)\//

const RESOURCE_KINDS: Record<string, string> = {
  individual: 'company-psc-individual',
  'corporate-entity': 'company-psc-corporate',
  'legal-person': 'company-psc-legal',
  'super-secure': 'company-psc-supersecure',
}

/** Makes the happenings of a world's persons with significant control. */
export function createPscHappenings(world: World, { publish }: Publisher, random: Random): PscHappenings {
  const tell = (psc: SyntheticPsc, data: object | undefined, type: 'changed' | 'deleted') =>
    publish({
      stream: 'persons-with-significant-control',
      resource_kind: RESOURCE_KINDS[SEGMENT.exec(psc.links.self)?.[1] ?? ''] ?? '',
      resource_uri: psc.links.self,
      resource_id: pscIdOf(psc),
      data: data && { ...data },
      event: { type },
    })

  function find(number: string, pscId: string): SyntheticPsc {
    const psc = streamedPscs(world, number).find((each) => pscIdOf(each) === pscId)
    if (!psc) throw new RangeError(`Nobody ${pscId} controls ${number}.`)
    return psc
  }

  function changePsc(number: string, pscId: string, members: Partial<SyntheticPsc> = {}): number {
    const psc = find(number, pscId)
    if (Object.keys(members).length === 0) return tell(psc, psc, 'changed')
    const changed: SyntheticPsc = { ...psc, etag: random.hex(40), ...members }
    world.override(number, { pscs: world.pscs(number).map((each) => (pscIdOf(each) === pscId ? changed : each)) })
    return tell(changed, changed, 'changed')
  }

  return {
    notifyPsc(number) {
      const psc = drawNewPsc(world, number, random)
      world.override(number, { pscs: [...world.pscs(number), psc] })
      tell(psc, psc, 'changed')
      return psc
    },
    changePsc,
    ceasePsc: (number, pscId) => changePsc(number, pscId, { ceased_on: world.today }),
    deletePsc(number, pscId, withData = true) {
      const psc = find(number, pscId)
      world.override(number, { pscs: world.pscs(number).filter((each) => pscIdOf(each) !== pscId) })
      return tell(psc, withData ? psc : undefined, 'deleted')
    },
  }
}

type Happening = (on: PscHappenings, number: string, pscId: string) => unknown

/** Makes one thing happen to somebody in control each time it is called. */
export function createPscBackground(world: World, on: PscHappenings, random: Random): () => void {
  const happenings = weights<Happening>([
    [(all, number, id) => all.changePsc(number, id), 20],
    [(all, number, id) => all.changePsc(number, id, { natures_of_control: ['significant-influence-or-control'] }), 25],
    [(all, number, id) => all.ceasePsc(number, id), 25],
    [(all, number, id) => all.deletePsc(number, id, random.chance(0.5)), 5],
    [(all, number) => all.notifyPsc(number), 25],
  ])
  return () => {
    const number = world.companyNumber(random.below(world.size))
    const pscs = streamedPscs(world, number)
    if (pscs.length > 0) random.weighted(happenings)(on, number, pscIdOf(random.pick(pscs)))
  }
}
