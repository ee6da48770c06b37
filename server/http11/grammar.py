"""The grammar of a request's head, rule by rule, as compiled patterns.

Heads are matched as `str` decoded from Latin-1, so that one octet is one character. All quantifiers that could
backtrack are possessive (`*+`): no input makes a match take more than linear time.
"""

import re
from typing import Final

# RFC 9110 §5.6.2: token = 1*tchar
TCHAR: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]"
TOKEN: Final = re.compile(rf"{TCHAR}++")

# RFC 9110 §5.5: field-value = *field-content. Visible ASCII, obs-text, and SP or HTAB in between;
# CR, LF, NUL and the other control characters never (they are how heads are forged).
FIELD_CHAR: Final = r"[\t\x20-\x7e\x80-\xff]"
FIELD_VALUE: Final = re.compile(rf"{FIELD_CHAR}*+")

# RFC 9112 §5: field-line = field-name ":" OWS field-value OWS. No space before the colon (§5.1).
FIELD_LINE: Final = re.compile(rf"({TCHAR}++):[ \t]*+({FIELD_CHAR}*+)")

# RFC 3986 §3.3 and §3.4 as browsers really send them: the URL Standard leaves these octets bare in paths (`[`, `]`,
# `|`, `^`) and in queries (also `{`, `}`, `\` and the backtick), and no two parsers disagree about them.
# A `%` must begin a percent-coded octet; `#`, `"`, `<`, `>`, controls and bytes over 0x7e never stand in a target.
PCT: Final = r"%[0-9A-Fa-f]{2}"
PATH: Final = rf"/(?:[!$&'()*+,\-./0-9:;=@A-Z\[\]^_a-z|~]++|{PCT})*+"
QUERY: Final = rf"(?:[!$&'()*+,\-./0-9:;=?@A-Z\[\\\]^_`a-z{{|}}~]++|{PCT})*+"

# The octets that stand for themselves both in a path and in a query, and the "?" between the two: whatever begins with
# "/" and is made of these alone is a target in origin-form.
PLAIN_TARGET: Final = b"!$&'()*+,-./0123456789:;=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_abcdefghijklmnopqrstuvwxyz|~"

# RFC 3986 §3.2.2: IPv6address = eight groups of 16 bits, the last two perhaps as IPv4, a run of zeros perhaps as "::".
H16: Final = r"[0-9A-Fa-f]{1,4}"
OCTET: Final = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
LS32: Final = rf"(?:{H16}:{H16}|{OCTET}(?:\.{OCTET}){{3}})"
IPV6: Final = "|".join(
    [
        rf"(?:{H16}:){{6}}{LS32}",
        *(rf"(?:(?:{H16}:){{0,{4 - n}}}{H16})?::(?:{H16}:){{{n}}}{LS32}" for n in range(4, -1, -1)),
        rf"::(?:{H16}:){{5}}{LS32}",
        rf"(?:(?:{H16}:){{0,5}}{H16})?::{H16}",
        rf"(?:(?:{H16}:){{0,6}}{H16})?::",
    ]
)

# RFC 3986 §3.2.3: port = *DIGIT; RFC 9110 §4.2.1: one of TCP, so of 16 bits. Who reads a higher one fails, or wraps it.
PORT: Final = r"(?:[0-5]?[0-9]{0,4}|6(?:[0-4][0-9]{3}|5(?:[0-4][0-9]{2}|5(?:[0-2][0-9]|3[0-5]))))"

# RFC 3986 §3.2.2: an IP literal in brackets, or a registered name (which covers IPv4); RFC 9110 §4.2.1: not empty.
HOST: Final = rf"(?:\[(?:{IPV6})\]|(?:[!$&'()*+,\-.0-9;=A-Z_a-z~]|{PCT})++)(?::{PORT})?"
HOST_VALUE: Final = re.compile(HOST)

# RFC 9112 §3: request-line = method SP request-target SP HTTP-version, the target in origin-form (§3.2.1).
REQUEST_LINE: Final = re.compile(rf"({TCHAR}++) (({PATH})(?:\?({QUERY}))?) HTTP/1\.([01])")

# RFC 9112 §3.2.2: absolute-form, which a server must accept. User information in it is refused (RFC 9110 §4.2.4).
ABSOLUTE_FORM: Final = re.compile(rf"(https?)://({HOST})((?:{PATH})?)(?:\?({QUERY}))?", re.IGNORECASE)

# RFC 9112 §2.3: HTTP-version = "HTTP/" DIGIT "." DIGIT, case-sensitive.
VERSION: Final = re.compile(r"HTTP/([0-9])\.([0-9])")

# RFC 9110 §8.6: Content-Length = 1*DIGIT. 19 digits hold any length a file can have and no surprise for int().
CONTENT_LENGTH: Final = re.compile(r"[0-9]{1,19}")

# RFC 9112 §7.1: chunk-size = 1*HEXDIG (16 hold any 64-bit size), then extensions as in §7.1.1. The optional "bad"
# white space around ";" and "=" is refused: parsers that skip it and parsers that do not are a smuggling pair.
QUOTED: Final = r'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*+"'
CHUNK_LINE: Final = re.compile(rf"([0-9A-Fa-f]{{1,16}})((?:;{TCHAR}++(?:=(?:{TCHAR}++|{QUOTED}))?)*+)")

# RFC 9112 §4: status-code SP [ reason-phrase ], of a final response; PEP 3333 forbids control characters in it.
STATUS: Final = re.compile(rf"([2-5][0-9][0-9])(?: ({FIELD_CHAR}*+))?")
