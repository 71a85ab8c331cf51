// The spaces of V8: on a machine with much memory that for new objects grows to 128 MB while rows come and go, and is never
// given back. The bytes of files lie outside of them, and go only when these are looked through.
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Twice the half that is in use; with less, rows would be copied more often. */
const ENOUGH = 1 << 25

/**
 * Lets the space grow no further once it is large enough for pages of rows, or for what is given in bytes. Called now and then
 * while rows are passed on; V8 reads the factor each time it would grow. It holds for the whole process.
 */
export function boundYoungSpace(enough = ENOUGH): void {
  const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')
  if (young && young.space_size >= enough) setFlagsFromString('--semi-space-growth-factor=1')
}

/** The same for what is called thousands of times in a second: a function of which every so many-th call looks. */
export function boundsYoungSpace({ every, enough }: { every: number; enough?: number }): () => void {
  let calls = 0
  return () => {
    calls += 1
    if (calls % every === 0) boundYoungSpace(enough)
  }
}

/**
 * Lets the space for old objects grow by a third of what is alive before garbage is collected; V8 would wait for several
 * times as much. It holds for the whole process.
 */
export function boundOldSpace(): void {
  setFlagsFromString('--heap-growing-percent=33')
}

type Gc = (options?: { type: 'minor' }) => void
let exposed: Gc | undefined

function gc(): Gc {
  if (!exposed) {
    setFlagsFromString('--expose-gc')
    exposed = runInNewContext('gc') as Gc
    setFlagsFromString('--no-expose-gc')
  }
  return exposed
}

/** Collects all garbage at once. Left to itself, V8 lets the process grow by hundreds of megabytes before it looks. */
export function collectGarbage(): void {
  gc()()
}

/** Collects what is new and used no more, in a fraction of a millisecond where that is nearly all of it. */
export function collectNewGarbage(): void {
  gc()({ type: 'minor' })
}
