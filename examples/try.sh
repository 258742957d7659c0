# Source this in a shell at the repository's root, beside `make run`:   . examples/try.sh
# It plays the police, so that you can try your side alone; what it issues is an exercise (YL-…).

HUIJIA=${HUIJIA:-http://127.0.0.1:8000}
SECRET=whsec_bXlzdGVyaW91c2tleWJ5dGVzMTIzNDU2Nzg5MDEyMzQ=
KEY=$(cat .data/partner.key)

# pick outlets 0 id: that member of the JSON that comes in
pick() {
  python3 -c 'import json, sys
said = json.load(sys.stdin)
for name in sys.argv[1:]:
    said = said[int(name) if isinstance(said, list) else name]
print(said)' "$@"
}

police() {
  curl -sS "$HUIJIA/v1/alerts$1" -H "Authorization: Bearer $(cat .data/officer.key)" \
    -H 'Content-Type: application/json' -d "$2"
}

issue() { ALERT=$(police '' @.data/record.json | pick id); }
update() { police "/$ALERT/update" @.data/record.json >/dev/null; }
retract() { police "/$ALERT/retract" '{"reason": "found"}' >/dev/null; }

# The outlets of start.md: one that is called, one that asks.
OUTLETS=$(curl -sS "$HUIJIA/v1/outlets" -H "Authorization: Bearer $KEY")
OUTLET=$(echo "$OUTLETS" | pick outlets 0 id)
APP=$(echo "$OUTLETS" | pick outlets 1 id)
