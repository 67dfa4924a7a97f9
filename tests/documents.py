"""Make documents of each kind that is translated."""

import io
import zipfile
from collections.abc import Mapping

from translation.office import LARGEST_UNPACKED, MOST_MEMBERS

PAGE = """<!DOCTYPE html>
<html><head><title>my house</title><style>p { color: red }</style></head>
<body><p>I <b>love</b> you &amp; wait.</p><pre>code</pre><script>say("hi")</script></body></html>
"""
MARKDOWN = "# my *house*\n\n- I **love** you.\n\n```\ncode\n```\n"
TEXT = "my house\n\n  - I love you,\nand I wait.\n42\n"
SUBTITLES = """1
00:00:01,000 --> 00:00:03,500
I love you and
<i>my mother</i> too.

2
00:00:04,000 --> 00:00:06,000
- where?
- at home.
"""
CATALOGUE = r"""# A comment.
msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\n"

#, c-format
msgid "%d book"
msgid_plural "%d books"
msgstr[0] ""
msgstr[1] ""

msgctxt "menu"
msgid "open the "
"\"door\"\n"
msgstr ""

msgid "done"
msgstr "fertig"

#~ msgid "old"
#~ msgstr ""
"""
STRINGS = r"""{
  "title": "my house", "number": 3,
  "more": ["{count} books", {"deep": "say \"hi\""}, "42"]
}
"""
WORD_NAMES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
)
WORD_BODY = (
    '<w:p w:rsidR="1"><w:pPr><w:jc w:val="left"/><w:rPr><w:b/></w:rPr></w:pPr>'
    '<w:bookmarkStart w:id="0" w:name="x"/><w:r><w:t xml:space="preserve">I </w:t></w:r>'
    '<w:proofErr w:type="x"/><w:r w:rsidR="2"><w:rPr><w:b/></w:rPr><w:t>lo</w:t></w:r>'
    "<w:r><w:rPr><w:b/></w:rPr><w:t>ve</w:t></w:r>"
    '<w:hyperlink r:id="rId1"><w:r><w:t xml:space="preserve"> you</w:t></w:r></w:hyperlink>'
    '<w:r><w:footnoteReference w:id="1"/></w:r><w:r><w:t> &amp; wait.</w:t></w:r>'
    '<w:bookmarkEnd w:id="0"/></w:p>'
    '<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>PAGE</w:instrText></w:r>'
    '<w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>'
    "<w:p><w:r><w:t>one</w:t><w:br/><w:t>two</w:t></w:r></w:p><w:p/>"
)
ODT_NAMES = (
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:r="urn:r"'
)
ODT_BODY = (
    '<style:style style:name="T1" style:family="text"><style:text-properties r:rsid="0a"/>'
    '</style:style><text:p>I <text:span text:style-name="T2">lo<text:span text:style-name="T1">ve'
    '</text:span></text:span><text:s/>you &amp;<text:bookmark-start text:name="x"/> wait.'
    "<text:note><text:note-citation>a</text:note-citation><text:note-body><text:p>one</text:p>"
    "</text:note-body></text:note></text:p><dc:creator>Tom</dc:creator>"
    "<text:h>two</text:h><text:p/>"
)


