import type { Context } from '../context.ts'
import { printable, widthOf } from '../text.ts'

const PLAIN_INTERVAL_MS = 30_000

/** How a long command shows that it lives: a spinner line on a terminal, elsewhere a plain line every 30 seconds. */
export interface Status {
  update(line: string): void
  [Symbol.dispose](): void
}

/** Starts the status of a command; nothing is shown when the operator asked for quiet. Dispose it before results. */
export async function createStatus(context: Context): Promise<Status> {
  if (context.quiet) return { update() {}, [Symbol.dispose]() {} }
  return context.host.stderr.isTTY ? spinner(context) : plainLines(context)
}

async function spinner({ host, color, beforeLine }: Context): Promise<Status> {
  const { default: ora } = await import('ora')
  const stream = host.stderr as NodeJS.WriteStream
  const letGo = keepWide(stream)
  // ora takes every process with CI in its environment for one that nobody looks at.
  const isEnabled = host.env.TERM !== 'dumb'
  const line = ora({ stream, text: '', discardStdin: false, isEnabled, color: color ? 'cyan' : false }).start()
  beforeLine.run = () => {
    line.clear()
  }
  return {
    update(text) {
      line.text = printable(text)
    },
    [Symbol.dispose]() {
      beforeLine.run = () => {}
      line.stop()
      letGo()
    },
  }
}

/** Keeps a terminal from being 0 columns wide: ora would clear lines without end. Returns how to let go of it. */
function keepWide(stream: NodeJS.WriteStream): () => void {
  const widen = () => {
    stream.columns = widthOf(stream)
  }
  widen()
  stream.on('resize', widen)
  return () => stream.off('resize', widen)
}

function plainLines({ clock, log }: Context): Status {
  let due = clock.steady() + PLAIN_INTERVAL_MS
  return {
    update(text) {
      if (clock.steady() < due) return
      due = clock.steady() + PLAIN_INTERVAL_MS
      log.info(text)
    },
    [Symbol.dispose]() {},
  }
}

/** `████░░░░` for a share of 0 to 1. */
export function bar(ratio: number, width = 24): string {
  const filled = Math.round(Math.min(1, Math.max(0, ratio)) * width)
  return '█'.repeat(filled) + '░'.repeat(width - filled)
}
