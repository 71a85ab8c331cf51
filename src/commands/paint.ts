import type { Context } from '../context.ts'

/** How a word stands out on a terminal; elsewhere, and under `NO_COLOR`, each leaves the text as it is. */
export interface Paint {
  good(text: string): string
  warn(text: string): string
  bad(text: string): string
  strong(text: string): string
  faint(text: string): string
}

const plain = (text: string) => text

/** For what is written to this stream. */
export function paintFor({ host, color }: Pick<Context, 'host' | 'color'>, stream: 'stdout' | 'stderr'): Paint {
  const shows = color && host[stream].isTTY === true && host.env.TERM !== 'dumb'
  return shows ? PAINTED : UNPAINTED
}

const painted = (on: number, off: number) => (text: string) => (text === '' ? '' : `\x1b[${on}m${text}\x1b[${off}m`)

const PAINTED: Paint = {
  good: painted(32, 39),
  warn: painted(33, 39),
  bad: painted(31, 39),
  strong: painted(1, 22),
  faint: painted(2, 22),
}

/** Where nothing is painted. */
export const UNPAINTED: Paint = { good: plain, warn: plain, bad: plain, strong: plain, faint: plain }
