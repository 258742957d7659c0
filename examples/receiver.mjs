// A receiver of huijia's webhooks in JavaScript (Node 18 or newer): verify, show, take down, send receipts, catch up.
//
//     npm install standardwebhooks
//     HUIJIA=http://127.0.0.1:8000 KEY=hj_live_… OUTLET=7 SECRET=whsec_… node examples/receiver.mjs
//
// The screen is in memory only, and the feed fills it at the start: what ended meanwhile cannot come back. On disk are
// the highest number seen of each alert, the ids already taken, and receipts that huijia has not got yet.

import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { setTimeout as pause } from 'node:timers/promises'

// Wherever npm put it: beside this file, or in the folder that you stand in.
const { Webhook } = createRequire(`${process.cwd()}/`)('standardwebhooks')

const { HUIJIA, KEY, OUTLET, SECRET, DRILLS, PORT = '9000', STATE = 'receiver.json' } = process.env
const hooks = SECRET.split(' ').map((secret) => new Webhook(secret)) // two while you change over
const disk = existsSync(STATE) ? JSON.parse(readFileSync(STATE)) : { highest: {}, taken: {}, receipts: [] }
const screen = new Map() // the newest data by alert

function save() {
  const file = openSync(`${STATE}.new`, 'w')
  writeSync(file, JSON.stringify(disk))
  fsyncSync(file)
  closeSync(file)
  renameSync(`${STATE}.new`, STATE)
}

function verified(body, headers) {
  return hooks.some((hook) => {
    try {
      hook.verify(body, headers, { jsonParse: false }) // signature and time, over the bytes as they came
      return true
    } catch {
      return false
    }
  })
}

// One notice, from the webhook or the feed, once or ten times, in whatever order. Durable when it returns.
function take(delivery, data) {
  const { alert, number, status } = data
  const over = data.kind === 'retract'
  const shows = status === 'actual' || (status === 'exercise' && DRILLS === 'show') // DRILLS: only if you have agreed
  if (number < (disk.highest[alert] ?? 0)) return // a newer notice came first: never show an older one
  const off = over && screen.delete(alert)
  const on = !over && shows && screen.get(alert)?.number !== number
  if (on) screen.set(alert, data)
  disk.highest[alert] = number
  owe(delivery, over ? 'taken_down' : shows ? 'aired' : 'received')
  save()
  const words = Object.entries(data.rendition.texts).sort().reverse().map(([, text]) => text)
  if (on || off) console.log(on ? `ON AIR ${alert} ${number}` : `OFF AIR ${alert}`, ...words)
}

// A receipt, kept until huijia has it: one for each delivery, with the time at which it happened.
function owe(delivery, kind) {
  if (delivery.startsWith('trial_') || disk.taken[delivery]) return // a connection test is no delivery
  disk.taken[delivery] = true
  disk.receipts.push({ delivery, kind, at: new Date().toISOString() })
}

async function ask(path, body) {
  const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' }
  const signal = AbortSignal.timeout(45_000)
  const answer = await fetch(HUIJIA + path, { method: body ? 'POST' : 'GET', headers, body, signal })
  if (!answer.ok) throw Object.assign(new Error(`${answer.status} ${await answer.text()}`), { status: answer.status })
  return answer.json()
}

// The feed, from the beginning: what stands now, also of what should have been pushed, and then what comes.
async function follow() {
  for (let cursor = '0'; ; ) {
    const page = await ask(`/v1/feed?outlet=${OUTLET}&all=1&cursor=${cursor}&wait=30`)
    for (const item of page.items) take(item.delivery, item.payload.data)
    cursor = page.cursor
  }
}

async function sendReceipts() {
  while (disk.receipts.length) {
    await ask('/v1/receipts', JSON.stringify(disk.receipts[0])).catch((error) => {
      if (error.status !== 422) throw error
      console.log('never taken:', JSON.stringify(disk.receipts[0]), error.message)
    })
    disk.receipts.shift()
    save()
  }
  await pause(200)
}

async function forever(what) {
  for (;;) {
    try {
      await what()
    } catch (error) { // huijia is away, or the key is wrong: say so and ask again
      console.log('again in 2 s:', error.message)
      await pause(2000)
    }
  }
}

async function hook(request) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  const body = Buffer.concat(chunks)
  if (!verified(body, request.headers)) return 401
  const delivery = request.headers['webhook-id']
  let { data } = JSON.parse(body)
  if (data.notice_url && data.kind !== 'retract' && data.status !== 'test') { // a thin payload: the rest is fetched
    try {
      data = (await ask(`/v1/deliveries/${delivery}/notice`)).data
    } catch (error) {
      return error.status === 410 ? 200 : 503 // 410: a newer notice has taken its place, and it is not to be shown
    }
  }
  take(delivery, { rendition: { texts: {} }, ...data })
  return 200
}

// GET: what the public sees now.
function showing() {
  const live = [...screen.values()].filter((one) => Date.parse(one.expires_at) > Date.now())
  return Object.fromEntries(live.map((one) => [one.alert, one.rendition.texts]))
}

const server = createServer(async (request, answer) => {
  const status = request.method === 'POST' ? await hook(request).catch(() => 503) : 200
  answer.writeHead(status, { 'content-type': 'application/json' })
  answer.end(JSON.stringify(request.method === 'POST' ? {} : showing()))
})
server.listen(Number(PORT), '127.0.0.1', () => console.log('listening on', server.address().port))
forever(follow)
forever(sendReceipts)
