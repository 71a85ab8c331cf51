// Sends one notice to where the operator wants it: a webhook, a command, or both.
import { spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { hostname } from 'node:os'
import type { Notice } from '../../db/notices.ts'
import { ChpipeError, errorMessage } from '../../errors.ts'
import type { NoticeTargets, Proxies } from '../../settings.ts'
import { createWire } from '../../upstream/wire.ts'

/** A receiver that hangs is left after this; it never holds up anything else. */
export const SEND_LIMIT_MS = 10_000

export interface SendOptions {
  targets: NoticeTargets
  proxies: Proxies
  signal: AbortSignal
  /** The environment of the command, without keys. */
  env: Record<string, string | undefined>
  /** What `SEND_LIMIT_MS` is multiplied by. */
  scale: number
}

export interface Sent {
  /** `webhook` with its host, or `command`; never its address or text, which may hold secrets. */
  target: string
  /** Why it failed; null when it was taken. */
  fault: string | null
}

/** Sends a notice to each target at once and says how it went; never rejects. */
export function sendNotice(notice: Notice, options: SendOptions): Promise<Sent[]> {
  const { url, command } = options.targets
  const ways: Promise<Sent>[] = []
  if (url !== undefined) ways.push(told(`webhook ${new URL(url).host}`, () => post(url, notice, options)))
  if (command !== undefined) ways.push(told('command', () => runCommand(command, notice, options)))
  return Promise.all(ways)
}

async function told(target: string, send: () => Promise<void>): Promise<Sent> {
  try {
    await send()
    return { target, fault: null }
  } catch (error) {
    return { target, fault: errorMessage(error) }
  }
}

/** A notice as it is sent; names and order are what receivers rely on. */
export function noticeJson({ cause, subject, message, raisedAt }: Notice) {
  return { source: 'chpipe', host: hostname(), cause, subject, message, raised_at: new Date(raisedAt).toISOString() }
}

/** What a receiver takes: Slack a text, Teams a card, everybody else plain JSON. */
export function bodyFor(url: string, notice: Notice): unknown {
  const { hostname: host } = new URL(url)
  const text = `chpipe on ${hostname()}: ${notice.message}`
  if (/(?:^|\.)slack(?:-gov)?\.com$/.test(host)) return { text }
  if (/\.(?:webhook\.office|logic\.azure|api\.powerplatform)\.com$/.test(host)) return teamsCard(text)
  return { ...noticeJson(notice), text }
}

function teamsCard(text: string) {
  const content = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    body: [{ type: 'TextBlock', text, wrap: true }],
  }
  return { type: 'message', text, attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', content }] }
}

/** The signature of a body: HMAC-SHA256 in hex over the time in seconds, a dot, and the body. */
export function signatureOf(secret: string, seconds: string, body: string): string {
  return createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')
}

async function post(url: string, notice: Notice, { targets, proxies, signal, scale }: SendOptions): Promise<void> {
  const { origin, pathname, search } = new URL(url)
  const json = bodyFor(url, notice)
  const seconds = String(Math.floor(Date.now() / 1000))
  const headers: Record<string, string> = { 'user-agent': 'chpipe', 'x-chpipe-timestamp': seconds }
  if (targets.secret !== undefined) {
    headers['x-chpipe-signature'] = `sha256=${signatureOf(targets.secret, seconds, JSON.stringify(json))}`
  }
  const limitMs = SEND_LIMIT_MS * scale
  const wire = createWire(origin, { headers, proxies, keepAlive: false, connectTimeoutMs: limitMs })
  const late = AbortSignal.timeout(limitMs)
  try {
    const answer = await wire({
      method: 'POST',
      path: `${pathname}${search}`,
      json,
      signal: AbortSignal.any([signal, late]),
    })
    answer.drop()
    if (answer.status < 200 || answer.status > 299) throw new ChpipeError('upstream', `it answered ${answer.status}`)
  } catch (error) {
    if (late.aborted) throw new ChpipeError('upstream', 'it did not answer in time')
    if (error instanceof ChpipeError) throw error
    throw new ChpipeError('upstream', 'it could not be reached', { cause: error })
  }
}

/** Variables that a command may see: none of them holds a key. */
const PASSED_ON = ['PATH', 'HOME', 'USER', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'SYSTEMROOT', 'COMSPEC']

/** Runs the command in a shell, with the notice as JSON on its stdin and its parts in the environment. */
function runCommand(command: string, notice: Notice, { env, signal, scale }: SendOptions): Promise<void> {
  const passed = Object.fromEntries(PASSED_ON.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])))
  const { cause, subject, message } = notice
  const parts = { CHPIPE_NOTICE_CAUSE: cause, CHPIPE_NOTICE_SUBJECT: subject, CHPIPE_NOTICE_MESSAGE: message }
  return new Promise((done, fail) => {
    const child = spawn(command, {
      shell: true,
      detached: process.platform !== 'win32',
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { ...passed, ...parts },
    })
    const kill = () => {
      try {
        process.kill(process.platform === 'win32' || !child.pid ? (child.pid ?? 0) : -child.pid, 'SIGKILL')
      } catch {
        // It has just ended.
      }
    }
    const late = setTimeout(kill, SEND_LIMIT_MS * scale)
    signal.addEventListener('abort', kill, { once: true })
    const over = (error: Error | null) => {
      clearTimeout(late)
      signal.removeEventListener('abort', kill)
      error ? fail(error) : done()
    }
    child.on('error', over)
    child.on('exit', (code, ended) => {
      const why = ended ? 'it did not end in time' : `it ended with ${code}`
      over(code === 0 ? null : new ChpipeError('upstream', why))
    })
    child.stdin.on('error', () => {})
    child.stdin.end(`${JSON.stringify(noticeJson(notice))}\n`)
  })
}
