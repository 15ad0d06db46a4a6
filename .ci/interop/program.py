#!/usr/bin/env python3
"""The program itself: how it starts, refuses to start, shows what happens, and stops.   program.py MQTTD"""

import pathlib
import queue
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

MQTTD = str(pathlib.Path(sys.argv[1]).resolve())
BOUND = 10.0  # seconds that anything may take


def expect(what, got, wanted):
    if got != wanted:
        raise AssertionError(f"{what}\n  expected {wanted!r}\n  got      {got!r}")


def wait_until(what, condition):
    deadline = time.monotonic() + BOUND
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain for: {what}")
        time.sleep(0.02)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def accepts(port):
    with socket.socket() as s:
        s.settimeout(1)
        return s.connect_ex(("127.0.0.1", port)) == 0


class Broker:
    """A running `mqttd`; all that it prints goes to one file."""

    def __init__(self, *flags):
        self.port = free_port()
        self.log = tempfile.NamedTemporaryFile(mode="w+", suffix=".log")
        self.process = subprocess.Popen(
            [MQTTD, "-p", str(self.port), *flags], stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT
        )

    def __enter__(self):
        wait_until("the broker to listen", lambda: accepts(self.port) or self.process.poll() is not None)
        expect("exit code while starting", self.process.poll(), None)
        return self

    def __exit__(self, failure, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if failure:
            print(f"--- output of mqttd\n{self.output()[-4000:]}", flush=True)
        self.log.close()

    def output(self):
        text = pathlib.Path(self.log.name).read_text(errors="replace")
        return re.sub(r"\x1b\[[0-9;]*m", "", text)

    def lines(self, pattern):
        return [line for line in self.output().splitlines() if re.search(pattern, line)]

    def stop(self, number):
        self.process.send_signal(number)
        return self.process.wait(BOUND)


class Client:
    def __init__(self, port, name, topic=None, qos=1, clean=True):
        self.messages, self.closed = queue.Queue(), queue.Queue()
        connack, suback = queue.Queue(), queue.Queue()
        self.client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2, name, protocol=mqtt.MQTTv5, reconnect_on_failure=False
        )
        self.client.on_connect = lambda c, u, flags, code, p: connack.put(code.value)
        self.client.on_subscribe = lambda c, u, mid, codes, p: suback.put(codes[0].value)
        self.client.on_message = lambda c, u, m: self.messages.put((m.topic, m.payload, m.retain))
        self.client.on_disconnect = lambda c, u, flags, code, p: self.closed.put(code.value)
        keep = Properties(PacketTypes.CONNECT)
        keep.SessionExpiryInterval = 0 if clean else 300
        self.client.connect("127.0.0.1", port, clean_start=clean, properties=keep)
        self.client.loop_start()
        expect("CONNACK", connack.get(timeout=BOUND), 0)
        if topic:
            self.client.subscribe(topic, qos)
            expect("SUBACK", suback.get(timeout=BOUND), qos)

    def publish(self, topic, payload, qos=1):
        self.client.publish(topic, payload, qos).wait_for_publish(BOUND)

    def leave(self):
        self.client.disconnect()
        expect("code of the end", self.closed.get(timeout=BOUND), 0)
        self.client.loop_stop()


def refusal(*flags):
    """The one line that `mqttd` gives when it does not start."""
    done = subprocess.run(
        [MQTTD, *flags],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=BOUND,
    )
    expect(f"exit code of mqttd {' '.join(flags)}", done.returncode, 1)
    lines = done.stdout.strip().splitlines()
    expect(f"number of lines of mqttd {' '.join(flags)}: {lines}", len(lines), 1)
    return lines[0]


def stops_when_told():
    for number in (signal.SIGTERM, signal.SIGINT):
        with Broker() as broker:
            client = Client(broker.port, "stays")
            expect(f"exit code after {number.name}", broker.stop(number), 0)
            expect("reason code of DISCONNECT", client.closed.get(timeout=BOUND), 0x8B)
            client.client.loop_stop()


def busy_port_suggests_another():
    with Broker() as broker:
        line = refusal("-p", str(broker.port))
        others = set(re.findall(r"\b\d{4,5}\b", line)) - {str(broker.port)}
        if str(broker.port) not in line or not others:
            raise AssertionError(f"names the port and suggests another: {line}")


def open_listener_needs_a_word():
    line = refusal("--bind", "0.0.0.0", "-p", str(free_port()))
    if "--allow-anonymous" not in line:
        raise AssertionError(f"names --allow-anonymous: {line}")


def bad_flags_are_one_line():
    cases = [
        (["--no-such-flag"], "--no-such-flag"),
        (["-p", "water"], "water"),
        (["-p", "70000"], "70000"),
        (["-p"], "-p"),
        (["--bind", "nowhere at all"], "nowhere at all"),
        (["--queue-messages", "-5"], "-5"),
        (["--queue-messages", "many"], "many"),
        (["--max-packet-size", "0x10"], "0x10"),
        (["extra"], "extra"),
    ]
    for flags, named in cases:
        line = refusal(*flags)
        if named not in line:
            raise AssertionError(f"mqttd {' '.join(flags)} does not say what is wrong: {line}")


