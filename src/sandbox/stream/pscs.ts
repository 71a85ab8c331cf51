// What happens to those who control companies of the world, told on `/persons-with-significant-control` (facts 7.2): the
// snapshot, the list over REST and the events say the same.
import { ChpipeError } from '../../errors.ts'
import type { AdminActions, AdminRequest } from '../kit/admin.ts'
import { json } from '../kit/replies.ts'
import { drawNewPsc } from '../world/pscs.ts'
import { type Random, weights } from '../world/random.ts'
import type { SyntheticPsc } from '../world/shapes.ts'
import type { World } from '../world/world.ts'
import { isPscTold, pscEvent, pscIdOf } from './psc-events.ts'
import type { Publisher } from './publisher.ts'

/** Each changes the world first, and returns the timepoint of its event. */
export interface PscHappenings {
  /** One more person or body in control, or one who is withheld by law; returns the record. */
  notifyPsc(number: string, superSecurely?: boolean): SyntheticPsc
  /** Changes members of a record; with none it is only republished. */
  changePsc(number: string, pscId: string, members?: Record<string, unknown>): number
  /** The control ends today; of one who is withheld by law no day is told. */
  ceasePsc(number: string, pscId: string): number
  deletePsc(number: string, pscId: string, withData?: boolean): number
}

/** Makes the happenings to those who control a world's companies. */
export function createPscHappenings(
  world: World,
  { publish, changeCompany }: Pick<Publisher, 'publish' | 'changeCompany'>,
  random: Random,
  now: () => number,
): PscHappenings {
  function find(number: string, pscId: string): SyntheticPsc {
    const psc = world.pscs(number).find((each) => isPscTold(each) && pscIdOf(each) === pscId)
    if (!psc) throw new RangeError(`There is no record ${pscId} in ${number}.`)
    return psc
  }

  function change(number: string, pscId: string, members: Record<string, unknown>): number {
    const psc = find(number, pscId)
    const isRepeated = Object.keys(members).length === 0
    const changed = isRepeated ? psc : { ...psc, etag: random.hex(40), ...members }
    world.override(number, { pscs: world.pscs(number).map((each) => (pscIdOf(each) === pscId ? changed : each)) })
    return publish(pscEvent(changed, 'changed', now()))
  }

  return {
    notifyPsc(number, superSecurely = false) {
      const before = world.pscs(number)
      const newcomer = drawNewPsc(world, number, before.length, superSecurely)
      const id = random.id(27)
      const psc = { ...newcomer, links: { self: newcomer.links.self.replace(/[^/]+$/, id) } }
      world.override(number, { pscs: [...before, psc] })
      publish(pscEvent(psc, 'changed', now()))
      if (superSecurely) changeCompany(number, { has_super_secure_pscs: true, etag: random.hex(40) })
      return psc
    },
    changePsc: (number, pscId, members = {}) => change(number, pscId, members),
    ceasePsc(number, pscId) {
      const isWithheld = find(number, pscId).kind.startsWith('super-secure')
      return change(number, pscId, isWithheld ? { ceased: true } : { ceased_on: world.today })
    },
    deletePsc(number, pscId, withData = true) {
      const psc = find(number, pscId)
      world.override(number, { pscs: world.pscs(number).filter((each) => pscIdOf(each) !== pscId) })
      return publish(pscEvent(psc, 'deleted', now(), { withData }))
    },
  }
}

type Happening = (on: PscHappenings, number: string, psc: SyntheticPsc) => unknown

/** Makes one thing happen to somebody who controls a company of the world each time it is called. */
export function createPscBackground(world: World, on: PscHappenings, random: Random): () => void {
  const happenings = weights<Happening>([
    [(all, number, psc) => all.changePsc(number, pscIdOf(psc)), 20],
    [(all, number, psc) => all.changePsc(number, pscIdOf(psc), changes(psc, world.today)), 35],
    [(all, number, psc) => all.ceasePsc(number, pscIdOf(psc)), 15],
    [(all, number) => all.notifyPsc(number), 18],
    [(all, number) => all.notifyPsc(number, true), 2],
    [(all, number, psc) => all.deletePsc(number, pscIdOf(psc), random.chance(0.5)), 10],
  ])
  return () => {
    const number = world.companyNumber(random.below(world.size))
    // Those just formed have a script of their own.
    if (world.company(number)?.officersVisible !== undefined) return
    const told = world.pscs(number).filter(isPscTold)
    if (told.length > 0) random.weighted(happenings)(on, number, random.pick(told))
  }
}

/** Somebody's identity is verified, or a body's share grows; of one who is withheld by law nothing shows. */
function changes({ kind }: SyntheticPsc, today: string): Record<string, unknown> {
  if (kind.startsWith('super-secure')) return { description: 'super-secure-persons-with-significant-control' }
  if (!kind.startsWith('individual')) return { natures_of_control: ['ownership-of-shares-75-to-100-percent'] }
  const open = { appointment_verification_end_on: '9999-12-31', appointment_verification_start_on: today }
  return { identity_verification_details: open }
}

/** The first record of the company, unless another is named. */
export function pscActions(
  sandbox: PscHappenings & { truth: World },
  companyOf: (request: AdminRequest) => string,
): AdminActions {
  const recordOf = (request: AdminRequest): [number: string, pscId: string] => {
    const number = companyOf(request)
    const ids = sandbox.truth.pscs(number).filter(isPscTold).map(pscIdOf)
    const [id = ids[0] ?? ''] = request.query.getAll('psc')
    if (!ids.includes(id)) throw new ChpipeError('usage', `There is no record "${id}" in ${number}.`)
    return [number, id]
  }
  return {
    'POST psc-notified': (request) =>
      json({ psc: pscIdOf(sandbox.notifyPsc(companyOf(request), request.query.get('super-secure') === 'true')) }),
    'POST psc-changed': (request) => json({ timepoint: sandbox.changePsc(...recordOf(request)) }),
    'POST psc-ceased': (request) => json({ timepoint: sandbox.ceasePsc(...recordOf(request)) }),
    'POST psc-deleted': (request) =>
      json({ timepoint: sandbox.deletePsc(...recordOf(request), request.query.get('data') !== 'false') }),
  }
}
