// Who controls the companies of the demo, as it is stored and as the sandbox's register has it.
import { naturesInWords } from '../../db/natures.ts'
import type { Db } from '../../db/open.ts'
import type { World } from '../../sandbox/world/world.ts'

export interface DemoPscs {
  records: number
  companies: number
  /** One of them, with how they control their company. */
  example: { company_number: string; name: string; natures_of_control: string } | null
  /** One sentence for each record that is not as it should be. */
  differences: string[]
}

interface Stored {
  company_number: string
  psc_id: string
  kind: string
  name: string | null
  etag: string | null
  natures_of_control: string | null
  ceased_on: string | null
}

const STORED = `SELECT company_number, psc_id, kind, name, etag, natures_of_control, ceased_on 
  FROM persons_with_significant_control ORDER BY 1, 2`
const READ = "SELECT company_number FROM companies WHERE pscs_state <> 'pending'"

/** Compares every record of the companies that the snapshot told of. */
export function readDemoPscs(db: Db, world: World): DemoPscs {
  const rows = db.$client.prepare<[], Stored>(STORED).all()
  const numbers = db.$client.prepare<[], string>(READ).pluck().all()
  const stored = new Set(rows.map(({ company_number, psc_id, etag }) => `${company_number} ${psc_id} ${etag}`))
  const truth = new Set(
    numbers.flatMap((number) =>
      world.pscs(number).map(({ links, etag }) => `${number} ${links.self.split('/').at(-1)} ${etag}`),
    ),
  )
  const example = rows.find(({ name, natures_of_control, ceased_on }) => name && natures_of_control && !ceased_on)
  return {
    records: rows.length,
    companies: new Set(rows.map(({ company_number }) => company_number)).size,
    example: example
      ? {
          company_number: example.company_number,
          name: example.name ?? '',
          natures_of_control: naturesInWords(example.natures_of_control) ?? '',
        }
      : null,
    differences: [
      ...[...truth].filter((one) => !stored.has(one)).map((one) => `${one} is not stored`),
      ...[...stored].filter((one) => !truth.has(one)).map((one) => `${one} is not in the register`),
    ],
  }
}
