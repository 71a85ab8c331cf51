// A run without any limit on credits is confirmed before it starts.
import { createInterface } from 'node:readline'
import type { Context } from '../../context.ts'
import { ChpipeError } from '../../errors.ts'
import type { EnrichPlan } from '../../steps/enrich/plan-enrichment.ts'
import { formatNumber } from '../../text.ts'
import { renderPlan } from './render.ts'

/** Throws `usage` for a run that nothing limits and nobody can be asked about. */
export function requireLimitOrTerminal({ host }: Context): void {
  if (host.stdin.isTTY && host.stderr.isTTY) return
  throw new ChpipeError('usage', 'Nothing limits what this run may spend', {
    hint: 'add --max-credits <n>, or set CHPIPE_CREDIT_BUDGET, such as 200/1d; --dry-run shows what it could cost',
  })
}

/** Shows the plan on the terminal and asks. Throws `no` unless the answer is yes, and the signal's reason. */
export async function confirmPlan(context: Context, plan: EnrichPlan): Promise<void> {
  const { host, signal } = context
  host.stderr.write(renderPlan(plan))
  const credits = formatNumber(plan.worst_case_credits)
  const answer = await ask(context, `Spend up to about ${credits} credits, without a limit? [y/N] `)
  signal.throwIfAborted()
  if (/^y(es)?$/i.test(answer.trim())) return
  throw new ChpipeError('no', 'Nothing was bought', {
    hint: 'limit it with --max-credits <n>, or with CHPIPE_CREDIT_BUDGET, such as 200/1d',
  })
}

/** One line from the terminal; empty at its end. The terminal keeps its own Ctrl-C, which aborts the signal. */
async function ask({ host, signal }: Context, question: string): Promise<string> {
  const lines = createInterface({ input: host.stdin, output: host.stderr, terminal: false })
  const stop = () => lines.close()
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  else host.stderr.write(question)
  try {
    return await new Promise<string>((resolve) => {
      lines.once('line', resolve)
      lines.once('close', () => resolve(''))
    })
  } finally {
    signal.removeEventListener('abort', stop)
    lines.close()
  }
}
