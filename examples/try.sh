# Source this in a shell at the repository's root, beside `make run`:   . examples/try.sh
# It plays the police, so that you can try your side alone; what it issues is an exercise (YL-…).

HUIJIA=${HUIJIA:-http://127.0.0.1:8000}
KEY=$(cat .data/partner.key)
SECRET=$(cat .data/partner.secret)

# pick outlets 0 id: that member of the JSON that comes in
pick() {
  python3 -c 'import json, sys
said = json.load(sys.stdin)
for name in sys.argv[1:]:
    said = said[int(name) if isinstance(said, list) else name]
print(said)' "$@"
}

# ago 2: the time two hours ago, in Beijing's time as RFC 3339 writes it; ago 0 is now
ago() {
  python3 -c 'import sys
from datetime import datetime, timedelta, timezone
at = datetime.now(timezone(timedelta(hours=8))) - timedelta(hours=float(sys.argv[1]))
print(at.isoformat(timespec="seconds"))' "$1"
}

police() {
  curl -sS "$HUIJIA/v1/alerts$1" -H "Authorization: Bearer $(cat .data/officer.key)" \
    -H 'Content-Type: application/json' -d "$2"
}

issue() { ALERT=$(police '' @.data/record.json | pick id); }
update() { police "/$ALERT/update" @.data/record.json >/dev/null; }
retract() { police "/$ALERT/retract" '{"reason": "found"}' >/dev/null; }

# heard "ON AIR": what the receiver has said of the alert that was issued last, waited for ten seconds at most
heard() {
  for _ in $(seq 50); do
    grep "$1 $ALERT" .data/receiver.log && return
    sleep 0.2
  done
  echo "nothing yet; the receiver says:" && cat .data/receiver.log
  return 1
}

# receive: the receiver in Python, in the background, and the one before it ended
receive() {
  if [ -f .data/receiver.pid ] && kill "$(cat .data/receiver.pid)" 2>/dev/null; then sleep 1; fi
  DRILLS=show STATE=.data/receiver.db "${PYTHON:-python3}" examples/receiver.py >.data/receiver.log 2>&1 &
  echo $! >.data/receiver.pid
  sleep 1
}

# The outlets of start.md: one that is called, one that asks.
OUTLETS=$(curl -sS "$HUIJIA/v1/outlets" -H "Authorization: Bearer $KEY")
OUTLET=$(echo "$OUTLETS" | pick outlets 0 id)
APP=$(echo "$OUTLETS" | pick outlets 1 id)
export HUIJIA KEY SECRET OUTLET APP
