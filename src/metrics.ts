// The Prometheus text exposition format, version 0.0.4.
import { printable } from './text.ts'

export type Labels = Record<string, string>

export interface Sample {
  value: number
  labels?: Labels
  /** Behind the name: `_bucket`, `_sum` and `_count` of a histogram. */
  suffix?: string
}

/** One metric with its samples; the name holds the unit, and ends with `_total` for a counter. */
export interface Metric {
  name: string
  help: string
  type: 'gauge' | 'counter' | 'histogram'
  samples: Sample[]
}

/** The media type of `exposition`. */
export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/**
 * Metrics as text, each with its HELP and TYPE lines, ending with a line end; those without a sample are left out.
 * Control characters become harmless.
 */
export function exposition(metrics: Metric[]): string {
  return metrics
    .filter(({ samples }) => samples.length > 0)
    .map(({ name, help, type, samples }) => {
      const lines = samples.map(
        ({ suffix = '', labels, value }) => `${name}${suffix}${braces(labels)} ${number(value)}\n`,
      )
      return `# HELP ${name} ${printable(help).replaceAll('\\', '\\\\')}\n# TYPE ${name} ${type}\n${lines.join('')}`
    })
    .join('')
}

/** A metric of one sample without labels; none when there is no value. */
export function single(type: 'gauge' | 'counter', name: string, help: string, value: number | null): Metric {
  return { name, help, type, samples: value === null ? [] : [{ value }] }
}

/** A metric with a sample for each value of one label. */
export function labelled(
  type: 'gauge' | 'counter',
  { name, help, label }: { name: string; help: string; label: string },
  values: Record<string, number>,
): Metric {
  const samples = Object.entries(values).map(([key, value]) => ({ value, labels: { [label]: key } }))
  return { name, help, type, samples }
}

function braces(labels: Labels = {}): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function escaped(value: string): string {
  return printable(value).replaceAll('\\', '\\\\').replaceAll('"', '\\"')
}

function number(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  return Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : '-Inf'
}
