"""The announcement as it is heard: its tone, its words, twice, at a sane level, in files that others can read."""

import io
import re
import shutil
import subprocess
import wave
from array import array
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.contract import Made, Notice, Person, Status
from channels.studio.espeak import engine, transcribed
from channels.studio.reading import read
from channels.studio.speech import announce
from tests.channels.notices import PUBLISH, RETRACT, SECRETS_OF_THE_CHILD, rendered
from tests.studio.listening import alike, decoded, envelope, goertzel, rests, traced

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg here: `make field` installs it")

SHORT = "寻找李小明，男，六岁。发现线索，请立即拨打幺幺零。"


def script_of(notice: Notice) -> str:
    script = rendered(notice, "radio").texts["script"]
    assert isinstance(script, str)
    return script


def samples_of(made: Made) -> "tuple[int, array[int]]":
    with wave.open(io.BytesIO(made.body)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        return file.getframerate(), array("h", file.readframes(file.getnframes()))


def heard(text: str) -> list[list[str]]:
    with engine() as lib:
        transcript = transcribed(lib, read(text))
    return traced(transcript)


def flat(text: str) -> list[str]:
    return [syllable for clause in heard(text) for syllable in clause]


# ── The sound ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_two_strokes_twice_and_nothing_reserved() -> None:
    rate, samples = samples_of(announce(SHORT, "audio/wav"))
    for at, frequency in ((0.1, 587.33), (0.65, 783.99), (1.45, 587.33), (2.0, 783.99)):
        stroke = samples[round(rate * at) : round(rate * (at + 0.4))]
        assert goertzel(stroke, rate, frequency) > 0.8
        for reserved in (853, 960, 440, 659.26, 932.33, 1046.5, 3135.96, 1050):
            assert goertzel(stroke, rate, reserved) < 0.01
    assert max(map(abs, samples[round(rate * 2.75) : round(rate * 3.2)])) < 30, "silence before the first word"


@needs_ffmpeg
@pytest.mark.parametrize("mime", ["audio/mpeg", "audio/wav"])
def test_said_twice_with_a_pause(mime: str) -> None:
    made = announce(SHORT, mime)
    samples = decoded(made.body)
    curve = envelope(samples, 22_050)
    assert made.seconds is not None
    assert made.seconds == pytest.approx(len(samples) / 22_050, abs=0.12)
    pause, length = max((rest for rest in rests(curve) if 3.5 < rest[0] < made.seconds - 2), key=lambda rest: rest[1])
    assert 1.2 < length < 2.2
    first = curve[round(3.3 / 0.01) : round(pause / 0.01)]
    ways = [curve[round((pause + length) / 0.01) + late :] for late in range(-10, 30)]
    assert max(alike(first, second) for second in ways) > 0.9
    assert pause - 3.2 == pytest.approx(made.seconds - 0.5 - (pause + length), abs=0.3)


def test_the_second_time_is_the_first_to_the_sample() -> None:
    rate, samples = samples_of(announce(SHORT, "audio/wav"))
    start, gap, end = rate * 32 // 10, rate * 3 // 2, rate // 2
    length = (len(samples) - start - gap - end) // 2
    assert length > rate * 3
    first = samples[start + 100 : start + length - 100]
    assert samples[start + length + gap :].tobytes().count(first.tobytes()) == 1


@pytest.mark.parametrize("notice", [PUBLISH, RETRACT])
def test_the_pace_of_the_news(notice: Notice) -> None:
    script = script_of(notice)
    seconds = announce(script).seconds
    assert seconds is not None
    pace = len(re.findall(r"[一-鿿]", script)) / ((seconds - 5.2) / 2) * 60
    assert 200 < pace < 320, "characters a minute"


@needs_ffmpeg
@pytest.mark.parametrize("script", [SHORT, script_of(PUBLISH), script_of(RETRACT)])
def test_loud_as_others_and_never_clipped(script: str) -> None:
    """Measured by ITU-R BS.1770 as ffmpeg reads it."""
    command = [
        "ffmpeg",
        "-hide_banner",
        "-nostats",
        "-i",
        "pipe:0",
        "-af",
        "ebur128=peak=true:framelog=verbose",
        "-f",
        "null",
        "-",
    ]
    said = subprocess.run(
        command, input=announce(script).body, capture_output=True, check=True, timeout=60
    ).stderr.decode()
    loudness = float(re.findall(r"I:\s+(-?[\d.]+) LUFS", said)[-1])
    peak = float(re.findall(r"Peak:\s+(-?[\d.]+) dBFS", said)[-1])
    assert loudness == pytest.approx(-16, abs=1.5)
    assert peak < -0.5


def test_an_mp3_that_every_player_takes() -> None:
    body = announce(SHORT).body
    assert body[:2] in (b"\xff\xfb", b"\xff\xfa"), "MPEG-1 layer III from the first byte"
    assert (body[2] >> 4, body[2] >> 2 & 3, body[3] >> 6) == (5, 0, 3), "64 kbit/s, 44.1 kHz, one channel"
    frame = 144 * 64_000 // 44_100
    at, frames = 0, 0
    while at + 4 <= len(body):
        assert body[at : at + 2] == body[:2], "a frame where one must be"
        at += frame + (body[at + 2] >> 1 & 1)
        frames += 1
    assert at == len(body)
    assert frames * 1152 / 44_100 == pytest.approx(announce(SHORT).seconds, abs=0.12)


def test_pure() -> None:
    for mime in ("audio/mpeg", "audio/wav"):
        first = announce(SHORT, mime)
        announce("中间说些别的。", mime)
        assert announce(SHORT, mime) == first
        assert first.mime == mime


def test_an_unknown_form_is_refused() -> None:
    with pytest.raises(ValueError, match="audio/ogg"):
        announce(SHORT, "audio/ogg")


# ── The words ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_emergency_number() -> None:
    assert heard("幺幺零") == [["j'Au55", "j'Au55", "l'i35N"]]
    assert heard("拨打110") == [["p'o55", "t'A21", "j'Au55", "j'Au55", "l'i35N"]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("李小明", "l'i35 S;j'Au21 m'i35N"),  # two third tones: the first rises
        ("胸前", "S;j'ong55 tS;h'iE35n"),  # the library's own dictionary has no xiong
        ("王雄", "w'A35N S;j'ong35"),
        ("李琼", "l'i21 tS;hj'ong35"),
        ("孙炯", "s'u@55n tS;j'ong214"),
        ("这儿", "ts.'o-51 '@r35"),
        ("重庆", "ts.h'ong35 tS;h'i51N"),
        ("王重阳", "w'A35N ts.h'ong35 j'iA35N"),
        ("长发", "ts.h'A35N f'A51"),
        ("佛坪县", "f'o35 ph'i35N S;'iE51n"),
        ("华阴市", "Xw'A51 j'i55n s.'i.51"),
        ("柞水", "ts.'A51 s.w'ei214"),
        ("鄠邑", "X'u51 j'i51"),
        ("一米一八", "j'i51 m'i21 j'i55 p'A55"),
        ("十一月", "s.'i.35 j'i55 j'yE51"),
        ("不是", "p'u35 s.'i.51"),
        ("骉", "pj'Au55"),
        ("李翯", "l'i21 X'o-51"),
        ("王韡", "w'A35N w'ei214"),
    ],
)
def test_names_and_places_as_they_are_read(text: str, said: str) -> None:
    assert flat(text) == said.split()


