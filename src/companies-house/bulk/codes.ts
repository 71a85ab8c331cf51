// The codes of the bulk products, and the API's words for them (facts 5.3).

interface Kind {
  current: string
  resigned: string
  role: string
}

/** A role of the products has one code while it is held and another one afterwards. */
const KINDS: readonly Kind[] = [
  { current: '00', resigned: '02', role: 'secretary' },
  { current: '01', resigned: '03', role: 'director' },
  { current: '04', resigned: '06', role: 'llp-member' },
  { current: '05', resigned: '07', role: 'llp-designated-member' },
  { current: '11', resigned: '14', role: 'judicial-factor' },
  { current: '12', resigned: '15', role: 'receiver-and-manager' },
  { current: '13', resigned: '16', role: 'cic-manager' },
  { current: '17', resigned: '20', role: 'member-of-an-administrative-organ' },
  { current: '18', resigned: '21', role: 'member-of-a-supervisory-organ' },
  { current: '19', resigned: '22', role: 'member-of-a-management-organ' },
]

const BY_CODE = new Map(KINDS.flatMap((kind) => [kind.current, kind.resigned].map((code) => [code, kind] as const)))

/** The new type of an appointment that never was. */
export const ERRORED = '99'

/** Whether the role is held; null for a code that nobody knows, of which only a date of resignation tells. */
export function isCurrentType(code: string): boolean | null {
  const kind = BY_CODE.get(code)
  return kind === undefined ? null : kind.current === code
}

export interface Appointee {
  corporate: boolean
  /** Of twelve digits. */
  personNumber: string
}

/** Only these are given to bodies under a role of their own. */
const NOT_CORPORATE = new Set(['judicial-factor', 'receiver-and-manager', 'cic-manager'])

/**
 * The API's role for a code: a person number that begins with 9 is a nominee's [B]. A code that nobody knows becomes a
 * role of its own, `type-23`.
 */
export function roleOfType(code: string, { corporate, personNumber }: Appointee): string {
  const kind = BY_CODE.get(code)
  if (kind === undefined) return `type-${code}`
  const nominee = personNumber.startsWith('9') && (kind.role === 'director' || kind.role === 'secretary')
  const role = nominee ? `nominee-${kind.role}` : kind.role
  return corporate && !NOT_CORPORATE.has(kind.role) ? `corporate-${role}` : role
}

/** The role of a code, whoever holds it: without `corporate-` and `nominee-`. */
export function plainRoleOfType(code: string): string {
  return BY_CODE.get(code)?.role ?? `type-${code}`
}

const ROLES = new Set(KINDS.map(({ role }) => role))

/** Whether the products have such a plain role at all. */
export function isProductRole(plainRole: string): boolean {
  return ROLES.has(plainRole) || plainRole.startsWith('type-')
}
