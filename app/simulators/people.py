"""The people a simulated box knows or meets, with the ids real boxes trip receivers with."""

from dataclasses import dataclass

EMPLOYEE, VISITOR, BLACKLIST, STRANGER, VIP = range(1, 6)
"""The values of person_type (SE3 protocol, section 2)."""


@dataclass(frozen=True, slots=True)
class Person:
    """One identity; the fields but `number` are sent as they stand. `number` is for the pictures."""

    number: int
    identity_id: str
    name: str
    group: str
    person_type: int


_ROWS = [
    ("01200002", "小明", "default_group", EMPLOYEE),
    ("666666", "小红", "default_group", VIP),
    ("01200003", "Anna Becker", "default_group", EMPLOYEE),
    ("1602612036.3828533", "stranger", "默认分组", STRANGER),
    ("00000007", "王芳", "访客", VISITOR),
    ("01200004", "José Pérez", "default_group", EMPLOYEE),
    ("13028", "stranger", "默认分组", STRANGER),
    ("00900001", "李伟", "黑名单", BLACKLIST),
]


def roster(count: int) -> tuple[Person, ...]:
    """Give the first `count` people, any number; the same ones each time."""
    return tuple(_person(number) for number in range(count))


def _person(number: int) -> Person:
    identity_id, name, group, person_type = _ROWS[number % len(_ROWS)]
    if number < len(_ROWS):
        return Person(number, identity_id, name, group, person_type)
    if person_type == STRANGER:
        return Person(number, f"{1602612036 + number}.3828533", name, group, person_type)
    return Person(number, f"{number:08}", f"{name} {number}", group, person_type)
