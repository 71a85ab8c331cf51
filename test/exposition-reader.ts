// A strict reader of the Prometheus text format 0.0.4, written from its rules.

export interface ReadMetric {
  type: string
  help: string
  samples: { name: string; labels: Record<string, string>; value: number }[]
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{([^\n]*)\})? (\+Inf|-Inf|NaN|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"(?:,(?=[a-zA-Z_])|$)/
const SUFFIXES = /_(bucket|sum|count)$/

/** Reads a whole exposition. Throws at the first line that breaks a rule. */
export function readExposition(text: string): Map<string, ReadMetric> {
  if (!text.endsWith('\n')) throw new Error('does not end with a line end')
  const metrics = new Map<string, ReadMetric>()
  const seen = new Set<string>()
  let current: [name: string, metric: ReadMetric] = ['', { type: 'none', help: '', samples: [] }]
  for (const line of text.slice(0, -1).split('\n')) {
    const help = /^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) ([^\n]+)$/.exec(line)
    const type = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram|summary|untyped)$/.exec(line)
    if (help) {
      const [, name = '', meaning = ''] = help
      if (metrics.has(name)) throw new Error(`told twice: ${name}`)
      current = [name, { type: '', help: meaning, samples: [] }]
      metrics.set(...current)
    } else if (type) {
      if (current[0] !== type[1] || current[1].type !== '') throw new Error(`TYPE out of place: ${line}`)
      current[1].type = type[2] ?? ''
    } else {
      const sample = readSample(line)
      const family = current[1].type === 'histogram' ? sample.name.replace(SUFFIXES, '') : sample.name
      if (current[1].type === '' || family !== current[0]) throw new Error(`sample out of place: ${line}`)
      const key = JSON.stringify([sample.name, Object.entries(sample.labels).sort()])
      if (seen.has(key)) throw new Error(`sample twice: ${line}`)
      seen.add(key)
      current[1].samples.push(sample)
    }
  }
  for (const [name, { type, samples }] of metrics) {
    if (samples.length === 0) throw new Error(`no sample: ${name}`)
    if ((type === 'counter') !== name.endsWith('_total')) throw new Error(`not named as a ${type}: ${name}`)
  }
  return metrics
}

function readSample(line: string): ReadMetric['samples'][number] {
  const [, name = '', braces, value = ''] = SAMPLE.exec(line) ?? []
  if (name === '' || braces === '') throw new Error(`no sample: ${line}`)
  const labels: Record<string, string> = {}
  for (let rest = braces ?? ''; rest !== ''; ) {
    const [whole, label = '', text = ''] = LABEL.exec(rest) ?? []
    if (whole === undefined || Object.hasOwn(labels, label)) throw new Error(`wrong labels: ${line}`)
    labels[label] = text.replace(/\\(.)/g, (_, escaped) => (escaped === 'n' ? '\n' : escaped))
    rest = rest.slice(whole.length)
  }
  const number = value === '+Inf' ? Infinity : value === '-Inf' ? -Infinity : Number(value)
  return { name, labels, value: number }
}
