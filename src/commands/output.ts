import { formatDuration } from '../clock.ts'
import type { Context } from '../context.ts'
import { errorMessage } from '../errors.ts'
import { hang, printable, widthOf, wrap } from '../text.ts'

const PLAIN_INTERVAL_MS = 30_000

/** How a long command shows that it lives: a spinner line on a terminal, elsewhere a plain line every 30 seconds. */
export interface StatusLine {
  update(line: string): void
  [Symbol.dispose](): void
}

/** Starts the status of a command; nothing is shown when the operator asked for quiet. Dispose it before results. */
export async function createStatus(context: Context): Promise<StatusLine> {
  if (context.quiet) return { update() {}, [Symbol.dispose]() {} }
  if (!context.host.stderr.isTTY) return plainLines(context)
  return context.logsToFile ? both(await spinner(context), plainLines(context)) : spinner(context)
}

/** A terminal is drawn on, and the log file gets its lines as well. */
function both(drawn: StatusLine, written: StatusLine): StatusLine {
  return {
    update(line) {
      drawn.update(line)
      written.update(line)
    },
    [Symbol.dispose]: () => drawn[Symbol.dispose](),
  }
}

/** Drawn for a terminal alone. */
const DRAWINGS = /[█░]+ ?/g

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

function plainLines({ clock, log }: Context): StatusLine & { refresh(line: () => string | null): void } {
  let due = clock.steady() + PLAIN_INTERVAL_MS
  const refresh = (line: () => string | null) => {
    if (clock.steady() < due) return
    due = clock.steady() + PLAIN_INTERVAL_MS
    const text = line()
    if (text !== null) log.info(text.replace(DRAWINGS, ''))
  }
  return {
    refresh,
    update: (text) => refresh(() => text),
    [Symbol.dispose]() {},
  }
}

/** How often a status line is drawn anew, on a terminal and elsewhere. */
const REDRAW_MS = { terminal: 250, elsewhere: 5000 }

export interface StatusWatch {
  /** The line as it is now, in so many columns; null leaves the old one. What it throws is logged. */
  line(columns: number): string | null
  /** Draws nothing where there is no terminal. */
  onlyOnTerminal?: boolean
}

/** Columns of a terminal that the spinner takes, those in which it echoes `^C`, and one that stays empty. */
const BESIDE_LINE = 5

/** Keeps a status line up to date until it is disposed; a log file gets it as a line now and then as well. */
export async function watchStatus(
  context: Context,
  { line, onlyOnTerminal = false }: StatusWatch,
): Promise<Disposable> {
  const isTerminal = context.host.stderr.isTTY === true
  if (context.quiet || (onlyOnTerminal && !isTerminal)) return { [Symbol.dispose]() {} }
  const status = isTerminal ? await spinner(context) : plainLines(context)
  const file = isTerminal && context.logsToFile ? plainLines(context) : null
  const draw = () => {
    try {
      const text = line(isTerminal ? widthOf(context.host.stderr) - BESIDE_LINE : Number.POSITIVE_INFINITY)
      if (text !== null) status.update(text)
      file?.refresh(() => line(Number.POSITIVE_INFINITY))
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

/** The columns of the terminal on stdout, for what is broken to fit; nothing where stdout is none. */
export function terminalWidth({ host }: Pick<Context, 'host'>): { width?: number } {
  return host.stdout.isTTY ? { width: widthOf(host.stdout) } : {}
}

/** Sentences, a line each or more: broken between words where they are wider than the terminal. */
export function sentences(text: string, { width }: { width?: number } = {}): string {
  return width === undefined ? text : text.replace(/.+/g, (line) => hang(line, width, 0))
}

export type Fact = [label: string, value: string]

/** A list of facts for people: the labels in a column, a line each, or more where they are wider than the terminal. */
export function facts(rows: readonly Fact[], { width }: { width?: number } = {}): string {
  const line = (label: string, value: string) =>
    width === undefined ? `${label}${value}` : wrap(value, width, label, ' '.repeat(label.length))
  return rows.map(([label, value]) => `${line(label.padEnd(16), printable(value))}\n`).join('')
}

/** `████░░░░` for a share of 0 to 1. */
export function bar(ratio: number, width = 24): string {
  const filled = Math.round(Math.min(1, Math.max(0, ratio)) * width)
  return '█'.repeat(filled) + '░'.repeat(width - filled)
}

/** How far a file is read: `read` says what was, and of a stream, whose length nobody knows, that is all. */
export function readingLine(
  read: string,
  { bytesRead, bytesTotal, elapsedMs }: { bytesRead: number; bytesTotal: number | null; elapsedMs: number },
): string {
  if (bytesTotal === null || bytesTotal === 0) return read
  const share = Math.min(1, bytesRead / bytesTotal)
  const left = share > 0 ? formatDuration((elapsedMs / share) * (1 - share)) : 'unknown time'
  return `${bar(share)} ${Math.floor(share * 100)} %  ${read}, ${left} left to read`
}
