"""Times of day and durations as seconds: 11:00 · 11:00:05.5 · 3 PM · 2 days 01:02:03 · PT1H30M."""

import math
import re
import unicodedata
from functools import lru_cache

from reading.date_words import HALF_OF_DAY, hour_of_day, with_plain_clock
from reading.units import QUOTES

LONGEST = 48
CLOCK = re.compile(
    rf"(?P<sign>[+-])?(?:(?P<days>\d{{1,6}})\s*(?:days?|d|일|天|日)?,?[ .]\s*)??"
    rf"(?P<inner>[+-])?(?:(?P<before>{HALF_OF_DAY})\s*)?"
    r"(?P<hours>\d{1,7}):(?P<minutes>[0-5]\d)(?::(?P<seconds>[0-5]?\d(?:[.,]\d{1,9})?))?"
    rf"\s*(?P<after>{HALF_OF_DAY})?"
)
# 4:05.123 can only be minutes.
LAP = re.compile(r"(?P<minutes>\d{1,3}):(?P<seconds>[0-5]\d[.,]\d{1,9})")
HOUR = re.compile(rf"(?P<before>{HALF_OF_DAY})?\s*(?P<hours>\d{{1,2}})\s*(?P<after>{HALF_OF_DAY})?")
ISO = re.compile(
    r"(?P<sign>-)?p(?:(?P<weeks>\d+)w)?(?:(?P<days>\d+(?:\.\d+)?)d)?"
    r"(?:t(?:(?P<hours>\d+(?:\.\d+)?)h)?(?:(?P<minutes>\d+(?:\.\d+)?)m)?"
    r"(?:(?P<seconds>\d+(?:\.\d+)?)s)?)?"
)
# What people write around a time of day; 15h04 is 15:04.
AROUND = re.compile(r"^t(?=\d)|(?<=\d)(?:\s*uhr|z)$")
HOURS_MINUTES = re.compile(r"^(\d{1,4})h(\d{2})$")
YEAR, MONTH = 31_557_600.0, 2_629_800.0
# One unit after the other: 1 h 2 min, 1d2h, 3 hours.
UNITS = {
    **dict.fromkeys(("years", "year", "yrs", "yr", "y", "jahre", "jahr", "ans", "años"), YEAR),
    **dict.fromkeys(("months", "month", "mos", "mo", "monate", "monat", "mois", "meses"), MONTH),
    **dict.fromkeys(("개월", "个月", "個月", "か月", "ヶ月"), MONTH),
    **dict.fromkeys(("weeks", "week", "wks", "wk", "w", "wochen", "woche", "주", "周"), 604_800.0),
    **dict.fromkeys(("days", "day", "d", "tage", "tag", "jours", "일", "天", "日"), 86_400.0),
    **dict.fromkeys(("hours", "hour", "hrs", "hr", "h", "stunden", "stunde", "std"), 3600.0),
    **dict.fromkeys(("heures", "heure", "horas", "hora", "시간", "小时", "小時", "時間"), 3600.0),
    **dict.fromkeys(("minutes", "minute", "minuten", "minutos", "mins", "min", "m"), 60.0),
    **dict.fromkeys(("분", "分钟", "分鐘", "分"), 60.0),
    **dict.fromkeys(("seconds", "second", "sekunden", "sekunde", "secondes", "secs", "sec"), 1.0),
    **dict.fromkeys(("sek", "s", "초", "秒"), 1.0),
    **dict.fromkeys(("год", "года", "лет", "lat", "lata", "rok", "anni", "anno", "año"), YEAR),
    **dict.fromkeys(("anos", "ano", "jaar", "år", "y\u0131l", "an", "năm"), YEAR),
    **dict.fromkeys(("месяцев", "месяца", "месяц", "мес", "mesi", "mese", "mes", "mês"), MONTH),
    **dict.fromkeys(("maanden", "maand", "månader", "måneder", "ay", "tháng"), MONTH),
    **dict.fromkeys(("недель", "недели", "неделя", "нед", "tyg", "settimane", "weken"), 604_800.0),
    **dict.fromkeys(("semaines", "semanas", "hafta", "tuần"), 604_800.0),
    **dict.fromkeys(("дней", "дня", "день", "дн", "dni", "dzień", "giorni", "giorno"), 86_400.0),
    **dict.fromkeys(("jour", "días", "día", "dias", "dia", "dagen", "dag", "gün"), 86_400.0),
    **dict.fromkeys(("dagar", "dage", "dager", "ngày"), 86_400.0),
    **dict.fromkeys(("часов", "часа", "час", "ч", "godz", "godzin", "godziny"), 3600.0),
    **dict.fromkeys(("ore", "ora", "uur", "uren", "timmar", "timer", "saat", "giờ"), 3600.0),
    **dict.fromkeys(("минут", "минуты", "минута", "мин", "minut", "minuty"), 60.0),
    **dict.fromkeys(("minuti", "minuto", "minuter", "minutter", "dakika", "dk", "phút"), 60.0),
    **dict.fromkeys(("секунд", "секунды", "сек", "secondi", "secondo", "segundos"), 1.0),
    **dict.fromkeys(("seconden", "sekunder", "sekund", "saniye", "sn", "giây"), 1.0),
    **dict.fromkeys(("milliseconds", "millisecond", "msec", "ms", "毫秒"), 0.001),
}
# In "1,200 s", the comma may part thousands.
PART = re.compile(
    r"(\d{1,9}(?:\.\d{1,6}|,\d{1,2}(?!\d))?)\s*("
    + "|".join(sorted(UNITS, key=len, reverse=True))
    + r")\.?,?\s*(?:(?:and|und|et|y)\s+)?"
)
IN_SECONDS = {
    "weeks": 604_800.0,
    "days": 86_400.0,
    "hours": 3600.0,
    "minutes": 60.0,
    "seconds": 1.0,
}


