#!/usr/bin/env python3
"""paho-mqtt against the broker on 127.0.0.1:PORT.   with_paho.py PORT"""

import queue
import socket
import sys
import threading
import time

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

PORT = int(sys.argv[1])
VERSIONS = {"3.1": mqtt.MQTTv31, "3.1.1": mqtt.MQTTv311, "5.0": mqtt.MQTTv5}
BOUND = 10.0  # seconds that anything may take
LARGE = bytes(range(256)) * 400


def expect(what, got, wanted):
    if got != wanted:
        raise AssertionError(f"{what}\n  expected {str(wanted)[:600]}\n  got      {str(got)[:600]}")


class Peer:
    """One client: connected when built; what it receives waits in a queue."""

    def __init__(self, version, name, clean=True, will=None):
        self.version = version
        v5 = version == "5.0"
        self.messages, self.suback, self.closed = queue.Queue(), queue.Queue(), threading.Event()
        connack = queue.Queue()
        options = {} if v5 else {"clean_session": clean}
        self.client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2, name, protocol=VERSIONS[version], reconnect_on_failure=False, **options
        )
        self.client.on_connect = lambda c, u, flags, code, p: connack.put((flags.session_present, code.is_failure))
        self.client.on_subscribe = lambda c, u, mid, codes, p: self.suback.put([code.value for code in codes])
        self.client.on_unsubscribe = lambda c, u, mid, codes, p: self.suback.put("unsubscribed")
        self.client.on_message = lambda c, u, message: self.messages.put(message)
        self.client.on_disconnect = lambda *_: self.closed.set()
        if will:
            self.client.will_set(*will)
        if v5:
            keep = Properties(PacketTypes.CONNECT)
            keep.SessionExpiryInterval = 0 if clean else 300
            self.client.connect("127.0.0.1", PORT, clean_start=clean, properties=keep)
        else:
            self.client.connect("127.0.0.1", PORT)
        self.client.loop_start()
        self.session_present, failed = connack.get(timeout=BOUND)
        expect(f"CONNACK of {name} is a failure", failed, False)

    def subscribe(self, topic, qos):
        self.client.subscribe(topic, qos)
        expect(f"SUBACK for {topic}", self.suback.get(timeout=BOUND), [qos])
        return self

    def unsubscribe(self, topic):
        self.client.unsubscribe(topic)
        expect(f"UNSUBACK for {topic}", self.suback.get(timeout=BOUND), "unsubscribed")

    def publish(self, topic, payload, qos, retain=False, properties=None):
        """Returns when the exchange is complete."""
        sent = self.client.publish(topic, payload, qos, retain, properties)
        sent.wait_for_publish(BOUND)
        expect(f"{topic} is published", sent.is_published(), True)

    def received(self, count):
        """The next messages as (qos, retain, topic, payload)."""
        got = []
        for _ in range(count):
            try:
                m = self.messages.get(timeout=BOUND)
            except queue.Empty:
                raise AssertionError(f"waited in vain for {count} messages, received {str(got)[:600]}") from None
            got.append((m.qos, m.retain, m.topic, m.payload))
        return got

    def nothing_more(self, topic, publisher):
        """A last message shows that nothing else was on its way."""
        publisher.publish(topic, "end", 1)
        expect("the last message", self.received(1), [(1, False, topic, b"end")])

    def leave(self):
        self.client.disconnect()
        self.gone()

    def die(self):
        """Closes the connection without DISCONNECT."""
        self.client.socket().shutdown(socket.SHUT_RDWR)
        self.gone()

    def gone(self):
        if not self.closed.wait(BOUND):
            raise AssertionError("the connection did not end")
        self.client.loop_stop()


def publish_and_subscribe(version, topic):
    publisher = Peer(version, f"{topic}-p")
    for granted in (0, 1, 2):
        subscriber = Peer(version, f"{topic}-s{granted}").subscribe(f"{topic}/+/#", granted)
        wanted = []
        for qos in (0, 1, 2):
            for payload in ("21.5 °C".encode(), b"", b"\x00\xff\n", LARGE):
                publisher.publish(f"{topic}/{qos}/room", payload, qos)
                wanted.append((min(qos, granted), False, f"{topic}/{qos}/room", payload))
        got = subscriber.received(len(wanted))
        # The client hands a QoS 2 message over at its PUBREL, so order is compared within a QoS.
        for qos in (0, 1, 2):
            expect(f"QoS {qos}", [m for m in got if m[0] == qos], [m for m in wanted if m[0] == qos])
        subscriber.unsubscribe(f"{topic}/+/#")
        publisher.publish(f"{topic}/1/room", "not wanted", 1)
        subscriber.subscribe(f"{topic}/last", 1).nothing_more(f"{topic}/last", publisher)
        subscriber.leave()
    publisher.leave()


def retained(version, topic):
    publisher = Peer(version, f"{topic}-p")
    publisher.publish(f"{topic}/kept", "first", 1, retain=True)
    publisher.publish(f"{topic}/kept", "second", 2, retain=True)
    publisher.publish(f"{topic}/other", "other", 0, retain=True)
    subscriber = Peer(version, f"{topic}-s").subscribe(f"{topic}/#", 1)
    wanted = [(1, True, f"{topic}/kept", b"second"), (0, True, f"{topic}/other", b"other")]
    expect("replay", sorted(subscriber.received(2), key=lambda m: m[2]), wanted)
    publisher.publish(f"{topic}/kept", "third", 1, retain=True)
    expect("live", subscriber.received(1), [(1, False, f"{topic}/kept", b"third")])
    for name in ("kept", "other"):
        publisher.publish(f"{topic}/{name}", b"", 1, retain=True)
        expect("clearing", subscriber.received(1), [(1, False, f"{topic}/{name}", b"")])
    late = Peer(version, f"{topic}-l").subscribe(f"{topic}/#", 1)
    late.nothing_more(f"{topic}/kept", publisher)
    for peer in (late, subscriber, publisher):
        peer.leave()


