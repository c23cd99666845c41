"""What receivers of each schema write, by the schema since which they do.

These are programs that a site may still run: never change one, add to them.
"""

_EVENT = """
    INSERT INTO events (
        id, {more} kind, route, source_address, received_at, occurred_at, timestamp, identity_id,
        identity_name, group_name, score, want_action, dev_sno, device_ip, ep_id, person_type,
        device_type, grab_fiqa_info, box_fiqa_info, info, document, typed, fingerprint
    ) VALUES (
        :id, {value} 'history', '/HistoryEvent', '192.0.2.7', :then, :then, '1', '7', '小明',
        'g', 0.5, 'in', 'SE3', '192.0.2.7', 'e', 1, 'face', :json,
        :json, :json, :json, :yes, :bytes
    ) ON CONFLICT DO NOTHING
"""

FIRST_EVENT = _EVENT.format(more="", value="")

_WRITES = {
    "0001": [
        """
        INSERT INTO pictures (sha256, media_type, size, content) VALUES (:bytes, 'image/jpeg', 2, :bytes)
        ON CONFLICT DO NOTHING
        """,
        """
        INSERT INTO event_pictures (event_id, position, pointer, field, prefix, sha256)
        VALUES (:id, 0, '/reg_pic', 'reg_pic', '', :bytes)
        """,
        "INSERT INTO outbox (event_id, state, due_at, attempts) VALUES (:id, 'pending', :then, 0)",
        """
        INSERT INTO quarantine (
            id, first_received_at, last_received_at, times, method, route, source_address, content_type,
            status, problems, sha256, size, body
        ) VALUES (
            :id, :then, :then, 1, 'POST', '/HistoryEvent', '192.0.2.7', 'application/json', 422,
            '[]', :bytes, 2, :bytes
        )
        """,
    ],
    "0002": [
        _EVENT.format(more="sighting_id,", value=":id,"),
        """
        INSERT INTO event_warnings (event_id, position, code, pointer, detail)
        VALUES (:id, 0, 'no_picture', '', '')
        """,
        """
        INSERT INTO counters (name, value) VALUES ('replies_late', 1)
        ON CONFLICT (name) DO UPDATE SET value = counters.value + 1
        """,
        """
        UPDATE quarantine SET code = 'invalid-event', last_received_at = :then, times = times + 1
        WHERE id = :id
        """,
    ],
    "0003": [
        """
        INSERT INTO boxes (key, dev_sno, first_seen_at, last_seen_at, document)
        VALUES (:key, 'SE3', :then, :then, :json)
        """,
        """
        INSERT INTO cameras (box_key, key, first_seen_at, last_seen_at, document)
        VALUES (:key, 'c', :then, :then, :json)
        """,
        """
        INSERT INTO device_changes (at, box_key, field, before, after)
        VALUES (:then, :key, 'status', NULL, 'online')
        """,
    ],
    "0011": [
        """
        INSERT INTO box_hours (
            hour, dev_sno, source_address, code, events, least_lag_ms, first_at, last_at
        ) VALUES (:then, :key, '192.0.2.7', '', 1, 0, :then, :then)
        ON CONFLICT (hour, dev_sno, source_address, code)
        DO UPDATE SET events = box_hours.events + excluded.events
        """,
    ],
    "0015": [
        """
        INSERT INTO pictures (sha256, media_type, size, content, key_id)
        VALUES (:bytes, 'image/jpeg', 2, :bytes, NULL) ON CONFLICT DO NOTHING
        """,
        """
        INSERT INTO quarantine (
            id, first_received_at, last_received_at, times, method, route, source_address, content_type,
            status, problems, sha256, size, body, key_id
        ) VALUES (
            :id, :then, :then, 1, 'POST', '/HistoryEvent', '192.0.2.7', 'application/json', 422,
            '[]', :bytes, 2, :bytes, NULL
        )
        """,
    ],
}

SCHEMAS = sorted(_WRITES)
"""Those since which a receiver writes something else."""


def written_by(revision: str) -> list[str]:
    """All that a receiver of this schema writes, in an order that its references allow."""
    all_so_far = [one for since, some in _WRITES.items() if since <= revision for one in some]
    found = list({_place(one): one for one in all_so_far}.values())  # the newest, where the first stood
    own_event = [one for one in found if "INTO events " in one] or [FIRST_EVENT]
    return own_event + [one for one in found if one not in own_event]


def _place(statement: str) -> str:
    """The same for statements of which the later replaces the earlier."""
    return statement.partition("(")[0].strip() if "INSERT INTO" in statement else statement
