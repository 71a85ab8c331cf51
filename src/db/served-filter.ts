// Filters of companies as SQL conditions. Every value is bound; none becomes part of the SQL.

/** Which companies to serve; a list means any of its values. */
export interface CompanyFilter {
  /** Also those whose officers are not complete. */
  all: boolean
  status?: string[] | undefined
  type?: string[] | undefined
  /** Beginnings of SIC codes. */
  sic?: string[] | undefined
  /** Postcode areas, such as `BR`: a first sieve, as postcodes are written in many ways. */
  postcode?: string[] | undefined
  locality?: string | undefined
  region?: string | undefined
  country?: string | undefined
  /** Days, both included. */
  createdFrom?: string | undefined
  createdTo?: string | undefined
  /** Companies with a domain, an address: a first sieve, as what is suppressed is not looked at. */
  hasDomain?: boolean | undefined
  hasEmail?: boolean | undefined
}

export interface Condition {
  sql: string
  values: (string | number)[]
}

/** The condition on the company's own columns; empty when every company of the scope is wanted. */
export function conditionOf(filter: CompanyFilter): Condition {
  const parts: Condition[] = []
  const add = (sql: string, ...values: (string | number)[]) => parts.push({ sql, values })
  const anyOf = (sql: string, values: string[] | undefined) => {
    if (values) add(`(${values.map(() => sql).join(' OR ')})`, ...values)
  }
  anyOf('company_status = ?', filter.status)
  anyOf('type = ?', filter.type)
  anyOf(`instr(',' || sic_codes, ',' || ?) > 0`, filter.sic)
  anyOf('instr(upper(postal_code), ?) > 0', filter.postcode)
  if (filter.locality !== undefined) add('locality = ? COLLATE NOCASE', filter.locality)
  if (filter.region !== undefined) add('region = ? COLLATE NOCASE', filter.region)
  if (filter.country !== undefined) add('country = ? COLLATE NOCASE', filter.country)
  if (filter.createdFrom !== undefined) add('date_of_creation >= ?', filter.createdFrom)
  if (filter.createdTo !== undefined) add('date_of_creation <= ?', filter.createdTo)
  if (filter.hasDomain) add('EXISTS (SELECT 1 FROM domains WHERE domains.company_number = companies.company_number)')
  if (filter.hasEmail) add('EXISTS (SELECT 1 FROM emails WHERE emails.company_number = companies.company_number)')
  return { sql: parts.map(({ sql }) => sql).join(' AND '), values: parts.flatMap(({ values }) => values) }
}

/** Companies whose officers are complete, or all. */
export function scopeOf({ all }: Pick<CompanyFilter, 'all'>): string {
  return all ? '1' : `officers_state = 'complete'`
}
