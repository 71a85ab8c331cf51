import { write } from '../../db/open.ts'
import { touchHidden } from '../../db/suppressed-since.ts'
import { removeSuppression } from '../../db/suppressions.ts'
import { ChpipeError } from '../../errors.ts'
import { formatNumber, safeJson } from '../../text.ts'
import type { Command } from '../command.ts'
import { phrase, shownRule } from './show.ts'

export const removeVerb: Command = {
  name: 'remove',
  summary: 'Take a suppression back',
  description:
    'Takes one suppression back, by its id in `chpipe suppress list`: from then on they are exported and enriched like everybody else. Officer lists from which it left somebody out are due again, and the next `chpipe import-officers` brings them back. What was bought and erased does not come back, and answers that were erased are not bought again.',
  argument: { name: '<id>', description: 'its number in `chpipe suppress list`' },
  options: [],
  examples: [{ line: 'chpipe suppress remove 7', does: 'number 7 of the list' }],
  async run({ db: open, json, print }, { argument = '' }) {
    const hint = 'see the ids: chpipe suppress list'
    if (!/^\d{1,9}$/.test(argument)) throw new ChpipeError('usage', 'Expected the id of a suppression', { hint })
    const db = await open({ create: false })
    const done = write(db, (tx) => {
      const taken = removeSuppression(tx, Number(argument))
      if (taken) touchHidden(db, taken.rules)
      return taken
    })
    if (!done) throw new ChpipeError('no', `There is no suppression ${argument}`, { hint })
    const { removed, due } = done
    const again = due > 0 ? `due again: officer lists ${formatNumber(due)}, with the next import-officers\n` : ''
    await print(json ? `${safeJson({ ...shownRule(removed), due })}\n` : `removed: ${phrase(removed)}\n${again}`)
    return 0
  },
}
