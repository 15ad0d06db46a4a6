#!/usr/bin/env node
// mqtt.js against the broker on 127.0.0.1:PORT.   with_mqttjs.js PORT
'use strict'
const assert = require('node:assert/strict')
const mqtt = require('mqtt')

const port = Number(process.argv[2])
const VERSIONS = {
  '3.1': { protocolVersion: 3, protocolId: 'MQIsdp' },
  '3.1.1': { protocolVersion: 4 },
  '5.0': { protocolVersion: 5 },
}
const BOUND = 10_000 // milliseconds that anything may take
const LARGE = Buffer.alloc(100_001, Buffer.from([...Array(256).keys()]))

const within = (promise, what) => {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited in vain for: ${what}`)), BOUND)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

// One client: what it receives waits in a list.
class Peer {
  static async connect (version, clientId, { clean = true, will } = {}) {
    const peer = new Peer()
    peer.messages = []
    peer.wake = () => {}
    peer.client = mqtt.connect({
      host: '127.0.0.1',
      port,
      clientId,
      clean,
      will,
      reconnectPeriod: 0,
      connectTimeout: BOUND,
      ...VERSIONS[version],
      ...(version === '5.0' ? { properties: { sessionExpiryInterval: clean ? 0 : 300 } } : {}),
    })
    peer.client.on('message', (topic, payload, packet) => {
      peer.messages.push({ qos: packet.qos, retain: packet.retain, topic, payload, properties: packet.properties })
      peer.wake()
    })
    peer.closed = new Promise(resolve => peer.client.once('close', resolve))
    const connack = await within(new Promise((resolve, reject) => {
      peer.client.once('connect', resolve)
      peer.client.once('error', reject)
    }), `CONNACK of ${clientId}`)
    peer.sessionPresent = connack.sessionPresent
    return peer
  }

  async subscribe (topic, qos, options = {}) {
    const granted = await within(this.client.subscribeAsync(topic, { qos, ...options }), `SUBACK for ${topic}`)
    assert.deepEqual(granted.map(g => g.qos), [qos])
    return this
  }

  // Resolves when the exchange is complete.
  publish (topic, payload, qos, options = {}) {
    return within(this.client.publishAsync(topic, payload, { qos, ...options }), `acknowledgement for ${topic}`)
  }

  // The next messages as [qos, retain, topic, payload].
  async received (count) {
    await within((async () => {
      while (this.messages.length < count) await new Promise(resolve => { this.wake = resolve })
    })(), `${count} messages, there are ${this.messages.length}`)
    return this.messages.splice(0, count).map(m => [m.qos, m.retain, m.topic, m.payload.toString('latin1')])
  }

  // A last message shows that nothing else was on its way.
  async nothingMore (topic, publisher) {
    await publisher.publish(topic, 'end', 1)
    assert.deepEqual(await this.received(1), [[1, false, topic, 'end']])
  }

  leave () {
    return within(this.client.endAsync(), 'the end of a connection')
  }

  // Closes the connection without DISCONNECT.
  async die () {
    this.client.stream.destroy()
    await within(this.closed, 'the end of a connection')
    await this.client.endAsync(true)
  }
}

const ofQos = (qos, messages) => messages.filter(m => m[0] === qos)

async function publishAndSubscribe (version, topic) {
  const publisher = await Peer.connect(version, `${topic}-p`)
  for (const granted of [0, 1, 2]) {
    const subscriber = await (await Peer.connect(version, `${topic}-s`)).subscribe(`${topic}/+/#`, granted)
    const wanted = []
    for (const qos of [0, 1, 2]) {
      for (const payload of [Buffer.from('21.5 °C'), Buffer.alloc(0), Buffer.from([0, 255, 10]), LARGE]) {
        await publisher.publish(`${topic}/${qos}/room`, payload, qos)
        wanted.push([Math.min(qos, granted), false, `${topic}/${qos}/room`, payload.toString('latin1')])
      }
    }
    const got = await subscriber.received(wanted.length)
    // The client hands a QoS 2 message over at its PUBREL, so order is compared within a QoS.
    for (const qos of [0, 1, 2]) assert.deepEqual(ofQos(qos, got), ofQos(qos, wanted))
    await within(subscriber.client.unsubscribeAsync(`${topic}/+/#`), 'UNSUBACK')
    await publisher.publish(`${topic}/1/room`, 'not wanted', 1)
    await subscriber.subscribe(`${topic}/last`, 1)
    await subscriber.nothingMore(`${topic}/last`, publisher)
    await subscriber.leave()
  }
  await publisher.leave()
}

