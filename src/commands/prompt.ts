import { StringDecoder } from 'node:string_decoder'
import type { Context } from '../context.ts'
import { ChpipeError } from '../errors.ts'

/** Asks on a terminal, a line at a time. Dispose it to give the terminal back. */
export interface Prompter {
  /** What was typed, without blanks around it; null at the end of the input. `hidden`: nothing of it is shown. */
  ask(question: string, how?: { hidden?: boolean }): Promise<string | null>
  [Symbol.dispose](): void
}

const CTRL_C = '\x03'
const CTRL_D = '\x04'
const CTRL_U = '\x15'
const ENTER = ['\r', '\n']
const BACKSPACE = ['\b', '\x7f']

interface Pending {
  hidden: boolean
  done(line: string | null): void
  fail(reason: unknown): void
}

/**
 * Takes the terminal's own echo and keys away, so that nothing of a secret is shown. What is typed or pasted ahead is kept
 * for the next question. Rejects with `interrupted` on Ctrl-C, and with the signal's reason.
 */
export function openPrompter({ host, signal }: Pick<Context, 'host' | 'signal'>): Prompter {
  const input = host.stdin as NodeJS.ReadableStream & { setRawMode?(raw: boolean): unknown }
  const decoder = new StringDecoder('utf8')
  let [ahead, typed, ended] = ['', '', false]
  let pending: Pending | null = null

  const settle = (answer: (waiting: Pending) => void) => {
    const waiting = pending
    pending = null
    typed = ''
    if (waiting) answer(waiting)
  }
  const end = (line: string | null) => {
    host.stderr.write('\n')
    settle(({ done }) => done(line))
  }
  const take = (key: string, hidden: boolean) => {
    if (key === CTRL_C) settle(({ fail }) => fail(interrupted()))
    else if (ENTER.includes(key)) end(withoutKeys(typed))
    else if (key === CTRL_D && typed === '') end(null)
    else if (key === CTRL_U) typed = ''
    else if (BACKSPACE.includes(key)) {
      if (!hidden && typed !== '') host.stderr.write('\b \b')
      typed = typed.slice(0, -1)
    } else {
      if (!hidden && key >= ' ') host.stderr.write(key)
      typed += key
    }
  }
  const drain = () => {
    while (pending && ahead !== '') {
      const [key = ''] = ahead
      ahead = ahead.slice(key.length)
      take(key, pending.hidden)
    }
    if (pending && ended) end(typed === '' ? null : withoutKeys(typed))
  }
  const onData = (chunk: Buffer | string) => {
    // A line that was pasted from Windows ends once.
    ahead += (typeof chunk === 'string' ? chunk : decoder.write(chunk)).replaceAll('\r\n', '\n')
    drain()
  }
  const onEnd = () => {
    ended = true
    drain()
  }
  const onAbort = () => settle(({ fail }) => fail(signal.reason))
  input.setRawMode?.(true)
  input.on('data', onData)
  input.on('end', onEnd)
  signal.addEventListener('abort', onAbort)
  return {
    ask(question, { hidden = false } = {}) {
      return new Promise((done, fail) => {
        signal.throwIfAborted()
        host.stderr.write(question)
        pending = { hidden, done, fail }
        drain()
      })
    },
    [Symbol.dispose]() {
      input.setRawMode?.(false)
      input.off('data', onData)
      input.off('end', onEnd)
      input.pause()
      signal.removeEventListener('abort', onAbort)
    },
  }
}

/** Asks for a yes on the terminal; anything else, and the end of the input, is a no. Rejects as the prompter does. */
export async function isConfirmed(context: Pick<Context, 'host' | 'signal'>, question: string): Promise<boolean> {
  using prompter = openPrompter(context)
  const answer = await prompter.ask(`${question} [y/N] `)
  return /^y(es)?$/i.test(answer ?? '')
}

function interrupted(): ChpipeError {
  return new ChpipeError('interrupted', 'Interrupted', {
    hint: 'run the same command again: what it has stored is kept',
  })
}

const ESC = '\\u001b'
const KEYS_PRESSED = new RegExp(`${ESC}(?:\\[[\\d;]*[A-Za-z~]|O[A-Z])`, 'g')

/** Without arrow keys and the brackets around what was pasted. */
function withoutKeys(line: string): string {
  return line
    .replace(KEYS_PRESSED, '')
    .replace(/\p{Cc}/gu, '')
    .trim()
}
