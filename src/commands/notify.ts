import type { Context } from '../context.ts'
import { listNotices } from '../db/notices.ts'
import { snapshot } from '../db/open.ts'
import { ChpipeError } from '../errors.ts'
import { sendNotice } from '../steps/notices/send.ts'
import { safeJson } from '../text.ts'
import { type CommandGroup, defineCommand } from './command.ts'
import { terminalWidth } from './output.ts'
import { fitTable } from './table.ts'

const testVerb = defineCommand({
  name: 'test',
  summary: 'Send a notice to try where they go',
  description: `Sends a notice to CHPIPE_NOTIFY_URL and to CHPIPE_NOTIFY_COMMAND, where they are set, and says how it went. Ends with 1
when one of them did not take it, and with 3 when neither is set. The database is not needed and not changed.`,
  options: [],
  examples: [{ line: 'chpipe notify test', does: 'does the message arrive?' }],
  async run(context) {
    const { settings, clock, signal, host, json, print } = context
    requireTarget(context)
    const message = 'This is a test. Notices arrive here'
    const notice = { cause: 'test', subject: '', message, raisedAt: clock.now() }
    const scale = Math.min(1, settings.timeScale)
    const { notices: targets, proxies } = settings
    const sent = await sendNotice(notice, { targets, proxies, signal, env: host.env, scale })
    signal.throwIfAborted()
    const rows = sent.map(({ target, fault }) => [target, fault === null ? 'sent' : `failed: ${fault}`])
    await print(json ? `${safeJson(sent)}\n` : fitTable(rows, terminalWidth(context)))
    return sent.every(({ fault }) => fault === null) ? 0 : 1
  },
})

function requireTarget({ settings }: Context): void {
  const { url, command } = settings.notices
  if (url !== undefined || command !== undefined) return
  throw new ChpipeError('config', 'Neither CHPIPE_NOTIFY_URL nor CHPIPE_NOTIFY_COMMAND is set', {
    hint: 'set one of them in the environment or in .env; chpipe help reference notify',
  })
}

const listVerb = defineCommand({
  name: 'list',
  summary: 'Show what was found, and whether it was sent',
  description:
    'Shows each cause for a notice that is not over, since when it is so, and whether the notice was sent. It only reads. Causes are looked for while a command runs and at its end, where CHPIPE_NOTIFY_URL or CHPIPE_NOTIFY_COMMAND is set.',
  options: [],
  examples: [{ line: 'chpipe notify list', does: 'what is so now' }],
  async run(context) {
    const { existingDb, json, print } = context
    const iso = (ms: number) => new Date(ms).toISOString()
    const open = snapshot(await existingDb(), listNotices).map(({ raisedAt, sentAt, ...notice }) => ({
      ...notice,
      raised_at: iso(raisedAt),
      sent_at: sentAt === null ? null : iso(sentAt),
    }))
    const rows = open.map(({ cause, message, raised_at, sent_at }) => [
      raised_at.slice(0, 16).replace('T', ' '),
      cause,
      sent_at === null ? 'waiting' : 'sent',
      message,
    ])
    const text = rows.length === 0 ? 'nothing is worth a notice\n' : fitTable(rows, terminalWidth(context))
    await print(json ? `${safeJson(open)}\n` : text)
    return 0
  },
})

export const notifyCommand: CommandGroup = {
  name: 'notify',
  summary: 'Tell the operator by webhook or command, and try it',
  description: `Notices tell the operator, once for each cause, that the target is reached, a stream is silent, credits or the budget are
used up, an audit differs, a backup failed, a run ended with an error or was killed, or lists are older than 30 days. They
go to CHPIPE_NOTIFY_URL and CHPIPE_NOTIFY_COMMAND, hold no personal data, and never hold up the pipeline.`,
  verbs: [testVerb, listVerb],
}
