import { hashText, Random } from '../random.ts'
import { titleCase } from './name-keys.ts'

const TAG = hashText('snov profile')
const HIT_SHARE = 0.7

/** The profile behind a LinkedIn address such as `.../in/john-doe-example/`; undefined for a miss. */
export function profileOf(url: string): Record<string, unknown> | undefined {
  const slug = /\/in\/([a-z0-9-]+)\/?$/i.exec(url)?.[1]?.toLowerCase()
  if (slug === undefined || !new Random(TAG, hashText(slug)).chance(HIT_SHARE)) return undefined
  const [first = '', last = ''] = titleCase(slug).split('-')
  const place = { industry: 'Internet', location: 'Leeds, England, United Kingdom', country: 'United Kingdom' }
  return {
    name: `${first} ${last}`.trim(),
    first_name: first,
    last_name: last,
    ...place,
    positions: [
      {
        name: 'Example Ltd',
        title: 'Director',
        linkedin_url: 'https://www.linkedin.com/company/1',
        url: 'https://example.com',
        industry: place.industry,
        country: place.country,
        location: place.location,
      },
    ],
  }
}
