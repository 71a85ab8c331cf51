// The import of officers with an interruption in the middle, as seen from outside.
import type { Context } from '../../context.ts'
import type { Progress } from '../../steps/progress.ts'
import type { Child } from './child.ts'
import { checkEnd, type Stage } from './stage.ts'

/** How a command ends that was interrupted. */
const INTERRUPTED = 130

/** How often the progress is asked while the import runs. */
const LOOK_MS = 200

/**
 * Starts the import, interrupts it once `interruptAt` companies are complete, shows how far it is, and starts it again.
 * Returns how many were complete when the first run ended; null when that ended by itself.
 */
export async function fetchInTwoRuns(
  { clock, signal }: Context,
  stage: Stage,
  { target, interruptAt }: { target: number; interruptAt: number },
): Promise<number | null> {
  const args = ['import-officers', '--target', String(target)]
  const first = stage.start(args)
  const interrupted = await interruptOnTheWay(first, async () => {
    await clock.sleep(LOOK_MS, signal)
    return (await askProgress(stage, target)).companies_with_officers >= interruptAt
  })
  const ended = await first.ended
  if (!interrupted || ended.code === 0) {
    checkEnd(args, ended, 0)
    return null
  }
  checkEnd(args, ended, INTERRUPTED)
  const { companies_with_officers: interruptedAt } = await askProgress(stage, target)
  stage.tell(`\nThat was Ctrl-C in the middle (exit code ${ended.code}). How far is it?`)
  await stage.play(['progress', '--target', String(target)], 1)
  stage.tell('\nNot there yet (exit code 1). The same command goes on where it stopped.')
  await stage.play(args, 0)
  return interruptedAt
}

/** Looks until it is time to interrupt; false when the child was over first. */
async function interruptOnTheWay(child: Child, isTime: () => Promise<boolean>): Promise<boolean> {
  const over = child.ended.then(
    () => true,
    () => true,
  )
  try {
    for (;;) {
      const looked = await Promise.race([over.then(() => 'over' as const), isTime()])
      if (looked === 'over') return false
      if (looked) break
    }
  } catch (error) {
    await over
    throw error
  }
  child.interrupt()
  return true
}

/** What `progress --json` says now. */
export async function askProgress(stage: Stage, target: number): Promise<Progress> {
  return JSON.parse(await stage.ask(['progress', '--json', '--target', String(target)])) as Progress
}