def parse_duration(text: str, minutes: bool = False) -> float:
    """The seconds of one cell, of a time of day since midnight; NaN when it is neither.

    `minutes` tells that 40:05 means minutes and seconds in its column.
    """
    text = text.strip()
    return _parsed(text, minutes) if 0 < len(text) <= LONGEST else math.nan


@lru_cache(maxsize=20_000)
def _parsed(text: str, minutes: bool) -> float:
    text = text.translate(QUOTES).strip("'\" ")
    text = AROUND.sub("", with_plain_clock(unicodedata.normalize("NFKC", text).lower()))
    text = HOURS_MINUTES.sub(r"\1:\2", text)
    match = CLOCK.fullmatch(text)
    if match:
        return _of_clock(match, minutes)
    match = LAP.fullmatch(text)
    if match:
        return 60 * float(match["minutes"]) + float(match["seconds"].replace(",", "."))
    match = HOUR.fullmatch(text)
    if match and (match["before"] or match["after"]):
        return 3600.0 * hour_of_day(int(match["hours"]), match["before"] or match["after"])
    match = ISO.fullmatch(text)
    if match and any(match[name] for name in IN_SECONDS):
        seconds = sum(float(match[name] or 0) * size for name, size in IN_SECONDS.items())
        return -seconds if match["sign"] else seconds
    return _of_units(text)


def _of_clock(match: re.Match[str], minutes: bool) -> float:
    half = match["before"] or match["after"]
    hours = hour_of_day(int(match["hours"]), half)
    seconds = float((match["seconds"] or "0").replace(",", "."))
    inside = 3600 * hours + 60 * float(match["minutes"]) + seconds
    if minutes and match["seconds"] is None and half is None:
        inside /= 60
    days = 86_400 * float(match["days"] or 0)
    # pandas: "-1 days +23:00:00" is one hour less than nothing.
    if match["sign"] == "-" and match["days"]:
        return -days + (inside if match["inner"] == "+" else -inside)
    return days + (-inside if "-" in (match["sign"], match["inner"]) else inside)


def _of_units(text: str) -> float:
    at, seconds, seen = 0, 0.0, 0
    while match := PART.match(text, at):
        seconds += float(match[1].replace(",", ".")) * UNITS[match[2]]
        at, seen = match.end(), seen + 1
    return seconds if seen and at == len(text) else math.nan
