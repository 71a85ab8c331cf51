// The description as a page for people: plain HTML that loads nothing.
import { createHash } from 'node:crypto'
import { OpenAPIHono } from '@hono/zod-openapi'
import { html, raw } from 'hono/html'
import { routes } from './routes.ts'

export interface IndexPage {
  html: string
  /** The Content-Security-Policy that lets the page use its own style and nothing else. */
  policy: string
}

const STYLE = `
  :root { color-scheme: light dark; }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem; }
  h1 { margin-bottom: 0; }
  h2 { margin-top: 2.5rem; border-top: 1px solid #8886; padding-top: 1rem; }
  code, pre { font: 14px/1.45 ui-monospace, monospace; }
  pre { background: #8882; padding: .75rem 1rem; overflow-x: auto; border-radius: 4px; }
  table { border-collapse: collapse; width: 100%; }
  th, td { text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid #8884; }
  .dim { opacity: .7; }
`

interface Parameter {
  name: string
  in: string
  required?: boolean
  description?: string
  schema?: { type?: string; description?: string; example?: unknown }
}

interface Operation {
  summary: string
  description: string
  security?: unknown[]
  parameters?: Parameter[]
}

/** The page for a description; every text in it is escaped. */
export function indexPage({ info, paths = {} }: Description, basePath: string): IndexPage {
  const operations = Object.entries(paths).map(([path, item]) => ({ path, ...(item?.get as unknown as Operation) }))
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${info.title} API</title>
<style>${raw(STYLE)}</style>
</head>
<body>
<h1>${info.title} API</h1>
<p class="dim">version ${info.version}, described for programs in <a href="${basePath}/openapi.json">${basePath}/openapi.json</a></p>
${paragraphs(info.description ?? '')}
<pre>curl -H "Authorization: Bearer $TOKEN" "$URL/v1/companies?q=hawthorn&amp;limit=10"
curl -H "Authorization: Bearer $TOKEN" "$URL/v1/companies/00445790"
curl -H "Authorization: Bearer $TOKEN" -H "Accept: application/x-ndjson" --compressed "$URL/v1/companies?include=officers"
curl -H "Authorization: Bearer $TOKEN" "$URL/v1/changes?since=2026-11-23T00:00:00Z"</pre>
${operations.map(section)}
</body>
</html>
`
  const style = createHash('sha256').update(STYLE).digest('base64')
  return {
    html: String(page),
    policy: `default-src 'none'; style-src 'sha256-${style}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  }
}

type Markup = ReturnType<typeof html>

function section({ path, summary, description, security, parameters = [] }: Operation & { path: string }): Markup {
  const rows = parameters.filter((parameter) => parameter.in !== 'header').map(row)
  const table = html`<table>
<tr><th>parameter</th><th>meaning</th><th>example</th></tr>
${rows}</table>`
  const access = security?.length ? '' : html` <span class="dim">open</span>`
  return html`<h2><code>GET ${path}</code>${access}</h2>
<p>${summary}. ${description}</p>
${rows.length === 0 ? '' : table}
`
}

function row({ name, in: place, required, description, schema }: Parameter): Markup {
  const needed = required && place === 'query' ? ' (needed)' : ''
  const example = schema?.example === undefined ? '' : html`<code>${String(schema.example)}</code>`
  return html`<tr><td><code>${name}</code></td><td>${description ?? schema?.description ?? ''}${needed}</td><td>${example}</td></tr>
`
}

function paragraphs(text: string): Markup[] {
  return text.split(/\n\n+/).map(
    (paragraph) => html`<p>${paragraph}</p>
`,
  )
}

// The OpenAPI description, made from the routes.

const ABOUT = `The companies, officers, domains and e-mail addresses that chpipe has collected, read-only. Columns have the names
that they have in its database and exports.

Lists are paged: ask for the path in \`next\` as long as it is not null. With \`Accept: application/x-ndjson\` a list comes as lines,
from the cursor or its beginning to its end, each page as it is at the time it is read. Errors are problem details
(RFC 9457).`

/** Of the program; the data has its own terms. */
const LICENCE = { name: 'MIT', url: 'https://opensource.org/license/mit' }

type Description = ReturnType<OpenAPIHono['getOpenAPI31Document']>

/** The description as a client needs it, without any data. */
export function describe(version: string, basePath: string): Description {
  const app = new OpenAPIHono()
  for (const route of routes) app.openAPIRegistry.registerPath(route)
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    description: 'A token from the operator: Authorization: Bearer chp_...',
  })
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'chpipe', version, description: ABOUT, license: LICENCE },
    servers: [{ url: basePath || '/' }],
  })
}
