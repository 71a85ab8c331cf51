// The space of V8 for new objects: on a machine with much memory it grows to 128 MB while rows come and go, and is never
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
