"""The page of users, on which an admin manages who may log in."""

from flask import Blueprint, g, render_template, request
from flask_babel import gettext
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response as AnyResponse

from app.console.access import accounts
from app.console.access.accounts import LastAdmin, NoSuchUser, WrongName
from app.console.access.guard import actor
from app.console.notices import done
from app.domain.users import Role, clean_name
from app.errors import Se3Error
from app.store import oidc
from app.store import users as store
from app.store.database import Database
from app.store.users import NameTaken

Reply = AnyResponse | str | tuple[str, int]


class OwnAccount(Se3Error):
    """Admins could lock themselves out."""


def create_users(database: Database) -> Blueprint:
    """Build the page and its actions."""
    users = Blueprint("users", __name__)

    @users.get("/users")
    def show() -> str:
        return _page(database)

    @users.post("/users")
    def add() -> str:
        name = clean_name(request.form.get("name", ""))
        password = accounts.add(database, actor(), name, _role())
        return _page(database, given=(name, password))  # no redirect: the password must be in no address

    @users.post("/users/password")
    def give_password() -> str:
        name = _name_of_another()
        return _page(database, given=(name, accounts.give_password(database, actor(), name)))

    @users.post("/users/role")
    def change_role() -> Reply:
        accounts.change_role(database, actor(), _name_of_another(), _role())
        return done("role_changed", 1, "users.show")

    @users.post("/users/disable")
    def disable() -> Reply:
        accounts.disable(database, actor(), _name_of_another())
        return done("user_disabled", 1, "users.show")

    @users.post("/users/enable")
    def enable() -> Reply:
        accounts.enable(database, actor(), _name_of_another())
        return done("user_enabled", 1, "users.show")

    for problem in (WrongName, NameTaken, NoSuchUser, LastAdmin, OwnAccount):
        users.register_error_handler(problem, lambda error: (_page(database, problem=_why(error)), 422))
    return users


def _page(database: Database, *, given: tuple[str, str] | None = None, problem: str = "") -> str:
    """`given`: a user's name, and the password to log in with first."""
    with database.read() as connection:
        found, linked = store.listed(connection), oidc.linked(connection)
    return render_template(
        "access/users.html", users=found, linked=linked, roles=_roles(), given=given, problem=problem
    )


def _role() -> Role:
    try:
        return Role(request.form.get("role", ""))
    except ValueError:
        raise BadRequest from None


def _name_of_another() -> str:
    name = clean_name(request.form.get("name", ""))
    if name == g.user.name:
        raise OwnAccount(f"{name} can't do this to {name}")
    return name


def _roles() -> dict[Role, str]:
    return {
        Role.VIEWER: gettext("viewer: sees everything but users and audit log"),
        Role.OPERATOR: gettext("operator: also repairs"),
        Role.ADMIN: gettext("admin: also manages users"),
    }


def _why(error: Se3Error) -> str:
    texts = {
        WrongName: gettext("A name has 1 to 100 printable characters."),
        NameTaken: gettext("There is a user of this name already."),
        NoSuchUser: gettext("There is no such user any more."),
        LastAdmin: gettext("This is the only admin who may log in. Make somebody else an admin first."),
        OwnAccount: gettext("You could lock yourself out: have another admin do this."),
    }
    return str(texts[type(error)])
