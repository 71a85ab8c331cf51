// Snapshots of persons with significant control for tests; everybody in them is invented.

export const GENERATED = '2026-08-07T03:40:50+01:00'

export interface Line {
  company_number: string
  data: Record<string, unknown>
}

/** An individual at a company, but for the members given. */
export function individual(companyNumber: string, id: string, members: Record<string, unknown> = {}): Line {
  return {
    company_number: companyNumber,
    data: {
      address: {
        address_line_1: 'Sample Street',
        country: 'England',
        locality: 'Teston',
        postal_code: 'ZZ1 1AA',
        premises: '2',
      },
      country_of_residence: 'England',
      date_of_birth: { month: 3, year: 1970 },
      etag: `etag-${id}`,
      kind: 'individual-person-with-significant-control',
      links: { self: `/company/${companyNumber}/persons-with-significant-control/individual/${id}` },
      name: 'Ms Ava May Example',
      name_elements: { forename: 'Ava', middle_name: 'May', surname: 'Example', title: 'Ms' },
      nationality: 'British',
      natures_of_control: ['ownership-of-shares-75-to-100-percent', 'right-to-appoint-and-remove-directors'],
      notified_on: '2016-05-12',
      ...members,
    },
  }
}

/** A company that controls another. */
export function corporate(companyNumber: string, id: string, members: Record<string, unknown> = {}): Line {
  return {
    company_number: companyNumber,
    data: {
      etag: `etag-${id}`,
      identification: {
        country_registered: 'England',
        legal_authority: 'Companies Act 2006',
        legal_form: 'Limited Company',
        place_registered: 'Companies House',
        registration_number: '99000002',
      },
      kind: 'corporate-entity-person-with-significant-control',
      links: { self: `/company/${companyNumber}/persons-with-significant-control/corporate-entity/${id}` },
      name: 'Sample Holdings Limited',
      natures_of_control: ['ownership-of-shares-50-to-75-percent'],
      notified_on: '2016-04-06',
      ...members,
    },
  }
}

export function superSecure(companyNumber: string, id: string): Line {
  return {
    company_number: companyNumber,
    data: {
      description: 'super-secure-persons-with-significant-control',
      etag: `etag-${id}`,
      kind: 'super-secure-person-with-significant-control',
      links: { self: `/company/${companyNumber}/persons-with-significant-control/super-secure/${id}` },
    },
  }
}

export function statement(companyNumber: string, id: string, members: Record<string, unknown> = {}): Line {
  return {
    company_number: companyNumber,
    data: {
      etag: `etag-${id}`,
      kind: 'persons-with-significant-control-statement',
      links: { self: `/company/${companyNumber}/persons-with-significant-control-statements/${id}` },
      notified_on: '2016-06-30',
      statement: 'no-individual-or-entity-with-signficant-control',
      ...members,
    },
  }
}

export function exemption(companyNumber: string): Line {
  return {
    company_number: companyNumber,
    data: {
      etag: 'etag-exemptions',
      exemptions: {
        psc_exempt_as_trading_on_uk_regulated_market: {
          exemption_type: 'psc-exempt-as-trading-on-uk-regulated-market',
          items: [{ exempt_from: '2018-06-18' }],
        },
      },
      kind: 'exemptions',
      links: { self: `/company/${companyNumber}/exemptions` },
    },
  }
}

/** The line of totals that agrees with these. */
export function totals(lines: readonly Line[], generatedAt: string = GENERATED): object {
  const count = (means: (kind: string) => boolean) => lines.filter(({ data }) => means(String(data.kind))).length
  const statements = count((kind) => kind.endsWith('-statement'))
  const exemptions = count((kind) => kind === 'exemptions')
  return {
    data: {
      kind: 'totals#persons-of-significant-control-snapshot',
      persons_of_significant_control_count: lines.length - statements - exemptions,
      statements_count: statements,
      exemptions_count: exemptions,
      generated_at: generatedAt,
    },
  }
}

/** A whole snapshot as text. */
export function snapshotText(lines: readonly Line[], generatedAt: string = GENERATED): string {
  return textOf([...lines, totals(lines, generatedAt)])
}

export function textOf(lines: readonly object[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('')
}
