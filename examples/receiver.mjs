// A receiver of huijia's webhooks in JavaScript (Node 18 or newer): verify, show, take down, send receipts, catch up.
//
//     npm install --prefix examples --no-save --no-package-lock standardwebhooks
//     HUIJIA=http://127.0.0.1:8000 KEY=hj_live_… OUTLET=7 SECRET=whsec_… node examples/receiver.mjs
//
// Without SECRET it takes only what huijia's own key has signed (v1a). The screen is in memory only, and the feed fills it at
// the start: what ended meanwhile cannot come back. On disk are the highest number seen of each alert, the ids already taken,
// huijia's public keys, and receipts that huijia has not got yet.

import { createPublicKey, verify } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { createServer } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { Webhook } from 'standardwebhooks'

const { HUIJIA, KEY, OUTLET, SECRET = '', DRILLS, PORT = '9000', STATE = 'receiver.json' } = process.env
const hooks = SECRET.split(' ').filter(Boolean).map((secret) => new Webhook(secret)) // two while you change over
const disk = { highest: {}, taken: {}, receipts: [], keys: [], ...(existsSync(STATE) && JSON.parse(readFileSync(STATE))) }
const screen = new Map() // the newest data by alert
let learnt = -Infinity // when huijia's public keys were read last

function save() {
  const file = openSync(`${STATE}.new`, 'w')
  writeSync(file, JSON.stringify(disk))
  fsyncSync(file)
  closeSync(file)
  renameSync(`${STATE}.new`, STATE)
}

// Over the bytes as they came: by a secret, or by huijia's own key. Throws when that cannot be read.
async function verified(body, headers) {
  const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': stated = '' } = headers
  if (!/^[0-9]+$/.test(at) || Math.abs(Date.now() / 1000 - at) > 300) return false
  if (hooks.some((hook) => fitsSecret(hook, body, headers))) return true
  const theirs = stated.split(' ').filter((entry) => entry.startsWith('v1a,'))
  const signed = Buffer.concat([Buffer.from(`${id}.${at}.`), body])
  const fits = () => disk.keys.some((key) => theirs.some((entry) => fitsKey(key, signed, entry.slice(4))))
  return theirs.length > 0 && (fits() || ((await learnKeys()) && fits()))
}

function fitsSecret(hook, body, headers) {
  try {
    hook.verify(body, headers, { jsonParse: false })
    return true
  } catch {
    return false
  }
}

// v1a: Ed25519 (RFC 8032) over the same bytes as v1. The library does not know it; a JWK (RFC 8037) is a key for Node.
function fitsKey(key, signed, signature) {
  const x = Buffer.from(key.replace('whpk_', ''), 'base64').toString('base64url')
  const jwk = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  return verify(null, signed, jwk, Buffer.from(signature, 'base64'))
}

// False when they were read just now: nobody shall make us ask huijia for every request of theirs.
async function learnKeys() {
  if (performance.now() - learnt < 5_000) return false
  const { webhook } = await ask('/v1/keys')
  learnt = performance.now()
  disk.keys = webhook.map((key) => key.public_key)
  save()
  return true
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
    await learnKeys() // one that huijia has withdrawn is believed for half a minute at most
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
  if (!(await verified(body, request.headers))) return 401
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
