"""Facts that cannot be, or that contradict each other."""

from datetime import datetime, timedelta

from app.domain.beijing import BEIJING
from app.domain.identifiers import resident_id_check
from tests.api.bad import record
from tests.making import record_json

TODAY = (datetime.now(BEIJING) - timedelta(minutes=40)).date()  # of the loss that record_json gives
SEVEN = record_json()["minor"]["birth_date"]


def resident_id(born: str, sex: str = "male") -> str:
    body = "610113" + born.replace("-", "") + ("001" if sex == "male" else "002")
    return body + resident_id_check(body)


def years_ago(years: int, days: int = 0) -> str:
    day = TODAY - timedelta(days=days)
    return f"{day.year - years}-{day:%m}-{min(day.day, 28):02d}"


CASE_NUMBERS = {
    "of 22": "A610113000000202611000", "of 24": "A61011300000020261100011", "in small letters": "a6101130000002026110001",
    "with a space": "A610113000000 202611000", "with Chinese": "案6101130000002026110001",
    "with a letter at its end": "A610113000000202611000A",
    "in full width": "Ａ６１０１１３００００００２０２６１１０００１",
}  # fmt: skip
ORGANS = {
    "of 11": "61011300000", "of 13": "6101130000000", "that begins with letters": "XA0113000000",
    "of an unknown area": "990113000000", "with a dash": "610113-00000",
}  # fmt: skip
PLATES = {
    "too short": "陕A1234", "too long": "陕A1234567", "without its province": "A12345", "with a dot": "陕A·12345",
    "in small letters": "陕a12345", "with an I": "陕AI2345", "with an emoji": "陕A🚗345", "empty": "",
}  # fmt: skip
PHONES = {
    "letters": "abc-defg", "three letters": "abc", "too short": "12345678", "no area code": "85250110",
    "too long": "1380000000011",
    "empty": "", "full width": "１３８００００００００", "two numbers": "13800000000/13900000000", "NUL": "1380000\x000000",
    "only dashes": "--------", "a mobile that cannot be": "12800000000",
}  # fmt: skip

CASES = [
    *(record(f"a case number {what}", "/case_number=case_number", case_number=value) for what, value in CASE_NUMBERS.items()),
    *(record(f"an organ code {what}", "/organ_code=organ_code", organ_code=value) for what, value in ORGANS.items()),
    record("an officer's number in small letters", "/reported_by/number=officer_number", reported_by__number="abc123"),
    record("an officer's number of three", "/reported_by/number=officer_number", reported_by__number="123"),
    record("an officer's number of thirteen", "/verified_by/number=officer_number", verified_by__number="1234567890123"),
    record("one officer for both, by number", "/verified_by=same_officer", verified_by__number="010233"),
    record("one officer for both, by name", "/verified_by=same_officer", verified_by__name="王建国"),
    record("one officer for both, and a wrong phone", "/reported_by/phone=phone /verified_by=same_officer",
           verified_by__number="010233", reported_by__phone="x"),
    record("neither birth date nor age", "/minor/age=age_missing", minor__birth_date=...),
    record("18 on the very day", "/minor/birth_date=not_a_minor", minor__birth_date=years_ago(18)),
    record("40 years old", "/minor/birth_date=not_a_minor", minor__birth_date=years_ago(40)),
    record("40 years old, and another fault beside it", "/minor/birth_date=not_a_minor /minor/height_cm=int_type",
           minor__birth_date=years_ago(40), minor__height_cm="118"),
    record("born after the loss", "/minor/birth_date=born_after_loss", minor__birth_date=years_ago(0, -40)),
    record("born before the calendar of ids", "/minor/birth_date=not_a_minor", minor__birth_date="0001-01-01"),
    record("an age of 18", "/minor/age=less_than_equal", minor__birth_date=..., minor__age=18),
    record("an age below nought", "/minor/age=greater_than_equal", minor__birth_date=..., minor__age=-1),
    record("an age in quotes", "/minor/age=int_type", minor__birth_date=..., minor__age="6"),
    record("an age of true", "/minor/age=int_type", minor__birth_date=..., minor__age=True),
    record("an age of six and a half", "/minor/age=int_type", minor__birth_date=..., minor__age=6.5),
    record("an age that the birth date denies", "/minor/age=age_disagrees", minor__age=12),
    record("an id with a wrong check digit", "/minor/resident_id=resident_id_check", minor__resident_id="110105194912310021"),
    record("an id of 17", "/minor/resident_id=resident_id_check", minor__resident_id=resident_id(SEVEN)[:17]),
    record("an id of 15, as of old", "/minor/resident_id=resident_id_check", minor__resident_id="610113190115001"),
    record("an id with a small x", "/minor/resident_id=resident_id_check", minor__resident_id="11010519491231002x"),
    record("an id with a day that never was", "/minor/resident_id=resident_id_check",
           minor__resident_id=resident_id("2019-02-30")),
    record("an id in full width", "/minor/resident_id=resident_id_check",
           minor__resident_id="６１０１１３２０１９０１１５００１４"),
    record("an id as a number", "/minor/resident_id=string_type", minor__resident_id=610113201901150014),
    record("an id that the birth date denies", "/minor/resident_id=resident_id_birth",
           minor__resident_id=resident_id(years_ago(6))),
    record("an id that the sex denies", "/minor/resident_id=resident_id_sex", minor__resident_id=resident_id(SEVEN, "female")),
    record("an id that both deny", "/minor/resident_id=resident_id_birth /minor/resident_id=resident_id_sex",
           minor__resident_id=resident_id(years_ago(6), "female")),
    record("an id that the age denies", "/minor/resident_id=resident_id_age", minor__birth_date=..., minor__age=9,
           minor__resident_id=resident_id(SEVEN)),
    record("an id of an adult, who is said to be seven", "/minor/resident_id=not_a_minor", minor__birth_date=...,
           minor__age=7, minor__resident_id=resident_id("1990-01-15")),
    *(record(f"a plate {what}", "/vehicle/plate=plate", vehicle={"plate": value, "description": "白色面包车"})
      for what, value in PLATES.items()),
    record("a vehicle of which nothing is said", "/vehicle=vehicle_empty", vehicle={}),
    record("a suspect of whom nothing is said", "/suspect/description=missing", suspect={}),
    *(record(f"a phone: {what}", "/guardian/phone=phone", guardian__phone=value) for what, value in PHONES.items()),
    record("a phone of 40 digits", "/verified_by/phone=string_too_long", verified_by__phone="1" * 40),
]  # fmt: skip
