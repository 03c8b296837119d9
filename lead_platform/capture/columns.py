"""The canonical columns of captured items, and what type of value each takes.

Those of submissions are the field catalogue's. Mirrors tables.sql (a test compares the two). Which
payload field feeds a column is a channel's business; how a value becomes the type is `values`'.
"""

from collections.abc import Mapping
from typing import Literal

from lead_platform.fields import FieldCatalogue, ValueType, platform_fields

Kind = Literal["submission", "event", "outcome"]

KINDS: tuple[Kind, ...] = ("submission", "event", "outcome")
TABLES: dict[Kind, str] = {"submission": "submissions", "event": "events", "outcome": "outcomes"}
ID_PREFIXES: dict[Kind, str] = {"submission": "sub_", "event": "evt_", "outcome": "out_"}

# Set by the intake, never by a channel's mapping.
SYSTEM_COLUMNS: tuple[str, ...] = (
    "channel", "record_id", "content_hash", "record_number", "received_at",
)  # fmt: skip

# Versions of one source record share a `version_key`; `modified_at` is the source's word on which
# of them is newer (`versions`). Submissions of one person on one form are one inquiry where no more
# than `inquiry_minutes` lie between them.
VERSION_COLUMNS: tuple[str, ...] = ("version_key", "modified_at", "inquiry_minutes")

# Who the person is at the source; a channel sets them once for all it emits, a field overrides.
PERSON_COLUMNS: tuple[str, ...] = ("source_system", "source_person_id")

# The fields of a submission that have no column of their own: a JSON object by name, as text.
CUSTOM_FIELDS = "custom_fields"

# The country a phone is read with, where the channel knows better than the record's address.
PHONE_REGION = "phone_region"

_EVENT_TYPES: dict[str, ValueType] = {
    **dict.fromkeys(
        ["event_type", "email", "phone", "message_id", "url", "campaign", "subject"], "text"
    ),
    "occurred_at": "instant",
    "quantity": "integer",
    "duration_seconds": "number",
}
_OUTCOME_TYPES: dict[str, ValueType] = {
    **dict.fromkeys(
        [
            "outcome_type",
            "email",
            "phone",
            "opportunity_id",
            "opportunity_name",
            "stage",
            "reason",
            "owner",
            "account_name",
            "account_domain",
            "product",
        ],
        "text",
    ),
    "occurred_at": "instant",
    "amount": "amount",
    "currency": "currency",
}

FIELD_TYPES: dict[Kind, dict[str, ValueType]] = {
    "submission": {
        **dict.fromkeys((*PERSON_COLUMNS, PHONE_REGION), "text"),
        **platform_fields().captured_columns,
    },
    "event": {**dict.fromkeys((*PERSON_COLUMNS, PHONE_REGION), "text"), **_EVENT_TYPES},
    "outcome": {**dict.fromkeys((*PERSON_COLUMNS, PHONE_REGION), "text"), **_OUTCOME_TYPES},
}


def field_types(kind: Kind, fields: FieldCatalogue) -> Mapping[str, ValueType]:
    """What a channel may map of an item, those without a column of their own included."""
    if kind != "submission":
        return FIELD_TYPES[kind]
    return {**FIELD_TYPES[kind], **{field.name: field.type for field in fields.custom}}


# When the item happened at the source; without it an item cannot be put in order.
CONSENTS = tuple(name for name, kind in FIELD_TYPES["submission"].items() if kind == "consent")
"""The fields of a submission that say whether somebody may be reached, a channel each."""

DENIAL_EVENTS: Mapping[str, str] = {
    "consent_email": "unsubscribe",
    "consent_phone": "phone_opt_out",
    "consent_sms": "sms_opt_out",
    "consent_whatsapp": "whatsapp_opt_out",
}
"""The event that a denial becomes where its record is no submission."""

TIME_FIELDS: dict[Kind, str] = {
    "submission": "submitted_at",
    "event": "occurred_at",
    "outcome": "occurred_at",
}
TYPE_FIELDS: dict[Kind, str] = {"event": "event_type", "outcome": "outcome_type"}

VOCABULARIES: dict[str, frozenset[str]] = {
    "event_type": frozenset(
        [
            "page_view",
            "email_sent",
            "email_delivered",
            "email_open",
            "email_click",
            "email_reply",
            "email_bounce",
            "unsubscribe",
            "spam_report",
            "form_view",
            "call",
            "call_missed",
            "chat_message",
            "sms_sent",
            "sms_reply",
            "whatsapp_message",
            "whatsapp_opt_out",
            "sms_opt_out",
            "phone_opt_out",
            "message_sent",
            "message_delivered",
            "message_read",
            "message_failed",
            "message_reaction",
            "message_edited",
            "message_deleted",
            "message_notice",
            "download",
            "webinar_registered",
            "webinar_attended",
            "webinar_missed",
            "meeting_booked",
            "meeting_canceled",
            "demo_request",
            "trial_started",
            "ad_click",
        ]
    ),
    "outcome_type": frozenset(
        ["stage_change", "meeting", "opportunity", "closed_won", "closed_lost"]
    ),
}
