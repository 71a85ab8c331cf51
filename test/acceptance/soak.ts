/** How much of something to do: little in the suite, much in `npm run soak`. */
export function rounds(suite: number, soak: number): number {
  return process.env.SOAK ? soak : suite
}
