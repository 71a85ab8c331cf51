/** Markdown, as far as the README uses it, as plain text for a terminal: wrapped, tables aligned, marks taken off. */
export function renderMarkdown(text: string, width: number): string {
  const blocks = text
    .replace(/^( *)```.*\n?/gm, '')
    .split(/\n{2,}/)
    .map((block) => renderBlock(block.split('\n'), width))
  return blocks.join('\n\n')
}

function renderBlock(lines: string[], width: number): string {
  const [first = ''] = lines
  if (first.startsWith('    ')) return lines.join('\n')
  if (first.startsWith('|')) return renderTable(lines.map(cellsOf), width)
  if (first.startsWith('#')) return plain(first.replace(/^#+ */, ''))
  return itemsOf(lines)
    .map((item) => {
      const mark = /^ *(?:- |\d+\. )?/.exec(item)?.[0] ?? ''
      return wrap(plain(item.slice(mark.length)), width, mark, ' '.repeat(mark.length))
    })
    .join('\n')
}

/** The lines of a list joined to its items; a paragraph is one item. */
function itemsOf(lines: string[]): string[] {
  const items: string[] = []
  for (const line of lines) {
    if (items.length === 0 || /^(?:- |\d+\. )/.test(line)) items.push(line)
    else items.push(`${items.pop()} ${line.trim()}`)
  }
  return items
}

function cellsOf(line: string): string[] {
  return line
    .replace(/^\||\|$/g, '')
    .split(/(?<!\\)\|/)
    .map((cell) => plain(cell.replaceAll('\\|', '|').trim()))
}

/** Side by side where the columns before the last leave it room, otherwise each row as a small block. */
function renderTable([headings = [], , ...rows]: string[][], width: number): string {
  const last = headings.length - 1
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  const taken = widths.slice(0, last).reduce((sum, one) => sum + one + 2, 0)
  if (taken <= width / 2) {
    const line = (row: string[]) => {
      const head = row.slice(0, last).map((cell, column) => cell.padEnd((widths[column] ?? 0) + 2))
      return wrap(row[last] ?? '', width, head.join(''), ' '.repeat(taken)).trimEnd()
    }
    return (headings.every(Boolean) ? [headings, ...rows] : rows).map(line).join('\n')
  }
  return rows
    .map(([name = '', ...cells]) => {
      const told = cells.flatMap((cell, column) => {
        const heading = headings[column + 1]
        return cell === '' ? [] : [wrap(heading ? `${heading}: ${cell}` : cell, width, '    ', '    ')]
      })
      return [name, ...told].join('\n')
    })
    .join('\n')
}

function plain(text: string): string {
  return text
    .replace(/\[([^\]]+)\]\(([^)]+)\)/g, '$1 ($2)')
    .replace(/\*\*([^*]+)\*\*/g, '$1')
    .replaceAll('`', '')
}

/** Breaks a text at blanks; a word that is longer than a line stays whole. */
export function wrap(text: string, width: number, first = '', rest = ''): string {
  const lines: string[] = []
  let line = first
  let empty = true
  for (const word of text.split(/\s+/).filter(Boolean)) {
    if (!empty && line.length + 1 + word.length > width) {
      lines.push(line)
      line = rest
      empty = true
    }
    line += empty ? word : ` ${word}`
    empty = false
  }
  return [...lines, line].join('\n')
}
