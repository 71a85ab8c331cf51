// `GET /company/{n}/persons-with-significant-control` (facts 1.8): persons and bodies; statements are listed elsewhere.
import { json, type Reply } from '../kit/replies.ts'
import type { World } from '../world/world.ts'

const DEFAULT_ITEMS = 25
const PLACE = /\/persons-with-significant-control\/[^/]+\/[^/]+$/

/** The list; an empty one for a company without any and for an unknown one, as since about November 2024. */
export function pscsReply(world: World, number: string, query: URLSearchParams): Reply {
  const whole = (name: string, otherwise: number) => {
    const asked = query.get(name)
    return asked !== null && /^\d{1,6}$/.test(asked) ? Number(asked) : otherwise
  }
  const [start, each] = [whole('start_index', 0), whole('items_per_page', DEFAULT_ITEMS)]
  const all = world.pscs(number).filter(({ links }) => PLACE.test(links.self))
  const ceased = all.filter(({ ceased_on, ceased }) => ceased_on !== undefined || ceased === true).length
  return json({
    active_count: all.length - ceased,
    ceased_count: ceased,
    items: all.slice(start, start + each),
    items_per_page: each,
    links: { self: `/company/${number}/persons-with-significant-control` },
    start_index: start,
    total_results: all.length,
  })
}
