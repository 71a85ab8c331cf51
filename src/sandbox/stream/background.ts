import type { Random } from '../random.ts'
import type { World } from '../world.ts'
import { drawChange } from './draw-change.ts'
import type { Publisher } from './publisher.ts'

/** Makes one thing happen to a company of the world each time it is called: a change, a republication, a deletion. */
export function createBackground(world: World, publisher: Publisher, random: Random): () => void {
  const deleted = new Set<string>()
  return () => {
    const index = random.below(world.size)
    const company = world.company(world.companyNumber(index))
    // Nothing more happens to what is gone, and those just formed have a script of their own.
    if (!company || deleted.has(company.company_number) || company.officersVisible !== undefined) return
    const { company_number: number } = company
    const change = drawChange(random, company, { seed: world.seed, index, today: world.today })
    switch (change.kind) {
      case 'changed':
        publisher.changeCompany(number, change.members, change.fieldsChanged)
        break
      case 'republished':
        publisher.changeCompany(number)
        break
      case 'deleted':
        deleted.add(number)
        publisher.deleteCompany(number, change.withData)
    }
  }
}
