/** The streams (facts 3.1), each with the timepoint at which the sandbox takes it up: they are unrelated. */
export const STREAMS = {
  companies: 104_000_001,
  filings: 231_000_001,
  officers: 21_500_001,
  'persons-with-significant-control': 20_400_001,
  'persons-with-significant-control-statements': 3_100_001,
  charges: 3_900_001,
  'insolvency-cases': 900_001,
  'disqualified-officers': 4_001,
  'company-exemptions': 5_001,
} as const

export type StreamName = keyof typeof STREAMS

/** The stream that is served at `/name`, if there is one. */
export function isStream(name: string): name is StreamName {
  return Object.hasOwn(STREAMS, name)
}
