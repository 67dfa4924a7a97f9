"""The words in dates: months, days of the week, halves of the day, zones and eras."""

import re
import unicodedata

MONTHS = {
    1: "january jan januar jänner janvier janv enero ene gennaio gen janeiro januari styczen "
    "stycznia leden ledna ocak oca января январь янв "
    "ianuarie tammikuu tammikuuta ιανουαρίου січня يناير ינואר",
    2: "february feb februar fevrier fevr fev febrero febbraio fevereiro februari luty lutego unor "
    "unora subat sub февраля февраль фев "
    "februarie helmikuu helmikuuta φεβρουαρίου лютого فبراير פברואר",
    3: "march mar marz mars marzo marco maart mrt maerz märz mrz marzec marca brezen brezna mart "
    "марта март мар "
    "martie maaliskuu maaliskuuta március maret μαρτίου березня مارس מרץ",
    4: "april apr avril avr abril abr aprile kwiecien kwietnia duben dubna nisan апреля апрель апр "
    "aprilie huhtikuu huhtikuuta április απριλίου квітня أبريل אפריל",
    5: "may mai mayo maggio maio mei mag maj maja kveten kvetna mayis мая май "
    "toukokuu toukokuuta május μαΐου травня مايو מאי",
    6: "june jun juni juin junio giugno giu junho czerwiec czerwca cerven cervna haziran haz "
    "июня июнь июн "
    "iunie kesäkuu kesäkuuta június ιουνίου червня يونيو יוני",
    7: "july jul juli juil juillet julio luglio lug julho lipiec lipca cervenec cervence temmuz "
    "июля июль июл "
    "iulie heinäkuu heinäkuuta július ιουλίου липня يوليو יולי",
    8: "august aug aout agosto ago augustus augusti agu agustos sierpien sierpnia srpen srpna "
    "августа август авг "
    "elokuu elokuuta augusztus agustus αυγούστου серпня أغسطس אוגוסט",
    9: "september sep sept septembre septiembre settembre set setembro wrzesien wrzesnia zari "
    "eylul eyl сентября сентябрь сен сент "
    "septembrie syyskuu syyskuuta szeptember σεπτεμβρίου вересня سبتمبر ספטמבר",
    10: "october oct oktober okt octobre octubre ottobre ott outubro out pazdziernik pazdziernika "
    "rijen rijna ekim eki октября октябрь окт "
    "octombrie lokakuu lokakuuta οκτωβρίου жовтня أكتوبر אוקטובר",
    11: "november nov novembre noviembre novembro listopad listopada kasim kas ноября ноябрь ноя "
    "noiembrie marraskuu marraskuuta νοεμβρίου листопада нояб نوفمبر נובמבר",
    12: "december dec dezember dez decembre diciembre dic dicembre dezembro desember des grudzien "
    "grudnia prosinec prosince aralik ara декабря декабрь дек "
    "decembrie joulukuu joulukuuta δεκεμβρίου грудня ديسمبر דצמבר",
}
# Hours east of Greenwich.
ZONES = {
    **dict.fromkeys(("z", "utc", "gmt"), 0),
    **{"cet": 1, "cest": 2, "mez": 1, "mesz": 2, "bst": 1, "msk": 3, "kst": 9, "jst": 9},
    **{"est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7},
}
MORNING, AFTERNOON = ("am", "a.m.", "오전", "上午", "午前"), ("pm", "p.m.", "오후", "下午", "午後")
HALF_OF_DAY = "|".join(map(re.escape, (*MORNING, *AFTERNOON)))
# What is added to the years of an era.
ERAS = {"民國": 1911, "民国": 1911, "令和": 2018, "平成": 1988, "昭和": 1925}
# R6.1.31 is 令和6年1月31日.
SHORT_ERAS = {"r": "令和", "h": "平成", "s": "昭和"}
WEEKDAY = re.compile(
    r"^(?:mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so|lun|mar|mer|jeu|ven|sam|dim|mie|jue|vie|"
    r"sab|dom|gio|seg|ter|qua|qui|sex|пн|вт|ср|чт|пт|сб|вс|пон|втор|сред|четв|пят|суб|воск)"
    r"[^\W\d_]{0,9}\.?,?\s+"
)
MARCH_OR_TUESDAY = "mar"
_DAY = "[월화수목금토일月火水木金土日一二三四五六]"
CJK_WEEKDAY = re.compile(
    rf"\s*(?:\({_DAY}(?:요일|曜日?)?\)|[월화수목금토일]요일|(?:星期|週|周|礼拜)[一二三四五六日天]"
    r"|[月火水木金土日]曜日)"
)
# 21시 5분 7초 · 21時5分
CJK_CLOCK = re.compile(
    r"(\d{1,2})\s*[시時时点點](?![간間间])(?:\s*(\d{1,2})\s*[분分])?(?:\s*(\d{1,2})\s*[초秒])?"
)


def without_accents(text: str) -> str:
    if text.isascii():
        return text
    plain = unicodedata.normalize("NFD", text).replace("ı", "i")
    return "".join(c for c in plain if not unicodedata.combining(c))


MONTH_NUMBERS = {
    without_accents(name): number for number, names in MONTHS.items() for name in names.split()
}


def hour_of_day(hour: int, half: str | None) -> int:
    """The hour of 24, from one of 12 with its half of the day; any other stays as it is."""
    if half is None or not 1 <= hour <= 12:
        return hour
    return hour % 12 + (12 if half in AFTERNOON else 0)


def with_plain_clock(text: str) -> str:
    """The text with a time such as 21시 5분 as 21:05:00."""
    return CJK_CLOCK.sub(_clock, text)


def _clock(match: re.Match[str]) -> str:
    hour, minute, second = (int(part or 0) for part in match.groups())
    return f"{hour}:{minute:02}:{second:02}"