async function retained (version, topic) {
  const publisher = await Peer.connect(version, `${topic}-p`)
  await publisher.publish(`${topic}/kept`, 'first', 1, { retain: true })
  await publisher.publish(`${topic}/kept`, 'second', 2, { retain: true })
  await publisher.publish(`${topic}/other`, 'other', 0, { retain: true })
  const subscriber = await (await Peer.connect(version, `${topic}-s`)).subscribe(`${topic}/#`, 1)
  const replay = (await subscriber.received(2)).sort((a, b) => (a[2] < b[2] ? -1 : 1))
  assert.deepEqual(replay, [[1, true, `${topic}/kept`, 'second'], [0, true, `${topic}/other`, 'other']])
  await publisher.publish(`${topic}/kept`, 'third', 1, { retain: true })
  assert.deepEqual(await subscriber.received(1), [[1, false, `${topic}/kept`, 'third']])
  for (const name of ['kept', 'other']) {
    await publisher.publish(`${topic}/${name}`, '', 1, { retain: true })
    assert.deepEqual(await subscriber.received(1), [[1, false, `${topic}/${name}`, '']])
  }
  const late = await (await Peer.connect(version, `${topic}-l`)).subscribe(`${topic}/#`, 1)
  await late.nothingMore(`${topic}/kept`, publisher)
  for (const peer of [late, subscriber, publisher]) await peer.leave()
}

async function will (version, topic) {
  const watcher = await (await Peer.connect(version, `${topic}-w`)).subscribe(`${topic}/#`, 2)
  for (const qos of [0, 1, 2]) {
    const payload = Buffer.from(`gone ${qos}`)
    await (await Peer.connect(version, `${topic}-d`, { will: { topic: `${topic}/dead`, payload, qos } })).die()
    assert.deepEqual(await watcher.received(1), [[qos, false, `${topic}/dead`, `gone ${qos}`]])
  }
  const wrong = { topic: `${topic}/dead`, payload: Buffer.from('wrong'), qos: 1 }
  await (await Peer.connect(version, `${topic}-d`, { will: wrong })).leave()
  const publisher = await Peer.connect(version, `${topic}-p`)
  await watcher.nothingMore(`${topic}/live`, publisher)
  await publisher.leave()
  await watcher.leave()
}

async function persistentSession (version, topic) {
  const tells = version !== '3.1' // Session Present came with 3.1.1
  const publisher = await Peer.connect(version, `${topic}-p`)
  const first = await Peer.connect(version, `${topic}-s`, { clean: false })
  assert.equal(first.sessionPresent, false)
  await first.subscribe(`${topic}/+`, 2)
  await first.leave()
  const wanted = []
  for (let n = 0; n < 20; n++) {
    await publisher.publish(`${topic}/${n}`, `queued ${n}`, 1 + n % 2)
    wanted.push([1 + n % 2, false, `${topic}/${n}`, `queued ${n}`])
  }
  const second = await Peer.connect(version, `${topic}-s`, { clean: false })
  assert.equal(second.sessionPresent, tells)
  const got = await second.received(20)
  for (const qos of [1, 2]) assert.deepEqual(ofQos(qos, got), ofQos(qos, wanted))
  await second.nothingMore(`${topic}/end`, publisher)
  await second.die()
  await publisher.publish(`${topic}/1`, 'thrown away', 1)
  const third = await Peer.connect(version, `${topic}-s`)
  assert.equal(third.sessionPresent, false)
  await third.subscribe(`${topic}/+`, 1)
  await third.nothingMore(`${topic}/end`, publisher)
  await third.leave()
  await publisher.leave()
}

