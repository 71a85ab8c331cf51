import type { CompanyKind } from './company-kind.ts'
import type { Random } from './random.ts'
import { FIRST_WORDS, SECOND_WORDS, THIRD_WORDS } from './words.ts'

const SUFFIXES: Record<string, readonly string[]> = {
  ltd: ['LIMITED', 'LTD', 'LTD', 'LIMITED', 'LTD.'],
  plc: ['PLC', 'PUBLIC LIMITED COMPANY'],
  llp: ['LLP'],
  'limited-partnership': ['LP', 'LIMITED PARTNERSHIP'],
  'private-limited-guarant-nsc': ['LIMITED', 'LTD'],
  'private-limited-guarant-nsc-limited-exemption': ['ASSOCIATION', 'TRUST', 'RESIDENTS ASSOCIATION LIMITED'],
  'private-unlimited': ['UNLIMITED', ''],
  'registered-overseas-entity': ['S.A.R.L.', 'INC.', 'GMBH', 'HOLDINGS LTD'],
  'oversea-company': ['S.A.', 'GMBH', 'B.V.', 'INC.'],
  'registered-society-non-jurisdictional': ['LIMITED', 'SOCIETY LIMITED'],
}
const COMMUNITY_SUFFIXES = ['C.I.C.', 'CIC', 'COMMUNITY INTEREST COMPANY']
const NO_SUFFIX = ['']

/** An invented name in capitals, with the ending that the kind of company calls for. */
export function drawName(random: Random, kind: CompanyKind): string {
  const suffix = random.pick(kind.subtype ? COMMUNITY_SUFFIXES : (SUFFIXES[kind.type] ?? NO_SUFFIX))
  const middle = random.chance(0.35) ? ` ${random.pick(THIRD_WORDS)}` : ''
  const name = `${random.pick(FIRST_WORDS)} ${random.pick(SECOND_WORDS)}${middle}`
  return suffix === '' ? name : `${name} ${suffix}`
}