def first_lines_can_be_copied():
    with Broker() as broker:
        wait_until("the lines for a first publish", lambda: broker.lines(r"\bmosquitto_pub\b"))
        command = {}
        for name in ("mosquitto_sub", "mosquitto_pub"):
            command[name] = re.search(rf"{name}\b.*", broker.lines(rf"\b{name}\b")[0])[0]
        subscriber = subprocess.Popen(
            ["bash", "-c", f"exec {command['mosquitto_sub']} -C 1 -W 10"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            # Until the subscription stands, a message finds nobody.
            deadline = time.monotonic() + BOUND
            while subscriber.poll() is None and time.monotonic() < deadline:
                subprocess.run(["bash", "-c", command["mosquitto_pub"]], check=True, timeout=BOUND)
                time.sleep(0.05)
            expect("exit code of mosquitto_sub", subscriber.wait(BOUND), 0)
            if not subscriber.stdout.read().strip():
                raise AssertionError("mosquitto_sub printed nothing")
        finally:
            if subscriber.poll() is None:
                subscriber.kill()


def memory_only_is_said():
    warning = r"(?i)warn.*(memory|--no-persistence)"
    with Broker() as broker:
        wait_until("the warning that nothing is stored", lambda: broker.lines(warning))
    with Broker("--no-persistence") as broker:
        Client(broker.port, "quiet").leave()
        expect("a warning about memory", broker.lines(warning), [])


def who_comes_and_goes_is_one_line_each():
    with Broker() as broker:
        Client(broker.port, "visitor-one").leave()
        wait_until("a line each", lambda: len(broker.lines("visitor-one")) >= 2)
        expect("lines about a visit", len(broker.lines("visitor-one")), 2)
        if "127.0.0.1" not in broker.lines("visitor-one")[0]:
            raise AssertionError(f"says from where: {broker.lines('visitor-one')[0]}")
    with Broker("-q") as broker:
        Client(broker.port, "visitor-two").leave()
        expect("exit code", broker.stop(signal.SIGTERM), 0)
        expect("lines about a visit", broker.lines("visitor-two"), [])


def statistics_are_published():
    wanted = {
        f"$SYS/broker/{name}"
        for name in (
            "version",
            "uptime",
            "clients/connected",
            "clients/total",
            "messages/received",
            "messages/sent",
            "subscriptions/count",
            "retained messages/count",
        )
    }
    with Broker() as broker:
        client = Client(broker.port, "watcher", "$SYS/#")
        deadline = time.monotonic() + 2 * BOUND
        seen = {}
        while wanted - seen.keys():
            topic, payload, _ = client.messages.get(timeout=max(0.1, deadline - time.monotonic()))
            seen[topic] = payload.decode()
        for name in ("clients/connected", "clients/total", "messages/received", "messages/sent", "subscriptions/count"):
            if not seen[f"$SYS/broker/{name}"].isdigit():
                raise AssertionError(f"{name} is a number: {seen}")
        late = Client(broker.port, "late", "$SYS/broker/version")
        expect("retained", late.messages.get(timeout=BOUND)[2], True)
        late.leave()
        client.leave()


def limits_can_be_set():
    with Broker("--max-packet-size", "1000", "--queue-messages", "5") as broker:
        Client(broker.port, "sleeper", "q/#", clean=False).leave()
        publisher = Client(broker.port, "publisher")
        for n in range(8):
            publisher.publish("q/a", f"{n}" * 500)
        sleeper = Client(broker.port, "sleeper", clean=False)
        got = [sleeper.messages.get(timeout=BOUND)[1] for _ in range(5)]
        expect("the first five", got, [(f"{n}" * 500).encode() for n in range(5)])
        publisher.publish("q/end", "end")
        expect("and nothing more", sleeper.messages.get(timeout=BOUND)[:2], ("q/end", b"end"))
        sleeper.leave()
        # Sent on a socket of its own: the client library would refuse it.
        with socket.create_connection(("127.0.0.1", broker.port), BOUND) as raw:
            raw.sendall(bytes.fromhex("10 0e 0004 4d515454 05 02 003c 00 0001 7a"))
            expect("CONNACK", (raw.recv(1), raw.recv(raw.recv(1)[0])[:2]), (b"\x20", b"\0\0"))
            body = b"\0\x01a\0" + b"x" * 2000
            raw.sendall(b"\x30" + bytes([len(body) % 128 | 128, len(body) // 128]) + body)
            answer = raw.recv(64)
            expect("DISCONNECT, packet too large", (answer[:1], answer[2:3]), (b"\xe0", b"\x95"))
        publisher.leave()


def main():
    tests = [
        stops_when_told,
        busy_port_suggests_another,
        open_listener_needs_a_word,
        bad_flags_are_one_line,
        first_lines_can_be_copied,
        memory_only_is_said,
        who_comes_and_goes_is_one_line_each,
        statistics_are_published,
        limits_can_be_set,
    ]
    failed = 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    for test in tests:
        name = test.__name__.replace("_", " ")
        try:
            test()
            print(f"ok mqttd {name}", flush=True)
        except (AssertionError, queue.Empty, subprocess.SubprocessError, OSError) as error:
            failed += 1
            print(f"FAILED mqttd {name}: {type(error).__name__} {error}", flush=True)
    print(f"mqttd: {len(tests) - failed} tests passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