async function sharedSubscription (version, topic) {
  const publisher = await Peer.connect(version, `${topic}-p`)
  const everyone = await (await Peer.connect(version, `${topic}-a`)).subscribe(`${topic}/jobs`, 1)
  const members = []
  for (const n of [1, 2]) {
    members.push(await (await Peer.connect(version, `${topic}-m${n}`)).subscribe(`$share/${topic}/${topic}/+`, 1))
  }
  const wanted = []
  for (let n = 100; n < 200; n++) {
    await publisher.publish(`${topic}/jobs`, `${n}`, 1)
    wanted.push([1, false, `${topic}/jobs`, `${n}`])
  }
  assert.deepEqual(await everyone.received(100), wanted)
  const deadline = Date.now() + BOUND
  const arrived = () => members[0].messages.length + members[1].messages.length
  while (arrived() < 100 && Date.now() < deadline) await new Promise(resolve => setTimeout(resolve, 10))
  const shares = []
  for (const member of members) shares.push(await member.received(member.messages.length))
  assert.deepEqual(shares.flat().sort(), wanted)
  for (const share of shares) {
    assert.ok(share.length > 0, 'each member has a share')
    assert.deepEqual(share, [...share].sort())
  }
  for (const peer of [...members, everyone, publisher]) await peer.leave()
}

async function properties (version, topic) {
  const publisher = await Peer.connect(version, `${topic}-p`)
  const subscriber = await Peer.connect(version, `${topic}-s`)
  const options = { nl: true, rap: true, properties: { subscriptionIdentifier: 7 } }
  await subscriber.subscribe(`${topic}/+`, 2, options)
  const sent = {
    payloadFormatIndicator: true,
    messageExpiryInterval: 300,
    responseTopic: `${topic}/answer`,
    correlationData: Buffer.from([...Array(64).keys()]),
    contentType: 'application/json',
    userProperties: { room: ['kitchen', 'hall'], unit: '°C' },
  }
  for (const qos of [0, 1, 2]) {
    await subscriber.publish(`${topic}/own`, 'no local', qos)
    await publisher.publish(`${topic}/a`, '{"on":true}', qos, { retain: true, properties: sent })
    while (subscriber.messages.length === 0) await within(new Promise(resolve => { subscriber.wake = resolve }), 'message')
    const got = structuredClone({ ...subscriber.messages[0].properties })
    assert.ok(got.messageExpiryInterval >= 290 && got.messageExpiryInterval <= 300, 'message expiry')
    assert.deepEqual(await subscriber.received(1), [[qos, true, `${topic}/a`, '{"on":true}']])
    got.correlationData = Buffer.from(got.correlationData)
    got.userProperties = { ...got.userProperties }
    assert.deepEqual(got, { ...sent, messageExpiryInterval: got.messageExpiryInterval, subscriptionIdentifier: 7 })
  }
  await publisher.publish(`${topic}/a`, '', 1, { retain: true })
  await subscriber.leave()
  await publisher.leave()
}

async function main () {
  let count = 0
  for (const version of Object.keys(VERSIONS)) {
    const tests = [publishAndSubscribe, retained, will, persistentSession, sharedSubscription]
    if (version === '5.0') tests.push(properties)
    for (const test of tests) {
      const name = test.name.replace(/[A-Z]/g, c => ` ${c.toLowerCase()}`)
      try {
        // An identifier of 3.1 has at most 23 bytes.
        await test(version, `js${VERSIONS[version].protocolVersion}${count}`)
      } catch (error) {
        console.log(`FAILED mqtt.js ${version}: ${name}`)
        throw error
      }
      count += 1
      console.log(`ok mqtt.js ${version} ${name}`)
    }
  }
  console.log(`mqtt.js: ${count} tests passed`)
}

main().catch(error => {
  console.log(String(error.stack).slice(0, 4000))
  process.exit(1)
})
