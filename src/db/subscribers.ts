// Whether mail to a company goes to a corporate or an individual subscriber, as PECR tells them apart: by the legal form.

export const SUBSCRIBER_CLASSES = ['corporate', 'individual'] as const

/**
 * Legal forms of bodies corporate, and Scottish partnerships, which are persons of their own. `other` and
 * `converted-or-closed` say no form, and are left out.
 */
// biome-ignore format: a list
export const CORPORATE_TYPES: readonly string[] = [
  'ltd', 'plc', 'old-public-company', 'private-unlimited', 'private-unlimited-nsc', 'private-limited-guarant-nsc',
  'private-limited-guarant-nsc-limited-exemption', 'private-limited-shares-section-30-exemption', 'llp',
  'protected-cell-company', 'assurance-company', 'oversea-company', 'uk-establishment', 'registered-overseas-entity',
  'unregistered-company', 'royal-charter', 'industrial-and-provident-society', 'registered-society-non-jurisdictional',
  'investment-company-with-variable-capital', 'icvc-securities', 'icvc-warrant', 'icvc-umbrella', 'eeig', 'ukeig',
  'eeig-establishment', 'european-public-limited-liability-company-se', 'united-kingdom-societas', 'northern-ireland',
  'northern-ireland-other', 'charitable-incorporated-organisation', 'scottish-charitable-incorporated-organisation',
  'further-education-or-sixth-form-college-corporation', 'scottish-partnership',
]

/** A limited partnership is a person of its own where it is registered in Scotland; elsewhere it is its partners. */
const CLASS = `CASE
    WHEN owner.type = 'limited-partnership'
      THEN iif(owner.company_number LIKE 'SL%' OR owner.jurisdiction = 'scotland', 'corporate', 'individual')
    WHEN owner.type IN (${CORPORATE_TYPES.map((type) => `'${type}'`).join(', ')}) THEN 'corporate'
  END`

/** The class of the company of a row of this table, as an SQL expression; null where its form does not tell. */
export function subscriberClass(table: string): string {
  return `(SELECT ${CLASS} FROM companies AS owner WHERE owner.company_number = ${table}.company_number)`
}
