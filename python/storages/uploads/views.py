"""What a browser asks the site while it uploads to the store: small questions in JSON, never a byte of the file."""

import json
from functools import wraps

from django.http import HttpResponseNotAllowed, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from orlop import OrlopError

from storages.uploads import plan
from storages.uploads.tickets import Receipt, Ticket, UploadRefused

_LARGEST_QUESTION = 64 << 10


def _asked(view):
    """A question's JSON to its answer's; refusals as {"error": sentence, "code": word}."""

    @wraps(view)
    def call(request):
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            return JsonResponse(view(_question(request), getattr(request, "user", None)))
        except UploadRefused as error:
            return _refusal(error.code, error.sentence, 403 if error.code in ("altered", "other_user") else 400)
        except OrlopError as error:
            # What went wrong between site and store is the site's matter; its log has it.
            _log().warning("direct upload: %s", error)
            return _refusal("unavailable", "The store does not answer as it should; try again later.", 502)

    # The signed ticket in the question is what lets somebody in, and no other site can have it.
    return csrf_exempt(call)


def _question(request):
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        length = 0
    if length > _LARGEST_QUESTION:
        raise UploadRefused("bad_question", "This is more than is asked here: files go to the store.")
    try:
        question = json.loads(request.body)
    except (ValueError, RecursionError):
        question = None
    if not isinstance(question, dict):
        raise UploadRefused("bad_question", "The question is no JSON object.")
    return question


def _refusal(code, sentence, status):
    return JsonResponse({"error": sentence, "code": code}, status=status)


def _text(question, name):
    value = question.get(name) or ""
    if not isinstance(value, str):
        raise UploadRefused("bad_question", f"{name} is no text.")
    return value


def _receipt(question, user):
    return Receipt.read(_text(question, "receipt"), user)


@_asked
def begin(question, user):
    """{ticket, size, type, name, checksum} -> {receipt, form, request} or {receipt, form, part_size, parts}."""
    ticket = Ticket.read(_text(question, "ticket"), user)
    beginning = ticket.begin(
        size=question.get("size"),
        content_type=_text(question, "type"),
        checksum=_text(question, "checksum"),
        name=_text(question, "name"),
    )
    return beginning.as_dict()


@_asked
def parts(question, user):
    """{receipt, checksums: {number: checksum}} -> {parts: [{number, method, url, headers}]}."""
    wanted = question.get("checksums")
    if not isinstance(wanted, dict) or not all(number.isdecimal() and len(number) < 6 for number in wanted):
        raise UploadRefused("bad_question", "checksums: expected the numbers of parts and their checksums.")
    signed = plan.sign_parts(_receipt(question, user), {int(number): value for number, value in wanted.items()})
    return {"parts": signed}


@_asked
def resume(question, user):
    """{receipt} -> what begin() answers, with the parts that are there."""
    receipt = _receipt(question, user)
    return plan.Beginning(receipt, parts=plan.parts_there(receipt)).as_dict()


@_asked
def complete(question, user):
    """{receipt} of an upload whose parts have all arrived -> {receipt} that a form can send."""
    return {"receipt": plan.complete(_receipt(question, user)).token}


@_asked
def abort(question, user):
    """{receipt}: nothing is left of the upload."""
    plan.give_up(_receipt(question, user))
    return {}


def _log():
    import logging

    return logging.getLogger("storages.uploads")
