#!/usr/bin/env bash
# mosquitto_pub and mosquitto_sub against the broker on 127.0.0.1:PORT.   with_mosquitto.sh PORT
set -euo pipefail
port=$1
work=$(mktemp -d)
declare -A pid_of=()
tests=0 serial=0 name=start

finish() {
  local code=$? n
  for n in "${!pid_of[@]}"; do { kill -9 "${pid_of[$n]}" && wait "${pid_of[$n]}"; } 2>/dev/null || true; done
  if [ "$code" != 0 ]; then
    echo "FAILED mosquitto $version: $name"
    for n in "$work"/*.out; do [ -e "$n" ] && { echo "--- $n"; cut -c1-300 "$n" | tail -n 30; }; done
  fi
  rm -rf "$work"
}
trap finish EXIT
fail() { echo "$*"; exit 1; }

# wait_until WHAT COMMAND...: at most 10 s.
wait_until() {
  local what=$1 end=$((SECONDS + 10))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || fail "waited in vain for: $what"
    sleep 0.02
  done
}

# Subscribers print a line per message: MSG QOS RETAIN TOPIC PAYLOAD-IN-HEX. -W ends those that a failure leaves behind.
# subscriber NAME FLAGS...: in the background.
subscriber() {
  local n=$1
  shift
  # Emptied here: in the background it could happen after the first look at it.
  : >"$work/$n.out"
  stdbuf -oL mosquitto_sub -p "$port" -V "$mosquitto_version" -W 60 -d -F "${format:-MSG %q %r %t %x}" "$@" \
    >>"$work/$n.out" 2>&1 &
  pid_of[$n]=$!
}
# listen NAME FLAGS...: the same, and waits for SUBACK.
listen() {
  subscriber "$@"
  wait_until "SUBACK of $1" grep -qs '^Subscribed' "$work/$1.out"
}
messages() { sed -n 's/^MSG //p' "$work/$1.out"; }
has() { [ "$(messages "$1" | wc -l)" -ge "$2" ]; }
# received NAME N: waits for the Nth message.
received() { wait_until "$2 messages at $1" has "$1" "$2"; }
# kill_client NAME SIGNAL: and reaps it.
kill_client() {
  kill "-$2" "${pid_of[$1]}"
  { wait "${pid_of[$1]}"; } 2>/dev/null || true
  unset "pid_of[$1]"
}
publish() { timeout 20 mosquitto_pub -p "$port" -V "$mosquitto_version" "$@"; }
hex() { od -An -v -tx1 "$@" | tr -d ' \n'; }
text() { printf '%s' "$1" | hex; }
# expect NAME LINES: all that NAME received.
expect() {
  local got
  got=$(messages "$1")
  [ "$got" = "$2" ] && return
  fail "$1: expected"$'\n'"$(cut -c1-300 <<<"$2")"$'\n'"received"$'\n'"$(cut -c1-300 <<<"$got")"
}
# nothing_more NAME TOPIC LINES: a last message shows that nothing but LINES came before it.
nothing_more() {
  local lines=$3
  publish -t "$2" -q 1 -m end
  received "$1" $(($(grep -c . <<<"$lines" || true) + 1))
  expect "$1" "${lines:+$lines$'\n'}1 0 $2 $(text end)"
  kill_client "$1" TERM
}
persistent() { if [ "$mosquitto_version" = mqttv5 ]; then echo -c -x 300; else echo -c; fi; }

publish_and_subscribe() {
  local qos t lines=''
  for qos in 0 1 2; do
    t=$topic/$qos
    listen s$qos -i "$id-s$qos" -q "$qos" -t "$topic/+"
    publish -t "$t" -q 0 -m 'zero'
    received s$qos 1
    publish -t "$t" -q 1 -m $'21.5 \u00b0C'
    received s$qos 2
    publish -t "$t" -q 2 -n
    received s$qos 3
    publish -t "$t" -q "$qos" -r -f "$work/large"
    received s$qos 4
    publish -t "$t" -q 1 -r -n
    received s$qos 5
    lines="0 0 $t $(text zero)
$((qos < 1 ? qos : 1)) 0 $t $(text $'21.5 \u00b0C')
$qos 0 $t 
$qos 0 $t $(hex "$work/large")
$((qos < 1 ? qos : 1)) 0 $t "
    expect s$qos "$lines"
    kill_client s$qos TERM
  done
}

retained() {
  publish -t "$topic/kept" -q 1 -r -m first
  publish -t "$topic/kept" -q 1 -r -m second
  publish -t "$topic/other" -q 0 -r -m other
  listen a -i "$id-a" -q 2 -t "$topic/kept"
  received a 1
  nothing_more a "$topic/kept" "1 1 $topic/kept $(text second)"
  listen b -i "$id-b" -q 0 -t "$topic/#"
  received b 2
  [ "$(messages b | sort)" = "0 1 $topic/kept $(text second)
0 1 $topic/other $(text other)" ] || fail "wildcard replay: $(messages b)"
  kill_client b TERM
  publish -t "$topic/kept" -q 1 -r -n
  publish -t "$topic/other" -q 1 -r -n
  listen c -i "$id-c" -q 1 -t "$topic/#"
  nothing_more c "$topic/kept" ''
}

will() {
  local qos
  listen w -i "$id-w" -q 2 -t "$topic/will/#"
  for qos in 0 1 2; do
    listen dies$qos -i "$id-dies$qos" -t "$topic/x" \
      --will-topic "$topic/will/$qos" --will-payload "gone $qos" --will-qos $qos
    kill_client dies$qos KILL
    received w $((qos + 1))
  done
  timeout 20 mosquitto_sub -p "$port" -V "$mosquitto_version" -i "$id-leaves" -t "$topic/x" -E \
    --will-topic "$topic/will/no" --will-payload no
  local lines="0 0 $topic/will/0 $(text 'gone 0')
1 0 $topic/will/1 $(text 'gone 1')
2 0 $topic/will/2 $(text 'gone 2')"
  if [ "$mosquitto_version" = mqttv5 ]; then
    # Told to stop, mosquitto_sub says DISCONNECT with 0x04, which asks for the will.
    listen stopped -i "$id-stopped" -t "$topic/x" --will-topic "$topic/will/4" --will-payload asked --will-qos 1
    kill_client stopped TERM
    received w 4
    lines="$lines
1 0 $topic/will/4 $(text asked)"
  fi
  nothing_more w "$topic/will/end" "$lines"
}

persistent_session() {
  local keep qos i lines
  keep=$(persistent)
  for qos in 1 2; do
    timeout 20 mosquitto_sub -p "$port" -V "$mosquitto_version" -i "$id-p" $keep -q 2 -t "$topic/q/+" -E
    lines=''
    for i in 1 2 3 4 5; do
      publish -t "$topic/q/$i" -q $qos -m "queued $i"
      lines="$lines${lines:+$'\n'}$qos 0 $topic/q/$i $(text "queued $i")"
    done
    subscriber p -i "$id-p" $keep -q 2 -t "$topic/q/+"
    received p 5
    nothing_more p "$topic/q/end" "$lines"
  done
  # A clean start throws away what was queued.
  publish -t "$topic/q/6" -q 1 -m 'thrown away'
  listen p -i "$id-p" -q 2 -t "$topic/q/+"
  nothing_more p "$topic/q/end" ''
}

shared_subscription() {
  local i expected
  listen m1 -i "$id-m1" -q 1 -t "\$share/$id/$topic/jobs"
  listen m2 -i "$id-m2" -q 1 -t "\$share/$id/$topic/jobs"
  listen all -i "$id-all" -q 1 -t "$topic/jobs"
  for i in $(seq 10 49); do echo "job $i"; done | publish -t "$topic/jobs" -q 1 -l
  all_jobs() { [ "$( (messages m1; messages m2) | wc -l)" -ge 40 ]; }
  received all 40
  wait_until '40 messages at both members together' all_jobs
  expected=$(for i in $(seq 10 49); do echo "1 0 $topic/jobs $(text "job $i")"; done)
  expect all "$expected"
  [ "$( (messages m1; messages m2) | sort)" = "$expected" ] || fail "members received: $(messages m1) / $(messages m2)"
  has m1 1 && has m2 1 || fail 'one member received everything'
  for i in m1 m2 all; do kill_client $i TERM; done
}

properties() {
  local format='MSG %q %r %t %x|%C|%R|%D|%F|%P|%E' got
  listen v -i "$id-v" -q 2 -t "$topic/props"
  publish -t "$topic/props" -q 2 -m '{"on":true}' \
    -D publish user-property room kitchen -D publish user-property room hall \
    -D publish content-type application/json -D publish response-topic "$topic/answer" \
    -D publish correlation-data 'call 17' -D publish message-expiry-interval 300 \
    -D publish payload-format-indicator 1
  received v 1
  got=$(messages v)
  [[ ${got##*|} =~ ^(29[0-9]|300)$ ]] || fail "message expiry: ${got##*|}"
  local fixed="application/json|$topic/answer|call 17|1|room:kitchen room:hall"
  [ "${got%|*}" = "2 0 $topic/props $(text '{"on":true}')|$fixed" ] || fail "properties: $got"
  kill_client v TERM
}

run() {
  name=$1
  rm -f "$work"/*.out
  serial=$((serial + 1))
  topic=$mosquitto_version/$serial id=$mosquitto_version-$serial
  "$1"
  tests=$((tests + 1))
  echo "ok mosquitto $version ${name//_/ }"
}

{ head -c 99999 /dev/urandom; printf '\0\n'; } >"$work/large"
for version in 3.1 3.1.1 5.0; do
  case $version in 3.1) mosquitto_version=mqttv31 ;; 3.1.1) mosquitto_version=mqttv311 ;; *) mosquitto_version=mqttv5 ;; esac
  for t in publish_and_subscribe retained will persistent_session shared_subscription; do run $t; done
done
run properties
echo "mosquitto: $tests tests passed"
