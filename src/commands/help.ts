import { ChpipeError } from '../errors.ts'
import { didYouMean } from '../text.ts'
import { manualPage } from './help/man.ts'
import { renderMarkdown } from './help/markdown.ts'
import { readmeSection } from './help/readme.ts'
import { helpTopics, topicNames } from './help-topics.ts'
import { commands } from './index.ts'

const WIDEST = 100

/**
 * The text of `chpipe help <topic>` for a terminal of so many columns; for `man` the manual page as roff. Throws `usage`
 * for a word that is neither a topic nor a command.
 */
export async function helpOnTopic([word = '', ...more]: string[], columns = 80): Promise<string> {
  if (word === 'man' && more.length === 0) return manualPage()
  const topic = helpTopics.find(({ name }) => name === word)
  if (!topic) throw unknown(word)
  if (more.length > 0) throw new ChpipeError('usage', `A topic stands alone: chpipe help ${word}`)
  return `${renderMarkdown(readmeSection(topic.section), Math.min(columns, WIDEST))}\n`
}

function unknown(word: string): ChpipeError {
  const known = [...commands.map(({ name }) => name), ...topicNames]
  return new ChpipeError('usage', `Unknown command or topic '${word}'`, {
    hint: didYouMean(word, known) ?? 'chpipe help, which lists both',
  })
}
