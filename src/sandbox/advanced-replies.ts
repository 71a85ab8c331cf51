import type { AdvancedQuery } from './advanced-query.ts'
import type { Random } from './random.ts'
import { empty, json, type Reply } from './replies.ts'
import { companiesOf } from './search-replies.ts'
import type { SyntheticCompany } from './shapes.ts'
import type { World } from './world.ts'

/** `GET /advanced-search/companies` over the numbers of companies already found: nothing to show is an empty 404 (facts 1.7). */
export function advancedReply(world: World, found: readonly string[], query: AdvancedQuery, random: Random): Reply {
  const page = companiesOf(world, found.slice(query.startIndex, query.startIndex + query.size))
  const [first] = companiesOf(world, found.slice(0, 1))
  if (page.length === 0 || first === undefined) return empty(404)
  return json({
    etag: random.hex(40),
    top_hit: advancedItem(first),
    items: page.map(advancedItem),
    kind: 'search#advanced-search',
    hits: found.length,
  })
}

function advancedItem(company: SyntheticCompany): Record<string, unknown> {
  const { address_line_1, address_line_2, locality, region, country, postal_code } =
    company.registered_office_address ?? {}
  return {
    company_name: company.company_name,
    company_number: company.company_number,
    company_status: company.company_status,
    company_type: company.type,
    company_subtype: company.subtype,
    kind: 'search-results#company',
    links: { company_profile: `/company/${company.company_number}` },
    date_of_cessation: company.date_of_cessation,
    date_of_creation: company.date_of_creation,
    registered_office_address: { address_line_1, address_line_2, locality, region, country, postal_code },
    sic_codes: company.sic_codes,
  }
}