@pytest.mark.parametrize(
    ("name", "surname"),
    [
        ("单小明", "s.'a51n"), ("曾小贤", "ts'@55N"), ("解放军", "S;'iE51"), ("仇英", "tS;h'iou35"), ("区小明", "'ou55"),
        ("盖小明", "k'o-35"), ("查小明", "ts.'A55"), ("任小明", "z.'@35n"), ("朴小明", "phj'Au35"), ("缪小明", "mj'Au51"),
        ("贾小明", "tS;'iA35"), ("葛小明", "k'o-35"), ("万俟小明", "m'o51"), ("尉迟小明", "j'y51"), ("华小明", "Xw'A51"),
    ],
)  # fmt: skip
def test_surnames_where_somebody_is_named(name: str, surname: str) -> None:
    """And only there: 解放路 is no person."""
    person = Person(name, "male", 6)
    script = read(script_of(replace(PUBLISH, person=person)))
    clauses = [clause for clause in heard(script) if clause[-2:] == flat("小明")[-2:] or len(clause) in (2, 3)]
    assert sum(clause[0] == surname for clause in clauses) >= 2, clauses
    assert flat("解放路")[0] == "tS;'iE21"


def test_a_retracted_name_is_read_right_too() -> None:
    said = [clause for clause in heard(script_of(replace(RETRACT, masked_name="单某某"))) if "m'ou35" in clause]
    assert said[0][:3] == ["S;'y@35n", "ts.'Au21", "s.'a51n"]


