"""All that is known of EnOS here: the mapping, the channels, and how pictures are linked to."""

from dataclasses import dataclass

from app.config import Settings
from app.domain.picture_links import PictureLinks, links_if_set
from app.enos.channel_entry import ChannelEntry
from app.enos.channel_files import wrong_files
from app.enos.endpoint import Endpoint, endpoint
from app.enos.mapping.mapping import DEFAULT_CHANNEL, Mapping
from app.enos.mapping_file.reading import load_mapping
from app.errors import MappingError, SettingsError


@dataclass(frozen=True, slots=True)
class Setup:
    """`channels` are by name; there is none while EnOS is not set. `links` is None if nothing needs them."""

    mapping: Mapping
    channels: dict[str, Endpoint]
    links: PictureLinks | None


def load_setup(settings: Settings) -> Setup:
    """Read the mapping file, put it together with the settings, and see that channels can be opened.

    Raises:
        MappingError: the mapping file is wrong, or files that its channels name are.
        SettingsError: the two don't go together.
    """
    setup = load_draft(settings)
    if wrong := [fault for entry in setup.mapping.channels for fault in wrong_files(entry)]:
        faults = "\n".join(f"  {fault}" for fault in wrong)
        raise MappingError(f"Files that the mapping file {settings.enos_mapping} names are wrong:\n{faults}")
    return setup


def load_draft(settings: Settings) -> Setup:
    """The same to look at: the secrets and the files for TLS that channels name need not be there.

    Raises:
        MappingError: the mapping file is wrong.
        SettingsError: the two don't go together.
    """
    mapping = load_mapping(settings.enos_mapping)
    channels = {entry.name: endpoint(entry, settings, mapping.mode) for entry in _entries(settings, mapping)}
    return Setup(mapping, channels, _links(settings) if mapping.wants_pictures else None)


def _entries(settings: Settings, mapping: Mapping) -> tuple[ChannelEntry, ...]:
    if settings.enos_broker_url is None:
        return mapping.channels
    if mapping.channels:
        raise SettingsError(
            f"ENOS_BROKER_URL is set, and the mapping file {settings.enos_mapping} has channels: choose one"
        )
    return (
        ChannelEntry(
            name=DEFAULT_CHANNEL,
            broker_url=settings.enos_broker_url,
            product_key=settings.enos_product_key or "",
            product_secret=settings.enos_product_secret,
            client_id=settings.enos_client_id,
            username=settings.enos_username,
            password=settings.enos_password,
        ),
    )


def _links(settings: Settings) -> PictureLinks:
    links = links_if_set(
        settings.picture_base_url, settings.picture_link_secret, settings.picture_link_lifetime
    )
    if links is None:
        raise SettingsError(
            'the mapping file says pictures = "link": that needs PICTURE_BASE_URL and PICTURE_LINK_SECRET'
        )
    return links
