// Where deltas go: to a place of their own that carries their moment, so that no delta touches what was delivered before.
import { existsSync, readdirSync } from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'
import type { Goal } from './delivery.ts'

/** The folder inside a delivery that holds its deltas. */
export const DELTAS = 'deltas'

/**
 * Where a delta for the goal is written: a folder of its own in `deltas/`, or a file beside the one that is there. Where
 * there is none, the file is the delta itself.
 */
export function deltaGoal(goal: Goal, now: number): Goal {
  if (goal.kind === 'folder') {
    const deltas = join(goal.path, DELTAS)
    return { kind: 'folder', path: join(deltas, nextName(namesIn(deltas), now)) }
  }
  if (goal.kind === 'stream' || !existsSync(goal.path)) return goal
  return { kind: 'file', path: deltaFile(goal.path, now), isNew: true }
}

/** The file of a delta beside a delivery that is one file: `delivery-delta-20261127T150059Z.zip`. */
export function deltaFile(path: string, now: number): string {
  const { stem, ending, moments } = deltasBeside(path)
  return join(dirname(path), `${stem}${nextName(moments, now)}${ending}`)
}

/** The newest delta of the delivery at `path`, a folder or a file; null when there is none. */
export function newestDelta(path: string): string | null {
  const inside = join(path, DELTAS)
  const folder = newestOf(namesIn(inside))
  if (folder !== undefined) return join(inside, folder)
  const { stem, ending, moments } = deltasBeside(path)
  const moment = newestOf(moments)
  return moment === undefined ? null : join(dirname(path), `${stem}${moment}${ending}`)
}

function deltasBeside(path: string): { stem: string; ending: string; moments: string[] } {
  const ending = extname(path)
  const stem = `${basename(path, ending)}-delta-`
  const moments = namesIn(dirname(path)).flatMap((name) =>
    name.startsWith(stem) && name.endsWith(ending) ? [name.slice(stem.length, name.length - ending.length)] : [],
  )
  return { stem, ending, moments }
}

const MOMENT = /^(\d{8}T\d{6}Z)(?:-(\d+))?$/

/**
 * `20261127T150059Z`, or after that of the newest delta and a number when this moment does not come behind it: deltas are
 * applied in the order of their names, also after a clock was set back.
 */
function nextName(names: string[], now: number): string {
  const stamp = new Date(now).toISOString().replace(/[-:]|\.\d+/g, '')
  const [, last = '', nth = '1'] = MOMENT.exec(newestOf(names) ?? '') ?? []
  return last < stamp ? stamp : `${last}-${String(Number(nth) + 1).padStart(4, '0')}`
}

function newestOf(names: string[]): string | undefined {
  return names
    .filter((name) => MOMENT.test(name))
    .sort()
    .at(-1)
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