def packed(members: Mapping[str, str | bytes]) -> bytes:
    """A ZIP archive; its first member is not compressed, as OpenDocument wants its own."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for number, (name, content) in enumerate(members.items()):
            kind = zipfile.ZIP_DEFLATED if number else zipfile.ZIP_STORED
            archive.writestr(name, content, kind)
    return written.getvalue()


def word(body: str = WORD_BODY) -> bytes:
    document = f"<w:document {WORD_NAMES}><w:body>{body}</w:body></w:document>"
    picture = bytes(range(256))
    return packed({"[Content_Types].xml": "<Types/>", "word/document.xml": document, "a": picture})


def open_document(body: str = ODT_BODY) -> bytes:
    content = f"<office:document-content {ODT_NAMES}>{body}</office:document-content>"
    return packed({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": content})


DOCUMENTS = {
    ".txt": TEXT.encode(),
    ".md": MARKDOWN.encode(),
    ".html": PAGE.encode(),
    ".srt": SUBTITLES.encode(),
    ".po": CATALOGUE.encode(),
    ".strings.json": STRINGS.encode(),
    ".docx": word(),
    ".odt": open_document(),
}
RUN = '<w:t xml:space="preserve">'
# What an engine that shouts makes of them.
SHOUTED = {
    ".txt": "MY HOUSE\n\n  - I LOVE YOU, AND I WAIT.\n42\n",
    ".md": "# MY *HOUSE*\n\n- I **LOVE** YOU.\n\n```\ncode\n```\n",
    ".html": PAGE.replace("my house", "MY HOUSE")
    .replace("I <b>love</b> you", "I <b>LOVE</b> YOU")
    .replace(" wait", " WAIT"),
    ".srt": SUBTITLES.replace(
        "I love you and\n<i>my mother</i> too.", "I LOVE YOU AND <i>MY MOTHER</i> TOO."
    )
    .replace("where", "WHERE")
    .replace("at home", "AT HOME"),
    ".po": CATALOGUE.replace('msgstr[0] ""', 'msgstr[0] "%d BOOK"')
    .replace('msgstr[1] ""', 'msgstr[1] "%d BOOKS"')
    .replace('\\"door\\"\\n"\nmsgstr ""', '\\"door\\"\\n"\nmsgstr "OPEN THE \\"DOOR\\"\\n"'),
    ".strings.json": STRINGS.replace('"my house"', '"MY HOUSE"')
    .replace("} books", "} BOOKS")
    .replace('say \\"hi', 'SAY \\"HI'),
    ".docx": WORD_BODY[: WORD_BODY.index("<w:bookmarkStart")]
    + f'<w:bookmarkStart w:id="0" w:name="x"/><w:r>{RUN}I </w:t></w:r>'
    f"<w:r><w:rPr><w:b/></w:rPr>{RUN}LOVE</w:t></w:r><w:r>{RUN} </w:t></w:r>"
    f'<w:hyperlink r:id="rId1"><w:r>{RUN}YOU</w:t></w:r></w:hyperlink>'
    f'<w:r><w:footnoteReference w:id="1"/></w:r><w:r>{RUN} &amp; WAIT.</w:t></w:r>'
    '<w:bookmarkEnd w:id="0"/></w:p>'
    + WORD_BODY[WORD_BODY.index("<w:p><w:r><w:fldChar") : WORD_BODY.index("<w:p><w:r><w:t>one")]
    + f"<w:p><w:r>{RUN}ONE</w:t></w:r><w:r><w:br/></w:r><w:r>{RUN}TWO</w:t></w:r></w:p><w:p/>",
    ".odt": ODT_BODY[: ODT_BODY.index("I <")]
    + '<text:bookmark-start text:name="x"/>I <text:span text:style-name="T2">LOVE</text:span>'
    " YOU &amp; WAIT."
    + ODT_BODY[ODT_BODY.index("<text:note>") :].replace(">one<", ">ONE<").replace(">two<", ">TWO<"),
}


def text_of(content: bytes, ending: str) -> str:
    """The text of a document; of a packed one, the XML of its body."""
    if ending not in (".docx", ".odt"):
        return content.decode()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        name = "word/document.xml" if ending == ".docx" else "content.xml"
        xml = archive.read(name).decode()
    start, end = xml.index(">") + 1, xml.rindex("</")
    body = xml[start:end]
    return body.removeprefix("<w:body>").removesuffix("</w:body>")


HOSTILE = {
    "an entity": (word('<!DOCTYPE x [<!ENTITY a "b">]>'), ".docx", "document.damaged"),
    "no archive": (b"PK\x03\x04" + b"\0" * 100, ".docx", "document.damaged"),
    "half an archive": (open_document()[:-40], ".odt", "document.damaged"),
    "a bomb": (
        packed({"content.xml": b"", "bomb": b"\0" * (LARGEST_UNPACKED + 1)}),
        ".odt",
        "document.unpacked_too_large",
    ),
    "too many files": (
        packed({str(number): b"" for number in range(MOST_MEMBERS + 1)}),
        ".odt",
        "document.unpacked_too_large",
    ),
    "no UTF-8": (b"\xff\x00\x81", ".txt", "document.encoding"),
    "XML without UTF-8": (packed({"a": b"", "content.xml": b"\xff"}), ".odt", "document.damaged"),
    "deep JSON": (b"[" * 100_000 + b"]" * 100_000, ".strings.json", "document.damaged"),
    "no JSON": (b'{"a": "b",}', ".strings.json", "document.damaged"),
}
