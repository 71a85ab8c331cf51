// The space of V8 for new objects: on a machine with much memory it grows to 128 MB while rows come and go, and is never
// given back. The bytes of files lie outside of it, and go only when it is looked through.
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Twice the half that is in use; with less, rows would be copied more often. */
const ENOUGH = 1 << 25

/**
 * Lets the space grow no further once it is large enough for pages of rows. Called now and then while rows are passed on; V8
 * reads the factor each time it would grow. It holds for the whole process.
 */
export function boundYoungSpace(): void {
  const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')
  if (young && young.space_size >= ENOUGH) setFlagsFromString('--semi-space-growth-factor=1')
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
