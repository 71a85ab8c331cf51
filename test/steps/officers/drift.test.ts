import { describe, expect, it } from 'vitest'
import type { OfficerRow } from '../../../src/db/officers/officers.ts'
import { isSteady, officerDrift } from '../../../src/steps/officers/rows.ts'

const officer = (appointment_id: string, more: Partial<OfficerRow> = {}): OfficerRow => ({
  ...{ company_number: '00000001', appointment_id, name: `NAME ${appointment_id}`, officer_role: 'director' },
  ...{ source: 'rest', fetched_at: '2026-01-01', run_id: 1 },
  ...more,
})

describe('officerDrift', () => {
  it('finds nothing where only order, origin, absence and the reading of names differ', () => {
    const stored = [officer('a', { surname: 'Name', occupation: null }), officer('b')]
    const fresh = [officer('b', { fetched_at: '2026-02-01', run_id: 7 }), officer('a', { surname: 'NAME' })]
    expect(isSteady(officerDrift(stored, fresh))).toBe(true)
  })

  it('does not count an etag, which changes when nothing else does, but a verification', () => {
    const stored = [officer('a', { etag: 'e1' })]
    expect(isSteady(officerDrift(stored, [officer('a', { etag: 'e2' })]))).toBe(true)
    const verified = [officer('a', { appointment_verification_start_on: '2026-01-02' })]
    expect(officerDrift(stored, verified).changed[0]?.fields).toEqual({
      appointment_verification_start_on: { stored: null, register: '2026-01-02' },
    })
  })

  it('tells who came, who went, and what changed', () => {
    const stored = [officer('a'), officer('b', { nationality: 'British', date_of_birth_year: 1970 })]
    const fresh = [officer('b', { resigned_on: '2026-01-05', date_of_birth_year: 1971 }), officer('c')]
    const drift = officerDrift(stored, fresh)
    expect(isSteady(drift)).toBe(false)
    expect(drift).toEqual({
      added: [{ appointment_id: 'c', name: 'NAME c' }],
      removed: [{ appointment_id: 'a', name: 'NAME a' }],
      changed: [
        {
          appointment_id: 'b',
          name: 'NAME b',
          fields: {
            nationality: { stored: 'British', register: null },
            resigned_on: { stored: null, register: '2026-01-05' },
            date_of_birth_year: { stored: 1970, register: 1971 },
          },
        },
      ],
    })
  })
})
