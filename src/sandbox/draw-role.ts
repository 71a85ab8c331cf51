import type { CompanyKind } from './company-kind.ts'
import { type Random, type Weighted, weights } from './random.ts'

export interface RoleDraw {
  role: string
  corporate: boolean
}

function human(role: string, weight: number): readonly [RoleDraw, number] {
  return [{ role, corporate: false }, weight]
}

function firm(role: string, weight: number): readonly [RoleDraw, number] {
  return [{ role, corporate: true }, weight]
}

/** Roles of facts 1.5 by kind of company; the first officer of a company is of the first role. */
const ROLES: Record<Exclude<CompanyKind['roles'], 'none'>, Weighted<RoleDraw>> = {
  directors: weights([
    human('director', 780),
    human('secretary', 120),
    firm('corporate-director', 25),
    firm('corporate-secretary', 30),
    human('nominee-director', 8),
    human('nominee-secretary', 8),
    firm('corporate-nominee-director', 6),
    firm('corporate-nominee-secretary', 10),
    human('receiver-and-manager', 1),
    human('judicial-factor', 1),
    // Some firms are filed under a role for humans (F-1034).
    firm('director', 3),
  ]),
  llp: weights([
    human('llp-designated-member', 50),
    human('llp-member', 40),
    firm('corporate-llp-designated-member', 6),
    firm('corporate-llp-member', 4),
  ]),
  partners: weights([
    firm('general-partner-in-a-limited-partnership', 50),
    human('limited-partner-in-a-limited-partnership', 40),
    human('general-partner-in-a-limited-partnership', 10),
  ]),
  overseas: weights([human('managing-officer', 60), firm('corporate-managing-officer', 40)]),
}

const DIRECTOR: RoleDraw = { role: 'director', corporate: false }
const SECRETARY: RoleDraw = { role: 'secretary', corporate: false }
const NOMINEE: RoleDraw = { role: 'corporate-nominee-secretary', corporate: true }

/**
 * The role of the officer in `slot`. `second` asks for a fixed second officer: the nominee of a group, or the first
 * officer once more as secretary.
 */
export function drawRole(
  random: Random,
  kind: CompanyKind,
  slot: number,
  second: 'nominee' | 'same' | undefined,
): RoleDraw {
  if (kind.roles === 'none') return DIRECTOR
  const roles = ROLES[kind.roles]
  if (slot === 0) return roles.items[0] ?? DIRECTOR
  if (slot === 1 && second !== undefined && kind.roles === 'directors')
    return second === 'nominee' ? NOMINEE : SECRETARY
  return kind.subtype === 'community-interest-company' && random.chance(0.05)
    ? { role: 'cic-manager', corporate: false }
    : random.weighted(roles)
}
