// Which month's register file it is, and which part of it: the names of the files tell (facts 5.1).
import type { RegisterSource } from './register-source.ts'

export interface RegisterPartNumber {
  part: number
  of: number
}

export interface RegisterEdition {
  /** The day that the file is of, at whose beginning its facts were true; null where nobody tells. */
  asOf: string | null
  /** The parts of the register that it holds; null for one that is not a part. */
  parts: RegisterPartNumber[] | null
}

const NAME = /BasicCompanyData(?:AsOneFile)?-(\d{4}-\d{2}-\d{2})(?:-part(\d+)_(\d+))?/i

/** The file of the next month may be out before the month is; a later day is a slip of the pen. */
const MOST_AHEAD_MS = 31 * 86_400_000

/** The last day that a file may be of. */
export function latestEdition(now: number): string {
  return new Date(now + MOST_AHEAD_MS).toISOString().slice(0, 10)
}

/**
 * The edition of an opened file: by `asOf` where it is given, else by the names inside the zip, else by the file's own.
 * Several files in one zip that are not of the same day count as the oldest of them. A day that cannot be is none.
 */
export function editionOf(
  { name, parts }: Pick<RegisterSource, 'name' | 'parts'>,
  { asOf, now }: { asOf?: string | undefined; now: number },
): RegisterEdition {
  const own = readName(name)
  const inside = parts.map(({ file }) => readName(file) ?? own)
  const days = inside.flatMap((read) => read?.day ?? []).filter((day) => day <= latestEdition(now))
  const numbers = inside.flatMap((read) => read?.number ?? [])
  return { asOf: asOf ?? days.sort()[0] ?? null, parts: numbers.length === parts.length ? numbers : null }
}

function readName(name: string): { day: string | null; number: RegisterPartNumber | null } | null {
  const [, day = '', part, of] = NAME.exec(name) ?? []
  if (day === '') return null
  const date = new Date(`${day}T00:00:00Z`)
  const exists = !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day)
  return { day: exists ? day : null, number: part && of ? { part: Number(part), of: Number(of) } : null }
}
