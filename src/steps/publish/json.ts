// JSON as PostgreSQL's `jsonb` writes it back, so that what was sent and what is stored can be compared as text.

type Json = string | number | boolean | null | Json[] | { [name: string]: Json }

/**
 * The text of a JSON value as `jsonb` prints it: members by the length of their names and then by bytes, the last of equal
 * names, a blank behind commas and colons. Characters that PostgreSQL cannot store become U+FFFD. Null for what is no JSON.
 */
export function canonicalJson(text: string): string | null {
  try {
    return written(JSON.parse(text) as Json)
  } catch {
    return null
  }
}

function written(value: Json): string {
  if (typeof value === 'string') return quoted(value)
  if (typeof value === 'number') return plainNumber(value)
  if (typeof value !== 'object' || value === null) return String(value)
  if (Array.isArray(value)) return `[${value.map(written).join(', ')}]`
  const members = new Map(Object.entries(value).map(([name, member]) => [storable(name), member]))
  const ordered = [...members].sort(([a], [b]) => byLength(Buffer.from(a), Buffer.from(b)))
  return `{${ordered.map(([name, member]) => `${quoted(name)}: ${written(member)}`).join(', ')}}`
}

function quoted(text: string): string {
  return JSON.stringify(storable(text))
}

function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD')
}

function byLength(a: Buffer, b: Buffer): number {
  return a.length - b.length || Buffer.compare(a, b)
}

/** `numeric` knows no exponents: 1e21 is a one with its zeros. Neither does it know a zero below zero. */
function plainNumber(value: number): string {
  const [digits = '', exponent] = String(value).split('e')
  if (exponent === undefined) return digits
  const [whole = '', fraction = ''] = digits.replace('-', '').split('.')
  const sign = value < 0 ? '-' : ''
  const point = whole.length + Number(exponent)
  const all = whole + fraction
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${all}`
  return point >= all.length ? `${sign}${all.padEnd(point, '0')}` : `${sign}${all.slice(0, point)}.${all.slice(point)}`
}