def will(version, topic):
    watcher = Peer(version, f"{topic}-w").subscribe(f"{topic}/#", 2)
    for qos in (0, 1, 2):
        Peer(version, f"{topic}-d", will=(f"{topic}/dead", f"gone {qos}", qos, False)).die()
        expect("will", watcher.received(1), [(qos, False, f"{topic}/dead", f"gone {qos}".encode())])
    Peer(version, f"{topic}-d", will=(f"{topic}/dead", "stays", 1, True)).die()
    expect("will", watcher.received(1), [(1, False, f"{topic}/dead", b"stays")])
    late = Peer(version, f"{topic}-l").subscribe(f"{topic}/dead", 1)
    expect("retained will", late.received(1), [(1, True, f"{topic}/dead", b"stays")])
    Peer(version, f"{topic}-d", will=(f"{topic}/dead", "wrong", 1, False)).leave()
    watcher.nothing_more(f"{topic}/live", late)
    late.publish(f"{topic}/dead", b"", 1, retain=True)
    late.leave()
    watcher.leave()


def persistent_session(version, topic):
    tells = version != "3.1"  # Session Present came with 3.1.1
    publisher = Peer(version, f"{topic}-p")
    first = Peer(version, f"{topic}-s", clean=False)
    expect("session present", first.session_present, False)
    first.subscribe(f"{topic}/+", 2).leave()
    wanted = [(1 + n % 2, False, f"{topic}/{n}", f"queued {n}".encode()) for n in range(20)]
    for qos, _, name, payload in wanted:
        publisher.publish(name, payload, qos)
    second = Peer(version, f"{topic}-s", clean=False)
    expect("session present", second.session_present, tells)
    got = second.received(20)
    for qos in (1, 2):
        expect(f"QoS {qos}", [m for m in got if m[0] == qos], [m for m in wanted if m[0] == qos])
    second.nothing_more(f"{topic}/end", publisher)
    second.die()
    publisher.publish(f"{topic}/1", "thrown away", 1)
    third = Peer(version, f"{topic}-s", clean=True)
    expect("session present", third.session_present, False)
    third.subscribe(f"{topic}/+", 1).nothing_more(f"{topic}/end", publisher)
    third.leave()
    publisher.leave()


def shared_subscription(version, topic):
    publisher = Peer(version, f"{topic}-p")
    members = [Peer(version, f"{topic}-m{n}").subscribe(f"$share/{topic}/{topic}/+", 1) for n in (1, 2)]
    for n in range(100):
        publisher.publish(f"{topic}/jobs", f"{n:03}", 1)
    deadline = time.monotonic() + BOUND
    while sum(m.messages.qsize() for m in members) < 100 and time.monotonic() < deadline:
        time.sleep(0.01)
    shares = [m.received(m.messages.qsize()) for m in members]
    wanted = [(1, False, f"{topic}/jobs", b"%03d" % n) for n in range(100)]
    expect("both members together", sorted(shares[0] + shares[1]), wanted)
    expect("each member has a share", [len(s) > 0 for s in shares], [True, True])
    for share in shares:
        expect("order", share, sorted(share))
    members[0].leave()
    members[1].leave()
    publisher.leave()


def properties(version, topic):
    publisher = Peer(version, f"{topic}-p")
    subscriber = Peer(version, f"{topic}-s")
    identified = Properties(PacketTypes.SUBSCRIBE)
    identified.SubscriptionIdentifier = 7
    options = SubscribeOptions(qos=2, noLocal=True, retainAsPublished=True)
    subscriber.client.subscribe(f"{topic}/+", options=options, properties=identified)
    expect("SUBACK", subscriber.suback.get(timeout=BOUND), [2])
    sent = Properties(PacketTypes.PUBLISH)
    sent.UserProperty = [("room", "kitchen"), ("room", "hall"), ("", "ünï")]
    sent.ContentType = "application/json"
    sent.ResponseTopic = f"{topic}/answer"
    sent.CorrelationData = bytes(range(64))
    sent.MessageExpiryInterval = 300
    sent.PayloadFormatIndicator = 1
    for qos in (0, 1, 2):
        subscriber.publish(f"{topic}/own", "no local", qos)
        publisher.publish(f"{topic}/a", '{"on":true}', qos, retain=True, properties=sent)
        m = subscriber.messages.get(timeout=BOUND)
        expect("message", (m.qos, m.retain, m.topic, m.payload), (qos, True, f"{topic}/a", b'{"on":true}'))
        got = m.properties.json()
        if not 290 <= got.pop("MessageExpiryInterval") <= 300:
            raise AssertionError("message expiry")
        wanted = sent.json()
        wanted.pop("MessageExpiryInterval")
        expect("properties", got, wanted | {"SubscriptionIdentifier": [7]})
    publisher.publish(f"{topic}/a", b"", 1, retain=True)
    subscriber.leave()
    publisher.leave()


def main():
    count = 0
    for version in VERSIONS:
        tests = [publish_and_subscribe, retained, will, persistent_session, shared_subscription]
        for test in tests + ([properties] if version == "5.0" else []):
            name = test.__name__.replace("_", " ")
            try:
                # An identifier of 3.1 has at most 23 bytes.
                test(version, f"py{VERSIONS[version]}{count}")
            except Exception:
                print(f"FAILED paho-mqtt {version}: {name}", flush=True)
                raise
            count += 1
            print(f"ok paho-mqtt {version} {name}", flush=True)
    print(f"paho-mqtt: {count} tests passed")


main()
