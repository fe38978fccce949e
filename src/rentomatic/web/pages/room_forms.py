"""The form of a room as it is sent: its fields, and new photos for the folder.

Everybody's fields are read, so that nobody loses what they typed; photos are kept only of staff who may
write. The files are the last field: what follows the first one that is not wanted is ignored.
"""

import logging
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from falcon import HTTPError, Request, parse_header

from rentomatic.domain.fields import SEVERAL, Field
from rentomatic.use_cases.errors import RepositoryUnavailable
from rentomatic.web.access.keys import Keys, Scope
from rentomatic.web.access.sessions import require_same_origin
from rentomatic.web.http.bodies import Announced, with_length
from rentomatic.web.http.disk_full import is_disk_full
from rentomatic.web.http.photos import PhotoFolder
from rentomatic.web.http.pictures import SUFFIX, NoPicture, as_jpeg
from rentomatic.web.limits.lanes import Lane
from rentomatic.web.limits.turns import Turns
from rentomatic.web.pages.desk import FORM_BODY, Desk
from rentomatic.web.pages.new_photos import LARGEST, MOST, NewPhotos
from rentomatic.web.pages.uploads import MEDIA_TYPE, read_form

NEW_PHOTOS = "new_photos"
"""The field for the files."""

LONGEST = MOST * LARGEST + FORM_BODY.limit
"""Bytes of a form whose photos are kept. Of a longer one at most as many are read."""

SHORT = 99_999
"""Bytes of a form that nginx reads completely before it passes it on: `$is_long_form` in
docker/nginx/nginx.conf. Longer ones may arrive slowly, and wait for places of their own.
"""

_BODY = replace(FORM_BODY, media_types=(MEDIA_TYPE,), limit=sys.maxsize)

_PATIENCE_WITHOUT_PHOTOS = 2.0
"""Seconds for a long form whose photos are not kept, from strangers for example: its fields come first."""

_LOST = "Photos were not kept: choose them again."

_TOO_MANY = (
    f"You chose more than {MOST} photos, of which the first {MOST} are kept: add the others after saving."
)

_log = logging.getLogger("rentomatic.web")


@dataclass(slots=True)
class SentForm:
    """A form that has arrived.

    fields: as typed; the photos include the new ones.
    refusal: why not all new photos are among them. status: of the response then.
    """

    fields: dict[str, str] = field(default_factory=dict)
    refusal: str = ""
    status: int = 422

    def refuse(self, reason: str, status: int | None = None) -> None:
        """Add a sentence to the refusal."""
        self.refusal = f"{self.refusal} {reason}".strip()
        self.status = status or self.status

    def add_photo(self, name: str) -> None:
        """Add a line to the photos, unless it is there."""
        kind = SEVERAL[Field.PHOTOS]
        typed = self.fields.get(Field.PHOTOS, "")
        try:
            photos = kind.of_text(typed)
        except ValueError:  # it stays as typed, to be corrected
            self.fields[Field.PHOTOS] = f"{typed}\n{name}"
        else:
            if name not in photos:
                self.fields[Field.PHOTOS] = kind.as_text([*photos, name], "\n")


class RoomForms:
    """Reads the forms of rooms, and saves their new photos."""

    def __init__(self, desk: Desk, turns: Turns, keys: Keys, folder: PhotoFolder | None) -> None:
        """folder: of the photos, None if there is none."""
        self._desk = desk
        self._turns = turns
        self._keys = keys
        self._folder = folder

    @property
    def obstacle(self) -> str:
        """Why nobody can add photos, empty if it is possible."""
        if self._folder is None:
            return "Photos cannot be uploaded: this server has no folder for them (RENTOMATIC_PHOTOS)."
        if not self._folder.is_writable():
            return "Photos cannot be uploaded right now: the server cannot write to its folder for them."
        return ""

    def read(self, req: Request) -> SentForm:
        """Return the form, whose new photos are saved if the user may write.

        Raises CrossSite, HTTPError, Overloaded and RepositoryUnavailable if the fields did not arrive.
        """
        lanes = self._turns.lanes
        is_short = (req.content_length or 0) <= SHORT
        lane = lanes.forms if is_short else lanes.uploads
        if parse_header(req.content_type or "")[0].lower() != MEDIA_TYPE:
            return SentForm(self._desk.form(req, lane))
        require_same_origin(req)
        body = with_length(req, _BODY)
        obstacle = self._obstacle_for(req, body)
        patience = _PATIENCE_WITHOUT_PHOTOS if obstacle else self._turns.tuning.photos_timeout
        accepted = _BODY if is_short else replace(_BODY, patience=patience)
        self._turns.move(lane)
        form = SentForm()
        with ExitStack() as opened:
            photos = NewPhotos(opened, wanted=not obstacle)
            try:
                arriving = replace(body, length=min(body.length or 0, LONGEST))
                read_form(req, arriving, accepted, form.fields, NEW_PHOTOS, photos.take)
                self._turns.arrived()
                if photos:
                    self._save(req, form, photos, lane)
            except (HTTPError, RepositoryUnavailable) as error:
                if not photos.have_begun:
                    raise
                if not (obstacle and photos.left_out):  # else what follows does not matter
                    _explain(form, error)
        for refusal in photos.refusals:
            form.refuse(refusal)
        if photos.left_out:
            form.refuse(obstacle or _TOO_MANY)
        return form

    def _obstacle_for(self, req: Request, body: Announced) -> str:
        """Return why the photos of this form cannot be kept, empty if they can."""
        if not self._desk.admits(req, Scope.WRITE):
            return _LOST
        if (body.length or 0) > LONGEST:
            return f"The photos have more than {MOST * LARGEST >> 20} MB together: choose fewer at a time."
        return self.obstacle

    def _save(self, req: Request, form: SentForm, photos: NewPhotos, lane: Lane) -> None:
        """Save the photos, and add their names to the form. Raises Overloaded."""
        if self._folder is None:
            return
        if lane is not self._turns.lanes.uploads:
            self._turns.move(self._turns.lanes.uploads)
        self._desk.admit(req, Scope.WRITE)  # for the audit log
        for file_name, content in photos.contents():
            try:
                name = self._folder.add(as_jpeg(content), SUFFIX)
            except NoPicture as reason:
                form.refuse(f"{file_name} {reason}.")
            except OSError as error:
                why = "the disk is full" if is_disk_full(error) else "the server cannot write to its folder"
                form.refuse(f"{file_name} was not saved, nor what came after it: {why}.", 503)
                facts = {"request_id": req.context.request_id, "cause": repr(error)}
                _log.warning("Cannot save a photo.", extra=facts)
                break
            else:
                form.add_photo(name)
                self._keys.audit(req, "upload", photo=name)
        self._turns.arrived()


def _explain(form: SentForm, error: HTTPError | RepositoryUnavailable) -> None:
    """Say why none of the photos was kept."""
    if isinstance(error, HTTPError):
        form.refuse(f"{error.description or error.title} {_LOST}", error.status_code)
    else:
        form.refuse(f"{error} {_LOST}", 503)