def test_letters_and_labels() -> None:
    assert flat("B口") == ["p'i51", "kh'ou214"]
    assert flat("陕A12345") == ["s.'a21n", "'ei55", "j'Au55", "'@r51", "s'a55n", "s'i[51", "w'u214"]
    assert flat("HJ") == ["'ei35", "ts.hi.33", "ts.'ei51"]
    for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ":
        assert "(en)" not in "".join(flat(letter)), letter
    assert "(en)" in "".join(flat("Adidas")), "a word is read as a word"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("身高１２０㎝", "身高一米二"),
        ("①号门", "一号门"),
        ("Ⅲ号楼", "I I I号楼"),
        ("三～五人", "三到五人"),
        ("A+B", "A加B"),
        ("T恤（红）…", "T恤，红，"),
        ("小明🙂走失", "小明 走失"),
        ("李\ue123明", "李，生僻字，明"),
        ("买买提·艾山", "买买提 艾山"),
        ("⼩明", "小明"),
        ("NBA外套", "N B A外套"),
        ("NIKE鞋", "NIKE鞋"),
        ("二〇二三年", "二零二三年"),
        ("商场-1层", "商场负一层"),
        ("气温-5℃", "气温零下五摄氏度"),
        ("3#楼", "三号楼"),
        ("www.abc.com", "www点abc点com"),
        ("[[kh'a51]]", "kh a五幺"),
    ],
)
def test_what_a_voice_is_given(text: str, words: str) -> None:
    assert read(text).rstrip("，") == words.rstrip("，")


@pytest.mark.parametrize("status", [Status.EXERCISE, Status.TEST])
def test_a_drill_says_so_first_and_last(status: Status) -> None:
    word = {Status.EXERCISE: "演练", Status.TEST: "测试"}[status]
    for notice in (PUBLISH, RETRACT):
        said = heard(script_of(replace(notice, status=status)))
        mark = [syllable.rstrip("0123456789n") for syllable in flat(word)]
        starts = [[syllable.rstrip("0123456789n") for syllable in clause] for clause in said]
        assert starts[0] == mark
        assert mark == starts[2][:2], "and in a sentence of its own"
        assert any(starts[-2][at : at + 2] == mark for at in range(len(starts[-2])))


def test_a_real_one_does_not() -> None:
    for word in ("演练", "测试"):
        sound = "".join(flat(word))
        assert sound not in "".join(flat(script_of(PUBLISH)))


def test_a_retraction_says_nothing_of_the_child() -> None:
    script = script_of(RETRACT)
    assert not [fact for fact in SECRETS_OF_THE_CHILD if fact in read(script)]
    assert "m'i35N" not in flat(script), "no 明"
    assert "".join(flat("寻人已经结束")).replace("214", "21") in "".join(flat(script)).replace("214", "21")


# ── Whatever comes ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("script", ["", " ", "。。。", "🙂🙂", "\x00\x01", "……", "\ud800"])
def test_without_a_word_the_tone_alone(script: str) -> None:
    made = announce(script, "audio/wav")
    rate, samples = samples_of(made)
    assert made.seconds == pytest.approx(3.2, abs=0.01) or script == "\ud800"
    assert goertzel(samples[: rate // 2], rate, 587.33) > 0.8


@pytest.mark.parametrize(
    "name", ["\ue001", "□", "𪚥", "\U0003106c", "ひらがな", "Александр", "ئالىم", "བཀྲ", "Xiaoming", "A", "𝐀"]
)
def test_no_name_is_silent(name: str) -> None:
    assert "".join(flat(name)).strip("_:@ ")
    rate, samples = samples_of(announce(name, "audio/wav"))
    assert max(envelope(samples[round(rate * 3.2) :], rate)) > 0.01


def test_every_character_has_a_sound() -> None:
    blocks = (range(0x4E00, 0xA000), range(0x3400, 0x4DC0), range(0xE000, 0xE100), range(0x20000, 0x20200))
    with engine() as lib:
        said = {char: transcribed(lib, read(char)) for char in (chr(code) for block in blocks for code in block)}
    as_they_are = [char for char, transcript in said.items() if transcript == char]
    assert len(as_they_are) < 20, "those that the library itself knows"
    for clause in traced("，".join(as_they_are)):
        assert clause
        assert "(en)" not in "".join(clause)
    for char in said.keys() - set(as_they_are):
        assert re.fullmatch(r"，?(\[\[(\S+_\|( |(?=\]\])))+\]\]，?)", said[char]), (char, said[char])
        assert "(en)" not in said[char], char
        assert "@:11" not in said[char], char


def test_the_longest_script() -> None:
    made = announce(("李小明，男，六岁，身穿红色短袖，" * 50)[:700])
    assert made.seconds is not None
    assert made.seconds < 420


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=40))
def test_nothing_crashes_it(text: str) -> None:
    made = announce(text, "audio/wav")
    assert made.seconds is not None
    if any("一" <= char <= "鿿" for char in text):
        assert made.seconds > 3.5
