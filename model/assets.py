"""The files of static/, served so that no browser mixes the versions of two releases."""

from starlette.responses import Response
from starlette.staticfiles import StaticFiles


class Assets(StaticFiles):
    """Every file is asked after each time it is used, and sent again only if it has changed.

    A module names the modules that it imports without a version, and without a word from the server a browser
    keeps a file as long as it likes.
    """

    def file_response(self, *args, **options) -> Response:
        response = super().file_response(*args, **options)
        response.headers["Cache-Control"] = "no-cache"
        return response
