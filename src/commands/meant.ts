// What people type who know other programs.
import { editDistance } from '../text.ts'

const MEANT: Record<string, string> = {
  status: 'progress',
  stats: 'progress',
  watch: 'progress --watch',
  version: '--version',
  setup: 'init',
  config: 'init',
  configure: 'init',
  login: 'init',
  auth: 'init',
  import: 'import-companies',
  companies: 'import-companies',
  load: 'import-companies',
  officers: 'import-officers',
  fetch: 'import-officers',
  get: 'show',
  info: 'show',
  company: 'show',
  search: 'find',
  list: 'find',
  lookup: 'find',
  follow: 'stream',
  dump: 'export',
  deliver: 'export',
  package: 'export --package delivery.zip',
  verify: 'export --verify delivery.zip',
  check: 'doctor',
  health: 'doctor',
  erase: 'suppress',
  forget: 'suppress',
  unsubscribe: 'suppress',
  server: 'serve',
  api: 'serve',
  tokens: 'token',
  tutorial: 'demo',
}

/** What a word that is no command stands for elsewhere, also misspelt, unless a command is nearer; null for anything else. */
export function meantCommand(word: string, commands: readonly string[]): string | null {
  const typed = word.toLowerCase()
  const own = MEANT[typed]
  if (own !== undefined) return own
  const distances = (words: readonly string[]) =>
    words.map((candidate) => ({ candidate, distance: editDistance(typed, candidate) })).toSorted(nearer)
  const [nearest] = distances(Object.keys(MEANT))
  const [command] = distances(commands)
  if (!nearest || nearest.distance > Math.min(2, (typed.length - 1) / 2)) return null
  return command && command.distance <= nearest.distance ? null : (MEANT[nearest.candidate] ?? null)
}

function nearer(a: { distance: number }, b: { distance: number }): number {
  return a.distance - b.distance
}
