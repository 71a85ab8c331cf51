// The spaces of V8: on a machine with much memory that for new objects grows to 128 MB while rows come and go, and is never
// given back.
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

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

/**
 * Lets the space for old objects grow by a third of what is alive before garbage is collected; V8 would wait for several
 * times as much. It holds for the whole process.
 */
export function boundOldSpace(): void {
  setFlagsFromString('--heap-growing-percent=33')
}
