import type { Context } from '../context.ts'
import { errorMessage } from '../errors.ts'
import { printable, widthOf } from '../text.ts'

const PLAIN_INTERVAL_MS = 30_000

/** How a long command shows that it lives: a spinner line on a terminal, elsewhere a plain line every 30 seconds. */
export interface StatusLine {
  update(line: string): void
  [Symbol.dispose](): void
}

/** Starts the status of a command; nothing is shown when the operator asked for quiet. Dispose it before results. */
export async function createStatus(context: Context): Promise<StatusLine> {
  if (context.quiet) return { update() {}, [Symbol.dispose]() {} }
  return context.host.stderr.isTTY ? spinner(context) : plainLines(context)
}

async function spinner({ host, color, beforeLine }: Context): Promise<StatusLine> {
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

function plainLines({ clock, log }: Context): StatusLine {
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

/** How often a status line is drawn anew, on a terminal and elsewhere. */
const REDRAW_MS = { terminal: 250, elsewhere: 5000 }

export interface StatusWatch {
  /** The line as it is now; null leaves the old one. What it throws is logged. */
  line(): string | null
  /** Draws nothing where there is no terminal. */
  onlyOnTerminal?: boolean
}

/** Keeps a status line up to date until it is disposed. */
export async function watchStatus(
  context: Context,
  { line, onlyOnTerminal = false }: StatusWatch,
): Promise<Disposable> {
  const isTerminal = context.host.stderr.isTTY === true
  if (context.quiet || (onlyOnTerminal && !isTerminal)) return { [Symbol.dispose]() {} }
  const status = await createStatus(context)
  const draw = () => {
    try {
      const text = line()
      if (text !== null) status.update(text)
    } catch (error) {
      context.log.warn('the status cannot be read', { error: errorMessage(error) })
    }
  }
  const timer = setInterval(draw, isTerminal ? REDRAW_MS.terminal : REDRAW_MS.elsewhere)
  return {
    [Symbol.dispose]() {
      clearInterval(timer)
      status[Symbol.dispose]()
    },
  }
}

export type Fact = [label: string, value: string]

/** A list of facts for people: the labels in a column, a line each. */
export function facts(rows: readonly Fact[]): string {
  return rows.map(([label, value]) => `${label.padEnd(16)}${printable(value)}\n`).join('')
}

/** Rows of cells in columns as wide as their widest cell; those of `numbers` stand to the right. */
export function table(rows: readonly string[][], numbers: readonly number[] = []): string {
  const cells = rows.map((row) => row.map(printable))
  const width = (column: number) => cells.reduce((widest, row) => Math.max(widest, row[column]?.length ?? 0), 0)
  const widths = (cells[0] ?? []).map((_cell, column) => width(column))
  const aligned = (cell: string, column: number) =>
    numbers.includes(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)
  return cells.map((row) => `${row.map(aligned).join('  ').trimEnd()}\n`).join('')
}

/** `████░░░░` for a share of 0 to 1. */
export function bar(ratio: number, width = 24): string {
  const filled = Math.round(Math.min(1, Math.max(0, ratio)) * width)
  return '█'.repeat(filled) + '░'.repeat(width - filled)
}
