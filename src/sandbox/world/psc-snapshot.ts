// The snapshot of the synthetic register's persons with significant control, as it is downloaded (facts 5.5).
import { createWriteStream } from 'node:fs'
import { basename } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ZipFile } from 'yazl'
import type { SyntheticPsc } from './shapes.ts'
import type { World } from './world.ts'

export interface PscTruth {
  persons: number
  statements: number
  exemptions: number
}

const LINES_PER_CHUNK = 512

/** Statements stand behind all persons, exemptions behind these, and the totals at the end. */
const SORTS = ['persons', 'statements', 'exemptions'] as const

function sortOfPsc({ kind }: SyntheticPsc): (typeof SORTS)[number] {
  return kind === 'exemptions' ? 'exemptions' : kind.endsWith('-statement') ? 'statements' : 'persons'
}

/** The lines of a snapshot, without line ends; `counts` tells of what was written when they are through. */
export function* pscSnapshotLines(world: World, counts: PscTruth): Generator<string> {
  for (const sort of SORTS) {
    for (const number of world.numbers()) {
      for (const psc of world.pscs(number)) {
        if (sortOfPsc(psc) !== sort) continue
        counts[sort] += 1
        yield JSON.stringify({ company_number: number, data: inOrder(psc) })
      }
    }
  }
  yield JSON.stringify({
    data: {
      kind: 'totals#persons-of-significant-control-snapshot',
      persons_of_significant_control_count: counts.persons,
      statements_count: counts.statements,
      exemptions_count: counts.exemptions,
      generated_at: `${world.today}T03:40:50+01:00`,
    },
  })
}

function inOrder(psc: SyntheticPsc): Record<string, unknown> {
  return Object.fromEntries(Object.entries(psc).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Writes the snapshot, packed where the name ends with `.zip`, and returns what is in it. */
export async function writePscSnapshot(world: World, path: string): Promise<PscTruth> {
  const counts = { persons: 0, statements: 0, exemptions: 0 }
  function* chunks(): Generator<string> {
    let lines: string[] = []
    for (const line of pscSnapshotLines(world, counts)) {
      if (lines.push(line) < LINES_PER_CHUNK) continue
      yield `${lines.join('\n')}\n`
      lines = []
    }
    if (lines.length > 0) yield `${lines.join('\n')}\n`
  }
  const text = Readable.from(chunks(), { objectMode: false })
  if (!path.endsWith('.zip')) {
    await pipeline(text, createWriteStream(path))
    return counts
  }
  const zip = new ZipFile()
  zip.addReadStream(text, basename(path).replace(/\.zip$/, '.txt'), { mtime: new Date(`${world.today}T00:00:00Z`) })
  zip.end()
  await pipeline(zip.outputStream, createWriteStream(path))
  return counts
}
