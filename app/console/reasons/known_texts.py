"""The reasons that this program gives, as they are kept; a test finds those that are missing here.

Where one text begins as another, or holds it, the longer one stands first.
"""


def _(text: str) -> str:
    """Mark a text for the catalog; it is translated where it is shown."""
    return text


_OF_BODIES = (
    _("is missing: a history event names its box, in ext_data, beside it, or in ep_id before __"),
    _("is missing"),
    _("is null, but the contract requires a value"),
    _("is empty; %(field)s must tell who was seen"),
    _("is longer than %(number)s characters"),
    _("is too large a number"),
    _("must be a finite number"),
    _("must be a number"),
    _("must be a time in seconds or milliseconds since 1970, within the years 1 to 9999"),
    _("must be a whole number or one of %(words)s"),
    _("must be a whole number"),
    _("must be an event, { … }"),
    _("must be an object, { … }"),
    _("must be text"),
    _("and %(number)s more"),
    _("%(method)s is not allowed here; allowed: %(allowed)s"),
    _("The array holds %(number)s events; at most %(most)s are taken at once"),
    _("The body begins as gzip, but breaks off"),
    _("The body begins as gzip, but can't be unpacked: %(reason)s"),
    _("The body broke off after %(number)s bytes: %(reason)s"),
    _("The body broke off after %(number)s bytes"),
    _("The body has %(number)s bytes; MAX_BODY_MB allows %(most)s MB"),
    _("The body holds more than %(number)s bytes once it is unpacked"),
    _("The body is empty: the box must send one event as JSON or form data"),
    _("The body is gzip with something else behind it"),
    _(
        "The body is neither JSON nor form data (Content-Type: %(type)s): set the box's "
        "content-type to json or form-data"
    ),
    _("The body is not valid JSON: %(reason)s"),
    _("The body is not valid multipart form data: %(reason)s"),
    _("The body is not valid urlencoded form data: %(reason)s"),
    _("The body must be one JSON object, { … }, or an array of them"),
    _("The receiver failed on this body; its log says where. The body is kept."),
    _("The receiver failed on this message; its log says where. The message is kept."),
    _("The report names no box: it has none of %(fields)s"),
    _("This is an event, not a status report; /HistoryEvent and /RealTimeEvent take events"),
    _("This path takes nothing; /HistoryEvent, /RealTimeEvent and /DeviceStatus do"),
    _("dev_sno is %(dev_sno)s; RECEIVER_BOXES does not list it"),
    _("it came to %(path)s, which takes nothing: say what it holds with --kind"),
    _("only a part of it came; give the whole of it with --body, or discard it"),
    _("this program fails on it: %(error)s; report it"),
    _("a part has no name"),
    _("it ends in the middle of a part"),
    _("it holds more than %(number)s fields"),
    _("it holds more than %(number)s parts"),
    _("it holds more than %(number)s values"),
    _("it holds no fields"),
    _("it holds too much to be tried: Python's parser takes a kilobyte for each value"),
    _("it is nested too deeply to be tried"),
    _("it is nested deeper than %(number)s levels"),
    _("it names a key twice"),
    _("an object names the key %(key)s twice"),
    _("a number is beyond what a double holds"),
    _("%(name)s is not a JSON value"),
    _("half of a surrogate pair"),
    _("byte %(position)s of a value is not %(charset)s"),
    _("byte %(position)s is not %(charset)s"),
)

_OF_JSON = (
    _("%(fault)s: line %(line)s column %(column)s (char %(position)s)"),
    _("Expecting property name enclosed in double quotes"),
    _("Expecting value"),
    _("Expecting %(character)s delimiter"),
    _("Extra data"),
    _("Unterminated string starting at"),
    _("Invalid control character at"),
    _("Invalid %(name)s escape"),
    _("Illegal trailing comma before end of %(what)s"),
)

_OF_WARNINGS = (
    _("holds only names: its sender lost the values"),
    _("is %(date)s: the box's clock was not set"),
    _("is %(word)s, which has no number"),
    _("is a number; its text was taken"),
    _("is later than the event's arrival by %(time)s"),
    _("is no JPEG, PNG or WebP; kept as text"),
    _("is not UTF-8; it was read as GBK"),
    _("was corrected by hand before it was admitted: %(changes)s"),
)

_OF_DELIVERIES = (
    _("the event would be parked: %(reason)s"),
    _("the message is larger than EnOS takes"),
    _("EnOS does not understand the message"),
    _("the event does not fit the thing model in EnOS: compare identifiers and types"),
    _("EnOS knows no device with this key: register it there"),
    _("EnOS does not let this channel post events: check the product's permissions"),
    _("EnOS does not take the login: check product key and secret"),
    _("EnOS does not let this channel use the topic: check ENOS_PRODUCT_KEY and ENOS_TOPIC_SLASH"),
    _("EnOS limits the flow"),
    _("EnOS had a fault of its own"),
    _("EnOS answered with a code its documents don't list"),
    _("EnOS did not answer within %(seconds)s s"),
    _("the event can't be read; see the forwarder's log"),
    _("the forwarder failed on this event; see its log"),
    _("the message has %(number)s bytes; EnOS takes %(most)s"),
    _("ENOS_EVENTS is first, and event %(event)s came before"),
    _("ENOS_EVENTS is %(value)s"),
    _("filter.%(name)s of the mapping file leaves it out"),
    _("no channel of the mapping file takes it"),
    _("no device key: none of %(fields)s holds %(least)s to %(most)s characters in this event"),
    _("the event has a value for none of the members, and so no measure point"),
    _("member %(name)s: the link has more than %(number)s bytes"),
    _("member %(name)s: field %(field)s %(reason)s"),
    _("has an element %(number)s that is empty"),
    _("has an element %(number)s that %(reason)s"),
    _("holds %(field)s, which %(reason)s"),
    _("is beyond the 32 bits that EnOS has for an int"),
    _("is neither true nor false"),
    _("is no list"),
    _("is no number"),
    _("is no object"),
    _("is no single value"),
    _("is no time in milliseconds"),
    _("is no whole number"),
    _("%(reason)s (before: %(former)s)"),
)

_OF_THE_STORE = (
    _("there is no database yet: run se3 migrate"),
    _("the database has no tables: run se3 migrate"),
    _("the database has schema %(schema)s, of a newer version: start that version instead"),
    _("the database has schema %(schema)s: run se3 migrate"),
    _("the database can't be used; the log says why"),
    _("%(free)s MB of disk are free; DISK_FLOOR_MB asks for %(floor)s MB"),
)

KNOWN_TEXTS = (*_OF_BODIES, *_OF_JSON, *_OF_WARNINGS, *_OF_DELIVERIES, *_OF_THE_STORE)
"""Values stand as %(name)s."""
